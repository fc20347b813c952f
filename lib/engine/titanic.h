/*  Titanic's engine: a disk-backed queue between MDP clients and workers (RFC 9, wire/tsp.h).
 *
 *  To the broker it is four workers, of titanic.request, .reply, .close and .submit, and one client, which dispatches what was
 *  stored. What it keeps is in a store that it never sees: STORE actions change that, FETCH actions read it
 *  (titanic_op.h). A request is answered with 200 when its op comes back in STORED and on no other path, so nothing can be
 *  acknowledged too early.
 *
 *  Dispatch. Of each service at most `window` requests are with the broker; the next ones are fetched in the order in which they
 *  were stored, so memory does not grow with the store, and no service waits for another. What a worker failed, or
 *  what found no worker in time, is dispatched again after a back-off of its own, while others pass it. Only an attempt that reached a worker
 *  and failed counts. The dispatch has no timeout: while the connection to the broker lives, a slow worker is left alone. The
 *  client sends only while the workers are registered, and to the broker that they are registered with: so it follows
 *  them through a Binary Star's failover. What is with a broker whose connection ends is dispatched again.
 *
 *  A broker that does not know mmi.version is a stock one, without notices or extra frames: there each service has one
 *  request out at a time, on a link of its own, once mmi.service says that it has workers.
 *
 *  Links are numbered part x brokers + broker: parts 0 to 3 are the workers, 4 is the client, 5 asks what kind of
 *  broker it is, 6 and up are links to stock brokers.
 *  A message whose peer is an administrator is a question of wire/tsp_admin.h, whatever its listener.
 */
#ifndef KEEL_ENGINE_TITANIC_H
#define KEEL_ENGINE_TITANIC_H

#include "event.h"
#include "text.h"
#include "titanic_op.h"

typedef struct keel_titanic keel_tsp_t;

/*  Links to a stock broker: so many services are served at once there. */
#define KEEL_TSP_LANES 16
#define KEEL_TSP_PARTS (TSP_SERVICES + 2 + KEEL_TSP_LANES)
/*  The least capacity of `out`. */
#define KEEL_TSP_ACTIONS 64

typedef struct {
    const char *const *brokers; /* borrowed; for the log */
    uint16_t broker_count;      /* at least 1 */
    int64_t heartbeat_ms;
    int64_t liveness;
    uint16_t credit;        /* requests of each of the four services at once */
    size_t window;          /* requests of a target service with the broker at once */
    uint32_t max_attempts;  /* 0: no limit */
    int64_t request_ttl_ms; /* 0: none */
    int64_t reply_ttl_ms;   /* 0: none */
    size_t frames;          /* most of a body */
    size_t body_bytes;      /* likewise */
    size_t queued_bytes;    /* of requests that wait to be stored */
    uint8_t secret[16];     /* what uuids are made with: not to be guessed */
    uint64_t seed;          /* for jitter */
} keel_tsp_config_t;

#define KEEL_TSP_COUNTER_MAP(X)                                                                                    \
    X (requests)       /* titanic.request: asked */                                                                    \
    X (submits)        /* titanic.submit */                                                                            \
    X (replies)        /* titanic.reply */                                                                             \
    X (closes)         /* titanic.close */                                                                             \
    X (malformed)      /* of these: not well formed, or of a reserved service */                                       \
    X (over_limit)     /* of these: body too large, or too much waits to be stored */                                  \
    X (stored)         /* requests */                                                                                  \
    X (submitted_again) /* known already, or closed: not stored */                                                     \
    X (refused_full)   /* requests: 500, no room */                                                                    \
    X (refused_broken) /* anything: 500, the store cannot be written */                                                \
    X (commits_failed)                                                                                                 \
    X (answers_void)   /* the client's broker had gone meanwhile */                                                    \
    X (dispatched)                                                                                                     \
    X (answered)       /* replies that were stored */                                                                  \
    X (reply_repeated) /* replies dropped: there was one */                                                            \
    X (reply_orphaned) /* replies dropped: the request was closed meanwhile */                                         \
    X (reply_unsaved)  /* replies that could not be stored, kept and tried again */                                    \
    X (attempts_failed) /* a worker had it, and was lost */                                                            \
    X (no_worker)      /* none came, or none was free, in time */                                                      \
    X (broker_busy)    /* 429, 503 */                                                                                  \
    X (cancelled)      /* closed while it was with the broker */                                                       \
    X (dead)           /* given up */                                                                                  \
    X (expired)        /* requests, replies */                                                                         \
    X (closed)         /* removed by clients */                                                                        \
    X (requeued)       /* by an operator */                                                                            \
    X (purged)         /* likewise */                                                                                  \
    X (admin_questions)                                                                                                \
    X (admin_malformed)                                                                                                \
    X (broker_losses)  /* registrations lost */

typedef struct {
#define X(name) uint64_t name;
    KEEL_TSP_COUNTER_MAP (X)
#undef X
} keel_tsp_counters_t;

/*  NULL without memory. */
keel_tsp_t *keel_tsp_new (const keel_tsp_config_t *config);
/*  Ops that are out are freed with it. */
void keel_tsp_destroy (keel_tsp_t **self);
/*  window, max_attempts, ttls, frames, bytes: new figures hold from now on. */
void keel_tsp_configure (keel_tsp_t *self, const keel_tsp_config_t *config);

/*  The engine contract (event.h); events bring the wall clock too. Every STORE comes back, in order. 0 always. */
int keel_tsp_step (keel_tsp_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_tsp_next_due (const keel_tsp_t *self);

/*  After DRAIN: what was taken is stored and answered. */
bool keel_tsp_drained (const keel_tsp_t *self);
const keel_tsp_counters_t *keel_tsp_counters (const keel_tsp_t *self);
/*  For a status line: "1 changes to be stored, 2 requests with the broker, 3 services with requests; broker keel". */
void keel_tsp_describe (const keel_tsp_t *self, text_t *line);
/*  Every counter, and what is in memory, as one JSON object; valid until the next step or call. */
const char *keel_tsp_stats (keel_tsp_t *self);

#endif
