/*  A worker engine and its application: it begins requests, answers them whole or in parts, and gives some back. */
#include "world.h"

#include "dialect.h"
#include "tally.h"
#include "token.h"
#include "worker.h"

#include <assert.h>
#include <stdlib.h>

#define WORK_MAX 64

typedef struct {
    uint64_t id; /* the engine's */
    uint64_t token;
    uint64_t attempt;
    uint32_t ticket;
    bool begun;
    int64_t due;
    unsigned parts; /* still to be sent before the last */
    unsigned next_part;
} work_t;

typedef struct {
    worker_engine_t *engine;
    keel_actions_t *out;
    uint16_t credit;
    uint64_t token; /* in what is heard now */
    work_t work[WORK_MAX];
    size_t count;
} worker_t;

static const char *const endpoints[LINKS_MAX] = {"b0", "b1"};

static void step (world_t *world, peer_t *peer, const keel_event_t *event);

static const worker_speech_t *
speech_of (const plan_t *plan)
{
    if (plan->kind == WORLD_MAJORDOMO)
        return &worker_speaks_mdp;
    return plan->kind == WORLD_SIMPLE ? &worker_speaks_simple : &worker_speaks_ppp;
}

static void
start (world_t *world, peer_t *peer)
{
    worker_t *self = calloc (1, sizeof (worker_t));
    assert (self);
    self->credit = (uint16_t) draw_between (&world->random, 1, world->plan.credit);
    worker_engine_config_t config = {
        .speech = speech_of (&world->plan),
        .service = (const char *) service_name (peer->number % world->plan.services).data,
        .endpoints = endpoints,
        .endpoint_count = (uint16_t) world->plan.brokers,
        .version = peer->version,
        .credit = self->credit,
        .heartbeat_ms = world->plan.heartbeat,
        .liveness = world->plan.liveness,
        .seed = random_next (&world->random),
    };
    self->engine = worker_engine_new (&config);
    self->out = keel_actions_new (WORKER_ENGINE_ACTIONS);
    assert (self->engine && self->out);
    peer->self = self;
    step (world, peer, &(keel_event_t){.kind = KEEL_EVENT_TICK, .now = world->now});
}

static void
stop (world_t *world, peer_t *peer)
{
    worker_t *self = peer->self;
    (void) world;
    tally_worker (self->engine);
    worker_engine_destroy (&self->engine);
    keel_actions_destroy (&self->out);
    free (self);
    peer->self = NULL;
}

/* ------------------------------------------------------------------ what the engine wants */

static void
forget_void (worker_t *self)
{
    for (size_t n = 0; n < self->count;) {
        const work_t *work = &self->work[n];
        bool alive =
            work->begun ? worker_engine_holds (self->engine, work->id) : worker_engine_waits (self->engine, work->id);
        if (alive)
            n++;
        else
            self->work[n] = self->work[--self->count];
    }
}

static void
take_request (world_t *world, peer_t *peer, const keel_action_t *action)
{
    worker_t *self = peer->self;
    forget_void (self);
    if (self->count >= self->credit) {
        world_fail (world, "%s holds %zu requests and got one more: its credit is %u", peer->name, self->count,
                    self->credit);
        return;
    }
    work_t *work = &self->work[self->count++];
    *work = (work_t){.id = action->tag, .token = self->token, .attempt = (uint64_t) 1 << 56 | ++world->serial};
    work->ticket = (uint32_t) ledger_ticket (action->body[0]);
    work->due = world->now + draw_around (&world->random, world->plan.work / 4);
    if (peer->version == 2 && draw_chance (&world->random, world->plan.partial_pct))
        work->parts = (unsigned) draw_between (&world->random, 1, 4);
}

static void
look (world_t *world, peer_t *peer, const keel_action_t *action)
{
    if (action->kind == KEEL_ACTION_DELIVER)
        take_request (world, peer, action);
}

static void
carry_out (world_t *world, peer_t *peer)
{
    const worker_t *self = peer->self;
    peer_carry_out (world, peer, self->out, look);
}

static void
step (world_t *world, peer_t *peer, const keel_event_t *event)
{
    worker_t *self = peer->self;
    keel_actions_clear (self->out);
    worker_engine_step (self->engine, event, self->out);
    carry_out (world, peer);
}

static void
event (world_t *world, peer_t *peer, const keel_event_t *what)
{
    worker_t *self = peer->self;
    envelope_t envelope;
    mdp_command_t command;
    if (what->kind == KEEL_EVENT_MESSAGE && dialect_at_peer (world->plan.kind, peer->listener, what->frames, what->count,
                                                             &envelope, &command) == VERDICT_OK)
        token_decode (command.token, &self->token);
    step (world, peer, what);
}

