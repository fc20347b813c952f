/*  The sockets of a Binary Star's state: a PUB that the peer subscribes to, and a SUB to the peer's.
 *
 *  The peer may be anything: frames over STATE_LINK_FRAME bytes end its connection, longer messages and those of several frames
 *  are read and given as what they are, not kept, and no more than a hundred wait. A connection that says nothing is made anew,
 *  since after a cut TCP waits long before it tries again. One thread.
 */
#ifndef KEEL_STATE_LINK_H
#define KEEL_STATE_LINK_H

#include "span.h"

typedef struct state_link state_link_t;

#define STATE_LINK_FRAME 65536

/*  NULL with errno set. */
state_link_t *state_link_new (void);
/*  Gives what was published last a moment to leave. */
void state_link_destroy (state_link_t **self);

/*  0, or -1 with errno as port_listen has it. */
int state_link_bind (state_link_t *self, const char *endpoint);
/*  As it was given but for the real port where that was a wildcard; valid until it is destroyed. */
const char *state_link_endpoint (const state_link_t *self);
/*  0, or -1 with errno: EINVAL, EPROTONOSUPPORT. */
int state_link_connect (state_link_t *self, const char *endpoint);
/*  Readable when something may have arrived; then receive until there is nothing. */
int state_link_fd (const state_link_t *self);

void state_link_publish (state_link_t *self, const char *text);
/*  The next message, without waiting. frame: its first frame, lent until the next call; count: how many it had. */
bool state_link_receive (state_link_t *self, span_t *frame, size_t *count);
/*  Nothing was heard for a while: dials again, unless it did so within period_ms, or has a connection that is younger than
 *  settled_ms. */
void state_link_redial (state_link_t *self, int64_t now, int64_t period_ms, int64_t settled_ms);

/*  Connections to the peer that have ended so far, those of redials left out: oversized frames end one, too. */
uint64_t state_link_ended (const state_link_t *self);

#endif
