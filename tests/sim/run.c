#include "run.h"

#include "chaos.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>

/*  What a healed world may take besides the times of its plan: the longest back-off of an engine, twice. */
#define PATIENCE_MS 70000

/*  With its broker down, a world must not go on for ever. */
#define ENTRIES_A_STEP 20

/* ------------------------------------------------------------------ a world */

static void
add_peer (world_t *world, const role_t *role, char letter)
{
    assert (world->peer_count < PEERS_MAX);
    peer_t *peer = &world->peers[world->peer_count];
    bool raw = role == &raw_client_role || role == &raw_worker_role;
    *peer = (peer_t){.role = role, .number = (uint16_t) world->peer_count++, .wake_at = KEEL_NEVER};
    snprintf (peer->name, sizeof (peer->name), "%c%u", letter, peer->number);
    peer->version = draw_chance (&world->random, world->plan.old_pct) ? 1 : 2;
    peer->fixed_id = raw && draw_chance (&world->random, world->plan.fixed_pct);
    if (world->plan.kind == WORLD_MAJORDOMO)
        peer->listener = peer->admin = raw && draw_chance (&world->random, 30);
    else
        peer->listener = role->worker;
}

static void
populate (world_t *world)
{
    bool pirates = world->plan.kind != WORLD_MAJORDOMO;
    for (int64_t n = 0; n < world->plan.clients; n++)
        add_peer (world, pirates ? &lazy_client_role : &client_role, 'c');
    for (int64_t n = 0; n < world->plan.raw_clients; n++)
        add_peer (world, &raw_client_role, 'r');
    for (int64_t n = 0; n < world->plan.workers; n++)
        add_peer (world, &worker_role, 'w');
    for (int64_t n = 0; n < world->plan.raw_workers; n++)
        add_peer (world, &raw_worker_role, 'v');
}

static void
begin (world_t *world)
{
    for (uint16_t n = 0; n < world->plan.brokers; n++) {
        world->brokers[n] = (broker_t){.number = n};
        broker_start (world, &world->brokers[n]);
    }
    for (uint32_t n = 0; n < world->peer_count; n++)
        agenda_add (world, draw_between (&world->random, 0, 50), AGENDA_PEER_RETURN, n, 0);
    if (world->plan.chaos > 0)
        agenda_add (world, world->plan.chaos, AGENDA_CHAOS, 0, 0);
}

static void
end (world_t *world)
{
    for (size_t n = 0; n < world->peer_count; n++)
        peer_stop (world, &world->peers[n]);
    for (uint16_t n = 0; n < world->plan.brokers; n++) {
        broker_die (world, &world->brokers[n]);
        free (world->brokers[n].failures);
    }
    network_clear (world);
    ledger_clear (&world->ledger);
    free (world->agenda);
}

/* ------------------------------------------------------------------ what happens */

static void
end_draining (world_t *world, broker_t *broker)
{
    bool was_awake = broker->frozen_until + world->plan.tick_late < world->now;
    if (was_awake && !broker->host->drained (broker))
        world_fail (world, "b%u was not finished in time", broker->number);
    broker_die (world, broker);
    agenda_add (world, world->now + draw_between (&world->random, 0, world->plan.outage), AGENDA_BROKER_RETURN,
                broker->number, 0);
}

static void
happen_to_broker (world_t *world, const entry_t *entry)
{
    bool of_listener = entry->kind == AGENDA_BROKER_ENDED;
    broker_t *broker = &world->brokers[of_listener ? entry->which / LISTENERS : entry->which];
    if (entry->kind == AGENDA_BROKER_RETURN) {
        if (!broker->running)
            broker_start (world, broker);
        return;
    }
    if (!broker->running || broker->life != entry->serial)
        return;
    if (entry->kind == AGENDA_BROKER)
        broker_wake (world, broker);
    else if (entry->kind == AGENDA_BROKER_KILL)
        end_draining (world, broker);
    else if (broker->frozen_until > world->now)
        agenda_add (world, broker->frozen_until, entry->kind, entry->which, entry->serial);
    else
        broker_event (world, broker,
                      (keel_event_t){.kind = KEEL_EVENT_DISCONNECTED,
                                     .peer = {.listener = (uint16_t) (entry->which % LISTENERS)}});
}

static void
happen_to_connection (world_t *world, const entry_t *entry)
{
    connection_t *connection = &world->connections[entry->which];
    if (!connection->used || connection->serial != entry->serial)
        return;
    if (entry->kind == AGENDA_CONNECTED)
        network_connected (world, connection);
    else if (entry->kind == AGENDA_TO_BROKER)
        network_to_broker (world, connection);
    else if (entry->kind == AGENDA_TO_PEER)
        network_to_peer (world, connection);
    else if (entry->kind == AGENDA_BROKER_NOTICES)
        network_broker_notices (world, connection);
    else
        network_peer_notices (world, connection);
}