/* ------------------------------------------------------------------ what the application does */

/*  The first that it says: in the envelope, or under the token, that the request came with. */
static void
check_answer (world_t *world, const peer_t *peer, uint64_t token)
{
    const worker_t *self = peer->self;
    const keel_action_t *action = self->out->items;
    span_t frames[16];
    uint64_t named;
    envelope_t envelope;
    mdp_command_t command;
    if (self->out->count == 0 || action->body_count == 0)
        return; /* void */
    memcpy (frames, action->head, action->head_count * sizeof (span_t));
    memcpy (frames + action->head_count, action->body, action->body_count * sizeof (span_t));
    if (dialect_at_broker (world->plan.kind, peer->listener, frames, action->head_count + action->body_count, &envelope,
                           &command) != VERDICT_OK ||
        !token_decode (command.token, &named) || named != token)
        world_fail (world, "%s answers in another envelope than the request's", peer->name);
}

static void
answer (world_t *world, peer_t *peer, work_t *work)
{
    worker_t *self = peer->self;
    answer_t body;
    uint64_t id = work->id, token = work->token;
    bool final = work->parts == 0;
    answer_write (&body, work->ticket, work->attempt, final, work->next_part++);
    if (!final)
        work->parts--;
    work->due = world->now + draw_around (&world->random, world->plan.work / 4);
    if (final)
        *work = self->work[--self->count];
    keel_actions_clear (self->out);
    worker_engine_answer (self->engine, id, final, body.frames, 3, world->now, self->out);
    check_answer (world, peer, token);
    carry_out (world, peer);
}

static void
give_back (world_t *world, peer_t *peer, work_t *work)
{
    worker_t *self = peer->self;
    uint64_t id = work->id;
    TRACE (world, "%s gives t%u back", peer->name, work->ticket);
    *work = self->work[--self->count];
    keel_actions_clear (self->out);
    worker_engine_fail (self->engine, id, world->now, self->out);
    carry_out (world, peer);
}

static void
work_on (world_t *world, peer_t *peer, work_t *work)
{
    worker_t *self = peer->self;
    if (work->begun && !world->healed && draw_chance (&world->random, world->plan.give_back_pct))
        give_back (world, peer, work);
    else if (work->begun)
        answer (world, peer, work);
    else if (worker_engine_begin (self->engine, work->id)) {
        work->begun = true;
        work->due = world->now + draw_around (&world->random, world->plan.work);
    }
}

static work_t *
next_work (worker_t *self)
{
    work_t *first = NULL;
    for (size_t n = 0; n < self->count; n++)
        if (!first || self->work[n].due < first->due)
            first = &self->work[n];
    return first;
}

static void
wake (world_t *world, peer_t *peer)
{
    worker_t *self = peer->self;
    if (draw_chance (&world->random, 80)) /* else it may answer what is void */
        forget_void (self);
    work_t *work = next_work (self);
    if (work && work->due <= world->now)
        work_on (world, peer, work);
    for (unsigned turns = 0; worker_engine_next_due (self->engine) <= world->now && !world->failed; turns++) {
        step (world, peer, &(keel_event_t){.kind = KEEL_EVENT_TICK, .now = world->now});
        if (turns > 100)
            world_fail (world, "%s is due again and again", peer->name);
    }
}

static int64_t
due (const world_t *world, const peer_t *peer)
{
    worker_t *self = peer->self;
    const work_t *work = next_work (self);
    int64_t at = worker_engine_next_due (self->engine);
    (void) world;
    return work && work->due < at ? work->due : at;
}

static void
leave (world_t *world, peer_t *peer)
{
    worker_t *self = peer->self;
    if (draw_chance (&world->random, 50))
        step (world, peer, &(keel_event_t){.kind = KEEL_EVENT_DRAIN, .now = world->now});
    keel_actions_clear (self->out);
    worker_engine_quit (self->engine, world->now, self->out);
    carry_out (world, peer);
    if (!worker_engine_gone (self->engine))
        world_fail (world, "%s has quit and is still there", peer->name);
}

static bool
done (const world_t *world, const peer_t *peer)
{
    for (uint16_t link = 0; link < world->plan.brokers; link++) {
        const connection_t *connection = &world->connections[peer->links[link].connection];
        span_t id = span_make (connection->id, connection->id_size);
        if (peer->links[link].open && connection->up &&
            oracle_is_registered (world->brokers[link].oracle, connection->listener, id))
            return true;
    }
    return false;
}

const role_t worker_role = {true, start, event, wake, due, leave, stop, done};
