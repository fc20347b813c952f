#include "speech.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>

span_t
service_name (int64_t number)
{
    static const char *const names[] = {"echo", "sum", "mail", "lost", "void"};
    return span_text (names[number]);
}

int64_t
service_number (span_t name)
{
    for (int64_t number = 0; number < 5; number++)
        if (span_equal (name, service_name (number)))
            return number;
    return -1;
}

int64_t
peer_reads_at (const world_t *world, const peer_t *peer)
{
    int64_t at = peer->frozen_until > world->now ? peer->frozen_until : world->now;
    return peer->slow_until > world->now && peer->read_at > at ? peer->read_at : at;
}

void
peer_plan (world_t *world, peer_t *peer)
{
    int64_t due = peer->running ? peer->role->due (world, peer) : KEEL_NEVER;
    if (due == KEEL_NEVER || due >= peer->wake_at)
        return;
    peer->wake_at = due;
    agenda_add (world, due, AGENDA_PEER, peer->number, 0);
}

void
peer_start (world_t *world, peer_t *peer)
{
    assert (!peer->running);
    TRACE (world, "%s starts", peer->name);
    peer->running = true;
    peer->wake_at = KEEL_NEVER;
    peer->frozen_until = peer->slow_until = 0;
    peer->role->start (world, peer);
    peer_plan (world, peer);
}

void
peer_stop (world_t *world, peer_t *peer)
{
    if (!peer->running)
        return;
    TRACE (world, "%s is gone", peer->name);
    peer->running = false;
    peer->lossy = true;
    peer->role->stop (world, peer);
    network_peer_died (world, peer);
}

void
peer_event (world_t *world, peer_t *peer, const keel_event_t *event)
{
    keel_event_t timed = *event;
    timed.now = world->now;
    if (!peer->running)
        return;
    if (event->kind == KEEL_EVENT_DISCONNECTED) {
        TRACE (world, "%s ! its connection to b%u has ended", peer->name,
               (unsigned) (event->peer.listener % world->plan.brokers));
        peer->lossy = true;
    }
    peer->role->event (world, peer, &timed);
    peer_plan (world, peer);
}

void
peer_wake (world_t *world, peer_t *peer)
{
    if (!peer->running || world->now < peer->wake_at)
        return; /* an earlier plan */
    peer->wake_at = KEEL_NEVER;
    if (peer->frozen_until > world->now) {
        peer->wake_at = peer->frozen_until;
        agenda_add (world, peer->frozen_until, AGENDA_PEER, peer->number, 0);
        return;
    }
    peer->role->wake (world, peer);
    peer_plan (world, peer);
}

/*  False: it is a SEND, and *failure what became of it. */
static bool
carry_out_one (world_t *world, peer_t *peer, const keel_action_t *action, keel_event_t *failure)
{
    unsigned broker = (unsigned) (action->listener % world->plan.brokers);
    sent_t sent = SENT;
    if (action->kind == KEEL_ACTION_CONNECT) {
        TRACE (world, "%s connects to b%u", peer->name, broker);
        link_open (world, peer, action->listener);
    } else if (action->kind == KEEL_ACTION_CLOSE) {
        TRACE (world, "%s closes its link to b%u", peer->name, broker);
        link_close (world, peer, action->listener, action->linger);
    } else if (action->kind == KEEL_ACTION_SEND) {
        sent = link_send (world, peer, action->listener, action->head, action->head_count, action->body,
                          action->body_count);
    }
    *failure = (keel_event_t){.kind = sent == SENT_FULL ? KEEL_EVENT_FULL : KEEL_EVENT_UNREACHABLE,
                              .now = world->now,
                              .peer = {.listener = action->listener},
                              .tag = action->tag};
    return sent == SENT;
}

void
peer_carry_out (world_t *world, peer_t *peer, const keel_actions_t *out,
                void (*look) (world_t *world, peer_t *peer, const keel_action_t *action))
{
    keel_event_t failures[PEER_ACTIONS];
    size_t failed = 0;
    assert (out->count <= PEER_ACTIONS);
    for (size_t n = 0; n < out->count && !world->failed; n++) {
        const keel_action_t *action = &out->items[n];
        if (world->tracing)
            speech_said (world, peer, action);
        look (world, peer, action);
        failed += !carry_out_one (world, peer, action, &failures[failed]);
    }
    for (size_t n = 0; n < failed; n++)
        peer->role->event (world, peer, &failures[n]);
}
