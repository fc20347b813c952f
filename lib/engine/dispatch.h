/*  dispatch: the heart that all queues share. Services, per-client fair flows, workers with credit, requests with
 *  attempts, deadlines and tokens. It knows no protocol: a personality (majordomo) decodes, calls, and says the outcome.
 *
 *  A request is accepted, waits in the flow of its client for its service, is held by one worker, and ends answered or
 *  failed:  accepted = answered + failed + waiting + held, always. Within a service the flows take turns, a flow is first
 *  in, first out, and workers are taken least recently used first.
 *
 *  Each operation is O(1), or O(log n) in waiting requests where a deadline is kept, whatever the number of services,
 *  workers and requests. What ends in a step stays readable until the next one begins (dispatch_begin), because actions
 *  borrow from it.
 */
#ifndef KEEL_DISPATCH_H
#define KEEL_DISPATCH_H

#include "body.h"
#include "delays.h"
#include "event.h"
#include "heap.h"
#include "liveness.h"

#include "table.h"

typedef struct dispatch dispatch_t;
typedef struct dispatch_service dispatch_service_t;
typedef struct dispatch_client dispatch_client_t;
typedef struct dispatch_flow dispatch_flow_t;
typedef struct dispatch_worker dispatch_worker_t;
typedef struct dispatch_request dispatch_request_t;
typedef struct dispatch_partial dispatch_partial_t;

/*  Limits; all above 0 but where it says otherwise. */
typedef struct {
    liveness_config_t heartbeat;
    int64_t ttl_ms;        /* of a request that brings none */
    unsigned max_attempts; /* 0: no limit */
    size_t services;
    size_t workers;
    size_t queued;        /* requests in all, waiting or held */
    size_t queued_bytes;  /* what they cost in memory, with held PARTIALs */
    size_t outstanding;   /* requests of one client */
    size_t partial_bytes; /* PARTIALs held for one request */
    uint32_t credit;      /* a worker with more counts as this */
} dispatch_config_t;

/*  Counters by name, as mmi.stats gives them. */
#define DISPATCH_COUNTER_MAP(X)                                                                                        \
    X (accepted)             /* requests taken in */                                                                   \
    X (answered)             /* requests that got their final answer */                                                \
    X (failed)               /* requests that ended without: the sum of the failed_ ones */                            \
    X (failed_404)           /* no worker within the ttl */                                                            \
    X (failed_502)           /* attempts used up, or the worker lost half-way, or too much held for a reply */         \
    X (failed_503)           /* draining */                                                                            \
    X (failed_504)           /* no worker free before the deadline */                                                  \
    X (refused)              /* requests not taken in: the sum of the refused_ ones */                                 \
    X (refused_outstanding)  /* 429: too many of one client */                                                         \
    X (refused_queue)        /* 503: limits/queued or limits/queued-bytes */                                           \
    X (refused_services)     /* 503: limits/services */                                                                \
    X (refused_draining)     /* 503 */                                                                                 \
    X (refused_memory)       /* 503 */                                                                                 \
    X (attempts)             /* requests given to a worker */                                                          \
    X (attempts_undelivered) /* of them, to a worker whose connection was gone */                                      \
    X (requeued)             /* requests taken back from a worker */                                                   \
    X (workers_registered)                                                                                             \
    X (workers_refused)      /* READY past limits/workers or limits/services, or while draining */                     \
    X (workers_left)         /* said DISCONNECT */                                                                     \
    X (workers_expired)      /* silent for too long */                                                                 \
    X (workers_unreachable)  /* connection gone */                                                                     \
    X (workers_ended)        /* session ended by us */

typedef struct {
#define X(name) uint64_t name;
    DISPATCH_COUNTER_MAP (X)
#undef X
} dispatch_counters_t;

struct dispatch_service {
    span_t name; /* the bytes stand behind the record */
    bool draining;
    size_t waiting;
    size_t held;
    size_t ending; /* failed, their clients not told yet */
    size_t workers;
    int64_t left_at; /* when it last lost one */
    uint64_t failed;
    delays_t answered; /* from acceptance to the final answer */
    delays_t waited;   /* from acceptance to the first attempt */
    size_t flow_count;
    dispatch_flow_t *flows;   /* whose turn it is first */
    dispatch_worker_t *ready; /* with credit left, least recently used first */
    bool runnable;
    uint32_t number;
    dispatch_service_t *prev, *next; /* of the runnable, or of the ended */
    UT_hash_handle hh;
};

