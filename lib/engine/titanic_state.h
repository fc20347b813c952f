/*  The inside of Titanic's engine, shared by its parts:
 *
 *      titanic.c           life, step, whose event it is
 *      titanic_desk.c      the four services: what clients ask, and what they are told
 *      titanic_dispatch.c  requests of the store, run
 *      titanic_broker.c    which broker, and of what kind
 *      titanic_admin.c     what operators ask
 *      titanic_report.c    counters as JSON
 */
#ifndef KEEL_TSP_STATE_H
#define KEEL_TSP_STATE_H

#include "titanic.h"

#include "backoff.h"
#include "body.h"
#include "client.h"
#include "fault.h"
#include "heap.h"
#include "table.h"
#include "text.h"
#include "worker.h"


#define PART_CLIENT TSP_SERVICES
#define PART_PROBE  (TSP_SERVICES + 1)
#define PART_LANES  (TSP_SERVICES + 2)

#define RETRY_FIRST_MS 100
#define RETRY_LIMIT_MS 30000
/*  How long the broker lets a request wait for a worker before it says so. Nothing is lost by that: it is dispatched again. */
#define DISPATCH_TTL_MS 60000
/*  As good as never: what a client engine takes for the timeout of a try. */
#define FOREVER_MS INT32_MAX
/*  Requests of a service that wait for their next attempt, at most; past them it gets no new ones. */
#define WAITING_MOST 1024
/*  Bytes of a service's bodies with the broker; one request may always be. */
#define SERVICE_BYTES ((size_t) 64 << 20)
/*  Fetches that are out at once; the last few are for what clients and operators ask. */
#define FETCHES_MOST 16
#define FETCHES_KEPT 4
#define JSON_BYTES     (768 * TSP_LIST_MOST + 4096)
#define STATUS_BYTES   192
#define STEP_WORK      32

typedef struct ticket ticket_t;
typedef struct running running_t;
typedef struct service service_t;
typedef struct lane lane_t;

typedef enum {
    FOR_CLIENT,   /* the desk answers */
    FOR_RUNNING,  /* a reply, an end: dispatch goes on */
    FOR_ADMIN,    /* an operator is told */
    FOR_NOBODY,
} purpose_t;

/*  An op that is out, and why. */
struct ticket {
    titanic_op_t op; /* first: the one is the other */
    ticket_t *prev, *next;
    purpose_t purpose;
    tsp_service_t service; /* FOR_CLIENT: whose request */
    uint64_t id;          /* likewise, its id there */
    running_t *running;   /* FOR_RUNNING */
    body_t *body;         /* [service][frame]+ or [frame]+ */
    size_t bytes;         /* of it */
    uint16_t listener;    /* FOR_ADMIN */
    body_t *envelope;     /* likewise: [routing id][extra]*[""] */
    span_t answer[2];
    char text[TSP_UUID_TEXT];
};

typedef enum {
    RUN_READY,   /* in its service's list, to be dispatched */
    RUN_FETCHED, /* its body is being fetched */
    RUN_SENT,    /* with the broker */
    RUN_STORING, /* its reply, or its end, is being stored */
    RUN_WAITING, /* for its next attempt */
    RUN_UNSAVED, /* for another try to store its reply */
} run_state_t;

/*  A request that dispatch has taken out of the store's queue, and not brought to its end. */
struct running {
    heap_node_t node; /* first; WAITING, UNSAVED: when */
    service_t *service;
    running_t *prev, *next; /* in the service's list of ready ones */
    tsp_uuid_t uuid;
    uint64_t sequence;
    run_state_t state;
    uint32_t attempts;
    uint64_t id; /* SENT: of the client's request */
    lane_t *lane; /* SENT over one; else NULL */
    int64_t sent_at;
    size_t bytes;
    backoff_t backoff;
    ticket_t *unsaved;
    ticket_t *asked; /* STORING: a client waits for it; NULL: none */
    UT_hash_handle by_uuid;
    UT_hash_handle by_id;
};

