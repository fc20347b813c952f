/*  The clients: they keep their windows full, verify each reply and measure. All on the thread that runs them. */
#ifndef MDBENCH_CLIENTS_H
#define MDBENCH_CLIENTS_H

#include "daemon.h"
#include "mdbench_histogram.h"
#include "mdbench_settings.h"
#include "mdbench_workers.h"

typedef enum {
    RUN_GOES_ON,
    RUN_COMPLETE,
    RUN_SILENT,      /* no reply for --timeout */
    RUN_INTERRUPTED, /* a signal came */
    RUN_BROKEN,      /* libzmq did not take a request */
} run_state_t;

/*  What becomes of requests, warm-up included: sent = answered + failed + spoilt + lost. Of `wrong` those that could be told
 *  whose reply they were are spoilt, the others leave their request unanswered. */
typedef struct {
    run_state_t state;
    uint64_t sent;
    uint64_t answered;   /* rightly */
    uint64_t failed;     /* with a notice */
    uint64_t spoilt;     /* by a wrong reply */
    uint64_t lost;       /* never answered */
    uint64_t duplicated; /* replies to what was already answered */
    uint64_t wrong;      /* replies that are not what was sent */
    uint64_t misplaced;  /* replies to somebody else's request, or to none that was sent */
    uint64_t pending;    /* times that Titanic had no reply yet, and was asked again */
    uint64_t reordered;  /* right ones, but later than one to a younger request of that client; with one service only */
    char notice[128];    /* the first failure */

    /*  Warm-up excluded. */
    uint64_t measured;
    int64_t elapsed_ns;
    int64_t answering_ns; /* from the first reply of all to the last */
    int64_t clients_cpu_ns;
    int64_t workers_cpu_ns;
    int64_t process_cpu_ns;
    histogram_t latency;
} clients_result_t;

typedef struct clients clients_t;

/*  workers: to measure; or NULL. All live as long as the clients do. NULL with errno. */
clients_t *clients_new (void *context, const mdbench_settings_t *settings, const char *endpoint,
                        const workers_t *workers);
void clients_destroy (clients_t **self);
/*  Runs until all is answered, or it makes no sense to go on. Ends early when daemon has a signal. Once. */
const clients_result_t *clients_run (clients_t *self, daemon_t *daemon);

/*  Is everything as it should be? */
bool clients_result_good (const clients_result_t *result);

#endif
