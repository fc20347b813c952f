/*  A scripted server, no more than a REP socket to its clients: one request after the other, each answer in the envelope that
 *  the request came in. It may be slow, forget a request, answer twice, late, in other envelopes than were sent, or talk
 *  rubbish. */
#include "world.h"

#include "dialect.h"
#include "token.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

typedef struct job job_t;

/*  Something to be sent to a client. */
struct job {
    job_t *prev, *next;
    uint16_t listener;
    uint8_t id[ID_SIZE];
    size_t id_size;
    int64_t due;
    bool again; /* the client has got its answer */
    uint8_t bytes[OPTIONS_SIZE];
    span_t head[2];
    size_t head_count;
    answer_t answer;
    size_t body_count;
};

typedef struct {
    job_t *jobs;
    job_t *said; /* actions borrow from these until the next step */
    int64_t free_at;
    uint8_t seen[OPTIONS_SIZE]; /* the options of an earlier request */
    bool has_seen;
} server_t;

static void
open (world_t *world, broker_t *broker)
{
    (void) world;
    broker->self = calloc (1, sizeof (server_t));
    assert (broker->self);
}

static void
forget (job_t **list)
{
    job_t *job, *next;
    DL_FOREACH_SAFE (*list, job, next)
    free (job);
    *list = NULL;
}

static void
close (world_t *world, broker_t *broker)
{
    server_t *self = broker->self;
    (void) world;
    forget (&self->jobs);
    forget (&self->said);
    free (self);
    broker->self = NULL;
}

/* ------------------------------------------------------------------ what is asked */

/*  options: of the envelope; NULL: it has none. */
static job_t *
add_job (server_t *self, const keel_peer_t *peer, const uint8_t *options, int64_t due)
{
    job_t *job = calloc (1, sizeof (*job));
    assert (job);
    job->listener = peer->listener;
    job->id_size = peer->id.size;
    memcpy (job->id, peer->id.data, peer->id.size);
    job->due = due;
    job->body_count = 3;
    if (options) {
        memcpy (job->bytes, options, OPTIONS_SIZE);
        job->head[job->head_count++] = span_make (job->bytes, OPTIONS_SIZE);
    }
    job->head[job->head_count++] = SPAN_OF ("");
    DL_APPEND (self->jobs, job);
    return job;
}

/*  Nothing that a client could take for its answer: one in stock mode has nothing but the link to tell by. */
static void
misbehave (world_t *world, server_t *self, const keel_peer_t *peer, const uint8_t *options, uint32_t ticket,
           int64_t due)
{
    job_t *job;
    uint64_t which = random_below (&world->random, options ? 4 : 2);
    if (which == 0) { /* twice */
        job = add_job (self, peer, options, due + draw_between (&world->random, 1, 1 + world->plan.timeout));
        job->again = true;
    } else if (which == 1) { /* neither envelope nor body */
        job = add_job (self, peer, options, draw_between (&world->random, world->now, due));
        job->head_count -= draw_chance (&world->random, 50);
        job->body_count = job->head_count == 0;
    } else if (which == 2 && self->has_seen) { /* in the envelope of another */
        job = add_job (self, peer, self->seen, draw_between (&world->random, world->now, due));
    } else { /* in none */
        job = add_job (self, peer, NULL, draw_between (&world->random, world->now, due));
    }
    answer_write_forbidden (&job->answer, ticket);
}

static void
take_request (world_t *world, broker_t *broker, const keel_event_t *event)
{
    server_t *self = broker->self;
    envelope_t envelope;
    mdp_command_t command;
    verdict_t verdict =
        dialect_at_broker (WORLD_LAZY, event->peer.listener, event->frames, event->count, &envelope, &command);
    int64_t ticket = verdict == VERDICT_OK ? ledger_ticket (command.body[0]) : -1;
    envelope_options_t options = verdict == VERDICT_OK ? envelope_options (&envelope) : (envelope_options_t){0};
    if (ticket < 0 || envelope.count != 1 + (size_t) options.present) {
        world_fail (world, "b%u was asked something malformed", broker->number);
        return;
    }
    if (!world->healed && draw_chance (&world->random, world->plan.swallow_pct))
        return;
    const uint8_t *bytes = options.present ? envelope.frames[0].data : NULL;
    int64_t begun = self->free_at > world->now ? self->free_at : world->now;
    self->free_at = begun + draw_around (&world->random, world->plan.work);
    job_t *job = add_job (self, &event->peer, bytes, self->free_at);
    answer_write (&job->answer, (uint32_t) ticket, options.present ? options.id : 1, true, 0);
    if (!world->healed && draw_chance (&world->random, world->plan.rogue_pct))
        misbehave (world, self, &event->peer, bytes, (uint32_t) ticket, self->free_at);
    self->has_seen |= options.present;
    if (options.present)
        memcpy (self->seen, bytes, OPTIONS_SIZE);
}

/*  What could not be sent is not sent twice either: that would be the answer. */
static void
take_failure (server_t *self, const keel_event_t *event)
{
    job_t *job, *next;
    DL_FOREACH_SAFE (self->jobs, job, next)
    if (job->again && job->listener == event->peer.listener && span_is (event->peer.id, job->id, job->id_size)) {
        DL_DELETE (self->jobs, job);
        free (job);
    }
}

/* ------------------------------------------------------------------ what is answered */

static job_t *
next_job (const server_t *self)
{
    job_t *job, *first = NULL;
    DL_FOREACH (self->jobs, job)
    if (!first || job->due < first->due)
        first = job;
    return first;
}

static void
say (server_t *self, job_t *job, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, job->listener, span_make (job->id, job->id_size));
    memcpy (keel_actions_head (out), job->head, job->head_count * sizeof (span_t));
    keel_actions_add_head (out, action, job->head_count);
    action->body = job->answer.frames;
    action->body_count = job->body_count;
    DL_DELETE (self->jobs, job);
    DL_APPEND (self->said, job);
}

static void
step (world_t *world, broker_t *broker, const keel_event_t *event)
{
    server_t *self = broker->self;
    job_t *job;
    forget (&self->said);
    if (event->kind == KEEL_EVENT_MESSAGE)
        take_request (world, broker, event);
    else if (event->kind == KEEL_EVENT_FULL || event->kind == KEEL_EVENT_UNREACHABLE)
        take_failure (self, event);
    while ((job = next_job (self)) && job->due <= world->now && keel_actions_room (broker->out))
        say (self, job, broker->out);
}

static int64_t
due (const broker_t *broker)
{
    const job_t *job = next_job (broker->self);
    return job ? job->due : KEEL_NEVER;
}

/*  What it still works on, its clients have given up. */
static bool
rests (const broker_t *broker)
{
    (void) broker;
    return true;
}

const host_t server_host = {open, close, step, due, rests, rests};
