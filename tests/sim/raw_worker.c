/*  A scripted worker: any dialect; heartbeats while busy or does not; answers in parts, late, twice, for others, or
 *  never. */
#include "world.h"

#include "mdp.h"
#include "token.h"
#include "text.h"

#include <assert.h>
#include <stdlib.h>

#define HELD_MAX       64
#define READY_AGAIN_MS 50 /* when the pipe was full */

typedef struct {
    char token[TOKEN_SIZE];
    uint32_t ticket;
    int64_t due;
    unsigned parts; /* still to be sent before the last */
    unsigned next_part;
} work_t;

typedef struct {
    uint16_t link;
    span_t service;
    uint32_t credit;
    bool mute; /* while busy */
    bool said_ready;
    int64_t ready_at;
    int64_t heard_at;
    int64_t said_at;
    work_t held[HELD_MAX];
    size_t count;
    char known[TOKEN_SIZE]; /* a token that it held once */
    bool knows;
} raw_worker_t;

/* ------------------------------------------------------------------ what it says */

static sent_t
say (world_t *world, peer_t *peer, const span_t head[], size_t head_count, const span_t body[], size_t body_count)
{
    raw_worker_t *self = peer->self;
    span_t frames[8];
    size_t count = 0;
    if (peer->version == 1 || peer->admin)
        frames[count++] = SPAN_OF ("");
    memcpy (frames + count, head, head_count * sizeof (span_t));
    self->said_at = world->now;
    return link_send (world, peer, self->link, frames, count + head_count, body, body_count);
}

static void
say_control (world_t *world, peer_t *peer, mdp_kind_t kind)
{
    span_t head[MDP_HEAD_MAX];
    say (world, peer, head, mdp_encode_control (head, peer->version, kind), NULL, 0);
}

static void
say_ready (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    span_t head[MDP_HEAD_MAX];
    char credit[8];
    snprintf (credit, sizeof (credit), "%u", self->credit);
    size_t count = mdp_encode_ready (head, peer->version, self->service, span_text (self->credit > 1 ? credit : ""));
    TRACE (world, "%s is ready, for %s, credit %u", peer->name, (const char *) self->service.data, self->credit);
    self->said_ready = say (world, peer, head, count, NULL, 0) == SENT;
    self->ready_at = world->now + READY_AGAIN_MS;
    self->heard_at = world->now;
    self->count = 0;
}

static sent_t
say_answer (world_t *world, peer_t *peer, const char token[], mdp_kind_t kind, const answer_t *answer)
{
    span_t head[MDP_HEAD_MAX];
    size_t count = mdp_encode_worker_reply (head, peer->version, kind, span_make (token, TOKEN_SIZE));
    return say (world, peer, head, count, answer->frames, 3);
}

static void
say_forbidden (world_t *world, peer_t *peer, const char token[], uint32_t ticket)
{
    answer_t answer;
    bool part = peer->version == 2 && draw_chance (&world->random, 30);
    answer_write_forbidden (&answer, ticket);
    say_answer (world, peer, token, part ? MDP_PARTIAL : MDP_FINAL, &answer);
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
    say_control (world, peer, MDP_DISCONNECT);
    link_close (world, peer, self->link, true);
}

/*  Its session is over: all it holds is void. */
static void
begin_again (world_t *world, peer_t *peer, int64_t in)
{
    raw_worker_t *self = peer->self;
    self->said_ready = false;
    self->ready_at = world->now + in;
    self->count = 0;
}