struct dispatch_client {
    uint16_t listener;
    span_t id;
    size_t outstanding;
    uint32_t number;
    dispatch_flow_t *flow;          /* the last one used */
    dispatch_client_t *prev, *next; /* of the idle, longest first */
    size_t key_size;
    UT_hash_handle hh;
};

struct dispatch_worker {
    uint16_t listener;
    span_t id;
    uint8_t version; /* the personality's */
    bool led;        /* the personality's */
    dispatch_service_t *service;
    uint32_t credit;
    uint32_t held_count;       /* slots taken; an abandoned request takes one too */
    dispatch_request_t *held;  /* oldest first */
    liveness_peer_t liveness;
    uint64_t probe;            /* the sweep that has been at it */
    bool ready;                /* stands in service->ready */
    bool leaving;              /* stands in the farewell list */
    dispatch_worker_t *ready_prev, *ready_next;
    dispatch_worker_t *busy_prev, *busy_next;
    dispatch_worker_t *prev, *next; /* of the farewell list, or of the ended */
    size_t key_size;
    UT_hash_handle hh;
};

typedef enum {
    DISPATCH_FREE,
    DISPATCH_NEW,       /* accepted, not yet placed */
    DISPATCH_WAITING,   /* in its flow */
    DISPATCH_HELD,      /* by its worker */
    DISPATCH_ABANDONED, /* failed, but its worker is still at it */
    DISPATCH_FAILED,    /* its client is to be told */
    DISPATCH_ENDED,
} dispatch_state_t;

struct dispatch_request {
    uint64_t token; /* of the present attempt; the low half is the slot */
    char token_text[16];
    dispatch_state_t state;
    uint8_t version; /* the personality's */
    bool notices;
    bool answered_partly; /* the client has seen a part of the answer */
    bool came_back;       /* from a lost worker, once at least */
    uint16_t code;        /* FAILED: why */
    uint16_t envelope_count;
    unsigned attempts;
    body_t *body; /* envelope_count frames of envelope, then the request's own */
    size_t cost;
    dispatch_client_t *client;
    dispatch_service_t *service;
    dispatch_flow_t *flow;
    dispatch_worker_t *worker;
    heap_node_t deadline;
    uint64_t number; /* in the order of acceptance */
    int64_t accepted_us; /* usec */
    int64_t sent_at;
    dispatch_partial_t *partials; /* held for a client that takes one answer only */
    size_t partial_frames;
    size_t partial_bytes;
    span_t *joined; /* frames of all partials, with what comes last */
    size_t joined_count;
    dispatch_request_t *prev, *next;
};

/*  config is copied; seed: for serial numbers and, stretched, for the hash key. NULL without memory. */
dispatch_t *dispatch_new (const dispatch_config_t *config, uint64_t seed);
void dispatch_destroy (dispatch_t **self);
/*  New limits hold for what comes; nothing is thrown out. */
void dispatch_configure (dispatch_t *self, const dispatch_config_t *config);

/*  A step begins at that time, in usec: frees what ended in the one before. */
void dispatch_begin (dispatch_t *self, int64_t now_us);

/* ---- requests */

typedef struct {
    span_t service;
    uint32_t ttl_ms; /* 0: the default */
    bool notices;
    uint8_t version;
    const span_t *envelope; /* copied or held, like the body's */
    size_t envelope_count;
    const span_t *body;
    size_t body_count;
} dispatch_wish_t;

/*  Takes a request in. 0 and *request, to be placed at once; or the code to refuse it with: 429, 503. */
unsigned dispatch_accept (dispatch_t *self, const keel_peer_t *peer, const dispatch_wish_t *wish, int64_t now,
                          dispatch_request_t **request);
/*  Gives it to a ready worker and returns that; or queues it and returns NULL. */
dispatch_worker_t *dispatch_place (dispatch_t *self, dispatch_request_t *request, int64_t now);
/*  The next waiting request for which a worker has credit, now held by request->worker; NULL when there is none. */
dispatch_request_t *dispatch_assign (dispatch_t *self, int64_t now);

/*  The request that this worker holds under this token; NULL: late, repeated or invented. May be an abandoned one. */
dispatch_request_t *dispatch_attempt (const dispatch_t *self, const dispatch_worker_t *worker, uint64_t token);
/*  Its final answer is on the way: it ends, and the worker has credit again. */
void dispatch_answer (dispatch_t *self, dispatch_request_t *request, int64_t now);
/*  Keeps a part of the answer. False: over a limit, or no memory; the caller abandons the request. */
bool dispatch_hold_partial (dispatch_t *self, dispatch_request_t *request, const span_t frames[], size_t count);
/*  All held parts and then frames, in one array that lives as long as the request; false without memory. */
bool dispatch_join_partials (dispatch_t *self, dispatch_request_t *request, const span_t frames[], size_t count);
/*  Fails a held request whose worker is still at it; the caller has told the client. */
void dispatch_abandon (dispatch_t *self, dispatch_request_t *request, unsigned code);

