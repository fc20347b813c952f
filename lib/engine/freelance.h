/*  A Freelance client (RFC 10): requests to any of several servers that know nothing of each other, many in flight.
 *
 *  A server is alive from its first word on a connection, for a PING is the first thing that it gets, until it was silent
 *  for 3 ping intervals or its connection ended. Only living servers get requests: so none waits for a server to
 *  start, or to come back, and runs when nobody wants it any more. A PING goes to a server of which nothing was heard for an
 *  interval, and to no other. What is still silent after as long again gets a fresh connection, and so does what was
 *  never heard.
 *
 *  A request is with one server at a time, or with all of them at once (SHOTGUN). When its try is over it goes to the next
 *  living server that it has not been to; when it has been to all, it goes round again, and each round's tries
 *  are twice as long, so that slow servers are not flooded with copies. It goes on at once when its server is lost, or is
 *  dead and another lives. A server that let a try pass is avoided for a while, or until it answers: new requests go there
 *  only when there is no other.
 *
 *  The control frame is the request's number, the same at every server. The first answer counts, from whichever server the
 *  request was sent to, even if it has moved on meanwhile; the others are dropped and counted.
 */
#ifndef KEEL_ENGINE_FREELANCE_H
#define KEEL_ENGINE_FREELANCE_H

#include "client.h"

/*  The least capacity of `out`. */
#define KEEL_FLCLIENT_ACTIONS 16
#define KEEL_FLCLIENT_SERVERS 64

/*  After so many ping intervals without a word a server is dead. */
#define KEEL_FLCLIENT_SILENCE 3

typedef struct keel_flclient keel_flclient_t;

typedef enum {
    KEEL_FLCLIENT_LEAST,   /* the living server that holds the fewest of our requests; in turn where they hold the same */
    KEEL_FLCLIENT_ORDERED, /* the first living server */
    KEEL_FLCLIENT_SHOTGUN, /* all of them */
} keel_flclient_policy_t;

typedef struct {
    keel_flclient_policy_t policy;
    int64_t timeout_ms; /* of a request, over all tries; 1..INT32_MAX */
    int64_t try_ms;     /* the first round's; 1..INT32_MAX */
    int64_t ping_ms;    /* 1..INT32_MAX */
    size_t outstanding; /* requests at once, at least 1 */
    uint64_t seed;      /* for numbers and jitter */
} keel_flclient_config_t;

#define KEEL_FLCLIENT_COUNTER_MAP(X)                                                                                   \
    X (REQUESTS, "requests", "taken from the application")                                                             \
    X (REPLIES, "replies", "answers delivered")                                                                        \
    X (RETRIES, "retries", "requests sent again")                                                                      \
    X (COPIES, "copies", "requests sent to a further server at once")                                                  \
    X (FAILED, "failed", "requests that were given up")                                                                \
    X (CANCELLED, "cancelled", "requests that the application gave up")                                                \
    X (LATE, "late", "answers dropped: nothing waits for them")                                                        \
    X (UNASKED, "unasked", "answers dropped: from a server that was not asked")                                        \
    X (MALFORMED, "malformed", "messages dropped: not well formed")                                                    \
    X (PINGS, "pings", "sent")                                                                                         \
    X (PONGS, "pongs", "received")                                                                                     \
    X (UNSENT, "unsent", "messages that a connection did not take")                                                    \
    X (DISCONNECTS, "disconnects", "connections that ended")                                                           \
    X (REFUSED, "refused", "connections that could not be made, as often as it was tried")                             \
    X (DEATHS, "deaths", "servers taken for dead, since they were silent for too long")

typedef enum {
#define X(name, key, text) KEEL_FLCLIENT_##name,
    KEEL_FLCLIENT_COUNTER_MAP (X)
#undef X
        KEEL_FLCLIENT_COUNTERS
} keel_flclient_counter_t;

/*  Why a request failed, in a DELIVER of FAILED. */
enum {
    KEEL_FLCLIENT_TIMEOUT = 1,   /* a server is there, but the answer did not come */
    KEEL_FLCLIENT_NO_SERVER = 7, /* nothing was heard from any server since the request was made */
};

/*  Without servers. NULL without memory. */
keel_flclient_t *keel_flclient_new (const keel_flclient_config_t *config);
void keel_flclient_destroy (keel_flclient_t **self);

/*  What may be changed, at any time: all but seed. */
keel_flclient_config_t *keel_flclient_config (keel_flclient_t *self);

/*  CONNECT and CLOSE name a server by its place. False: all places are taken. The next step, which is due now, connects. */
bool keel_flclient_add (keel_flclient_t *self, int64_t now, uint16_t *place);
/*  What it holds goes to others. The next step, which is due now, closes its connection; then the place is free again. */
void keel_flclient_remove (keel_flclient_t *self, int64_t now, uint16_t place);
/*  How many servers are alive. */
unsigned keel_flclient_living (const keel_flclient_t *self);

/*  Results come as DELIVER, FINAL or FAILED, with the request's tag. 0 always. */
int keel_flclient_step (keel_flclient_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_flclient_next_due (const keel_flclient_t *self);

/*  A request; it is sent by the next step, which is due now if a server is alive. body: one frame or more, copied.
 *  id: [out] for cancel. */
keel_submit_t keel_flclient_submit (keel_flclient_t *self, int64_t now, const span_t body[], size_t count, uint64_t tag,
                                    uint64_t *id);
/*  Gives it up: nothing of it is delivered. tag: [out] its own. False: it is not outstanding. */
bool keel_flclient_cancel (keel_flclient_t *self, uint64_t id, uint64_t *tag);

size_t keel_flclient_outstanding (const keel_flclient_t *self);
uint64_t keel_flclient_counter (const keel_flclient_t *self, keel_flclient_counter_t counter);

#endif
