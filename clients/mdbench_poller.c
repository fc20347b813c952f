#include "mdbench_poller.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int64_t
poller_now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int
poller_open (poller_t *self, size_t count, int64_t spin_us)
{
    *self = (poller_t){.epoll = -1, .spin_ns = spin_us * 1000};
    self->again = calloc (count, sizeof (*self->again));
    self->is_again = calloc (count, sizeof (*self->is_again));
    if (!self->again || !self->is_again)
        return -1;
    if (count > 1)
        self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    return count > 1 && self->epoll < 0 ? -1 : 0;
}

void
poller_close (poller_t *self)
{
    if (self->epoll >= 0)
        close (self->epoll);
    free (self->again);
    free (self->is_again);
    *self = (poller_t){.epoll = -1};
}

int
poller_add (poller_t *self, void *socket, uint32_t number)
{
    if (self->epoll < 0)
        return zmq_setsockopt (socket, ZMQ_RCVTIMEO, &(int){POLLER_TICK_MS}, sizeof (int));
    int fd;
    size_t size = sizeof (fd);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    if (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) != 0)
        return -1;
    poller_again (self, number);
    return epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
}

void
poller_again (poller_t *self, uint32_t number)
{
    if (self->epoll < 0 || self->is_again[number])
        return;
    self->is_again[number] = true;
    self->again[self->again_count++] = number;
}

static int
spin_events (const poller_t *self, struct epoll_event events[POLLER_READY])
{
    const int64_t end = poller_now_ns () + self->spin_ns;
    int count = 0;
    do
        count = epoll_wait (self->epoll, events, POLLER_READY, 0);
    while (count == 0 && poller_now_ns () < end);
    return count;
}

static int
wait_events (const poller_t *self, struct epoll_event events[POLLER_READY])
{
    if (self->again_count)
        return epoll_wait (self->epoll, events, POLLER_READY, 0);
    int count = self->spin_ns ? spin_events (self, events) : 0;
    return count ? count : epoll_wait (self->epoll, events, POLLER_READY, POLLER_TICK_MS);
}

size_t
poller_wait (poller_t *self, uint32_t ready[POLLER_READY])
{
    struct epoll_event events[POLLER_READY];
    size_t count = 0;
    if (self->epoll < 0) {
        ready[0] = 0;
        return 1;
    }
    for (int n = wait_events (self, events); n > 0; n--)
        ready[count++] = events[n - 1].data.u32;
    while (self->again_count && count < POLLER_READY) {
        ready[count++] = self->again[--self->again_count];
        self->is_again[ready[count - 1]] = false;
    }
    return count;
}

static bool
receive_spinning (const poller_t *self, void *socket, zmq_msg_t *frame)
{
    if (zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    const int64_t end = poller_now_ns () + self->spin_ns;
    while (poller_now_ns () < end)
        if (zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0)
            return true;
    return false;
}

bool
poller_receive (poller_t *self, void *socket, zmq_msg_t *frame)
{
    if (self->epoll >= 0)
        return zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0;
    return (self->spin_ns && receive_spinning (self, socket, frame)) || zmq_msg_recv (frame, socket, 0) >= 0;
}
