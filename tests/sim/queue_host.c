/*  A broker whose engine is a personality of queue: Majordomo, or one of the Pirates' queues. */
#include "world.h"

#include "majordomo_state.h"
#include "pirate_queue_state.h"
#include "tally.h"

#include <assert.h>

/*  So many ticks at one time without anything said or counted: it would burn the CPU. */
#define IDLE_TICKS_MAX 4

/*  A Simple Pirate's queue holds nobody to an interval; this is what it may be away for without knowing who is silent. */
#define SIMPLE_INTERVAL_MS (INT64_MAX / 8)
#define SIMPLE_ABSENCE_MS  2500

static dispatch_config_t
configure (const plan_t *plan)
{
    return (dispatch_config_t){
        .heartbeat = {plan->heartbeat, (unsigned) plan->liveness, plan->busy},
        .ttl_ms = plan->ttl,
        .max_attempts = (unsigned) plan->attempts,
        .services = (size_t) plan->services_max,
        .workers = (size_t) plan->workers_max,
        .queued = (size_t) plan->queued,
        .queued_bytes = (size_t) plan->queued_bytes,
        .outstanding = (size_t) plan->outstanding,
        .partial_bytes = (size_t) plan->partial_bytes,
        .credit = (uint32_t) plan->pipe,
    };
}

static void
open_majordomo (world_t *world, broker_t *broker)
{
    const keel_majordomo_config_t config = {.dispatch = configure (&world->plan),
                                            .frames = (size_t) world->plan.frames,
                                            .drain_timeout_ms = world->plan.drain};
    keel_majordomo_t *engine = keel_majordomo_new (&config, random_next (&world->random));
    assert (engine);
    broker->self = engine;
    broker->queue = &engine->queue;
}

static void
open_pirates (world_t *world, broker_t *broker)
{
    const keel_pirate_queue_config_t config = {
        .pirate = world->plan.kind == WORLD_SIMPLE ? PIRATE_SIMPLE : PIRATE_PARANOID,
        .frontends = 1,
        .dispatch = configure (&world->plan),
        .frames = (size_t) world->plan.frames,
        .drain_timeout_ms = world->plan.drain,
    };
    keel_pirate_queue_t *engine = keel_pirate_queue_new (&config, random_next (&world->random));
    assert (engine);
    broker->self = engine;
    broker->queue = &engine->queue;
}

/*  By what the oracle judges: made from the plan, as the engine's own is. */
static queue_config_t
expectations (const plan_t *plan)
{
    queue_config_t config = {
        .dispatch = configure (plan), .drain_timeout_ms = plan->drain, .absence_ms = plan->heartbeat};
    if (plan->kind == WORLD_SIMPLE) {
        config.dispatch.heartbeat.interval_ms = SIMPLE_INTERVAL_MS;
        config.dispatch.heartbeat.liveness = 1;
        config.absence_ms = config.grace_ms = SIMPLE_ABSENCE_MS;
    }
    return config;
}

static void
open (world_t *world, broker_t *broker)
{
    const queue_config_t config = expectations (&world->plan);
    if (world->plan.kind == WORLD_MAJORDOMO)
        open_majordomo (world, broker);
    else
        open_pirates (world, broker);
    broker->oracle = oracle_new (world, broker->number, broker->queue, &config);
    assert (broker->oracle);
}

static void
close (world_t *world, broker_t *broker)
{
    tally_queue (broker->queue);
    if (world->plan.kind == WORLD_MAJORDOMO) {
        tally_majordomo (broker->self);
        keel_majordomo_destroy ((keel_majordomo_t **) &broker->self);
    } else {
        tally_pirate_queue (broker->self);
        keel_pirate_queue_destroy ((keel_pirate_queue_t **) &broker->self);
    }
    broker->queue = NULL;
    oracle_destroy (&broker->oracle);
}

/* ------------------------------------------------------------------ a step */

static int64_t
due (const broker_t *broker)
{
    int64_t at = queue_next_due (broker->queue);
    return at >= SIMPLE_INTERVAL_MS ? KEEL_NEVER : at;
}

/*  A tick that says and changes nothing, and is due again at once, makes no progress. */
static void
check_progress (world_t *world, broker_t *broker, const keel_event_t *event, const dispatch_counters_t *before)
{
    bool idle = event->kind == KEEL_EVENT_TICK && broker->out->count == 0 &&
                queue_next_due (broker->queue) <= world->now &&
                memcmp (before, dispatch_counters (broker->queue->dispatch), sizeof (*before)) == 0;
    broker->idle_ticks = idle ? broker->idle_ticks + 1 : 0;
    if (broker->idle_ticks > IDLE_TICKS_MAX)
        world_fail (world, "b%u is due again and again, and does nothing", broker->number);
}

static void
step (world_t *world, broker_t *broker, const keel_event_t *event)
{
    dispatch_counters_t before = *dispatch_counters (broker->queue->dispatch);
    oracle_before (broker->oracle, event);
    if (world->plan.kind == WORLD_MAJORDOMO)
        keel_majordomo_step (broker->self, event, broker->out);
    else
        keel_pirate_queue_step (broker->self, event, broker->out);
    oracle_after (broker->oracle, broker->out);
    check_progress (world, broker, event, &before);
}

static bool
rests (const broker_t *broker)
{
    return oracle_rests (broker->oracle);
}

static bool
drained (const broker_t *broker)
{
    return queue_drained (broker->queue);
}

const host_t queue_host = {open, close, step, due, rests, drained};
