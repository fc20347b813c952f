/*  An MDP worker, the side of it that speaks with brokers: one session at a time, with one broker of a list.
 *
 *  A session begins with READY and ends when either side says DISCONNECT, the connection ends, or the broker is silent for
 *  heartbeat x liveness; then the next broker of the list is tried. A request belongs to its session: what is answered
 *  after that has ended is void, dropped and counted, since the broker has long given it to another worker.
 *
 *  How soon it tries again: with a choice of brokers as search.h has it, since one of them may be the passive one of a pair, which
 *  says DISCONNECT, and may serve any moment. With one: a broker that ends the connection or the session, or whose connection
 *  cannot be made (DISCONNECTED too, if the port tells of it), may just be restarted: 50 ms, doubling to 2 s. One that is silent:
 *  1 s, doubling to 32 s. Both start over once a broker was heard; an end that is not heard (DISCONNECT in answer to READY) does
 *  not reset them.
 *
 *  Function calls append to `out`, which the caller has cleared, as a step does. Neither takes more than
 *  KEEL_MDWORKER_ACTIONS.
 */
#ifndef KEEL_ENGINE_WORKER_H
#define KEEL_ENGINE_WORKER_H

#include "event.h"
#include "mdp.h"

#define KEEL_MDWORKER_ACTIONS 8

typedef struct keel_mdworker keel_mdworker_t;

typedef struct {
    const char *service;
    const char *const *endpoints; /* borrowed; for the log. Their indices are what CONNECT and CLOSE name */
    uint16_t endpoint_count;      /* at least 1 */
    uint8_t version;              /* of MDP, 1 or 2 */
    uint16_t credit;              /* requests at once, at least 1 */
    int64_t heartbeat_ms;
    int64_t liveness;
    uint64_t seed; /* for jitter */
} keel_mdworker_config_t;

#define KEEL_MDWORKER_COUNTER_MAP(X)                                                                                   \
    X (SESSIONS, "sessions", "READY was said")                                                                         \
    X (REQUESTS, "requests", "delivered to the application")                                                           \
    X (PARTIALS, "partials", "parts of answers sent")                                                                  \
    X (ANSWERS, "answers", "answers sent")                                                                             \
    X (FAILURES, "failures", "requests that the application gave back")                                                \
    X (LATE, "late", "answers dropped: the session of their request had ended")                                        \
    X (RETURNED, "returned", "requests given back before they were begun")                                             \
    X (EXCESS, "excess", "requests given back: more than the credit, too many frames, no memory")                      \
    X (MALFORMED, "malformed", "messages dropped: not well formed")                                                    \
    X (UNSENT, "unsent", "answers that the connection did not take, which ends the session")                           \
    X (LOST, "lost", "sessions ended: the connection did")                                                             \
    X (SILENT, "silent", "sessions ended: nothing was heard")                                                          \
    X (REFUSED, "refused", "sessions ended: the broker said DISCONNECT")

typedef enum {
#define X(name, key, text) KEEL_MDWORKER_##name,
    KEEL_MDWORKER_COUNTER_MAP (X)
#undef X
        KEEL_MDWORKER_COUNTERS
} keel_mdworker_counter_t;

/*  NULL without memory. The service is valid, and copied. */
keel_mdworker_t *keel_mdworker_new (const keel_mdworker_config_t *config);
void keel_mdworker_destroy (keel_mdworker_t **self);

/*  A request comes as a DELIVER; its tag is the id that the functions below take. The first TICK connects.
 *  0 always. */
int keel_mdworker_step (keel_mdworker_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_mdworker_next_due (const keel_mdworker_t *self);

/*  Delivered and still to be begun? False: throw it away. */
bool keel_mdworker_waits (const keel_mdworker_t *self, uint64_t id);
/*  The application begins with a request. False: it must not, throw the request away. */
bool keel_mdworker_begin (keel_mdworker_t *self, uint64_t id);
/*  Begun, and its session still goes on? */
bool keel_mdworker_holds (const keel_mdworker_t *self, uint64_t id);
/*  kind: MDP_PARTIAL (0.2 only), or MDP_FINAL, which ends the request. body: one frame or more; lent until the actions are
 *  carried out. False: void, it was dropped and counted. */
bool keel_mdworker_answer (keel_mdworker_t *self, uint64_t id, mdp_kind_t kind, const span_t body[], size_t count,
                           int64_t now, keel_actions_t *out);
/*  Gives a request back: the broker is to try it elsewhere. MDP has no word for that but DISCONNECT, which gives back all
 *  that a worker holds; so what else is begun is finished first, nothing new is begun meanwhile, and then a new session
 *  starts at once. False: void. */
bool keel_mdworker_fail (keel_mdworker_t *self, uint64_t id, int64_t now, keel_actions_t *out);
/*  Says DISCONNECT now, whatever is held; nothing follows. */
void keel_mdworker_quit (keel_mdworker_t *self, int64_t now, keel_actions_t *out);

/*  After DRAIN or quit: everything was said. */
bool keel_mdworker_gone (const keel_mdworker_t *self);
/*  Changes whenever requests that wait become void. */
uint64_t keel_mdworker_session (const keel_mdworker_t *self);
uint64_t keel_mdworker_counter (const keel_mdworker_t *self, keel_mdworker_counter_t counter);

#endif
