/*  What must hold, held against everything that the engine does. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static bool
is_silent (const world_t *world, const link_t *link)
{
    return !link->heard || world->now - link->heard_ms >= KEEL_FLCLIENT_SILENCE * world->plan.ping_ms;
}

/*  Dead, even to an engine whose clock was late by up to LATE_MOST each time that it counted an interval. */
static bool
is_long_dead (const world_t *world, const link_t *link)
{
    int64_t slack = world->plan.late ? KEEL_FLCLIENT_SILENCE * LATE_MOST : 0;
    return !link->heard || world->now - link->heard_ms > KEEL_FLCLIENT_SILENCE * world->plan.ping_ms + slack;
}

static bool
is_living (const world_t *world, const link_t *link)
{
    return link->heard && !link->lost && !is_silent (world, link);
}

void
oracle_connect (world_t *world, uint16_t place, uint32_t number)
{
    link_t *link = &world->links[number];
    if (world->link_at[place])
        world_fail (world, "place %u is connected twice", place);
    link->opened_ms = world->now;
    link->pinged_ms = -1;
}

/*  A connection is given up only when it ended, when its server was removed, or when it was silent for long. */
void
oracle_close (world_t *world, uint16_t place)
{
    if (!world->link_at[place]) {
        world_fail (world, "place %u is closed, and was not open", place);
        return;
    }
    const link_t *link = &world->links[world->link_at[place]];
    int64_t since = link->heard ? link->heard_ms : link->opened_ms;
    int64_t patience = (link->heard ? 2 : 1) * KEEL_FLCLIENT_SILENCE * world->plan.ping_ms;
    if (!link->lost && world->server_at[place] >= 0 && world->now - since < patience)
        world_fail (world, "the connection of place %u is given up after %lld ms", place, (long long) (world->now - since));
}

void
oracle_heard (world_t *world, uint32_t number)
{
    link_t *link = &world->links[number];
    if (!link->lost)
        link->heard = true;
    link->heard_ms = world->now;
}

/*  First of all, and then when nothing was heard or sent for an interval. */
void
oracle_ping (world_t *world, uint16_t place)
{
    link_t *link = &world->links[world->link_at[place]];
    int64_t last = link->pinged_ms > link->heard_ms ? link->pinged_ms : link->heard_ms;
    if (link->pinged_ms >= 0 && !link->heard)
        world_fail (world, "place %u gets a second PING, and was never heard", place);
    if (link->pinged_ms >= 0 && world->now - last < world->plan.ping_ms)
        world_fail (world, "place %u gets a PING %lld ms after the last word", place, (long long) (world->now - last));
    link->pinged_ms = world->now;
}

/*  Has the last sending been given its time? */
static bool
may_go_on (const world_t *world, const request_t *request)
{
    const link_t *link = &world->links[request->sent_link];
    return request->sent_count == 0 || request->excused || world->now - request->sent_ms >= world->plan.try_ms ||
           link->lost || link->state == LINK_GONE || is_silent (world, link);
}

void
oracle_send (world_t *world, uint16_t place, unsigned tag)
{
    request_t *request = &world->requests[tag];
    uint32_t number = world->link_at[place];
    link_t *link = &world->links[number];
    if (!request->made || request->ended || request->cancelled)
        world_fail (world, "request %u is sent, and is not outstanding", tag);
    if (world->now >= request->deadline + world->late_ms && world->now > request->deadline)
        world_fail (world, "request %u is sent after its deadline", tag);
    if (!link->heard || link->lost || is_long_dead (world, link))
        world_fail (world, "request %u goes to server %d, which is not known to live", tag, world->server_at[place]);
    bool same = request->sent_link == number;
    if ((world->plan.policy != KEEL_FLCLIENT_SHOTGUN || same) && !may_go_on (world, request))
        world_fail (world, "request %u is sent again after %lld ms", tag, (long long) (world->now - request->sent_ms));
    if (world->plan.calm && world->plan.policy != KEEL_FLCLIENT_SHOTGUN && request->sent_count > 0)
        world_fail (world, "request %u is sent twice, and all is well", tag);
    request->asked[world->server_at[place]] = true;
    request->sent_count++;
    request->sent_ms = world->now;
    request->sent_link = number;
    request->excused = false;
}

void
oracle_unsent (world_t *world, uint32_t link, unsigned tag)
{
    if (world->requests[tag].sent_link == link)
        world->requests[tag].excused = true;
}

void
oracle_removed (world_t *world, unsigned server)
{
    for (unsigned tag = 1; tag <= world->request_count; tag++) {
        request_t *request = &world->requests[tag];
        request->excused |= request->asked[server];
        request->asked[server] = false;
    }
}

static void
check_answer (world_t *world, const keel_action_t *action, unsigned tag)
{
    unsigned ticket = 0, server = SERVERS_MOST;
    char text[64] = "";
    if (action->body_count == 1 && action->body[0].size < sizeof (text))
        memcpy (text, action->body[0].data, action->body[0].size);
    if (sscanf (text, "%u@%u", &ticket, &server) != 2 || ticket != tag || server >= SERVERS_MOST)
        world_fail (world, "request %u is answered with \"%s\"", tag, text);
    else if (!world->requests[tag].asked[server])
        world_fail (world, "request %u is answered by server %u, which was not asked", tag, server);
}

void
oracle_deliver (world_t *world, const keel_action_t *action)
{
    unsigned tag = (unsigned) action->tag;
    request_t *request = &world->requests[tag];
    if (tag > world->request_count || !request->made || request->ended || request->cancelled) {
        world_fail (world, "a result for request %u, which waits for none", tag);
        return;
    }
    if (action->deliver == KEEL_DELIVER_FINAL)
        check_answer (world, action, tag);
    else if (world->now < request->deadline)
        world_fail (world, "request %u fails %lld ms early", tag, (long long) (request->deadline - world->now));
    if (action->deliver == KEEL_DELIVER_FAILED && world->plan.calm)
        world_fail (world, "request %u fails, and all is well", tag);
    request->ended = true;
    world->ended++;
}

static uint64_t
counter (const world_t *world, keel_flclient_counter_t number)
{
    return keel_flclient_counter (world->engine, number);
}

/*  After a step, when nothing more is due. */
void
oracle_settled (world_t *world)
{
    unsigned living = 0, outstanding = 0;
    for (uint16_t place = 0; place < KEEL_FLCLIENT_SERVERS; place++)
        living += world->link_at[place] && is_living (world, &world->links[world->link_at[place]]);
    for (unsigned tag = 1; tag <= world->request_count; tag++) {
        const request_t *request = &world->requests[tag];
        if (!request->made || request->ended || request->cancelled)
            continue;
        outstanding++;
        if (world->now > request->deadline)
            world_fail (world, "request %u is past its deadline", tag);
        if (living && request->sent_count == 0 && world->plan.full == 0)
            world_fail (world, "request %u waits, and a server lives", tag);
    }
    if (keel_flclient_living (world->engine) < living)
        world_fail (world, "%u servers live, the engine knows %u", living, keel_flclient_living (world->engine));
    if (keel_flclient_outstanding (world->engine) != outstanding ||
        counter (world, KEEL_FLCLIENT_REQUESTS) != counter (world, KEEL_FLCLIENT_REPLIES) +
                                                       counter (world, KEEL_FLCLIENT_FAILED) +
                                                       counter (world, KEEL_FLCLIENT_CANCELLED) + outstanding)
        world_fail (world, "the counters do not add up");
}

void
oracle_done (world_t *world)
{
    if (keel_flclient_outstanding (world->engine) > 0)
        world_fail (world, "all is healed, and requests are left");
}
