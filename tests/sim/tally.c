#include "tally.h"

#include <stdio.h>

tally_t tally;

/*  No seed makes these: memory never runs out here, a right broker says nothing malformed and
 *  keeps to credit, and none is one of a pair. */
static const char *const never[] = {"broker.refused_memory", "client.malformed", "worker.malformed", "worker.excess",
                                    "broker.requests_passive", "broker.ready_passive"};

static void
add (uint64_t *sum, const uint64_t *part, size_t count)
{
    for (size_t n = 0; n < count; n++)
        sum[n] += part[n];
}

void
tally_add (tally_t *self, const tally_t *other)
{
    _Static_assert(sizeof (tally_t) % sizeof (uint64_t) == 0, "nothing but counters");
    add ((uint64_t *) self, (const uint64_t *) other, sizeof (tally_t) / sizeof (uint64_t));
}

void
tally_broker (const keel_majordomo_t *engine)
{
    add ((uint64_t *) &tally.dispatch, (const uint64_t *) keel_majordomo_counters (engine),
         sizeof (dispatch_counters_t) / sizeof (uint64_t));
    add ((uint64_t *) &tally.queue, (const uint64_t *) &engine->queue.counters,
         sizeof (queue_counters_t) / sizeof (uint64_t));
    add ((uint64_t *) &tally.majordomo, (const uint64_t *) &engine->counters,
         sizeof (majordomo_counters_t) / sizeof (uint64_t));
}

void
tally_client (const keel_mdclient_t *engine)
{
    for (keel_mdclient_counter_t counter = 0; counter < KEEL_MDCLIENT_COUNTERS; counter++)
        tally.client[counter] += keel_mdclient_counter (engine, counter);
}

void
tally_worker (const worker_engine_t *engine)
{
    for (worker_engine_counter_t counter = 0; counter < WORKER_ENGINE_COUNTERS; counter++)
        tally.worker[counter] += worker_engine_counter (engine, counter);
}

typedef void (*tally_visit_t) (const char *name, uint64_t value, void *arg);

static void
visit (const tally_t *self, tally_visit_t each, void *arg)
{
#define X(name) each ("broker." #name, self->dispatch.name, arg);
    DISPATCH_COUNTER_MAP (X)
#undef X
#define X(name) each ("broker." #name, self->queue.name, arg);
    QUEUE_COUNTER_MAP (X)
#undef X
#define X(name) each ("broker." #name, self->majordomo.name, arg);
    MAJORDOMO_COUNTER_MAP (X)
#undef X
#define X(name, key, text) each ("client." key, self->client[KEEL_MDCLIENT_##name], arg);
    KEEL_MDCLIENT_COUNTER_MAP (X)
#undef X
#define X(name, key, text) each ("worker." key, self->worker[WORKER_ENGINE_##name], arg);
    WORKER_ENGINE_COUNTER_MAP (X)
#undef X
}

static void
print_one (const char *name, uint64_t value, void *arg)
{
    (void) arg;
    printf ("  %-32s %llu\n", name, (unsigned long long) value);
}

void
tally_print (const tally_t *self)
{
    visit (self, print_one, NULL);
}

static void
check_one (const char *name, uint64_t value, void *arg)
{
    unsigned *missing = arg;
    for (size_t n = 0; n < sizeof (never) / sizeof (never[0]); n++)
        if (strcmp (name, never[n]) == 0)
            return;
    if (value > 0)
        return;
    printf ("no seed made %s happen\n", name);
    ++*missing;
}

unsigned
tally_missing (const tally_t *self)
{
    unsigned missing = 0;
    visit (self, check_one, &missing);
    return missing;
}
