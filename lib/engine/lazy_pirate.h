/*  A Lazy Pirate client: one request at a time, tried a few times over one or several servers, each of which is no more
 *  than a REP socket, or a queue or proxy before some.
 *
 *  A request has 1 + retries tries, each of timeout_ms and sent once, over a fresh link: what an earlier try left in a
 *  link, or is still to come over it, goes with it. A link over which an answer came is kept for the next request's first
 *  try. Every sending has an id of its own in an options frame before the delimiter, and its answer is the one message
 *  whose envelope is that, byte for byte; everything else is dropped and counted. So no answer to an earlier sending,
 *  and none that comes twice, is ever delivered.
 *
 *  Servers are tried in order; the client stays with the one that answers. A try ends
 *  - at its timeout: the next try goes to the next server;
 *  - when its connection ends, at once: the request may have been in work, so the next try, at the next server, is a
 *    retry. An answer that came before the end is still taken.
 *  A connection that cannot be made ends no try, since nothing has left. With several servers the try goes on at the next
 *  one. With one the request waits in the link, which libzmq goes on connecting, until the try's timeout: so a server that
 *  is just restarting is reached, and a request is given up only after (1 + retries) times timeout_ms of nobody there.
 *
 *  Before every sending but a request's first there is a jittered pause: 25 to 50 ms; with one server it doubles each
 *  time, up to 0.5 to 1 s, and with several it does so for each round: the others are not waited for longer because many
 *  are down, and nobody goes round them in haste.
 *
 *  The ttl in the options frame, for a queue that reads it, is that of the try less a margin (a quarter, at most 1 s), so
 *  that no earlier try still queues when the next one is sent.
 *
 *  Stock mode is for a server that sends no extra frame back: no options frame, and a fresh link for every sending, since
 *  there is nothing else to tell answers apart by.
 */
#ifndef KEEL_ENGINE_LAZY_PIRATE_H
#define KEEL_ENGINE_LAZY_PIRATE_H

#include "event.h"

/*  The least capacity of `out`. */
#define KEEL_LAZY_ACTIONS 8

typedef struct keel_lazy keel_lazy_t;

typedef struct {
    uint16_t endpoints; /* how many, at least 1: CONNECT and CLOSE name them by index */
    bool stock;
    int64_t timeout_ms; /* a try; 1..INT32_MAX */
    unsigned retries;   /* tries after the first */
    uint64_t seed;      /* for ids and jitter */
} keel_lazy_config_t;

#define KEEL_LAZY_COUNTER_MAP(X)                                                                                       \
    X (REQUESTS, "requests", "taken from the application")                                                             \
    X (REPLIES, "replies", "answers delivered")                                                                        \
    X (RETRIES, "retries", "tries after the first")                                                                    \
    X (FAILOVERS, "failovers", "moves to another server")                                                              \
    X (FAILED, "failed", "requests that were given up")                                                                \
    X (CANCELLED, "cancelled", "requests that the application gave up")                                                \
    X (LATE, "late", "answers dropped: not to what was sent last, or not the first")                                   \
    X (MALFORMED, "malformed", "messages dropped: not well formed")                                                    \
    X (UNSENT, "unsent", "messages that the connection did not take")                                                  \
    X (REFUSED, "refused", "connections that could not be made, as often as it was tried")                             \
    X (DISCONNECTS, "disconnects", "connections that ended")

typedef enum {
#define X(name, key, text) KEEL_LAZY_##name,
    KEEL_LAZY_COUNTER_MAP (X)
#undef X
        KEEL_LAZY_COUNTERS
} keel_lazy_counter_t;

/*  Why a request failed, in a DELIVER of FAILED. */
enum {
    KEEL_LAZY_TIMEOUT = 1,   /* a server is there, but the answer did not come */
    KEEL_LAZY_NO_SERVER = 7, /* no server was heard, nor a connection to one lost, since the request was made */
    KEEL_LAZY_LOST = 502,    /* the last try's connection ended before the answer */
};

/*  NULL without memory. */
keel_lazy_t *keel_lazy_new (const keel_lazy_config_t *config);
void keel_lazy_destroy (keel_lazy_t **self);

/*  What may be changed: timeout_ms and retries at any time, for tries that begin after it; stock while there is no
 *  request. */
keel_lazy_config_t *keel_lazy_config (keel_lazy_t *self);

/*  The result comes as DELIVER of FINAL or FAILED; its tag is 0. 0 always. */
int keel_lazy_step (keel_lazy_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_lazy_next_due (const keel_lazy_t *self);

/*  The request; there is none now. It is sent by the next step, which is due at once. body: one frame or more, copied.
 *  False without memory. */
bool keel_lazy_submit (keel_lazy_t *self, int64_t now, const span_t body[], size_t count);
/*  Gives it up, if there is one: nothing of it is delivered. */
void keel_lazy_cancel (keel_lazy_t *self);
/*  Is there one? */
bool keel_lazy_busy (const keel_lazy_t *self);

uint64_t keel_lazy_counter (const keel_lazy_t *self, keel_lazy_counter_t counter);

#endif
