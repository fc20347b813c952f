/*  What a scripted worker should not do: answer twice, late, for others, with invented envelopes; READY while busy; and so on. */
#include "raw_worker.h"

#include "dialect.h"
#include "world.h"

/*  Of more frames than plan.frames may be. */
#define LONG_BODY 20

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
misbehave_majordomo (world_t *world, peer_t *peer, const work_t *done)
{
    raw_worker_t *self = peer->self;
    char invented[TOKEN_SIZE];
    span_t head[MDP_HEAD_MAX];
    switch (random_below (&world->random, 7)) {
    case 0: /* twice */
        raw_say_forbidden (world, peer, done->token, done->ticket);
        break;
    case 1: /* for others */
    case 2:
        raw_say_forbidden (world, peer, draw_strange_token (world, peer, invented), done->ticket);
        break;
    case 3: /* READY again; what it held is void */
        raw_say_ready (world, peer);
        raw_say_forbidden (world, peer, done->token, done->ticket);
        break;
    case 4: /* goodbye, and still an answer */
        raw_say_control (world, peer, MDP_DISCONNECT);
        raw_say_forbidden (world, peer, self->count ? self->held[0].token : done->token, done->ticket);
        raw_begin_again (world, peer, draw_between (&world->random, 10, 200));
        break;
    case 5: /* another version */
        raw_say (world, peer, head, mdp_encode_control (head, peer->version == 1 ? 2 : 1, MDP_HEARTBEAT), NULL, 0);
        break;
    case 6: /* rubbish */
        head[0] = SPAN_OF ("MDPW01");
        head[1] = SPAN_OF ("\1");
        raw_say (world, peer, head, 2, NULL, 0);
        break;
    }
}

/* ------------------------------------------------------------------ the Pirates' */

/*  An answer in an envelope that no queue gave. */
static void
say_invented (world_t *world, peer_t *peer, const char token[], uint32_t ticket)
{
    const span_t known = span_make (token, TOKEN_SIZE);
    answer_t answer;
    span_t head[4];
    size_t count = 0;
    answer_write_forbidden (&answer, ticket);
    if (world->plan.kind == WORLD_SIMPLE)
        head[count++] = SPAN_OF ("");
    if (draw_chance (&world->random, 70))
        head[count++] = SPAN_OF ("client");
    if (count > (world->plan.kind == WORLD_SIMPLE) && draw_chance (&world->random, 50))
        head[count++] = known;
    head[count++] = SPAN_OF ("");
    raw_say (world, peer, head, count, answer.frames, 3);
}

/*  Too long for the queue, where plan.frames says so. */
static void
say_at_length (world_t *world, peer_t *peer, const char token[], uint32_t ticket)
{
    answer_t answer;
    span_t head[MDP_HEAD_MAX], body[LONG_BODY];
    if (world->plan.frames >= LONG_BODY)
        return;
    answer_write_forbidden (&answer, ticket);
    for (size_t n = 0; n < LONG_BODY; n++)
        body[n] = answer.frames[n % 3];
    size_t count = dialect_answer (world->plan.kind, peer->version, MDP_FINAL, span_make (token, TOKEN_SIZE), head);
    raw_say (world, peer, head, count, body, LONG_BODY);
}

static void
say_rubbish (world_t *world, peer_t *peer)
{
    static const char *const words[] = {"", "\2", "\3", "READY"};
    size_t lead = world->plan.kind == WORLD_SIMPLE;
    const span_t frames[] = {SPAN_OF (""), span_text (words[random_below (&world->random, 4)])};
    raw_say (world, peer, frames + 1 - lead, 1 + lead, NULL, 0);
}

/*  Says something, as a stranger, before it says READY. Whether its answer has arrived it cannot know any more. */
static void
come_back_early (world_t *world, peer_t *peer, const work_t *done)
{
    raw_worker_t *self = peer->self;
    char invented[TOKEN_SIZE];
    token_encode (random_next (&world->random), invented);
    raw_reconnect (world, peer);
    raw_say_control (world, peer, MDP_HEARTBEAT);
    bool said = raw_say_forbidden (world, peer, invented, done->ticket) == SENT;
    if (world->plan.kind == WORLD_SIMPLE)
        self->said_ready = said; /* by that answer */
    else
        self->ready_at = world->now + draw_between (&world->random, 0, 200);
}

static void
misbehave_pirate (world_t *world, peer_t *peer, const work_t *done)
{
    char invented[TOKEN_SIZE];
    switch (random_below (&world->random, 6)) {
    case 0: /* twice */
        raw_say_forbidden (world, peer, done->token, done->ticket);
        break;
    case 1: /* for others */
        raw_say_forbidden (world, peer, draw_strange_token (world, peer, invented), done->ticket);
        break;
    case 2:
        say_invented (world, peer, done->token, done->ticket);
        break;
    case 3: /* READY again */
        raw_say_ready (world, peer);
        raw_say_forbidden (world, peer, done->token, done->ticket);
        break;
    case 4:
        come_back_early (world, peer, done);
        break;
    case 5:
        say_rubbish (world, peer);
        break;
    }
}

/*  READY again, while busy. Paranoid: what it held is void. Simple: it means nothing, and what it holds is still to be
 *  answered. */
static bool
say_ready_while_busy (world_t *world, peer_t *peer, const work_t *work)
{
    raw_worker_t *self = peer->self;
    span_t head[MDP_HEAD_MAX];
    if (world->plan.kind == WORLD_SIMPLE) {
        raw_say (world, peer, head, dialect_ready (WORLD_SIMPLE, peer->version, self->service, SPAN_OF (""), head),
                 NULL, 0);
        return true;
    }
    raw_say_ready (world, peer);
    if (self->said_ready)
        raw_say_forbidden (world, peer, work->token, work->ticket);
    return false;
}

bool
raw_fidget (world_t *world, peer_t *peer, const work_t *work)
{
    char invented[TOKEN_SIZE];
    switch (world->plan.kind == WORLD_MAJORDOMO ? 5 : random_below (&world->random, 5)) {
    case 0:
        return say_ready_while_busy (world, peer, work);
    case 1:
        raw_say_forbidden (world, peer, draw_strange_token (world, peer, invented), work->ticket);
        return true;
    case 2:
        say_invented (world, peer, work->token, work->ticket);
        return true;
    case 3:
        say_at_length (world, peer, work->token, work->ticket);
        return true;
    case 4:
        say_rubbish (world, peer);
        return true;
    }
    return true;
}

void
raw_misbehave (world_t *world, peer_t *peer, const work_t *done)
{
    if (world->plan.kind == WORLD_MAJORDOMO)
        misbehave_majordomo (world, peer, done);
    else
        misbehave_pirate (world, peer, done);
}
