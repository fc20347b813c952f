/*  A Lazy Pirate's engine and its application: it asks one thing after the other, and compares what it is told with the ledger.
 *  Each sending is held against the engine's promises: over a fresh link where it must be, and under an id of its own. */
#include "world.h"

#include "envelope.h"
#include "lazy_pirate.h"
#include "tally.h"
#include "token.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    keel_lazy_t *engine;
    keel_actions_t *out;
    size_t count; /* asked */
    int64_t next_at;
    uint32_t ticket;  /* of what is outstanding, or was last */
    size_t sendings;  /* of it */
    uint64_t sent_id; /* of the last sending; not in stock mode */
    uint64_t retries; /* the engine's, before it */
    size_t open;      /* links */
    bool fresh;       /* nothing was sent over the link that is open */
} lazy_client_t;

static void
start (world_t *world, peer_t *peer)
{
    const plan_t *plan = &world->plan;
    lazy_client_t *self = calloc (1, sizeof (lazy_client_t));
    const keel_lazy_config_t config = {
        .endpoints = (uint16_t) plan->brokers,
        .stock = draw_chance (&world->random, 40),
        .timeout_ms = plan->timeout,
        .retries = (unsigned) plan->retries,
        .seed = random_next (&world->random),
    };
    assert (self);
    self->engine = keel_lazy_new (&config);
    self->out = keel_actions_new (KEEL_LAZY_ACTIONS);
    self->next_at = world->now;
    assert (self->engine && self->out);
    peer->self = self;
}

static void
stop (world_t *world, peer_t *peer)
{
    lazy_client_t *self = peer->self;
    (void) world;
    tally_lazy (self->engine);
    keel_lazy_destroy (&self->engine);
    keel_actions_destroy (&self->out);
    free (self);
    peer->self = NULL;
}

/* ------------------------------------------------------------------ what the engine wants */

static void
check_link (world_t *world, peer_t *peer, const keel_action_t *action)
{
    lazy_client_t *self = peer->self;
    if (action->kind == KEEL_ACTION_CONNECT && self->open++ > 0)
        world_fail (world, "%s has more than one link", peer->name);
    self->open -= action->kind == KEEL_ACTION_CLOSE;
    self->fresh |= action->kind == KEEL_ACTION_CONNECT;
}

static void
check_sending (world_t *world, peer_t *peer, const keel_action_t *action)
{
    lazy_client_t *self = peer->self;
    const keel_lazy_config_t *config = keel_lazy_config (self->engine);
    envelope_options_t options = {0};
    bool fits =
        config->stock ? action->head_count == 1 : action->head_count == 2 && options_decode (action->head[0], &options);
    if (!fits || action->head[action->head_count - 1].size > 0 || action->body_count == 0 ||
        ledger_ticket (action->body[0]) != self->ticket)
        world_fail (world, "%s sends something else than t%u", peer->name, self->ticket);
    else if (!self->fresh && (config->stock || self->sendings > 0))
        world_fail (world, "%s sends t%u over a link that was used before", peer->name, self->ticket);
    else if (!config->stock &&
             (options.id == self->sent_id || options.ttl_ms == 0 || options.ttl_ms > config->timeout_ms))
        world_fail (world, "%s sends t%u under an old id, or to be waited for longer than its try", peer->name,
                    self->ticket);
    self->sent_id = options.id;
    self->sendings++;
    self->fresh = false;
}

/*  A bare server names the sending that it answers. */
static void
check_answer (world_t *world, const peer_t *peer, const keel_action_t *action)
{
    const lazy_client_t *self = peer->self;
    uint64_t attempt;
    if (world->plan.kind == WORLD_LAZY && !keel_lazy_config (self->engine)->stock && action->body_count == 3 &&
        token_decode (action->body[1], &attempt) && attempt != self->sent_id)
        world_fail (world, "%s was given the answer to an earlier sending of t%u", peer->name, self->ticket);
}

