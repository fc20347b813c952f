/*  A worker, the side of it that speaks with brokers or queues ("the broker" below): one session at a time, with one of a
 *  list. What is said, and what a session is, depends on the protocol: worker_speech.h.
 *
 *  A session begins with READY and ends when either side says DISCONNECT, the connection ends, or the broker is silent for
 *  heartbeat x liveness; then the next broker of the list is tried. A request belongs to its session: what is answered
 *  after that has ended is void, dropped and counted, since the broker has long given it to another worker.
 *
 *  How soon it tries again: with a choice of brokers as search.h has it, since one of them may be the passive one of a pair,
 *  which says DISCONNECT, and may serve any moment. With one: a broker that ends the connection or the session, or whose
 *  connection cannot be made (DISCONNECTED too, if the port tells of it), may just be restarted: 50 ms, doubling to 2 s. One
 *  that is silent: 1 s, doubling to 32 s. Both start over once a broker was heard; an end that is not heard
 *  (DISCONNECT in answer to READY) does not reset them. Where giving a request back takes a fresh connection, that comes
 *  after a pause, 50 ms, doubling to 2 s while nothing is answered.
 *
 *  More requests than the credit, or one that cannot be taken in: MDP has them all given back, once what is begun is finished;
 *  PPP likewise, once the one that is held is answered. A Simple Pirate drops those that come while it holds one.
 *
 *  Function calls append to `out`, which the caller has cleared, as a step does. Neither takes more than
 *  WORKER_ENGINE_ACTIONS.
 */
#ifndef KEEL_ENGINE_WORKER_H
#define KEEL_ENGINE_WORKER_H

#include "event.h"
#include "worker_speech.h"

#define WORKER_ENGINE_ACTIONS 12 /* so that their bytes take a longest address */

typedef struct worker_engine worker_engine_t;

struct worker_engine_config {
    const worker_speech_t *speech;
    const char *service;          /* MDP; else empty */
    const char *const *endpoints; /* borrowed; for the log. Their indices are what CONNECT and CLOSE name */
    uint16_t endpoint_count;      /* at least 1 */
    uint8_t version;              /* of MDP, 1 or 2 */
    uint16_t credit;              /* requests at once, at least 1; 1 unless the protocol is MDP */
    int64_t heartbeat_ms;
    int64_t liveness;
    uint64_t seed; /* for jitter */
};

#define WORKER_ENGINE_COUNTER_MAP(X)                                                                                   \
    X (SESSIONS, "sessions", "READY was said")                                                                         \
    X (REQUESTS, "requests", "delivered to the application")                                                           \
    X (PARTIALS, "partials", "parts of answers sent")                                                                  \
    X (ANSWERS, "answers", "answers sent")                                                                             \
    X (FAILURES, "failures", "requests that the application gave back")                                                \
    X (LATE, "late", "answers dropped: the session of their request had ended")                                        \
    X (RETURNED, "returned", "requests given back before they were begun")                                             \
    X (EXCESS, "excess", "requests given back or dropped: more than the credit, too many frames, no memory")           \
    X (MALFORMED, "malformed", "messages dropped: not well formed")                                                    \
    X (UNSENT, "unsent", "answers that the connection did not take, which ends the session")                           \
    X (LOST, "lost", "sessions ended: the connection did")                                                             \
    X (SILENT, "silent", "sessions ended: nothing was heard")                                                          \
    X (REFUSED, "refused", "sessions ended: the broker said DISCONNECT")

typedef enum {
#define X(name, key, text) WORKER_ENGINE_##name,
    WORKER_ENGINE_COUNTER_MAP (X)
#undef X
        WORKER_ENGINE_COUNTERS
} worker_engine_counter_t;

/*  NULL without memory. The service is valid, and copied. */
worker_engine_t *worker_engine_new (const worker_engine_config_t *config);
void worker_engine_destroy (worker_engine_t **self);

/*  A request comes as a DELIVER; its tag is the id that the functions below take. The first TICK connects.
 *  0 always. */
int worker_engine_step (worker_engine_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t worker_engine_next_due (const worker_engine_t *self);

/*  Delivered and still to be begun? False: throw it away. */
bool worker_engine_waits (const worker_engine_t *self, uint64_t id);
/*  The application begins with a request. False: it must not, throw the request away. */
bool worker_engine_begin (worker_engine_t *self, uint64_t id);
/*  Begun, and its session still goes on? */
bool worker_engine_holds (const worker_engine_t *self, uint64_t id);
/*  last: the answer, or its last part, which ends the request. Other parts only in MDP 0.2. body: one frame or more; lent
 *  until the actions are carried out. False: void, it was dropped and counted. */
bool worker_engine_answer (worker_engine_t *self, uint64_t id, bool last, const span_t body[], size_t count,
                           int64_t now, keel_actions_t *out);
/*  Gives a request back: the broker is to try it elsewhere. MDP has no word for that but DISCONNECT, which gives back all
 *  that a worker holds; so what else is begun is finished first, nothing new is begun meanwhile, and then a new session
 *  starts at once. PPP has no word but READY, which does the same; the Simple Pirate has none. False: void. */
bool worker_engine_fail (worker_engine_t *self, uint64_t id, int64_t now, keel_actions_t *out);
/*  Leaves now, with DISCONNECT if the protocol has it, whatever is held; nothing follows. */
void worker_engine_quit (worker_engine_t *self, int64_t now, keel_actions_t *out);

/*  After DRAIN or quit: everything was said. */
bool worker_engine_gone (const worker_engine_t *self);
/*  Does a session go on? The broker need not have been heard yet. endpoint: [out] its index. */
bool worker_engine_active (const worker_engine_t *self, uint16_t *endpoint);
/*  Changes whenever requests that wait become void. */
uint64_t worker_engine_session (const worker_engine_t *self);
uint64_t worker_engine_counter (const worker_engine_t *self, worker_engine_counter_t counter);

#endif