static void
reconnect (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    link_close (world, peer, self->link, false);
    link_open (world, peer, self->link);
    begin_again (world, peer, 0);
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

static void
event (world_t *world, peer_t *peer, const keel_event_t *what)
{
    raw_worker_t *self = peer->self;
    mdp_command_t command;
    if (what->kind == KEEL_EVENT_DISCONNECTED && peer->fixed_id)
        begin_again (world, peer, 0);
    if (what->kind != KEEL_EVENT_MESSAGE)
        return; /* else a DISCONNECT or the silence will tell */
    size_t skip = what->count > 0 && what->frames[0].size == 0 ? 1 : 0;
    if (mdp_decode_at_worker (what->frames + skip, what->count - skip, &command) != VERDICT_OK)
        return;
    self->heard_at = world->now;
    if (command.kind == MDP_DISCONNECT)
        begin_again (world, peer, draw_between (&world->random, 10, 200));
    else if (command.kind == MDP_REQUEST && self->said_ready)
        take_request (world, peer, &command);
}

/* ------------------------------------------------------------------ mischief */

/*  A token that is not one of those it holds now: another's, or an older one of its own. */
static const char *
draw_strange_token (world_t *world, const peer_t *peer, char invented[])
{
    const raw_worker_t *self = peer->self;
    const peer_t *other = &world->peers[random_below (&world->random, world->peer_count)];
    token_encode (random_next (&world->random), invented);
    if (other->role != &raw_worker_role || !other->running)
        return invented;
    const raw_worker_t *worker = other->self;
    for (size_t n = 0; n < self->count; n++)
        if (memcmp (self->held[n].token, worker->known, TOKEN_SIZE) == 0)
            return invented;
    return worker->knows && worker != self ? worker->known : invented;
}

static void
misbehave (world_t *world, peer_t *peer, const work_t *done)
{
    raw_worker_t *self = peer->self;
    char invented[TOKEN_SIZE];
    span_t head[MDP_HEAD_MAX];
    switch (random_below (&world->random, 7)) {
    case 0: /* twice */
        say_forbidden (world, peer, done->token, done->ticket);
        break;
    case 1: /* for others */
    case 2:
        say_forbidden (world, peer, draw_strange_token (world, peer, invented), done->ticket);
        break;
    case 3: /* READY again; what it held is void */
        say_ready (world, peer);
        say_forbidden (world, peer, done->token, done->ticket);
        break;
    case 4: /* goodbye, and still an answer */
        say_control (world, peer, MDP_DISCONNECT);
        say_forbidden (world, peer, self->count ? self->held[0].token : done->token, done->ticket);
        begin_again (world, peer, draw_between (&world->random, 10, 200));
        break;
    case 5: /* another version */
        say (world, peer, head, mdp_encode_control (head, peer->version == 1 ? 2 : 1, MDP_HEARTBEAT), NULL, 0);
        break;
    case 6: /* rubbish */
        head[0] = SPAN_OF ("MDPW01");
        head[1] = SPAN_OF ("\1");
        say (world, peer, head, 2, NULL, 0);
        break;
    }
}

/* ------------------------------------------------------------------ its clock */

static void
work_on (world_t *world, peer_t *peer, size_t at)
{
    raw_worker_t *self = peer->self;
    work_t *work = &self->held[at], copy = *work;
    answer_t answer;
    uint64_t attempt = 0;
    bool final = work->parts == 0;
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
        reconnect (world, peer); /* the broker does not read; it would wait for this answer for ever */
    else if (final && !world->healed && draw_chance (&world->random, world->plan.rogue_pct))
        misbehave (world, peer, &copy);
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
    return self->heard_at + world->plan.heartbeat * world->plan.liveness;
}

static bool
beats (const raw_worker_t *self)
{
    return self->count == 0 || !self->mute;
}

static void
wake (world_t *world, peer_t *peer)
{
    raw_worker_t *self = peer->self;
    size_t at = 0;
    if (!self->said_ready) {
        if (self->ready_at <= world->now)
            say_ready (world, peer);
        return;
    }
    if (silent_at (world, self) <= world->now) {
        reconnect (world, peer);
        return;
    }
    if (work_due (world, self, &at) <= world->now)
        work_on (world, peer, at);
    else if (beats (self) && self->said_at + world->plan.heartbeat <= world->now)
        say_control (world, peer, MDP_HEARTBEAT);
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
    int64_t beat = beats (self) ? self->said_at + world->plan.heartbeat : KEEL_NEVER;
    return beat < next ? beat : next;
}

static bool
done (const world_t *world, const peer_t *peer)
{
    const raw_worker_t *self = peer->self;
    const connection_t *connection = &world->connections[peer->links[self->link].connection];
    const broker_t *broker = &world->brokers[self->link];
    return self->said_ready && peer->links[self->link].open && connection->up &&
           oracle_is_registered (broker->oracle, connection->listener, span_make (connection->id, connection->id_size));
}

const role_t raw_worker_role = {true, start, event, wake, due, leave, stop, done};