/*  Moves at most count requests that are past their deadline to the failed; all that wait, when draining. */
void dispatch_expire (dispatch_t *self, int64_t now, size_t count);
/*  The next failed request, to be told its client (request->code) and then ended; NULL when there is none. */
dispatch_request_t *dispatch_failed (const dispatch_t *self);
void dispatch_end (dispatch_t *self, dispatch_request_t *request);

/* ---- workers */

/*  0 and *worker, whose version and led are the caller's to set; or -1: a limit, draining, or no memory. The peer is not
 *  registered yet. */
int dispatch_register (dispatch_t *self, const keel_peer_t *peer, span_t service, uint32_t credit, int64_t now,
                       dispatch_worker_t **worker);
dispatch_worker_t *dispatch_worker (const dispatch_t *self, const keel_peer_t *peer);

typedef enum {
    DISPATCH_LEFT,        /* it said so */
    DISPATCH_EXPIRED,     /* silent */
    DISPATCH_UNREACHABLE, /* connection gone, or its pipe full */
    DISPATCH_DISMISSED,   /* we end its session */
} dispatch_loss_t;

/*  Forgets a worker and takes back what it holds, in order, to the front of the queues. undelivered: the token of an
 *  attempt that never reached it and so does not count; 0: none. */
void dispatch_lose (dispatch_t *self, dispatch_worker_t *worker, dispatch_loss_t loss, uint64_t undelivered,
                    int64_t now);

/*  It said something / a heartbeat / something was sent to it. */
void dispatch_heard (dispatch_t *self, dispatch_worker_t *worker, int64_t now);
void dispatch_beat (dispatch_t *self, dispatch_worker_t *worker, int64_t now);
void dispatch_sent (dispatch_t *self, dispatch_worker_t *worker, int64_t now);
/*  We were not there for so long: no worker's silence counts. O(workers). */
void dispatch_forgive (dispatch_t *self, int64_t ms, int64_t now);
/*  A worker that is over its time / to which a heartbeat is due; NULL when there is none. */
dispatch_worker_t *dispatch_silent (const dispatch_t *self, int64_t now);
dispatch_worker_t *dispatch_unsent (const dispatch_t *self, int64_t now);
/*  A busy worker that this sweep has not been at, now marked; NULL when it has been at all of them. */
dispatch_worker_t *dispatch_sweep (dispatch_t *self, uint64_t sweep);

/* ---- draining */

/*  Takes nothing more in; waiting requests fail with 503 (dispatch_expire), workers are to leave once they hold nothing. */
void dispatch_drain (dispatch_t *self);
/*  Takes in again; workers that have not left yet stay. */
void dispatch_resume (dispatch_t *self);
bool dispatch_draining (const dispatch_t *self);
/*  A worker that holds something; NULL when there is none. */
dispatch_worker_t *dispatch_busy (const dispatch_t *self);
/*  A worker that holds nothing and is to be told to leave; the caller loses it. NULL when there is none. */
dispatch_worker_t *dispatch_farewell (const dispatch_t *self);

/* ---- services */

dispatch_service_t *dispatch_service (dispatch_t *self, span_t name);
/*  In order of creation; service NULL: the first. */
dispatch_service_t *dispatch_next_service (const dispatch_t *self, const dispatch_service_t *service);
dispatch_worker_t *dispatch_next_worker (const dispatch_t *self, const dispatch_worker_t *worker);
/*  Refuses new requests with 503, or takes them again. Waiting ones are still served. */
void dispatch_service_drain (dispatch_t *self, dispatch_service_t *service, bool draining);
/*  For how long the oldest of its waiting requests has been there, msec; 0 when none waits. Looks at the next 1,000 turns. */
int64_t dispatch_oldest_ms (const dispatch_t *self, const dispatch_service_t *service);

/* ---- figures */

typedef struct {
    size_t services;
    size_t workers;
    size_t clients; /* records, idle ones included */
    size_t waiting;
    size_t held;
    size_t bytes; /* of requests and held PARTIALs */
} dispatch_gauges_t;

const dispatch_counters_t *dispatch_counters (const dispatch_t *self);
dispatch_gauges_t dispatch_gauges (const dispatch_t *self);

/*  When something becomes due; a time in the past when something is. */
int64_t dispatch_due (const dispatch_t *self);

#endif
