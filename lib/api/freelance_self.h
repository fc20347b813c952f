/*  The inside of the Freelance client's class: an engine (engine/freelance.h) that decides, a port that carries, and threads
 *  that use it in turn (helm.h), whose mutex guards all of this.
 */
#ifndef KEEL_FREELANCE_SELF_H
#define KEEL_FREELANCE_SELF_H

#include <keel/freelance.h>

#include "freelance.h"
#include "helm.h"

/*  A request: the engine has it, or it is done and the application has not taken it yet. */
typedef struct freelance_job {
    struct freelance_job *prev;
    struct freelance_job *next;
    uint64_t id;
    bool awaited; /* by a thread of its own; else its result is for keel_freelance_recv */
    bool done;
    int code;
    zmsg_t *reply;
    size_t bytes;
} freelance_job_t;

typedef struct {
    char *name;    /* NULL: no server has this place */
    uint16_t link; /* the port's number */
    bool open;
} freelance_place_t;

struct keel_freelance {
    helm_t helm;
    port_t *port;
    keel_flclient_t *engine;
    keel_actions_t *actions;
    freelance_place_t places[KEEL_FLCLIENT_SERVERS];
    freelance_job_t *asked;   /* in flight */
    freelance_job_t *results; /* done, for keel_freelance_recv, in order */
    size_t jobs;              /* all of them */
    size_t sent;              /* those in flight that are not awaited */
    size_t most;              /* jobs at once */
    size_t bytes;             /* of answers that were not taken yet */
    int ready;                /* eventfd: there are results; -1: nobody asked for it */
    const char *error;
};

/*  With the mutex held: lets the engine do what is due. */
void freelance_work (keel_freelance_t *self, int64_t now);
/*  Reads what has come, too; a helm_tend_fn. */
int64_t freelance_tend (void *freelance);
/*  A request for the engine, which sends it. 0, KEEL_E_BUSY, KEEL_E_INVALID, KEEL_E_MEMORY. */
int freelance_submit (keel_freelance_t *self, zmsg_t *request, bool awaited, freelance_job_t **job);
/*  Waits until it is done; NULL: until there is a result. 0, KEEL_E_TIMEOUT, KEEL_E_STATE, KEEL_E_INTERRUPTED. */
int freelance_await (keel_freelance_t *self, freelance_job_t *job, int64_t deadline);
/*  The first result, out of the list. */
freelance_job_t *freelance_take_result (keel_freelance_t *self);
/*  It is given up, or its reply was taken. */
void freelance_end_job (keel_freelance_t *self, freelance_job_t **job);
/*  Raises or lowers the descriptor. */
void freelance_announce (keel_freelance_t *self);

#endif
