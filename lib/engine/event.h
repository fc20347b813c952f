/*  The engine contract: events with the time go in, actions come out.
 *
 *      int     keel_x_step (keel_x_t *self, const keel_event_t *event, keel_actions_t *out);
 *      int64_t keel_x_next_due (const keel_x_t *self);       msec, monotonic; KEEL_NEVER when idle
 *
 *  Pure: no socket, clock, random source, file, log or thread. Time never goes backwards (checked). Actions are
 *  appended to arrays that the caller owns; a step that has more to say than they take sets its next due time to now,
 *  and the caller steps it again with a TICK. No callbacks, so no re-entry.
 *
 *  An event's spans are lent for the step and until its actions have been carried out; a frame of it appears in at most
 *  one SEND, so a port may pass its own buffer on. An action's spans stay valid until the next step.
 */
#ifndef KEEL_EVENT_H
#define KEEL_EVENT_H

#include "span.h"

#define KEEL_NEVER INT64_MAX

typedef enum {
    KEEL_EVENT_MESSAGE,      /* frames from peer */
    KEEL_EVENT_TICK,         /* time has passed */
    KEEL_EVENT_UNREACHABLE,  /* a SEND to peer failed: its connection is gone; tag: the SEND's */
    KEEL_EVENT_FULL,         /* a SEND to peer failed: its pipe is full; tag: the SEND's */
    KEEL_EVENT_DISCONNECTED, /* some connection of peer.listener has ended; whose is not known */
    KEEL_EVENT_REFUSED,      /* the connection of link peer.listener cannot be made (nobody is there, or hangs up before
                                anything could be sent), and nothing sent over it has left */
    KEEL_EVENT_DRAIN,        /* take nothing new, finish what is held */
    KEEL_EVENT_STORED,       /* a commit is durable: ops, with their results */
    KEEL_EVENT_STORE_FAILED, /* nothing of that commit was stored: ops */
    KEEL_EVENT_FETCHED,      /* the answer to a FETCH: fetched */
    KEEL_EVENT_BACKED_UP,    /* a BACKUP has ended; tag: its own; error: what went wrong, or NULL */
} keel_event_kind_t;

/*  Who sent a message, or is to get one. A client or a worker has one socket an endpoint and no routing id: listener is
 *  the endpoint's index. */
typedef struct {
    uint16_t listener;
    bool admin;   /* an administrator: by its endpoint */
    span_t id;    /* routing id */
    span_t user;  /* user id that ZAP gave; empty today */
} keel_peer_t;

typedef struct {
    keel_event_kind_t kind;
    uint16_t us;  /* usec past now, 0..999: for what is measured; nothing is decided by it */
    int64_t now;  /* msec, monotonic */
    int64_t wall; /* msec since 1970, which may jump: for engines that keep things past a restart; else 0 */
    keel_peer_t peer;
    const span_t *frames; /* MESSAGE; without the routing id */
    size_t count;
    bool cut;     /* MESSAGE: it had more frames than the port's limit, and they are not all here */
    uint64_t tag; /* UNREACHABLE, FULL, BACKED_UP */
    struct titanic_op *ops;                /* STORED, STORE_FAILED: given back */
    const struct titanic_fetched *fetched; /* FETCHED: lent for the step */
    const char *error;                     /* BACKED_UP */
} keel_event_t;

typedef enum {
    KEEL_LOG_ERROR,
    KEEL_LOG_WARNING,
    KEEL_LOG_NOTICE,
    KEEL_LOG_INFO,
    KEEL_LOG_DEBUG,
} keel_log_level_t;

typedef enum {
    KEEL_ACTION_SEND,    /* head and then body to peer */
    KEEL_ACTION_LOG,     /* text */
    KEEL_ACTION_CONNECT, /* open the link to the endpoint of index listener; it is not open */
    KEEL_ACTION_CLOSE,   /* close that link; what waits to be sent is thrown away unless linger */
    KEEL_ACTION_DELIVER, /* body to the application */
    KEEL_ACTION_STORE,   /* op is to be stored; it comes back in STORED or STORE_FAILED */
    KEEL_ACTION_FETCH,   /* fetch is to be answered by FETCHED, before anything else */
    KEEL_ACTION_BACKUP,  /* a copy of the store to the path in text; tag comes back in BACKED_UP */
} keel_action_kind_t;

