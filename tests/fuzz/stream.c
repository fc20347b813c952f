#include "stream.h"

#include "input.h"
#include "token.h"

#include <assert.h>

#define PEERS 6
#define TOKENS 16

typedef struct {
    const stream_kind_t *kind;
    void *engine;
    keel_actions_t *out;
    input_t input;
    int64_t now;
    char tokens[TOKENS][TOKEN_SIZE]; /* of requests that went to workers: answers to them are worth trying */
    size_t token_count;
    uint64_t read; /* bytes of actions, summed */
} stream_t;

static void
read_spans (stream_t *self, const span_t spans[], size_t count)
{
    for (size_t n = 0; n < count; n++)
        for (size_t at = 0; at < spans[n].size; at++)
            self->read += spans[n].data[at];
}

static void
remember_token (stream_t *self, const keel_action_t *action)
{
    for (size_t n = 0; n < action->head_count; n++)
        if (action->head[n].size == TOKEN_SIZE)
            memcpy (self->tokens[self->token_count++ % TOKENS], action->head[n].data, TOKEN_SIZE);
}

static void
check (stream_t *self)
{
    dispatch_gauges_t gauges = self->kind->gauges (self->engine);
    const dispatch_counters_t *counters = self->kind->counters (self->engine);
    assert (counters->accepted == counters->answered + counters->failed + gauges.waiting + gauges.held);
    assert (gauges.workers <= STREAM_WORKERS && gauges.services <= STREAM_SERVICES);
    for (size_t n = 0; n < self->out->count; n++) {
        const keel_action_t *action = &self->out->items[n];
        read_spans (self, &action->id, 1);
        read_spans (self, action->head, action->head_count);
        read_spans (self, action->body, action->body_count);
        remember_token (self, action);
    }
}

static void
step (stream_t *self, keel_event_t *event)
{
    event->now = self->now;
    keel_actions_clear (self->out);
    self->kind->step (self->engine, event, self->out);
    check (self);
}

static keel_event_t
event_of (stream_t *self, keel_event_kind_t kind)
{
    static const uint8_t ids[PEERS] = "abcdef";
    keel_event_t event = {.kind = kind};
    uint8_t who = input_byte (&self->input);
    event.peer = (keel_peer_t){.listener = who & 1, .admin = who & 1, .id = span_make (&ids[who / 2 % PEERS], 1)};
    event.peer.user = SPAN_OF ("");
    return event;
}

/*  Puts a token that is in use in place of a frame now and then. */
static void
use_token (stream_t *self)
{
    uint8_t choice = input_byte (&self->input);
    size_t at = choice % FUZZ_FRAMES;
    if (at < self->input.count && self->token_count)
        self->input.frames[at] = span_make (self->tokens[choice / 16 % TOKENS], TOKEN_SIZE);
}

static void
one_event (stream_t *self)
{
    uint8_t kind = input_byte (&self->input);
    keel_event_t event = event_of (self, KEEL_EVENT_TICK);
    switch (kind % 8) {
    case 0:
        self->now += input_byte (&self->input) * 10;
        break;
    case 1:
        event.kind = kind & 8 ? KEEL_EVENT_FULL : KEEL_EVENT_UNREACHABLE;
        event.tag = kind & 16 ? UINT64_MAX : kind & 32 ? 1 : 0;
        break;
    case 2:
        event.kind = KEEL_EVENT_DISCONNECTED;
        break;
    case 3:
        event.kind = kind == 3 ? KEEL_EVENT_DRAIN : KEEL_EVENT_TICK;
        break;
    default:
        event.kind = KEEL_EVENT_MESSAGE;
        input_frames (&self->input);
        use_token (self);
        event.frames = self->input.frames;
        event.count = self->input.count;
        event.cut = kind > 250;
    }
    step (self, &event);
}

/*  Everything ends: deadlines pass, workers are told to go. */
static void
drain (stream_t *self)
{
    step (self, &(keel_event_t){.kind = KEEL_EVENT_DRAIN});
    for (int turns = 0; !self->kind->drained (self->engine); turns++) {
        int64_t due = self->kind->next_due (self->engine);
        assert (due != KEEL_NEVER && turns < 10000);
        self->now = due > self->now ? due : self->now;
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK});
    }
}

void
stream_limits (dispatch_config_t *config)
{
    config->heartbeat = (liveness_config_t){100, 3, 1000};
    config->workers = STREAM_WORKERS;
    config->services = STREAM_SERVICES;
    config->queued = 20;
    config->outstanding = 10;
    config->partial_bytes = 1024;
}

/*  What was read must have been readable: the sum is of no other use. */
static volatile uint64_t sum;

void
stream_run (const stream_kind_t *kind, void *engine, const uint8_t *data, size_t size)
{
    stream_t self = {.kind = kind, .engine = engine, .input = {data, size, {0}, {{0}}, 0}, .now = 1000};
    self.out = keel_actions_new (16);
    assert (self.out);
    while (self.input.left)
        one_event (&self);
    drain (&self);
    keel_actions_destroy (&self.out);
    input_free (&self.input);
    sum = self.read;
}
