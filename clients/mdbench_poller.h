/*  Waits for messages on many sockets at the price of those that have some.
 *
 *  One socket alone is simply read with a wait. Several are watched with epoll through their ZMQ_FD; that one is
 *  edge-triggered, and a send may eat the edge of an arrival. So the last thing done to a socket before the poller sleeps
 *  must be a receive that found nothing; else poller_again.
 */
#ifndef MDBENCH_POLLER_H
#define MDBENCH_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

/*  The longest sleep, so that whoever has one poller may look after other things. */
#define POLLER_TICK_MS 50
/*  The most sockets that poller_wait tells of at once. */
#define POLLER_READY 64

typedef struct {
    int epoll; /* -1: there is one socket */
    int64_t spin_ns;
    uint32_t *again;
    size_t again_count;
    bool *is_again;
} poller_t;

/*  count: of the sockets that will be added. 0, or -1 with errno. */
int poller_open (poller_t *self, size_t count, int64_t spin_us);
void poller_close (poller_t *self);
/*  number: below count. 0, or -1 with errno. */
int poller_add (poller_t *self, void *socket, uint32_t number);
/*  Have poller_wait tell of this socket, without a sleep. */
void poller_again (poller_t *self, uint32_t number);
/*  Sleeps for a tick at most. Returns how many sockets to read, their numbers in ready; some may have nothing. */
size_t poller_wait (poller_t *self, uint32_t ready[POLLER_READY]);
/*  The first frame of a message. False: there is none, for now. With one socket it is this that waits. */
bool poller_receive (poller_t *self, void *socket, zmq_msg_t *frame);
/*  Nanoseconds, monotonic. */
int64_t poller_now_ns (void);

#endif