typedef enum {
    KEEL_DELIVER_REQUEST, /* to a worker */
    KEEL_DELIVER_PARTIAL, /* to a client: more comes */
    KEEL_DELIVER_FINAL,   /* to a client: the last of its answers */
    KEEL_DELIVER_FAILED,  /* to a client: there is no answer; code says why */
} keel_deliver_t;

typedef struct {
    keel_action_kind_t kind;
    keel_log_level_t level; /* LOG */
    keel_deliver_t deliver; /* DELIVER */
    uint16_t listener;      /* SEND: where to, with id; CONNECT and CLOSE: the endpoint's index */
    bool linger;            /* CLOSE */
    span_t id;
    const span_t *head; /* SEND: frames */
    size_t head_count;
    const span_t *body; /* SEND, DELIVER */
    size_t body_count;
    unsigned code;    /* DELIVER of FAILED */
    uint64_t tag;     /* SEND: given back in UNREACHABLE and FULL; DELIVER: which request; BACKUP */
    const char *text; /* LOG, BACKUP: terminated */
    struct titanic_op *op;             /* STORE */
    const struct titanic_fetch *fetch; /* FETCH: lent until it is answered */
} keel_action_t;

typedef struct {
    keel_action_t *items;
    size_t count;
    size_t capacity;
    span_t *spans; /* where heads are written */
    size_t span_count;
    size_t span_capacity;
    char *text; /* where log lines are written */
    size_t text_size;
    size_t text_capacity;
    uint8_t *bytes; /* where frames are copied that would not last until they are sent */
    size_t byte_count;
    size_t byte_capacity;
} keel_actions_t;

/*  What one action takes at most of the arrays. */
#define KEEL_ACTION_SPANS 16
#define KEEL_ACTION_BYTES 256
#define KEEL_ACTION_TEXT  512

/*  A set of arrays of that capacity (actions; spans and text in proportion) in one allocation; NULL without memory. */
keel_actions_t *keel_actions_new (size_t capacity);
void keel_actions_destroy (keel_actions_t **self);
/*  Empties it; the caller does so before each step. */
static inline void
keel_actions_clear (keel_actions_t *self)
{
    self->count = self->span_count = self->text_size = self->byte_count = 0;
}

/*  Room for so many more actions of any kind? */
static inline bool
keel_actions_room_for (const keel_actions_t *self, size_t count)
{
    return self->capacity - self->count >= count && self->span_capacity - self->span_count >= count * KEEL_ACTION_SPANS;
}

static inline bool
keel_actions_room (const keel_actions_t *self)
{
    return keel_actions_room_for (self, 1);
}

/*  Appends a SEND with an empty head; room was checked. The head is written to action->head (as span_t *), at most
 *  KEEL_ACTION_SPANS, and closed with keel_actions_head. */
keel_action_t *keel_actions_send (keel_actions_t *self, uint16_t listener, span_t id);
/*  Where the next head frame goes. */
span_t *keel_actions_head (keel_actions_t *self);
/*  Adds the count frames written there to the head of action, the last one appended. */
void keel_actions_add_head (keel_actions_t *self, keel_action_t *action, size_t count);
/*  Keeps a frame of the action that comes, at most KEEL_ACTION_BYTES of it, until that is carried out; room was checked. */
span_t keel_actions_keep (keel_actions_t *self, span_t frame);
/*  Appends an action of a kind that has no function of its own here; room was checked. */
keel_action_t *keel_actions_append (keel_actions_t *self, keel_action_kind_t kind);
/*  Appends a CONNECT; room was checked. */
void keel_actions_connect (keel_actions_t *self, uint16_t endpoint);
/*  Appends a CLOSE; room was checked. */
void keel_actions_close (keel_actions_t *self, uint16_t endpoint, bool linger);
/*  Appends a DELIVER with neither body nor code; room was checked. */
keel_action_t *keel_actions_deliver (keel_actions_t *self, keel_deliver_t deliver, uint64_t tag);
/*  Appends a LOG; left out when there is no room for it. */
void keel_actions_log (keel_actions_t *self, keel_log_level_t level, const char *text);

#endif
