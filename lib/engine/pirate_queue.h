/*  pirate_queue: the Simple and the Paranoid Pirate's queue as an engine. RFC 6, and the decisions of PROTOCOLS.md section 4.
 *
 *  A codec over queue and dispatch, with one service and workers that take one request at a time, least recently used
 *  first. Clients (REQ, DEALER, behind proxies) come to the frontends, workers to the backends.
 *
 *  A worker is sent [token][""][body]: its "client" is the token of the attempt, so an answer that is late, repeated or
 *  invented is nobody's, and workers that take exactly one frame for the client work with clients of any envelope.
 *
 *  Paranoid: heartbeats both ways; READY again is a new session; what a stranger says is dropped, and since nothing comes
 *  back, it says READY before long. Simple: REQ workers do not heartbeat, so an idle one is found gone when a request
 *  cannot be sent to it, and a busy one when its time is over. It is ready by its READY or by an answer; one that comes too
 *  late is dropped, but its worker can be used again.
 */
#ifndef KEEL_PIRATE_QUEUE_H
#define KEEL_PIRATE_QUEUE_H

#include "pirate.h"
#include "queue.h"

typedef struct keel_pirate_queue keel_pirate_queue_t;

typedef struct {
    pirate_t pirate;
    uint16_t frontends;         /* listeners below this number are; the others are backends */
    dispatch_config_t dispatch; /* of heartbeat, Simple takes busy_timeout_ms alone; 0: no request is ever taken back */
    size_t frames;              /* of a body; the port takes KEEL_ACTION_SPANS more for what stands before it */
    int64_t drain_timeout_ms;   /* what workers still hold so long after EVENT_DRAIN fails */
} keel_pirate_queue_config_t;

/*  Besides dispatch's counters and the queue's. */
#define PIRATE_QUEUE_COUNTER_MAP(X)                                                                                    \
    X (ready_repeated)   /* READY of a worker that was registered. Paranoid: its session began anew. Simple: dropped */ \
    X (ready_late)       /* Simple: workers ready again by an answer that came too late */                             \
    X (ready_refused)    /* READY past limits/workers, or while draining */

/*  NULL without memory. */
keel_pirate_queue_t *keel_pirate_queue_new (const keel_pirate_queue_config_t *config, uint64_t seed);
void keel_pirate_queue_destroy (keel_pirate_queue_t **self);
/*  New figures hold from now on; pirate and frontends stay as they are. */
void keel_pirate_queue_configure (keel_pirate_queue_t *self, const keel_pirate_queue_config_t *config);

/*  The engine contract (event.h). Returns 0. out takes at least 16 actions. */
int keel_pirate_queue_step (keel_pirate_queue_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_pirate_queue_next_due (const keel_pirate_queue_t *self);

/*  After EVENT_DRAIN: nothing is held. */
bool keel_pirate_queue_drained (const keel_pirate_queue_t *self);

/*  For status lines. */
dispatch_gauges_t keel_pirate_queue_gauges (const keel_pirate_queue_t *self);
const dispatch_counters_t *keel_pirate_queue_counters (const keel_pirate_queue_t *self);
/*  Every counter and gauge as one JSON object, valid until the next step or call. Never NULL. */
const char *keel_pirate_queue_stats (keel_pirate_queue_t *self, int64_t now);

#endif
