/*  What makes a program a daemon: signals that arrive through a descriptor, and as many descriptors as the system
 *  allows.
 *
 *  Threads, children and libzmq's own threads inherit the signal mask, so open it before the first of them; what is
 *  run in a child must unblock them again.
 */
#ifndef KEEL_DAEMON_H
#define KEEL_DAEMON_H

typedef struct {
    int fd; /* signalfd */
} daemon_t;

/*  Blocks SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 in this thread, ignores SIGPIPE, raises the limit of open files.
 *  0, or -1 with errno. */
int daemon_open (daemon_t *self);
/*  The work is done, and only messages are still to go out: from now on SIGTERM and SIGINT exit 0 at once, and the others
 *  do nothing. */
void daemon_finish (void);
/*  Takes the signals back to what they do by default, or did since daemon_finish. */
void daemon_close (daemon_t *self);
/*  Readable while a signal waits. */
int daemon_fd (const daemon_t *self);
/*  The next signal that waits, or 0. Does not block. */
int daemon_signal (daemon_t *self);

#endif
