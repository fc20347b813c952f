/*  A proxy before a server that knows nothing of pairs: requests of clients go to it while this node serves, and its answers back.
 *
 *  To the server goes the client's routing id and then every frame as it came; from it the same comes back, and so any REP or
 *  ROUTER, behind any number of proxies, can be the server. Requests that come while it does not serve are dropped and counted;
 *  nothing is kept, so clients ask again (Lazy Pirate).
 */
#ifndef KEEL_STAR_PROXY_H
#define KEEL_STAR_PROXY_H

#include "bstar.h"
#include "event.h"

typedef struct keel_star_proxy keel_star_proxy_t;

typedef struct {
    size_t frames;            /* of a message; one of more is dropped */
    int64_t drain_timeout_ms; /* what the server has not answered so long after the drain began is given up */
} keel_star_proxy_config_t;

/*  Counters by name; SIGUSR1 gives them. */
#define KEEL_STAR_PROXY_COUNTER_MAP(X)                                                                                 \
    X (requests)            /* that arrived */                                                                         \
    X (requests_dropped)    /* of them, while it does not serve */                                                     \
    X (requests_malformed)  /* of them, with too many frames */                                                        \
    X (requests_unsent)     /* of them, that the server does not take: it is not there, or does not read */            \
    X (requests_lost)       /* without an answer when the server's connection, or serving, ended */                    \
    X (answers)             /* that came back */                                                                       \
    X (answers_malformed)   /* of them, with no client, or too many frames */                                          \
    X (answers_unreachable) /* of them, whose client is gone */                                                        \
    X (answers_full)        /* of them, whose client does not read */

typedef struct {
#define X(name) uint64_t name;
    KEEL_STAR_PROXY_COUNTER_MAP (X)
#undef X
} keel_star_proxy_counters_t;

/*  NULL without memory. */
keel_star_proxy_t *keel_star_proxy_new (const keel_star_proxy_config_t *config);
void keel_star_proxy_destroy (keel_star_proxy_t **self);
void keel_star_proxy_configure (keel_star_proxy_t *self, const keel_star_proxy_config_t *config);

/*  Serves from now on: the server is at that link. */
void keel_star_proxy_serve (keel_star_proxy_t *self, uint16_t server);
/*  Takes no more requests; what the server has is still answered. */
void keel_star_proxy_drain (keel_star_proxy_t *self, int64_t now);
/*  Serves no longer; the link is the caller's to close. */
void keel_star_proxy_stop (keel_star_proxy_t *self);

/*  The engine contract (event.h). Returns 0. */
int keel_star_proxy_step (keel_star_proxy_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_star_proxy_next_due (const keel_star_proxy_t *self);

/*  After a drain or EVENT_DRAIN: no answer is outstanding, or it has been waited for long enough. */
bool keel_star_proxy_drained (const keel_star_proxy_t *self);
/*  Requests that the server has. */
uint64_t keel_star_proxy_outstanding (const keel_star_proxy_t *self);
/*  Every counter as a JSON object; star: what is said of the pair, or NULL. Valid until the next call. */
const char *keel_star_proxy_stats (keel_star_proxy_t *self, const keel_star_t *star, int64_t now);

#endif