/*  A target service with requests in the store. */
struct service {
    uint32_t number;
    service_t *prev, *next; /* of those that may have something to dispatch */
    bool runnable;          /* it is in that list */
    bool exhausted;         /* nothing is pending behind the cursor */
    bool fetching;          /* the next one is */
    uint64_t cursor;        /* sequence of the last one fetched */
    size_t active;          /* FETCHED, SENT, STORING */
    size_t waiting;         /* READY, WAITING, UNSAVED */
    size_t bytes;           /* of active ones */
    running_t *ready;
    lane_t *lane;   /* a stock broker's: it is asked, or runs one */
    bool cleared;   /* a stock broker says that it has workers */
    int64_t ask_at; /* not before */
    backoff_t backoff;
    UT_hash_handle hh;
    size_t name_size;
    uint8_t name[];
};

/*  A link to a stock broker. */
struct lane {
    keel_mdclient_t *client;
    service_t *service; /* that has it; NULL: free */
    running_t *running; /* that is out; NULL: mmi.service is */
    uint64_t id;
};

typedef enum {
    BROKER_NONE,    /* no session */
    BROKER_ASKED,   /* are we registered there? */
    BROKER_UNKNOWN, /* yes; of what kind is it? */
    BROKER_KEEL,
    BROKER_STOCK,
} broker_kind_t;

struct keel_titanic {
    keel_tsp_config_t config;
    keel_tsp_counters_t counters;
    int64_t now;
    int64_t wall;
    bool draining;
    bool started; /* the services that the store has are known */
    pool_t *pool;
    random_t random;
    uint64_t uuid_time; /* of the last one made */
    uint32_t uuid_counter;
    uint64_t uuid_serial;

    worker_engine_t *workers[TSP_SERVICES];
    keel_mdclient_t *client;
    keel_mdclient_t *probe;
    lane_t lanes[KEEL_TSP_LANES];
    broker_kind_t broker;
    uint16_t endpoint;      /* of the broker */
    uint64_t probe_id;      /* of the question that is out; 0: none */
    int64_t probe_at;
    int64_t ask_at; /* a stock broker's services: none before */
    int64_t read_at; /* the store could not be read: nothing is dispatched before */
    uint64_t losses;        /* sessions that the broker ended, or its silence, when last looked */

    ticket_t *out;    /* in the order in which they went */
    ticket_t *done;   /* came back, to be told */
    ticket_t *ended;  /* freed when the next step begins */
    size_t out_count;
    size_t out_bytes;

    /*  titanic.reply: whose request a fetch is for. */
    bool asked;
    uint64_t asked_id;
    span_t *answer; /* of the last one */
    size_t answer_capacity;
    char status[STATUS_BYTES];

    service_t *services;
    service_t *runnable;
    size_t runnable_count;
    running_t *by_uuid;
    running_t *by_id;
    heap_t dues;

    int64_t expire_at;
    bool expiring;

    /*  What an operator asked last. */
    bool admin_busy; /* a fetch answers it */
    bool admin_done; /* freed when the next step begins */
    tsp_admin_t admin;
    uint16_t admin_listener;
    body_t *admin_envelope; /* [routing id][extra]*[""] */
    body_t *backup;         /* that goes on: its envelope, and the path */
    uint16_t backup_listener;
    bool backup_done; /* freed when the next step begins */
    char *json;       /* JSON_BYTES */

    titanic_fetch_t fetches[FETCHES_MOST]; /* a ring: those that are out */
    size_t fetch_first;
    size_t fetch_count;
};

/* ------------------------------------------------------------------ titanic.c */

bool titanic_room (const keel_tsp_t *self, const keel_actions_t *out);
/*  Zeroed; NULL without memory. */
ticket_t *titanic_ticket (keel_tsp_t *self, titanic_op_kind_t kind, purpose_t purpose);
void titanic_store (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out);
void titanic_fetch (keel_tsp_t *self, const titanic_fetch_t *fetch, keel_actions_t *out);
/*  It has been told: freed when the next step begins. */
void titanic_end_ticket (keel_tsp_t *self, ticket_t *ticket);
tsp_uuid_t titanic_make_uuid (keel_tsp_t *self);
/*  What a part has appended since there is seen to: links get their numbers, deliveries their way. */
void titanic_take_over (keel_tsp_t *self, uint16_t part, size_t since, keel_actions_t *out);

