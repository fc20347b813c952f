#include "world.h"

#include "speech.h"

#include <assert.h>
#include <stdlib.h>

void
broker_start (world_t *world, broker_t *broker)
{
    TRACE (world, "b%u starts", broker->number);
    assert (!broker->running);
    broker->host = world->plan.kind == WORLD_LAZY ? &server_host : &queue_host;
    broker->out = keel_actions_new ((size_t) world->plan.actions);
    assert (broker->out);
    broker->host->open (world, broker);
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
    broker->host->close (world, broker);
    keel_actions_destroy (&broker->out);
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

static void
step (world_t *world, broker_t *broker, keel_event_t *event)
{
    event->now = world->now;
    world->steps++;
    if (world->tracing)
        speech_heard (world, broker->number, event);
    keel_actions_clear (broker->out);
    broker->host->step (world, broker, event);
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
    int64_t due = broker->host->due (broker);
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
    } else if (broker->host->due (broker) <= world->now) {
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
    return broker->host->rests (broker);
}
