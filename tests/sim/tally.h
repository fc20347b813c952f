/*  What all engines of a process have counted, so that it can be seen that the seeds reach everything. */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include "client.h"
#include "lazy_pirate.h"
#include "majordomo_state.h"
#include "pirate_queue_state.h"
#include "worker.h"

typedef struct {
    dispatch_counters_t dispatch;
    queue_counters_t queue;
    majordomo_counters_t majordomo;
    pirate_queue_counters_t pirate_queue;
    uint64_t lazy[KEEL_LAZY_COUNTERS];
    uint64_t client[KEEL_MDCLIENT_COUNTERS];
    uint64_t worker[WORKER_ENGINE_COUNTERS];
} tally_t;

extern tally_t tally;

/*  Each when an engine ends. */
void tally_queue (const queue_t *queue);
void tally_majordomo (const keel_majordomo_t *engine);
void tally_pirate_queue (const keel_pirate_queue_t *engine);
void tally_lazy (const keel_lazy_t *engine);
void tally_client (const keel_mdclient_t *engine);
void tally_worker (const worker_engine_t *engine);

void tally_add (tally_t *self, const tally_t *other);
/*  How many counters of the engines in such a world are 0 that should not be; says which on stdout. */
unsigned tally_missing (const tally_t *self, bool pirates);
void tally_print (const tally_t *self, bool pirates);

#endif
