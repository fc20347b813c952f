/*  majordomo: the MDP broker as an engine. RFC 7, RFC 18, RFC 8, and the decisions of PROTOCOLS.md sections 1 to 3.
 *
 *  A codec over queue and dispatch: it decodes what peers send, calls them, and says what to send. Malformed messages are
 *  dropped, counted by reason, and said in the log at most once a second a reason.
 */
#ifndef KEEL_MAJORDOMO_H
#define KEEL_MAJORDOMO_H

#include "bstar.h"
#include "queue.h"

typedef struct keel_majordomo keel_majordomo_t;

typedef struct {
    dispatch_config_t dispatch;
    size_t frames;            /* of a body; the port takes KEEL_ACTION_SPANS more for what stands before it */
    int64_t drain_timeout_ms; /* what workers still hold so long after EVENT_DRAIN fails */
} keel_majordomo_config_t;

/*  The values of DESIGN.md, configuration. */
#define KEEL_MAJORDOMO_CONFIG_DEFAULT                                                                                  \
    (keel_majordomo_config_t)                                                                                          \
    {                                                                                                                  \
        .dispatch = {.heartbeat = {.interval_ms = 2500, .liveness = 3, .busy_timeout_ms = 60000},                      \
                     .ttl_ms = 60000,                                                                                  \
                     .max_attempts = 3,                                                                                \
                     .services = 10000,                                                                                \
                     .workers = 100000,                                                                                \
                     .queued = 1000000,                                                                                \
                     .queued_bytes = 1 << 30,                                                                          \
                     .outstanding = 100000,                                                                            \
                     .partial_bytes = 64 << 20,                                                                        \
                     .credit = 10000},                                                                                 \
        .frames = 1024,                                                                                                \
        .drain_timeout_ms = 30000                                                                                      \
    }

/*  Besides dispatch's counters and the queue's; mmi.stats gives all of them. */
#define MAJORDOMO_COUNTER_MAP(X)                                                                                       \
    X (mmi_requests)                                                                                                   \
    X (mmi_denied)       /* 403 */                                                                                     \
    X (notices)          /* failure notices sent */                                                                    \
    X (partials)         /* taken, passed on or held */                                                                \
    X (sessions_broken)  /* second READY, or another version: told DISCONNECT and forgotten */                         \
    X (ready_refused)    /* READY with a bad name or credit, or past a limit: told DISCONNECT */                       \
    X (disconnects_sent)                                                                                               \
    X (requests_passive) /* dropped: votes at the passive one of a pair */                                             \
    X (ready_passive)    /* READY at the passive one: a vote, told DISCONNECT */

/*  NULL without memory. */
keel_majordomo_t *keel_majordomo_new (const keel_majordomo_config_t *config, uint64_t seed);
void keel_majordomo_destroy (keel_majordomo_t **self);
/*  New figures hold from now on. */
void keel_majordomo_configure (keel_majordomo_t *self, const keel_majordomo_config_t *config);

/* ---- one of a pair */

typedef enum {
    KEEL_MAJORDOMO_SERVING, /* at first */
    KEEL_MAJORDOMO_LEAVING, /* takes nothing new, workers finish what they hold and are dismissed */
    KEEL_MAJORDOMO_PASSIVE, /* dismisses its workers, fails what it holds with 503; then serves nobody but with mmi. */
} keel_majordomo_role_t;

/*  Holds from the next step on, which is due now. */
void keel_majordomo_set_role (keel_majordomo_t *self, keel_majordomo_role_t role);
/*  LEAVING: nothing is held any more. */
bool keel_majordomo_has_left (const keel_majordomo_t *self);
/*  Is it a vote: a client's request (of mmi. only mmi.service), or a worker's READY? */
bool keel_majordomo_is_vote (const keel_majordomo_t *self, const keel_event_t *event);
/*  What mmi. asks about the pair: borrowed; without one, mmi.promote and mmi.handover are unknown. */
void keel_majordomo_join (keel_majordomo_t *self, const keel_star_t *star);
/*  What an administrator has ordered by mmi. since the last call: KEEL_STAR_PROMOTE or _HANDOVER; KEEL_STAR_TICK: nothing. */
keel_star_event_kind_t keel_majordomo_take_order (keel_majordomo_t *self);

/*  The engine contract (event.h). Returns 0. out takes at least 16 actions. */
int keel_majordomo_step (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_majordomo_next_due (const keel_majordomo_t *self);

/*  After EVENT_DRAIN: nothing is held, all workers were told to leave, all clients got their notices. */
bool keel_majordomo_drained (const keel_majordomo_t *self);

/*  For status lines. */
dispatch_gauges_t keel_majordomo_gauges (const keel_majordomo_t *self);
const dispatch_counters_t *keel_majordomo_counters (const keel_majordomo_t *self);
/*  Every counter and gauge as one JSON object, valid until the next step or call. Never NULL. */
const char *keel_majordomo_stats (keel_majordomo_t *self, int64_t now);

#endif
