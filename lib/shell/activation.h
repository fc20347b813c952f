/*  activation: sockets that systemd has bound for a daemon, and holds while that restarts, so that who connects meanwhile waits
 *  instead of being refused (systemd.socket(5), sd_listen_fds(3)).
 *
 *  Which of them serves which endpoint is said by their addresses. Nothing is here where there is no systemd.
 */
#ifndef KEEL_ACTIVATION_H
#define KEEL_ACTIVATION_H

#include <stddef.h>

#define ACTIVATION_MOST     64
#define ACTIVATION_ENDPOINT 160
#define ACTIVATION_PROBLEM  512

typedef struct {
    int fd; /* -1: taken */
    char endpoint[ACTIVATION_ENDPOINT]; /* its address, as one: tcp://[::]:5555, ipc:///run/x */
} passed_socket_t;

typedef struct {
    size_t count;
    passed_socket_t items[ACTIVATION_MOST];
} activation_t;

/*  Finds what was passed, and takes it out of the environment, which children inherit. Before the first thread.
 *  0, or -1: problem says which of them is no socket that listens, and what to do. */
int activation_open (activation_t *self, char problem[ACTIVATION_PROBLEM]);
/*  A socket that listens on that endpoint, the caller's from now on; -1: none was passed. */
int activation_take (activation_t *self, const char *endpoint);
/*  The endpoint of one that nobody has taken; NULL: all are. Its clients would wait for ever. */
const char *activation_left (const activation_t *self);
/*  Closes those. */
void activation_close (activation_t *self);

#endif