static void
take_delivery (world_t *world, peer_t *peer, const keel_action_t *action)
{
    const lazy_client_t *self = peer->self;
    uint64_t retries = keel_lazy_counter (self->engine, KEEL_LAZY_RETRIES) - self->retries;
    if (action->deliver == KEEL_DELIVER_FAILED) {
        TRACE (world, "%s = t%u failed: %u", peer->name, self->ticket, action->code);
        ledger_failed (world, peer, self->ticket, action->code);
    } else {
        TRACE (world, "%s = t%u answered", peer->name, self->ticket);
        check_answer (world, peer, action);
        ledger_answer (world, peer, self->ticket, true, action->body, action->body_count);
    }
    if (retries > (uint64_t) world->plan.retries ||
        (action->deliver == KEEL_DELIVER_FAILED && retries < (uint64_t) world->plan.retries))
        world_fail (world, "%s ended t%u after %llu tries more, of %lld", peer->name, self->ticket,
                    (unsigned long long) retries, (long long) world->plan.retries);
}

static void
check_sums (world_t *world, const peer_t *peer)
{
    const lazy_client_t *self = peer->self;
    uint64_t ended = keel_lazy_counter (self->engine, KEEL_LAZY_REPLIES) +
                     keel_lazy_counter (self->engine, KEEL_LAZY_FAILED) +
                     keel_lazy_counter (self->engine, KEEL_LAZY_CANCELLED);
    if (keel_lazy_counter (self->engine, KEEL_LAZY_REQUESTS) != ended + keel_lazy_busy (self->engine))
        world_fail (world, "%s: the sums do not add up", peer->name);
}

static void
look (world_t *world, peer_t *peer, const keel_action_t *action)
{
    if (action->kind == KEEL_ACTION_SEND)
        check_sending (world, peer, action);
    else if (action->kind == KEEL_ACTION_DELIVER)
        take_delivery (world, peer, action);
    else
        check_link (world, peer, action);
}

static void
step (world_t *world, peer_t *peer, const keel_event_t *event)
{
    lazy_client_t *self = peer->self;
    keel_actions_clear (self->out);
    keel_lazy_step (self->engine, event, self->out);
    peer_carry_out (world, peer, self->out, look);
    check_sums (world, peer);
}

/* ------------------------------------------------------------------ what the application does */

static void
submit (world_t *world, peer_t *peer)
{
    lazy_client_t *self = peer->self;
    question_t question;
    self->ticket = ledger_open (world, peer, &question);
    self->sendings = 0;
    self->retries = keel_lazy_counter (self->engine, KEEL_LAZY_RETRIES);
    self->count++;
    TRACE (world, "%s asks t%u", peer->name, self->ticket);
    if (!keel_lazy_submit (self->engine, world->now, question.frames, 1 + random_below (&world->random, 2)))
        world_fail (world, "%s could not submit", peer->name);
}

/*  Changes its mind: nothing more of that may come. */
static void
cancel (world_t *world, peer_t *peer)
{
    lazy_client_t *self = peer->self;
    TRACE (world, "%s cancels t%u", peer->name, self->ticket);
    keel_lazy_cancel (self->engine);
    world->ledger.tickets[self->ticket].ended = true;
}

static bool
may_ask (const world_t *world, const lazy_client_t *self)
{
    return !world->healed && self->count < (size_t) world->plan.requests;
}

/*  When its turn comes while the last thing is still outstanding, it waits for that, or gives it up. */
static void
wake (world_t *world, peer_t *peer)
{
    lazy_client_t *self = peer->self;
    if (may_ask (world, self) && self->next_at <= world->now) {
        if (keel_lazy_busy (self->engine) && draw_chance (&world->random, world->plan.cancel_pct))
            cancel (world, peer);
        if (!keel_lazy_busy (self->engine))
            submit (world, peer);
        self->next_at = world->now + 1 + draw_around (&world->random, world->plan.pace);
    }
    for (unsigned turns = 0; keel_lazy_next_due (self->engine) <= world->now && !world->failed; turns++) {
        step (world, peer, &(keel_event_t){.kind = KEEL_EVENT_TICK, .now = world->now});
        if (turns > 100)
            world_fail (world, "%s is due again and again", peer->name);
    }
}

static int64_t
due (const world_t *world, const peer_t *peer)
{
    const lazy_client_t *self = peer->self;
    int64_t at = keel_lazy_next_due (self->engine);
    bool waits = keel_lazy_busy (self->engine) && world->plan.cancel_pct == 0;
    return may_ask (world, self) && !waits && self->next_at < at ? self->next_at : at;
}

static bool
done (const world_t *world, const peer_t *peer)
{
    const lazy_client_t *self = peer->self;
    return !keel_lazy_busy (self->engine) && !may_ask (world, self);
}

const role_t lazy_client_role = {false, start, step, wake, due, NULL, stop, done};
