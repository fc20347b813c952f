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

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* inbox, outbox, stopping, gone */
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
};

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
