#include "world.h"

#include "speech.h"
#include "tally.h"

#include <assert.h>
#include <stdlib.h>

/*  So many ticks at one time without anything said or counted: it would burn the CPU. */
#define IDLE_TICKS_MAX 4

static keel_majordomo_config_t
configure (const plan_t *plan)
{
    keel_majordomo_config_t config = KEEL_MAJORDOMO_CONFIG_DEFAULT;
    dispatch_config_t *dispatch = &config.dispatch;
    dispatch->heartbeat = (liveness_config_t){plan->heartbeat, (unsigned) plan->liveness, plan->busy};
    dispatch->ttl_ms = plan->ttl;
    dispatch->max_attempts = (unsigned) plan->attempts;
    dispatch->services = (size_t) plan->services_max;
    dispatch->workers = (size_t) plan->workers_max;
    dispatch->queued = (size_t) plan->queued;
    dispatch->queued_bytes = (size_t) plan->queued_bytes;
    dispatch->outstanding = (size_t) plan->outstanding;
    dispatch->partial_bytes = (size_t) plan->partial_bytes;
    dispatch->credit = (uint32_t) plan->pipe;
    config.drain_timeout_ms = plan->drain;
    return config;
}

void
broker_start (world_t *world, broker_t *broker)
{
    keel_majordomo_config_t config = configure (&world->plan);
    TRACE (world, "b%u starts", broker->number);
    assert (!broker->running);
    broker->engine = keel_majordomo_new (&config, random_next (&world->random));
    broker->out = keel_actions_new ((size_t) world->plan.actions);
    broker->oracle = oracle_new (world, broker->number, broker->engine, &config);
    assert (broker->engine && broker->out && broker->oracle);
    broker->running = true;
    broker->draining = false;
    broker->frozen_until = 0;
    broker->wake_at = KEEL_NEVER;
    broker->life++;
}

void
broker_die (world_t *world, broker_t *broker)
{
    if (!broker->running)
        return;
    TRACE (world, "b%u is gone", broker->number);
    tally_broker (broker->engine);
    keel_majordomo_destroy (&broker->engine);
    keel_actions_destroy (&broker->out);
    oracle_destroy (&broker->oracle);
    broker->running = false;
    broker->failure_count = 0;
    network_broker_died (world, broker->number);
}

/* ------------------------------------------------------------------ a step */

static void
note_failure (broker_t *broker, const keel_action_t *action, sent_t sent)
{
    if (broker->failure_count == broker->failure_capacity) {
        broker->failure_capacity = broker->failure_capacity ? broker->failure_capacity * 2 : 64;
        broker->failures = realloc (broker->failures, broker->failure_capacity * sizeof (failure_t));
        assert (broker->failures);
    }
    failure_t *failure = &broker->failures[broker->failure_count++];
    keel_event_t *event = &failure->event;
    *event = (keel_event_t){.kind = sent == SENT_FULL ? KEEL_EVENT_FULL : KEEL_EVENT_UNREACHABLE, .tag = action->tag};
    event->peer = (keel_peer_t){.listener = action->listener, .id = action->id, .user = SPAN_OF ("")};
    memcpy (failure->id, action->id.data, action->id.size);
}

static void
carry_out (world_t *world, broker_t *broker)
{
    for (size_t n = 0; n < broker->out->count; n++) {
        const keel_action_t *action = &broker->out->items[n];
        if (action->kind != KEEL_ACTION_SEND)
            continue;
        sent_t sent = network_send_to_peer (world, broker->number, action);
        if (sent != SENT)
            note_failure (broker, action, sent);
        if (world->tracing)
            speech_sent (world, broker->number, action, sent);
    }
}

/*  A tick that says and changes nothing, and is due again at once, makes no progress. */
static void
check_progress (world_t *world, broker_t *broker, const keel_event_t *event, const dispatch_counters_t *before)
{
    bool idle = event->kind == KEEL_EVENT_TICK && broker->out->count == 0 &&
                keel_majordomo_next_due (broker->engine) <= world->now &&
                memcmp (before, keel_majordomo_counters (broker->engine), sizeof (*before)) == 0;
    broker->idle_ticks = idle ? broker->idle_ticks + 1 : 0;
    if (broker->idle_ticks > IDLE_TICKS_MAX)
        world_fail (world, "b%u is due again and again, and does nothing", broker->number);
}

static void
step (world_t *world, broker_t *broker, keel_event_t *event)
{
    dispatch_counters_t before = *keel_majordomo_counters (broker->engine);
    event->now = world->now;
    world->steps++;
    if (world->tracing)
        speech_heard (world, broker->number, event);
    oracle_before (broker->oracle, event);
    keel_actions_clear (broker->out);
    keel_majordomo_step (broker->engine, event, broker->out);
    oracle_after (broker->oracle, broker->out);
    check_progress (world, broker, event, &before);
    carry_out (world, broker);
}

/*  Failures come before anything else, as they do from a port. */
static void
step_failures (world_t *world, broker_t *broker)
{
    for (size_t n = 0; n < broker->failure_count && !world->failed; n++) {
        failure_t failure = broker->failures[n];
        failure.event.peer.id.data = failure.id;
        step (world, broker, &failure.event);
    }
    broker->failure_count = 0;
}

static void
plan_wake (world_t *world, broker_t *broker)
{
    int64_t due = keel_majordomo_next_due (broker->engine);
    if (due == KEEL_NEVER)
        return;
    int64_t at = due > world->now ? due : world->now;
    if (at >= broker->wake_at)
        return;
    if (due > world->now && !world->healed)
        at += draw_between (&world->random, 0, world->plan.tick_late);
    broker->wake_at = at;
    agenda_add (world, at, AGENDA_BROKER, broker->number, broker->life);
}

void
broker_event (world_t *world, broker_t *broker, keel_event_t event)
{
    if (!broker->running)
        return;
    step (world, broker, &event);
    step_failures (world, broker);
    plan_wake (world, broker);
}

void
broker_wake (world_t *world, broker_t *broker)
{
    if (!broker->running || world->now < broker->wake_at)
        return;
    broker->wake_at = KEEL_NEVER;
    if (broker->frozen_until > world->now) {
        broker->wake_at = broker->frozen_until;
        agenda_add (world, broker->frozen_until, AGENDA_BROKER, broker->number, broker->life);
    } else if (keel_majordomo_next_due (broker->engine) <= world->now) {
        broker_event (world, broker, (keel_event_t){.kind = KEEL_EVENT_TICK});
    } else {
        plan_wake (world, broker);
    }
}

void
broker_drain (world_t *world, broker_t *broker)
{
    broker->draining = true;
    broker_event (world, broker, (keel_event_t){.kind = KEEL_EVENT_DRAIN});
}

bool
broker_rests (const broker_t *broker)
{
    return oracle_rests (broker->oracle);
}
