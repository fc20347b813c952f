/*  A scripted worker: any dialect; heartbeats while busy or does not; answers in parts, late, twice, for others, or
 *  never. */
#include "raw_worker.h"

#include "dialect.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>

#define READY_AGAIN_MS 50 /* when the pipe was full */

/* ------------------------------------------------------------------ what it says */

sent_t
raw_say (world_t *world, peer_t *peer, const span_t head[], size_t head_count, const span_t body[], size_t body_count)
{
    raw_worker_t *self = peer->self;
    span_t frames[8];
    size_t count = 0;
    if (world->plan.kind == WORLD_MAJORDOMO && (peer->version == 1 || peer->admin))
        frames[count++] = SPAN_OF ("");
    memcpy (frames + count, head, head_count * sizeof (span_t));
    self->said_at = world->now;
    return link_send (world, peer, self->link, frames, count + head_count, body, body_count);
}

void
raw_say_control (world_t *world, peer_t *peer, mdp_kind_t kind)
{
    span_t head[MDP_HEAD_MAX];
    size_t count = dialect_control (world->plan.kind, peer->version, kind, head);
    if (count > 0)
        raw_say (world, peer, head, count, NULL, 0);
}

void
raw_say_ready (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    span_t head[MDP_HEAD_MAX];
    char credit[8];
    snprintf (credit, sizeof (credit), "%u", self->credit);
    size_t count = dialect_ready (world->plan.kind, peer->version, self->service,
                                  span_text (self->credit > 1 ? credit : ""), head);
    TRACE (world, "%s is ready, for %s, credit %u", peer->name, (const char *) self->service.data, self->credit);
    self->said_ready = raw_say (world, peer, head, count, NULL, 0) == SENT;
    self->ready_at = world->now + READY_AGAIN_MS;
    self->heard_at = world->now;
    self->count = 0;
}

static sent_t
say_answer (world_t *world, peer_t *peer, const char token[], mdp_kind_t kind, const answer_t *answer)
{
    span_t head[MDP_HEAD_MAX];
    size_t count = dialect_answer (world->plan.kind, peer->version, kind, span_make (token, TOKEN_SIZE), head);
    return raw_say (world, peer, head, count, answer->frames, 3);
}

sent_t
raw_say_forbidden (world_t *world, peer_t *peer, const char token[], uint32_t ticket)
{
    answer_t answer;
    bool part = peer->version == 2 && draw_chance (&world->random, 30);
    answer_write_forbidden (&answer, ticket);
    return say_answer (world, peer, token, part ? MDP_PARTIAL : MDP_FINAL, &answer);
}

/* ------------------------------------------------------------------ life */

static void
start (world_t *world, peer_t *peer)
{
    raw_worker_t *self = calloc (1, sizeof (raw_worker_t));
    assert (self);
    self->link = (uint16_t) draw_between (&world->random, 0, world->plan.brokers - 1);
    self->service = service_name (peer->number % world->plan.services);
    self->credit = (uint32_t) draw_between (&world->random, 1, world->plan.credit);
    self->mute = draw_chance (&world->random, world->plan.mute_pct);
    self->ready_at = world->now;
    peer->self = self;
    link_open (world, peer, self->link);
}

static void
stop (world_t *world, peer_t *peer)
{
    (void) world;
    free (peer->self);
    peer->self = NULL;
}

static void
leave (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    raw_say_control (world, peer, MDP_DISCONNECT);
    link_close (world, peer, self->link, true);
}

/*  Its session is over: all it holds is void. */
void
raw_begin_again (world_t *world, peer_t *peer, int64_t in)
{
    raw_worker_t *self = peer->self;
    self->said_ready = false;
    self->ready_at = world->now + in;
    self->count = 0;
}

void
raw_reconnect (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    link_close (world, peer, self->link, false);
    link_open (world, peer, self->link);
    raw_begin_again (world, peer, 0);
}

/* ------------------------------------------------------------------ requests */

static void
take_request (world_t *world, peer_t *peer, const mdp_command_t *command)
{
    raw_worker_t *self = peer->self;
    int64_t ticket = ledger_ticket (command->body[0]);
    if (command->token.size != TOKEN_SIZE || ticket < 0 || self->count == HELD_MAX) {
        world_fail (world, "%s got a request without a token or ticket, or more than it can hold", peer->name);
        return;
    }
    work_t *work = &self->held[self->count++];
    *work = (work_t){.ticket = (uint32_t) ticket, .due = world->now + draw_around (&world->random, world->plan.work)};
    memcpy (work->token, command->token.data, TOKEN_SIZE);
    memcpy (self->known, work->token, TOKEN_SIZE);
    self->knows = true;
    if (peer->version == 2 && draw_chance (&world->random, world->plan.partial_pct))
        work->parts = (unsigned) draw_between (&world->random, 1, 4);
    if (!world->healed && draw_chance (&world->random, world->plan.swallow_pct))
        work->due = KEEL_NEVER;
}

/*  Without a routing id of its own it is a stranger now: a DISCONNECT or the silence will tell. A Simple Pirate that is at
 *  work may go on, since its answer makes it ready. */
