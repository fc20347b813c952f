#include "daemon.h"

#include "exit_codes.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
fill (sigset_t *set)
{
    sigemptyset (set);
    sigaddset (set, SIGTERM);
    sigaddset (set, SIGINT);
    sigaddset (set, SIGHUP);
    sigaddset (set, SIGUSR1);
    sigaddset (set, SIGUSR2);
}

/*  A broker takes a descriptor a peer; systemd gives 1024 soft, for programs that use select. */
static void
raise_file_limit (void)
{
    struct rlimit files;
    if (getrlimit (RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit (RLIMIT_NOFILE, &files);
    }
}

int
daemon_open (daemon_t *self)
{
    sigset_t set;
    fill (&set);
    self->fd = -1;
    int error = pthread_sigmask (SIG_BLOCK, &set, NULL);
    if (error) {
        errno = error;
        return -1;
    }
    self->fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self->fd < 0)
        return -1;
    signal (SIGPIPE, SIG_IGN);
    raise_file_limit ();
    return 0;
}

static void
leave (int number)
{
    (void) number;
    _exit (EXIT_OK);
}

void
daemon_finish (void)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    const struct sigaction last = {.sa_handler = leave};
    sigaction (SIGHUP, &ignored, NULL);
    sigaction (SIGUSR1, &ignored, NULL);
    sigaction (SIGUSR2, &ignored, NULL);
    sigaction (SIGTERM, &last, NULL);
    sigaction (SIGINT, &last, NULL);
    sigset_t set;
    fill (&set);
    pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

void
daemon_close (daemon_t *self)
{
    if (self->fd < 0)
        return;
    sigset_t set;
    fill (&set);
    close (self->fd);
    self->fd = -1;
    pthread_sigmask (SIG_UNBLOCK, &set, NULL);
    signal (SIGPIPE, SIG_DFL);
}

int
daemon_fd (const daemon_t *self)
{
    return self->fd;
}

int
daemon_signal (daemon_t *self)
{
    struct signalfd_siginfo info;
    ssize_t size;
    do
        size = read (self->fd, &info, sizeof (info));
    while (size < 0 && errno == EINTR);
    return size == (ssize_t) sizeof (info) ? (int) info.ssi_signo : 0;
}
