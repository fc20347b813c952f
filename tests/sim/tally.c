#include "tally.h"

#include <stdio.h>

tally_t tally;

/*  No seed makes these: memory never runs out here, a right broker says nothing malformed and
 *  keeps to credit, and none is one of a pair. */
static const char *const never[] = {"broker.refused_memory", "client.malformed", "worker.malformed", "worker.excess",
                                    "broker.requests_passive", "broker.ready_passive"};

/*  Nor these of the Pirates, who have one service, no answers in parts, and no word for leaving or for a refusal. */
static const char *const never_pirates[] = {"broker.refused_memory",   "broker.refused_services", "broker.workers_left",
                                            "broker.answers_abandoned", "worker.partials",         "worker.refused",
                                            "worker.malformed",        "worker.excess"};

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
tally_queue (const queue_t *queue)
{
    add ((uint64_t *) &tally.dispatch, (const uint64_t *) dispatch_counters (queue->dispatch),
         sizeof (dispatch_counters_t) / sizeof (uint64_t));
    add ((uint64_t *) &tally.queue, (const uint64_t *) &queue->counters, sizeof (queue_counters_t) / sizeof (uint64_t));
}

void
tally_majordomo (const keel_majordomo_t *engine)
{
    add ((uint64_t *) &tally.majordomo, (const uint64_t *) &engine->counters,
         sizeof (majordomo_counters_t) / sizeof (uint64_t));
}

void
tally_pirate_queue (const keel_pirate_queue_t *engine)
{
    add ((uint64_t *) &tally.pirate_queue, (const uint64_t *) &engine->counters,
         sizeof (pirate_queue_counters_t) / sizeof (uint64_t));
}

void
tally_lazy (const keel_lazy_t *engine)
{
    for (keel_lazy_counter_t counter = 0; counter < KEEL_LAZY_COUNTERS; counter++)
        tally.lazy[counter] += keel_lazy_counter (engine, counter);
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
visit_majordomo (const tally_t *self, tally_visit_t each, void *arg)
{
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
visit_pirates (const tally_t *self, tally_visit_t each, void *arg)
{
#define X(name) each ("broker." #name, self->pirate_queue.name, arg);
    PIRATE_QUEUE_COUNTER_MAP (X)
#undef X
#define X(name, key, text) each ("lazy." key, self->lazy[KEEL_LAZY_##name], arg);
    KEEL_LAZY_COUNTER_MAP (X)
#undef X
#define X(name, key, text) each ("worker." key, self->worker[WORKER_ENGINE_##name], arg);
    WORKER_ENGINE_COUNTER_MAP (X)
#undef X
}

static void
visit (const tally_t *self, bool pirates, tally_visit_t each, void *arg)
{
#define X(name) each ("broker." #name, self->dispatch.name, arg);
    DISPATCH_COUNTER_MAP (X)
#undef X
#define X(name) each ("broker." #name, self->queue.name, arg);
    QUEUE_COUNTER_MAP (X)
#undef X
    (pirates ? visit_pirates : visit_majordomo) (self, each, arg);
}

static void
print_one (const char *name, uint64_t value, void *arg)
{
    (void) arg;
    printf ("  %-32s %llu\n", name, (unsigned long long) value);
}

void
tally_print (const tally_t *self, bool pirates)
{
    visit (self, pirates, print_one, NULL);
}

typedef struct {
    const char *const *never;
    size_t never_count;
    unsigned missing;
} check_t;

static void
check_one (const char *name, uint64_t value, void *arg)
{
    check_t *check = arg;
    for (size_t n = 0; n < check->never_count; n++)
        if (strcmp (name, check->never[n]) == 0)
            return;
    if (value > 0)
        return;
    printf ("no seed made %s happen\n", name);
    check->missing++;
}

unsigned
tally_missing (const tally_t *self, bool pirates)
{
    check_t check = {.never = never, .never_count = sizeof (never) / sizeof (never[0])};
    if (pirates)
        check = (check_t){.never = never_pirates, .never_count = sizeof (never_pirates) / sizeof (never_pirates[0])};
    visit (self, pirates, check_one, &check);
    return check.missing;
}
