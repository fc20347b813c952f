/*  A broker or queue for tests of the worker classes: a bare ROUTER, whose lines the test speaks; and what their workers do. */
#ifndef KEEL_BARE_BROKER_H
#define KEEL_BARE_BROKER_H

#include "unit.h"

#include <czmq.h>

/*  How long anything may take that is to happen. */
#define PATIENCE_MS 10000

typedef struct {
    char folder[64];
    char endpoint[96];
    zsock_t *router;
    zframe_t *peer; /* who spoke last */
    unsigned beats; /* the test counts them */
} broker_t;

/*  At an ipc endpoint in a folder of its own. */
void broker_open (broker_t *self);
void broker_close (broker_t *self);
/*  Once more at that endpoint, after its router was destroyed. */
void broker_bind (broker_t *self);

/*  The next message without its routing id; waits for it. */
zmsg_t *broker_read (broker_t *self);
/*  To the peer that spoke last. */
void broker_send (broker_t *self, zmsg_t **message);

/*  Handlers. arg of the last: an atomic_bool that it waits for. */
zmsg_t *echo (zmsg_t *request, void *arg);
zmsg_t *give_up (zmsg_t *request, void *arg);
zmsg_t *wait_for_flag (zmsg_t *request, void *arg);
/*  A log; arg: an atomic_int of lines, each of which names an endpoint. */
void count_line (int level, const char *line, void *arg);
/*  Set-up of a group of tests: czmq would catch SIGTERM. */
int leave_signals (void **state);

#endif
