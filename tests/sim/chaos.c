#include "chaos.h"

#include "world.h"

#include <assert.h>

static int64_t
draw_outage (world_t *world)
{
    return draw_between (&world->random, 1, world->plan.outage);
}

static int64_t
later (int64_t one, int64_t other)
{
    return one > other ? one : other;
}

static peer_t *
draw_peer (world_t *world)
{
    return &world->peers[random_below (&world->random, world->peer_count)];
}

static broker_t *
draw_broker (world_t *world)
{
    return &world->brokers[random_below (&world->random, (uint64_t) world->plan.brokers)];
}

static connection_t *
draw_connection (world_t *world)
{
    uint32_t first = (uint32_t) random_below (&world->random, world->connections_used ? world->connections_used : 1);
    for (uint32_t n = 0; n < world->connections_used; n++) {
        connection_t *connection = &world->connections[(first + n) % world->connections_used];
        if (connection->used && connection->up && !connection->cut)
            return connection;
    }
    return NULL;
}

static void
return_later (world_t *world, agenda_kind_t kind, uint32_t which)
{
    agenda_add (world, world->now + draw_outage (world), kind, which, 0);
}

/* ------------------------------------------------------------------ misfortunes */

static void
drop (world_t *world)
{
    connection_t *connection = draw_connection (world);
    if (connection)
        network_cut (world, connection);
}

static void
stall (world_t *world)
{
    connection_t *connection = draw_connection (world);
    if (!connection)
        return;
    connection->stalled_until = later (connection->stalled_until, world->now + draw_outage (world));
    TRACE (world, "network: nothing passes between %s and b%u until %lld", world->peers[connection->peer].name,
           connection->broker, (long long) connection->stalled_until);
}

static void
crash (world_t *world)
{
    peer_t *peer = draw_peer (world);
    if (!peer->running)
        return;
    peer_stop (world, peer);
    return_later (world, AGENDA_PEER_RETURN, peer->number);
}

static void
leave (world_t *world)
{
    peer_t *peer = draw_peer (world);
    if (!peer->running || !peer->role->leave || peer->frozen_until > world->now)
        return;
    TRACE (world, "%s leaves", peer->name);
    peer->role->leave (world, peer);
    peer_stop (world, peer);
    return_later (world, AGENDA_PEER_RETURN, peer->number);
}

static void
freeze (world_t *world)
{
    peer_t *peer = draw_peer (world);
    peer->frozen_until = later (peer->frozen_until, world->now + draw_outage (world));
    TRACE (world, "%s stands still until %lld", peer->name, (long long) peer->frozen_until);
}

static void
slow (world_t *world)
{
    peer_t *peer = draw_peer (world);
    peer->slow_until = world->now + draw_outage (world) * 4;
    TRACE (world, "%s reads slowly until %lld", peer->name, (long long) peer->slow_until);
}

static void
broker_crash (world_t *world)
{
    broker_t *broker = draw_broker (world);
    if (!broker->running)
        return;
    broker_die (world, broker);
    return_later (world, AGENDA_BROKER_RETURN, broker->number);
}

static void
broker_freeze (world_t *world)
{
    broker_t *broker = draw_broker (world);
    broker->frozen_until = later (broker->frozen_until, world->now + draw_outage (world));
    TRACE (world, "b%u stands still until %lld", broker->number, (long long) broker->frozen_until);
}

static void
broker_finish (world_t *world)
{
    broker_t *broker = draw_broker (world);
    if (!broker->running || broker->draining || broker->frozen_until > world->now)
        return;
    broker_drain (world, broker);
    int64_t until = world->now + world->plan.drain + world->plan.tick_late;
    agenda_add (world, until + draw_outage (world), AGENDA_BROKER_KILL, broker->number, broker->life);
}

void
chaos_strike (world_t *world)
{
    const plan_t *plan = &world->plan;
    const struct {
        int64_t weight;
        void (*strike) (world_t *);
    } misfortunes[] = {
        {plan->drop, drop},
        {plan->stall, stall},
        {plan->crash, crash},
        {plan->leave, leave},
        {plan->freeze, freeze},
        {plan->slow, slow},
        {plan->broker_crash, broker_crash},
        {plan->broker_freeze, broker_freeze},
        {plan->broker_drain, broker_finish},
    };
    const size_t count = sizeof (misfortunes) / sizeof (misfortunes[0]);
    int64_t sum = 0;
    for (size_t n = 0; n < count; n++)
        sum += misfortunes[n].weight;
    if (world->healed || sum == 0)
        return;
    int64_t at = draw_between (&world->random, 0, sum - 1);
    size_t which = 0;
    while (at >= misfortunes[which].weight)
        at -= misfortunes[which++].weight;
    misfortunes[which].strike (world);
    agenda_add (world, world->now + 1 + draw_around (&world->random, plan->chaos), AGENDA_CHAOS, 0, 0);
}

/* ------------------------------------------------------------------ healing */

void
chaos_heal (world_t *world)
{
    TRACE (world, "all is healed");
    world->healed = true;
    for (uint16_t n = 0; n < world->plan.brokers; n++) {
        broker_t *broker = &world->brokers[n];
        if (broker->draining)
            broker_die (world, broker);
        if (!broker->running)
            broker_start (world, broker);
    }
    for (size_t n = 0; n < world->peer_count; n++) {
        peer_t *peer = &world->peers[n];
        peer->slow_until = 0;
        if (!peer->running)
            peer_start (world, peer);
        peer_plan (world, peer);
    }
}
