/*  A keel_worker_t from inside, which is also what the Pirates' worker classes consist of; and the thread behind it, which
 *  alone has the port, and steps the engine.
 *
 *  Everything that two threads touch is under the mutex, the engine too; the thread lets go of it only to wait. Requests
 *  go to the application through the inbox, and what it does with them comes back through the outbox. The inbox holds
 *  no more than the credit: what is void leaves it when the session changes.
 */
#ifndef KEEL_WORKER_LOOP_H
#define KEEL_WORKER_LOOP_H

#include "interrupt.h"
#include "port.h"
#include "seldom.h"
#include "worker.h"

#include <keel/worker.h>

#include <pthread.h>

/*  What waits to be sent at most; then the application waits. */
#define WORKER_OUTBOX_MAX 1024

typedef enum {
    WORKER_PARTIAL,
    WORKER_REPLY,
    WORKER_FAIL,
} worker_deed_t;

/*  A request in the inbox, or what was done with one in the outbox. */
typedef struct worker_item {
    struct worker_item *prev;
    struct worker_item *next;
    uint64_t id;
    worker_deed_t deed; /* outbox */
    zmsg_t *body;       /* NULL: FAIL */
} worker_item_t;

struct keel_worker {
    char *endpoint_text; /* what the endpoints lie in */
    char **endpoints;
    char *service;
    worker_engine_config_t config;
    keel_worker_log_fn *log;
    void *log_arg;
    seldom_t complaints;

    pthread_t thread;
    bool started;
    int wake;        /* eventfd: look at what the others have left */
    int interrupt;   /* of keel_worker_run; -1: none */
    port_t *port;    /* the thread's own, as these: */
    uint16_t linked; /* the endpoint that is open */
    uint16_t link;   /* its number in the port */
    bool open;
    bool refused; /* a SEND while nothing was open, with this tag */
    uint64_t refused_tag;

    pthread_mutex_t *mutex;
    pthread_cond_t *changed; /* inbox, outbox, stopping, gone */
    worker_engine_t *engine;
    keel_actions_t *actions;
    uint64_t session;
    worker_item_t *inbox;
    worker_item_t *outbox;
    unsigned outbox_count;
    bool stopping; /* drain */
    bool drained;  /* the engine was told */
    bool gone;     /* it has left */
    bool quitting; /* the thread is to end */

    /*  At several brokers at once each has a member, a worker of its own with one endpoint; else it is its own only
     *  member. They share mutex, condition, inbox and credit in this way: whoever receives looks at all of their inboxes. */
    bool all;
    struct keel_worker *whole;    /* whose member it is */
    struct keel_worker **members; /* NULL: itself alone */
    unsigned member_count;
    unsigned turn; /* whose inbox comes first */
    pthread_mutex_t own_mutex;
    pthread_cond_t own_changed;
};

/*  What an id of the application's has of a member: bits that a member's own ids do not use, at this credit and below. */
#define WORKER_MEMBER_BIT 10
#define WORKER_CREDIT_ALL (1 << WORKER_MEMBER_BIT)
#define WORKER_MEMBERS    64

/*  Starts it, or all of its members. The mutex is held. 0, KEEL_E_INVALID, KEEL_E_MEMORY. */
int worker_members_start (keel_worker_t *self);
/*  Ends them. The mutex is not held. */
void worker_members_end (keel_worker_t *self);
keel_worker_t *worker_member (keel_worker_t *self, unsigned number);
/*  That which an id belongs to. id: [in, out] its own. */
keel_worker_t *worker_member_of (keel_worker_t *self, uint64_t *id);
/*  All are to stop. The mutex is held. */
void worker_members_stop (keel_worker_t *self);

/*  endpoints, errno: as of keel_worker_new. 0, or -1: closed already. */
int worker_open (keel_worker_t *self, const worker_speech_t *speech, const char *endpoints, const char *service);
void worker_close (keel_worker_t *self);

/*  Opens the port and starts the thread. 0, or KEEL_E_MEMORY. The mutex is held. */
int worker_loop_start (keel_worker_t *self);
/*  Has it send what there is, leave, and end. The mutex is not held. */
void worker_loop_end (keel_worker_t *self);
/*  Has it look. */
void worker_loop_wake (keel_worker_t *self);

void worker_item_destroy (worker_item_t **self_p);
void worker_items_destroy (worker_item_t **list);

#endif
