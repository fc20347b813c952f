/*  An MDP client: requests over one of several brokers, several in flight, each tried a few times.
 *
 *  A request has 1 + retries tries, each of timeout_ms, and every sending has an id of its own in the options frame,
 *  which the answer's envelope brings back. So an answer finds its request, and none is ever taken for another's. An
 *  answer to an earlier sending of the same request counts: it is what was asked. Once a partial answer was delivered
 *  only that sending's others count, and the request is not sent again: nothing is delivered twice.
 *
 *  Brokers are tried in order; the client stays with the one that answers. It moves on when a whole try passed
 *  without a word from the broker (words to other requests count), when the connection ends or cannot be made, and on 503. A link from
 *  which nothing was ever heard is closed when it is given up, so that requests do not wait in it for a broker to
 *  start and run when nobody wants them any more.
 *
 *  Retries are for silence, lost connections, and 503, which another broker or moment may not say; each costs a try
 *  and waits a jittered 25 to 50 ms first, doubling to 1 s. Any other notice is an answer: the request has failed.
 *  The ttl that a broker is told is that of the try less a margin (a quarter, at most 1 s), so that its notice comes
 *  in time, and so that no earlier try still queues when the next one is sent.
 *
 *  Stock mode is for a broker that takes no extra frames: no options frame, one request at a time, and a fresh link
 *  for each try, since there is nothing else to tell answers apart by.
 */
#ifndef KEEL_ENGINE_CLIENT_H
#define KEEL_ENGINE_CLIENT_H

#include "event.h"

/*  The least capacity of `out`. */
#define KEEL_MDCLIENT_ACTIONS 16

typedef struct keel_mdclient keel_mdclient_t;

typedef struct {
    uint16_t endpoints; /* how many, at least 1: CONNECT and CLOSE name them by index */
    uint8_t version;    /* of MDP, 1 or 2 */
    bool stock;
    bool notices;       /* ask for failure notices */
    int64_t timeout_ms; /* a try; 1..INT32_MAX */
    int64_t ttl_ms;     /* what the broker is told, when that is not to follow from the timeout; else 0 */
    unsigned retries;   /* tries after the first */
    size_t outstanding; /* requests at once, at least 1; in stock mode it is 1 */
    uint64_t seed;      /* for ids and jitter */
} keel_mdclient_config_t;

#define KEEL_MDCLIENT_COUNTER_MAP(X)                                                                                   \
    X (REQUESTS, "requests", "taken from the application")                                                             \
    X (REPLIES, "replies", "last answers delivered")                                                                   \
    X (PARTIALS, "partials", "partial answers delivered")                                                              \
    X (NOTICES, "notices", "failure notices from brokers")                                                             \
    X (RETRIES, "retries", "requests sent again")                                                                      \
    X (FAILOVERS, "failovers", "moves to another broker")                                                              \
    X (FAILED, "failed", "requests that were given up")                                                                \
    X (CANCELLED, "cancelled", "requests that the application gave up")                                                \
    X (LATE, "late", "answers dropped: nothing waits for them")                                                        \
    X (MALFORMED, "malformed", "messages dropped: not well formed")                                                    \
    X (UNSENT, "unsent", "messages that the connection did not take")                                                  \
    X (DISCONNECTS, "disconnects", "connections that ended")                                                           \
    X (PROBES, "probes", "sent to find out which of several brokers answers")

typedef enum {
#define X(name, key, text) KEEL_MDCLIENT_##name,
    KEEL_MDCLIENT_COUNTER_MAP (X)
#undef X
        KEEL_MDCLIENT_COUNTERS
} keel_mdclient_counter_t;

/*  Why a request failed, in a DELIVER of FAILED: these, or a notice's three digits. */
enum {
    KEEL_MDCLIENT_TIMEOUT = 1,   /* a broker is there, but the answer did not come */
    KEEL_MDCLIENT_NO_BROKER = 2, /* nothing was heard from any broker since the request was made */
    KEEL_MDCLIENT_HALFWAY = 502, /* the connection ended after a partial answer */
    KEEL_MDCLIENT_REFUSED = 503, /* that was the last word of several brokers, in turn */
};

/*  Notices that one of several brokers may have a reason for, and another not. */
enum {
    KEEL_MDCLIENT_NO_WORKER = 404,
    KEEL_MDCLIENT_NO_FREE_WORKER = 504,
};

typedef enum {
    KEEL_SUBMIT_OK,
    KEEL_SUBMIT_FULL, /* as many are outstanding as may be */
    KEEL_SUBMIT_NO_MEMORY,
} keel_submit_t;

/*  NULL without memory. */
keel_mdclient_t *keel_mdclient_new (const keel_mdclient_config_t *config);
void keel_mdclient_destroy (keel_mdclient_t **self);

/*  What may be changed: timeout_ms, ttl_ms, retries, notices and outstanding at any time, version and stock while nothing is
 *  outstanding. */
keel_mdclient_config_t *keel_mdclient_config (keel_mdclient_t *self);

/*  Results come as DELIVER; the tag is the request's id. A notice's DELIVER of FAILED has the notice as its body:
 *  [code][reason][service]. 0 always. */
int keel_mdclient_step (keel_mdclient_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_mdclient_next_due (const keel_mdclient_t *self);

/*  A request; it is sent by the next step, which is due now. service: a valid one. body: one frame or more, copied. */
keel_submit_t keel_mdclient_submit (keel_mdclient_t *self, int64_t now, span_t service, const span_t body[],
                                    size_t count, uint64_t *id);
/*  What its results have as their tag instead of its id. It is outstanding. */
void keel_mdclient_set_tag (keel_mdclient_t *self, uint64_t id, uint64_t tag);
/*  Gives it up: nothing more of it is delivered. False: it is not outstanding. */
bool keel_mdclient_cancel (keel_mdclient_t *self, uint64_t id);

/*  For those who learn in another way which broker serves: nothing is sent while held. What was sent stays as it is. */
void keel_mdclient_hold (keel_mdclient_t *self, bool held);
/*  Requests go to that one from now on; those that another has got and not answered are sent again. */
void keel_mdclient_use (keel_mdclient_t *self, int64_t now, uint16_t endpoint);

size_t keel_mdclient_outstanding (const keel_mdclient_t *self);
uint64_t keel_mdclient_counter (const keel_mdclient_t *self, keel_mdclient_counter_t counter);

#endif