/* ------------------------------------------------------------------ titanic_desk.c */

void titanic_take_request (keel_tsp_t *self, tsp_service_t service, uint64_t id, const span_t frames[], size_t count,
                           keel_actions_t *out);
void titanic_tell_client (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out);
void titanic_tell_reply (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out);
/*  The op came back that the run's asker waits for: it will be told. */
void titanic_settle_asker (keel_tsp_t *self, running_t *running, ticket_t *ticket);

/* ------------------------------------------------------------------ titanic_dispatch.c */

/*  A request of that service was stored, or may be pending again. */
void titanic_note_pending (keel_tsp_t *self, uint32_t number, span_t name);
void titanic_note_closed (keel_tsp_t *self, const tsp_uuid_t *uuid);
void titanic_take_services (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out);
void titanic_take_next (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out);
void titanic_take_body (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out);
void titanic_take_result (keel_tsp_t *self, uint64_t id, const keel_action_t *result, keel_actions_t *out);
void titanic_take_lane_result (keel_tsp_t *self, running_t *running, const keel_action_t *result, keel_actions_t *out);
running_t *titanic_find_run (const keel_tsp_t *self, const tsp_uuid_t *uuid);
/*  What the client has out is to be dispatched anew. */
void titanic_recall_runs (keel_tsp_t *self);
void titanic_end_run (keel_tsp_t *self, running_t *running);
void titanic_settle_run (keel_tsp_t *self, ticket_t *ticket);
void titanic_free_services (keel_tsp_t *self);
void titanic_mark_runnable (keel_tsp_t *self, service_t *service);
/*  What is due, and what there is room for; false: there is more. */
bool titanic_dispatch (keel_tsp_t *self, keel_actions_t *out);
int64_t titanic_dispatch_due (const keel_tsp_t *self);

/* ------------------------------------------------------------------ titanic_broker.c */

bool titanic_open_broker (keel_tsp_t *self);
void titanic_close_broker (keel_tsp_t *self);
/*  After each event: is it registered, and with whom? */
void titanic_watch_broker (keel_tsp_t *self, keel_actions_t *out);
int64_t titanic_broker_due (const keel_tsp_t *self);
/*  May the service dispatch now? Else it is seen to that it is told when it may. */
bool titanic_may_send (keel_tsp_t *self, service_t *service, keel_actions_t *out);
/*  False: no memory, or no room. */
bool titanic_send (keel_tsp_t *self, running_t *running, const span_t frames[], size_t count, keel_actions_t *out);
void titanic_cancel (keel_tsp_t *self, running_t *running);
/*  A delivery of a lane. */
void titanic_take_lane (keel_tsp_t *self, lane_t *lane, const keel_action_t *result, keel_actions_t *out);
void titanic_free_lane (keel_tsp_t *self, lane_t *lane);
void titanic_step_part (keel_tsp_t *self, uint16_t part, const keel_event_t *event, keel_actions_t *out);

/* ------------------------------------------------------------------ titanic_admin.c */

void titanic_take_admin (keel_tsp_t *self, const keel_event_t *event, keel_actions_t *out);
void titanic_tell_fetched (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out);
void titanic_tell_changed (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out);
void titanic_tell_backup (keel_tsp_t *self, const char *error, keel_actions_t *out);
void titanic_write_counters (const keel_tsp_t *self, text_t *json);

/*  tag of a fetch: what it is for, in its upper byte. */
enum {
    FETCH_FOR_REPLY = 1,
    FETCH_FOR_NEXT,  /* lower bits: the service's number */
    FETCH_FOR_BODY,
    FETCH_FOR_START,
    FETCH_FOR_ADMIN,
};

static inline uint64_t
fetch_tag (unsigned purpose, uint64_t number)
{
    return (uint64_t) purpose << 56 | number;
}

#endif