static void
lose_connection (world_t *world, peer_t *peer)
{
    const raw_worker_t *self = peer->self;
    if (world->plan.kind == WORLD_SIMPLE ? self->count == 0 || draw_chance (&world->random, 50) : peer->fixed_id)
        raw_begin_again (world, peer, 0);
}

static void
event (world_t *world, peer_t *peer, const keel_event_t *what)
{
    raw_worker_t *self = peer->self;
    int64_t kind = world->plan.kind;
    envelope_t envelope;
    mdp_command_t command;
    if (what->kind == KEEL_EVENT_DISCONNECTED)
        lose_connection (world, peer);
    if (what->kind != KEEL_EVENT_MESSAGE ||
        dialect_at_peer (kind, peer->listener, what->frames, what->count, &envelope, &command) != VERDICT_OK ||
        command.role != MDP_WORKER)
        return;
    self->heard_at = world->now;
    if (command.kind == MDP_DISCONNECT)
        raw_begin_again (world, peer, draw_between (&world->random, 10, 200));
    self->said_ready |= command.kind == MDP_REQUEST && kind == WORLD_SIMPLE; /* by an answer, perhaps */
    if (command.kind == MDP_REQUEST && self->said_ready)
        take_request (world, peer, &command);
}

/* ------------------------------------------------------------------ its clock */

/*  A Simple Pirate whose work has failed says nothing, and comes back on a fresh socket. */
static bool
fails (world_t *world)
{
    return world->plan.kind == WORLD_SIMPLE && !world->healed && draw_chance (&world->random, world->plan.swallow_pct);
}

static void
work_on (world_t *world, peer_t *peer, size_t at)
{
    raw_worker_t *self = peer->self;
    work_t *work = &self->held[at], copy = *work;
    answer_t answer;
    uint64_t attempt = 0;
    bool final = work->parts == 0;
    bool rogue = !world->healed && draw_chance (&world->random, world->plan.rogue_pct);
    if (fails (world)) {
        raw_reconnect (world, peer);
        return;
    }
    if (rogue && !raw_fidget (world, peer, &copy))
        return;
    token_decode (span_make (work->token, TOKEN_SIZE), &attempt);
    answer_write (&answer, work->ticket, attempt, final, work->next_part);
    if (final) {
        *work = self->held[--self->count];
    } else {
        work->parts--;
        work->next_part++;
        work->due = world->now + draw_around (&world->random, world->plan.work / 4);
    }
    if (say_answer (world, peer, copy.token, final ? MDP_FINAL : MDP_PARTIAL, &answer) != SENT)
        raw_reconnect (world, peer); /* the broker does not read; it would wait for this answer for ever */
    else if (rogue && final)
        raw_misbehave (world, peer, &copy);
}

static int64_t
work_due (const world_t *world, const raw_worker_t *self, size_t *at)
{
    int64_t due = KEEL_NEVER;
    for (size_t n = 0; n < self->count; n++) {
        int64_t when = world->healed && self->held[n].due == KEEL_NEVER ? world->now : self->held[n].due;
        if (when >= due)
            continue;
        due = when;
        *at = n;
    }
    return due;
}

static int64_t
silent_at (const world_t *world, const raw_worker_t *self)
{
    if (world->plan.kind == WORLD_SIMPLE)
        return KEEL_NEVER;
    return self->heard_at + world->plan.heartbeat * world->plan.liveness;
}

static bool
beats (const world_t *world, const raw_worker_t *self)
{
    return world->plan.kind != WORLD_SIMPLE && (self->count == 0 || !self->mute);
}

static void
wake (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    size_t at = 0;
    if (!self->said_ready) {
        if (self->ready_at <= world->now)
            raw_say_ready (world, peer);
        return;
    }
    if (silent_at (world, self) <= world->now) {
        raw_reconnect (world, peer);
        return;
    }
    if (work_due (world, self, &at) <= world->now)
        work_on (world, peer, at);
    else if (beats (world, self) && self->said_at + world->plan.heartbeat <= world->now)
        raw_say_control (world, peer, MDP_HEARTBEAT);
}

static int64_t
due (const world_t *world, const peer_t *peer)
{
    const raw_worker_t *self = peer->self;
    size_t at = 0;
    if (!self->said_ready)
        return self->ready_at;
    int64_t next = work_due (world, self, &at), silent = silent_at (world, self);
    next = silent < next ? silent : next;
    int64_t beat = beats (world, self) ? self->said_at + world->plan.heartbeat : KEEL_NEVER;
    return beat < next ? beat : next;
}

static bool
done (const world_t *world, const peer_t *peer)
{
    const raw_worker_t *self = peer->self;
    const connection_t *connection = &world->connections[peer->links[self->link].connection];
    const broker_t *broker = &world->brokers[self->link];
    /*  Its READY means nothing while its queue still waits for an answer under its routing id, and nobody tells it. */
    if (world->plan.kind == WORLD_SIMPLE && peer->fixed_id)
        return self->said_ready;
    return self->said_ready && peer->links[self->link].open && connection->up &&
           oracle_is_registered (broker->oracle, connection->listener, span_make (connection->id, connection->id_size));
}

const role_t raw_worker_role = {true, start, event, wake, due, leave, stop, done};