static void
happen (world_t *world, const entry_t *entry)
{
    switch (entry->kind) {
    case AGENDA_PEER:
        peer_wake (world, &world->peers[entry->which]);
        break;
    case AGENDA_PEER_RETURN:
        if (!world->peers[entry->which].running)
            peer_start (world, &world->peers[entry->which]);
        break;
    case AGENDA_CHAOS:
        chaos_strike (world);
        break;
    case AGENDA_BROKER:
    case AGENDA_BROKER_ENDED:
    case AGENDA_BROKER_RETURN:
    case AGENDA_BROKER_KILL:
        happen_to_broker (world, entry);
        break;
    default:
        happen_to_connection (world, entry);
    }
}

/* ------------------------------------------------------------------ phases */

static bool
all_done (const world_t *world, bool worker)
{
    for (size_t n = 0; n < world->peer_count; n++) {
        const peer_t *peer = &world->peers[n];
        if (peer->role->worker == worker && (!peer->running || !peer->role->done (world, peer)))
            return false;
    }
    return true;
}

static void
live (world_t *world, uint64_t steps)
{
    entry_t entry;
    for (uint64_t entries = 0; entries < steps * ENTRIES_A_STEP && world->steps < steps; entries++) {
        if (world->failed || all_done (world, false) || !agenda_take (world, &entry))
            break;
        happen (world, &entry);
    }
}

/*  So tight that a worker may find no place. A Simple Pirate that found none is not told, and waits. */
static bool
is_full (const world_t *world)
{
    for (uint16_t n = 0; n < world->plan.brokers; n++) {
        const queue_t *queue = world->brokers[n].queue;
        if (!queue)
            continue;
        dispatch_gauges_t gauges = dispatch_gauges (queue->dispatch);
        if ((int64_t) gauges.workers >= world->plan.workers_max ||
            (int64_t) gauges.services >= world->plan.services_max)
            return true;
        if (world->plan.kind == WORLD_SIMPLE && dispatch_counters (queue->dispatch)->workers_refused > 0)
            return true;
    }
    return false;
}

static bool
rests (const world_t *world)
{
    for (uint16_t n = 0; n < world->plan.brokers; n++)
        if (!world->brokers[n].running || !broker_rests (&world->brokers[n]))
            return false;
    return all_done (world, false) && (all_done (world, true) || is_full (world));
}

static int64_t
patience (const plan_t *plan)
{
    int64_t client = (plan->retries + 2) * (plan->timeout + 1100) * 2;
    int64_t broker = plan->ttl + plan->busy + plan->heartbeat * plan->liveness * 2;
    return client + broker + plan->work * 60 + plan->outage * 4 + plan->notice * 2 + PATIENCE_MS;
}

static void
tell_unrest (world_t *world)
{
    for (size_t n = 0; n < world->peer_count; n++) {
        const peer_t *peer = &world->peers[n];
        if (!peer->role->done (world, peer))
            world_fail (world, "%s has not come to rest: %s", peer->name,
                        peer->role->worker ? "it is not registered" : "requests of it are outstanding");
    }
    for (uint16_t n = 0; n < world->plan.brokers; n++) {
        dispatch_gauges_t gauges = {0};
        if (world->brokers[n].queue)
            gauges = dispatch_gauges (world->brokers[n].queue->dispatch);
        world_fail (world, "b%u has not come to rest: %zu wait, %zu are held", n, gauges.waiting, gauges.held);
    }
}

static void
heal (world_t *world)
{
    entry_t entry;
    chaos_heal (world);
    int64_t until = world->now + patience (&world->plan);
    while (!world->failed && !rests (world)) {
        if (world->now > until || !agenda_take (world, &entry))
            tell_unrest (world);
        else
            happen (world, &entry);
    }
}

static void
finish (world_t *world)
{
    for (uint16_t n = 0; n < world->plan.brokers && !world->failed; n++) {
        broker_t *broker = &world->brokers[n];
        if (!broker->queue)
            continue;
        broker_event (world, broker, (keel_event_t){.kind = KEEL_EVENT_TICK});
        broker_drain (world, broker);
        for (unsigned turn = 0; turn < 100 && !world->failed && !broker->host->drained (broker); turn++)
            broker_event (world, broker, (keel_event_t){.kind = KEEL_EVENT_TICK});
        if (world->failed)
            return;
        if (!broker->host->drained (broker))
            world_fail (world, "b%u held nothing, and is not drained", broker->number);
        oracle_check_empty (broker->oracle);
    }
}

verdict_of_run_t
run_seed (uint64_t seed, bool pirates, uint64_t steps, bool tracing)
{
    static world_t world;
    int64_t live_before = memory_live;
    world = (world_t){.seed = seed, .random = {seed * 0x9e3779b97f4a7c15u + 1}, .tracing = tracing};
    world.plan = plan_draw (&world.random, pirates);
    if (tracing)
        plan_print (&world.plan, stdout);
    populate (&world);
    begin (&world);
    live (&world, steps);
    if (!world.failed)
        heal (&world);
    if (!world.failed)
        finish (&world);
    verdict_of_run_t verdict = {.steps = world.steps, .requests = world.ledger.count};
    for (size_t n = 0; n < world.ledger.count; n++)
        verdict.answered += world.ledger.tickets[n].answered;
    end (&world);
    if (memory_live != live_before)
        world_fail (&world, "%lld blocks of memory are not given back", (long long) (memory_live - live_before));
    verdict.failed = world.failed;
    memcpy (verdict.why, world.why, sizeof (verdict.why));
    return verdict;
}
