/*  A virtual world for Titanic: its engine over a store in memory, a broker's engine, scripted clients and workers, and a network
 *  and misfortunes that come from the seed alone.
 *
 *  What must hold, whatever crashes: every request that was answered with 200 is executed at least once; the first reply
 *  that was fetched is what all later fetches give; what was closed leaves nothing; no more than the window of a service
 *  is with the broker. The first violation ends the run.
 */
#ifndef TITANIC_WORLD_H
#define TITANIC_WORLD_H

#include "majordomo.h"
#include "mdp.h"
#include "random.h"
#include "store.h"
#include "store_kv.h"
#include "titanic.h"
#include "token.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENTS     3
#define WORKERS     4
#define SERVICES    3
#define TASKS       400
#define FRAMES      12
#define FRAME_BYTES 300
#define LINKS       KEEL_TSP_PARTS

typedef enum {
    AT_BROKER,
    AT_LINK,   /* of Titanic */
    AT_CLIENT,
    AT_WORKER,
} place_t;

/*  On its way. from: whose routing id the broker sees. */
typedef struct message message_t;
struct message {
    message_t *next;
    int64_t due;
    uint64_t order;
    place_t to;
    unsigned number;  /* of link, client, worker */
    unsigned session; /* of it: an older one's messages are lost */
    place_t from;
    unsigned from_number;
    unsigned from_session;
    size_t count;
    size_t sizes[FRAMES];
    uint8_t bytes[FRAMES][FRAME_BYTES];
};

/*  A request as its client knows it. */
typedef enum {
    TASK_ASKING,   /* for its 200 */
    TASK_WAITING,  /* for its reply */
    TASK_READING,  /* it has one, and asks again whether it is the same */
    TASK_CLOSING,
    TASK_CLOSED,   /* and looks whether it is gone */
    TASK_DONE,
} task_state_t;

typedef struct {
    task_state_t state;
    bool submit; /* with a uuid of its own */
    tsp_uuid_t uuid;
    unsigned owner; /* which client's */
    unsigned service;
    unsigned serial;    /* its body */
    bool closes_early;  /* while it may be pending */
    unsigned reads;     /* left */
    unsigned executions;
    bool out; /* with the broker, over the link that is open */
    uint8_t out_id[8];
    char reply[32]; /* the first one fetched; empty: none yet */
} task_t;

typedef struct {
    unsigned session;
    task_t *task; /* the one it is at */
    uint64_t asked; /* number of its question that is out; 0: none */
    bool submits;   /* that is titanic.submit */
    int64_t give_up_at;
    int64_t next_at;
} client_t;

/*  A request that a worker has. */
typedef struct {
    char token[TOKEN_SIZE];
    unsigned serial;
    unsigned execution;
    int64_t due; /* 0: none */
} job_t;

typedef struct {
    unsigned session;
    bool up;
    unsigned service;
    int64_t back_at;
    int64_t beat_at;
    int64_t heard_at;
    job_t jobs[8];
    unsigned credit;
} worker_t;

typedef struct {
    uint64_t seed;
    random_t random;
    bool trace;
    int64_t now;
    uint64_t order;
    message_t *messages; /* by due, then order */
    bool calm;           /* no misfortunes any more */
    bool restarts;       /* Titanic crashes; else it must find its way with what it has in memory */
    char failure[256];   /* empty: none */

    store_t *store;
    keel_tsp_t *titanic; /* NULL: it is down */
    int64_t titanic_back_at;
    unsigned window;
    unsigned sessions[LINKS];
    bool open[LINKS];
    titanic_op_t *gathered, **gathered_end;
    titanic_op_t *committing, *committed;
    bool commit_failed;
    int64_t commit_at, told_at;

    keel_majordomo_t *broker;
    int64_t broker_back_at;
    unsigned broker_session;

    client_t clients[CLIENTS];
    worker_t workers[WORKERS];
    task_t tasks[TASKS];
    unsigned task_count, task_most;
    int64_t last_due[4][LINKS]; /* of each way: what is sent later comes later */
    keel_actions_t *actions;

    unsigned crashes, broker_crashes, worker_crashes, commits_failed;
} world_t;

bool chance (world_t *self, unsigned in);
int64_t between (world_t *self, int64_t least, int64_t most);
void say (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void violate (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  Puts a message on its way. */
void post (world_t *self, place_t to, unsigned number, place_t from, unsigned from_number, const span_t frames[], size_t count);

void titanic_up (world_t *self);
void titanic_crash (world_t *self);
void titanic_event (world_t *self, keel_event_t *event);
int64_t titanic_due (const world_t *self);
void titanic_turn (world_t *self);
void titanic_heal (world_t *self);

void broker_up (world_t *self);
void broker_crash (world_t *self);
void broker_event (world_t *self, keel_event_t *event);

void client_hears (world_t *self, unsigned number, const span_t frames[], size_t count);
void client_turn (world_t *self, unsigned number);
void worker_hears (world_t *self, unsigned number, const span_t frames[], size_t count);
void worker_turn (world_t *self, unsigned number);
void worker_crash (world_t *self, unsigned number);

/*  Runs a seed to its end. False: failure says what was violated. */
bool world_run (world_t *self, uint64_t seed, bool trace);

#endif
