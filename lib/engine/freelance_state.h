/*  The inside of a Freelance client's engine, shared by its two parts: freelance.c, freelance_servers.c. */
#ifndef KEEL_FREELANCE_STATE_H
#define KEEL_FREELANCE_STATE_H

#include "freelance.h"

#include "backoff.h"
#include "body.h"
#include "flp.h"
#include "pending.h"

#define NOWHERE UINT16_MAX

#define BLOCKED_MS 10 /* how long a server whose pipe is full gets nothing */

/*  A set of servers: a bit a place. */
typedef uint64_t places_t;

typedef enum {
    SERVER_NONE,   /* the place is free */
    SERVER_CLOSED, /* due: it is connected and gets a PING */
    SERVER_OPEN,   /* due: another PING, or it is dead, or gets a fresh connection */
    SERVER_LOST,   /* its connection ended. due: it is closed; until then what had come before can still be read */
    SERVER_LEAVES, /* removed. due: now */
} server_state_t;

typedef struct {
    server_state_t state;
    int64_t due;
    int64_t heard_ms;   /* or when it was opened */
    unsigned intervals; /* of silence that have passed since */
    size_t load;        /* requests that are with it */
    bool avoided;       /* it let a try pass */
    int64_t avoid_ms;   /* until then */
    int64_t blocked_ms; /* until then it takes nothing: its pipe was full */
    backoff_t avoiding;
    backoff_t opening;
} server_t;

typedef struct asked {
    pending_t pending;
    uint64_t tag;
    body_t *body;
    struct asked *prev; /* among those that wait for a server */
    struct asked *next;
    bool waits;
    uint16_t place;   /* the server that it is with; NOWHERE: none, or several */
    places_t tried;   /* in this round, over the connection that is */
    places_t sent;    /* to these it was ever sent: they may answer */
    unsigned round;   /* from 0 */
    int64_t try_due;  /* KEEL_NEVER: it is with none */
    int64_t deadline;
    int64_t made_ms;
    uint8_t control[FLP_CONTROL_SIZE];
} asked_t;

struct keel_flclient {
    keel_flclient_config_t config;
    int64_t now;
    random_t random;
    pool_t *pool;
    pending_table_t requests;
    asked_t *waiting; /* in order */
    places_t living;
    bool died; /* a server has, in this step */
    uint16_t turn; /* the place after the one that was chosen last */
    int64_t heard_ms;
    uint16_t places; /* in use, or once in use */
    server_t servers[KEEL_FLCLIENT_SERVERS];
    uint64_t counters[KEEL_FLCLIENT_COUNTERS];
};

static inline void
flclient_count (keel_flclient_t *self, keel_flclient_counter_t counter)
{
    self->counters[counter]++;
}

static inline places_t
place_bit (uint16_t place)
{
    return (places_t) 1 << place;
}

/*  The request in a slot of the table, or NULL. */
asked_t *flclient_request_at (const keel_flclient_t *self, size_t slot);
/*  It is with no server any more and waits for the next. */
void flclient_send_on (keel_flclient_t *self, asked_t *request);
/*  When its try is over, or its deadline has passed. */
void flclient_set_due (keel_flclient_t *self, asked_t *request);
/*  Also to those servers, at once: the policy may want it. */
void flclient_ask_also (keel_flclient_t *self);

/*  What a server is due to do: at most 3 actions. */
void flclient_serve_due (keel_flclient_t *self, uint16_t place, keel_actions_t *out);
/*  After one has died, or come to life: those that are with dead servers go on, if any lives. */
void flclient_leave_the_dead (keel_flclient_t *self);
/*  A well-formed word came from it. */
void flclient_note_heard (keel_flclient_t *self, uint16_t place);
/*  A try passed at it. */
void flclient_avoid (keel_flclient_t *self, uint16_t place);
/*  It answered a request. */
void flclient_trust (keel_flclient_t *self, uint16_t place);
/*  Its connection is no good. */
void flclient_lose (keel_flclient_t *self, uint16_t place);
/*  The living that take something now. */
places_t flclient_ready (const keel_flclient_t *self);
/*  One of these, as the policy has it; there is one. */
uint16_t flclient_choose (keel_flclient_t *self, places_t among);
/*  When the first of the servers is due, or takes something again. */
int64_t flclient_servers_due (const keel_flclient_t *self);

#endif
