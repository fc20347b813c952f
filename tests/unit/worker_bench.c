#include "worker_bench.h"

#include <stdio.h>

const char *const endpoints[3] = {"tcp://a:1", "tcp://b:1", "tcp://c:1"};

static void
note (bench_t *self, const char *format, ...)
{
    va_list arguments;
    self->size +=
        (size_t) snprintf (self->trace + self->size, sizeof (self->trace) - self->size, "[%5d] ", (int) self->now);
    va_start (arguments, format);
    self->size += (size_t) vsnprintf (self->trace + self->size, sizeof (self->trace) - self->size, format, arguments);
    va_end (arguments);
    self->size += (size_t) snprintf (self->trace + self->size, sizeof (self->trace) - self->size, "\n");
    assert_true (self->size < sizeof (self->trace));
}

/*  Frames as words: bytes below space as numbers. */
static void
put_frames (char *text, const span_t frames[], size_t count)
{
    for (size_t n = 0; n < count; n++) {
        text += sprintf (text, " ");
        if (frames[n].size == 0)
            text += sprintf (text, "-");
        for (size_t at = 0; at < frames[n].size; at++)
            text += sprintf (text, frames[n].data[at] < ' ' ? "%d" : "%c", frames[n].data[at]);
    }
}

void
carry_out (bench_t *self)
{
    for (size_t n = 0; n < self->actions->count; n++) {
        const keel_action_t *action = &self->actions->items[n];
        char frames[512] = "";
        if (action->kind == KEEL_ACTION_SEND) {
            put_frames (frames, action->head, action->head_count);
            put_frames (frames + strlen (frames), action->body, action->body_count);
            note (self, "%d <%s", action->listener, frames);
        } else if (action->kind == KEEL_ACTION_CONNECT)
            note (self, "%d connect", action->listener);
        else if (action->kind == KEEL_ACTION_CLOSE)
            note (self, "%d close%s", action->listener, action->linger ? ", linger" : "");
        else if (action->kind == KEEL_ACTION_DELIVER) {
            assert_int_equal (action->deliver, KEEL_DELIVER_REQUEST);
            put_frames (frames, action->body, action->body_count);
            note (self, "request%s", frames);
            self->last = action->tag;
        }
    }
    keel_actions_clear (self->actions);
}

void
step (bench_t *self, keel_event_t event)
{
    event.now = self->now;
    assert_int_equal (worker_engine_step (self->engine, &event, self->actions), 0);
    carry_out (self);
}

void
plain (bench_t *self, keel_event_kind_t kind, uint16_t endpoint)
{
    step (self, (keel_event_t){.kind = kind, .peer.listener = endpoint});
}

void
hear_frames (bench_t *self, uint16_t endpoint, const span_t frames[], size_t count)
{
    step (self,
          (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .peer.listener = endpoint, .frames = frames, .count = count});
}

bool
answer (bench_t *self, uint64_t id, bool last, const char *text)
{
    span_t body = span_text (text);
    bool held = worker_engine_answer (self->engine, id, last, &body, 1, self->now, self->actions);
    carry_out (self);
    return held;
}

bool
fail_request (bench_t *self, uint64_t id)
{
    bool held = worker_engine_fail (self->engine, id, self->now, self->actions);
    carry_out (self);
    return held;
}

void
run_to (bench_t *self, int64_t then)
{
    while (worker_engine_next_due (self->engine) <= then) {
        int64_t due = worker_engine_next_due (self->engine);
        self->now = due > self->now ? due : self->now;
        plain (self, KEEL_EVENT_TICK, 0);
    }
    self->now = then;
}

void
forget_trace (bench_t *self)
{
    self->size = 0;
    self->trace[0] = 0;
}

void
assert_trace (bench_t *self, const char *expected)
{
    assert_string_equal (self->trace, expected);
    forget_trace (self);
}

void
due_within (bench_t *self, int64_t from, int64_t to)
{
    int64_t wait = worker_engine_next_due (self->engine) - self->now;
    assert_in_range (wait, from, to);
    self->now += wait;
}

uint64_t
counter (const bench_t *self, worker_engine_counter_t which)
{
    return worker_engine_counter (self->engine, which);
}

void
open_bench (bench_t *self, const worker_engine_config_t *config)
{
    *self = (bench_t){.engine = worker_engine_new (config), .actions = keel_actions_new (16)};
    assert_non_null (self->engine);
    assert_non_null (self->actions);
}

void
close_bench (bench_t *self)
{
    worker_engine_destroy (&self->engine);
    keel_actions_destroy (&self->actions);
}
