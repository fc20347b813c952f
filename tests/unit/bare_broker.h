/*  A broker or queue for tests of the worker classes: a bare ROUTER, whose lines the test speaks. */
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

#endif
