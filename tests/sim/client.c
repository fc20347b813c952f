/*  A client engine and its application: it asks, and compares what it is told with the ledger. */
#include "world.h"

#include "client.h"
#include "envelope.h"
#include "tally.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    uint64_t tag;
    uint32_t ticket;
} asked_t;

typedef struct {
    keel_mdclient_t *engine;
    keel_actions_t *out;
    asked_t *asked; /* all, in order */
    size_t count;
    int64_t next_at;
} client_t;

static void
start (world_t *world, peer_t *peer)
{
    const plan_t *plan = &world->plan;
    client_t *self = calloc (1, sizeof (client_t));
    keel_mdclient_config_t config = {
        .endpoints = (uint16_t) plan->brokers,
        .version = peer->version,
        .stock = draw_chance (&world->random, 10),
        .notices = draw_chance (&world->random, plan->notices_pct),
        .timeout_ms = plan->timeout,
        .retries = (unsigned) plan->retries,
        .outstanding = (size_t) plan->window,
        .seed = random_next (&world->random),
    };
    assert (self);
    self->engine = keel_mdclient_new (&config);
    self->out = keel_actions_new (KEEL_MDCLIENT_ACTIONS);
    self->asked = calloc ((size_t) plan->requests, sizeof (asked_t));
    self->next_at = world->now;
    assert (self->engine && self->out && self->asked);
    peer->self = self;
}

static void
stop (world_t *world, peer_t *peer)
{
    client_t *self = peer->self;
    (void) world;
    tally_client (self->engine);
    keel_mdclient_destroy (&self->engine);
    keel_actions_destroy (&self->out);
    free (self->asked);
    free (self);
    peer->self = NULL;
}

static uint32_t
ticket_of (const client_t *self, uint64_t tag)
{
    size_t n = 0;
    while (self->asked[n].tag != tag)
        n++;
    return self->asked[n].ticket;
}

static void
take_delivery (world_t *world, peer_t *peer, const keel_action_t *action)
{
    uint32_t ticket = ticket_of (peer->self, action->tag);
    if (action->deliver == KEEL_DELIVER_FAILED) {
        TRACE (world, "%s = t%u failed: %u", peer->name, ticket, action->code);
        ledger_failed (world, peer, ticket, action->code);
    } else {
        bool final = action->deliver == KEEL_DELIVER_FINAL;
        TRACE (world, "%s = t%u %s", peer->name, ticket, final ? "answered" : "answered in part");
        ledger_answer (world, peer, ticket, final, action->body, action->body_count);
    }
}

/*  What was answered in part runs: to send it again would have it run twice, and the answer come from two. */
static void
check_sending (world_t *world, const peer_t *peer, const keel_action_t *action)
{
    const client_t *self = peer->self;
    envelope_options_t options = {0};
    if (!options_decode (action->head[0], &options))
        return;
    for (size_t n = 0; n < self->count; n++)
        if (self->asked[n].tag == options.id >> 24 && world->ledger.tickets[self->asked[n].ticket].parts > 0)
            world_fail (world, "%s sends t%u again, though part of its answer was delivered", peer->name,
                        self->asked[n].ticket);
}

static void
look (world_t *world, peer_t *peer, const keel_action_t *action)
{
    if (action->kind == KEEL_ACTION_SEND)
        check_sending (world, peer, action);
    if (action->kind == KEEL_ACTION_DELIVER)
        take_delivery (world, peer, action);
}

static void
step (world_t *world, peer_t *peer, const keel_event_t *event)
{
    client_t *self = peer->self;
    keel_actions_clear (self->out);
    keel_mdclient_step (self->engine, event, self->out);
    peer_carry_out (world, peer, self->out, look);
}

static void
submit (world_t *world, peer_t *peer)
{
    client_t *self = peer->self;
    question_t question;
    uint32_t ticket = ledger_open (world, peer, &question);
    int64_t service = draw_between (&world->random, 0, world->plan.services + world->plan.orphans - 1);
    asked_t *asked = &self->asked[self->count];
    keel_submit_t result = keel_mdclient_submit (self->engine, world->now, service_name (service), question.frames,
                                                 1 + random_below (&world->random, 2), &asked->tag);
    if (result != KEEL_SUBMIT_OK) {
        world_fail (world, "%s could not submit", peer->name);
        return;
    }
    asked->ticket = ticket;
    self->count++;
    TRACE (world, "%s asks t%u of %s", peer->name, ticket, (const char *) service_name (service).data);
}

/*  Changes its mind about the last thing it asked: nothing more of that may come. */
static void
cancel (world_t *world, peer_t *peer)
{
    client_t *self = peer->self;
    const asked_t *asked = self->count ? &self->asked[self->count - 1] : NULL;
    if (!asked || !keel_mdclient_cancel (self->engine, asked->tag))
        return;
    TRACE (world, "%s cancels t%u", peer->name, asked->ticket);
    world->ledger.tickets[asked->ticket].ended = true;
}

static bool
may_ask (const world_t *world, const client_t *self)
{
    size_t window = keel_mdclient_config (self->engine)->stock ? 1 : (size_t) world->plan.window;
    return !world->healed && self->count < (size_t) world->plan.requests &&
           keel_mdclient_outstanding (self->engine) < window;
}

static void
wake (world_t *world, peer_t *peer)
{
    client_t *self = peer->self;
    if (may_ask (world, self) && self->next_at <= world->now) {
        if (draw_chance (&world->random, world->plan.cancel_pct))
            cancel (world, peer);
        submit (world, peer);
        self->next_at = world->now + draw_around (&world->random, world->plan.pace);
    }
    for (unsigned turns = 0; keel_mdclient_next_due (self->engine) <= world->now && !world->failed; turns++) {
        step (world, peer, &(keel_event_t){.kind = KEEL_EVENT_TICK, .now = world->now});
        if (turns > 1000)
            world_fail (world, "%s is due again and again", peer->name);
    }
}

static int64_t
due (const world_t *world, const peer_t *peer)
{
    const client_t *self = peer->self;
    int64_t at = keel_mdclient_next_due (self->engine);
    return may_ask (world, self) && self->next_at < at ? self->next_at : at;
}

static bool
done (const world_t *world, const peer_t *peer)
{
    const client_t *self = peer->self;
    return keel_mdclient_outstanding (self->engine) == 0 &&
           (world->healed || self->count == (size_t) world->plan.requests);
}

const role_t client_role = {false, start, step, wake, due, NULL, stop, done};
