#include "yardstick.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

static volatile sig_atomic_t stopped;

static void
stop (int number)
{
    (void) number;
    stopped = 1;
}

void
yardstick_open (void)
{
    struct sigaction action = {.sa_handler = stop}; /* no SA_RESTART */
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGINT, &action, NULL);
}

bool
yardstick_stopped (void)
{
    return stopped;
}

/*  A signal that comes just before a wait does not interrupt it: hence the timeout. */
void *
yardstick_bind (void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket (context, type);
    char bound[256];
    size_t size = sizeof (bound);
    if (!socket || zmq_setsockopt (socket, ZMQ_LINGER, &(int){0}, sizeof (int)) != 0 ||
        zmq_setsockopt (socket, ZMQ_SNDHWM, &(int){0}, sizeof (int)) != 0 ||
        zmq_setsockopt (socket, ZMQ_RCVTIMEO, &(int){500}, sizeof (int)) != 0 || zmq_bind (socket, endpoint) != 0 ||
        zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0) {
        fprintf (stderr, "cannot listen on %s: %s\n", endpoint, zmq_strerror (zmq_errno ()));
        exit (1);
    }
    fprintf (stderr, "listening on %s\n", bound);
    return socket;
}
