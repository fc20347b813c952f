/*  A broker or server for tests of the client classes: a bare ROUTER, played by the test. */
#ifndef KEEL_BARE_ROUTER_H
#define KEEL_BARE_ROUTER_H

#include "unit.h"

#include <czmq.h>

/*  How long anything may take that is to happen. */
#define SOON_MS 5000

/*  endpoint: [out] of a port of its own; the caller frees it. */
zsock_t *router_bind (char **endpoint);
/*  What it got, with the routing id; waits for it. */
zmsg_t *router_take (zsock_t *router);
/*  A message of one frame. */
zmsg_t *message_of_text (const char *text);
/*  A signal that is caught, every 20 ms or not any more; rung says how often it came. */
void ring_every_20_ms (bool on);
int rung (void);

#endif
