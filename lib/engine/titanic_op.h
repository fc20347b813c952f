/*  What Titanic's engine asks of its store: ops, which change it, and fetches, which read it. The engine makes them, the
 *  shell carries them, lib/store does them.
 *
 *  An op goes out in a STORE action and comes back in a STORED or STORE_FAILED event, with its result; until then it and
 *  all it points to stay as they are, so another thread may read them. Ops take effect in the order in which they went out, many
 *  at once: all of one commit or none. A fetch goes out in a FETCH action and is answered by a FETCHED event before
 *  anything else; it sees what was committed, and what it lends is valid until the next one.
 *
 *  Times are wall-clock msec, since they must mean the same after a restart.
 */
#ifndef KEEL_TSP_OP_H
#define KEEL_TSP_OP_H

#include "tsp_admin.h"

typedef enum {
    TITANIC_PUT,     /* a new request: uuid, submitted, service, frames, at -> STORED, KNOWN, FULL; number, sequence */
    TITANIC_REPLY,   /* uuid, frames, at: the first one stands -> STORED, KNOWN, UNKNOWN */
    TITANIC_CLOSE,   /* uuid, at: removes it, with its reply; a submitted uuid is remembered -> STORED, UNKNOWN; number */
    TITANIC_ATTEMPT, /* uuid, attempts -> STORED, UNKNOWN */
    TITANIC_DEAD,    /* uuid, attempts, reason, at: a pending one is given up -> STORED, UNKNOWN */
    TITANIC_REQUEUE, /* uuid, or service: dead ones are pending again, at most limit -> count, more; number */
    TITANIC_PURGE,   /* uuid, or service and state: as CLOSE, at most limit -> count, more; number */
    TITANIC_EXPIRE,  /* at, request_ttl_ms, reply_ttl_ms: what is older, at most limit -> count, more */
} titanic_op_kind_t;

typedef enum {
    TITANIC_STORED,
    TITANIC_KNOWN,   /* there was one of that uuid, or it was closed lately: nothing is changed */
    TITANIC_UNKNOWN, /* there is none of that uuid, in that state */
    TITANIC_FULL,    /* no room for a new request */
    TITANIC_BROKEN,  /* it could not be written */
} titanic_result_t;

/*  Why a request is dead. */
#define TITANIC_REASON_MAP(X)                                                                                          \
    X (NONE, "no reason")                                                                                              \
    X (ATTEMPTS, "its attempts are used up: each time the worker that ran it was lost")                                \
    X (EXPIRED, "it waited longer than the ttl of requests")

typedef enum {
#define X(name, text) TITANIC_REASON_##name,
    TITANIC_REASON_MAP (X)
#undef X
        TITANIC_REASONS
} titanic_reason_t;

typedef struct titanic_op titanic_op_t;

struct titanic_op {
    titanic_op_t *next; /* whoever has it may use it */
    titanic_op_kind_t kind;
    titanic_result_t result; /* [out] */
    tsp_uuid_t uuid;
    bool submitted; /* PUT: the client made the uuid */
    bool whole;     /* REQUEUE, PURGE: the service's, not the uuid's */
    span_t service;
    const span_t *frames;
    size_t frame_count;
    int64_t at;
    uint32_t attempts;
    titanic_reason_t reason;
    tsp_state_t state;
    uint32_t limit;
    int64_t request_ttl_ms; /* 0: none */
    int64_t reply_ttl_ms;
    uint32_t number;   /* [out] of the service; 0: none */
    uint64_t sequence; /* [out] its place among the pending */
    uint32_t count;    /* [out] how many it changed */
    bool more;         /* [out] it stopped at the limit */
};

/*  A request in the store. */
typedef struct {
    tsp_uuid_t uuid;
    uint32_t number; /* of its service, never 0 */
    span_t service;
    tsp_state_t state;
    bool submitted;
    uint32_t attempts;
    titanic_reason_t reason;
    int64_t created;
    int64_t since;       /* when it came into that state */
    uint64_t sequence;   /* its place in that state */
    size_t bytes;        /* of all frames */
    const span_t *frames; /* of the request, or once it is done of the reply; NULL in a list */
    size_t frame_count;
} titanic_record_t;

typedef struct {
    uint32_t number;
    span_t name;
    uint64_t counts[TSP_STATE_ANY]; /* by state */
} titanic_service_t;

typedef enum {
    TITANIC_FETCH_NEXT,     /* number, sequence: the first pending of that service behind that place -> record */
    TITANIC_FETCH_REQUEST,  /* uuid -> record */
    TITANIC_FETCH_SERVICES, /* number: services behind that number -> services */
    TITANIC_FETCH_LIST,     /* service or empty, state or ANY, before, limit -> records */
    TITANIC_FETCH_TOTALS,   /* -> service (no name), bytes_used, bytes_most */
} titanic_fetch_kind_t;

typedef struct titanic_fetch titanic_fetch_t;
typedef struct titanic_fetched titanic_fetched_t;

/*  The most services of one answer. */
#define TITANIC_FETCH_MOST 256

struct titanic_fetch {
    titanic_fetch_kind_t kind;
    uint64_t tag; /* comes back */
    uint32_t number;
    uint64_t sequence;
    tsp_uuid_t uuid;
    span_t service;
    tsp_state_t state;
    int64_t before; /* LIST: in that state since before then */
    uint32_t limit;
};

struct titanic_fetched {
    titanic_fetch_kind_t kind;
    uint64_t tag;
    bool failed; /* the store could not be read: what was not found may be there all the same */
    bool found; /* record is one */
    titanic_record_t record;
    const titanic_record_t *records;
    const titanic_service_t *services;
    size_t count; /* of records or services */
    bool more;
    titanic_service_t totals; /* of all services */
    uint64_t bytes_used;
    uint64_t bytes_most;
};

/*  Static. */
const char *titanic_reason_text (titanic_reason_t reason);

#endif
