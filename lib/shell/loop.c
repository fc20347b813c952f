#include "loop.h"

#include "clock.h"
#include "log.h"

#define BATCH         64
#define ACTIONS       256
#define TURNS_A_LOOK  16

int
loop_open (loop_t *self, port_t *port, void *engine, loop_step_fn *step, loop_due_fn *next_due)
{
    *self = (loop_t){.port = port, .engine = engine, .step = step, .next_due = next_due};
    self->actions = keel_actions_new (ACTIONS);
    return self->actions ? 0 : -1;
}

void
loop_close (loop_t *self)
{
    keel_actions_destroy (&self->actions);
}

static keel_event_t
event_at (keel_event_kind_t kind, int64_t now_us)
{
    return (keel_event_t){.kind = kind, .us = (uint16_t) (now_us % 1000), .now = now_us / 1000};
}

static void
step_once (loop_t *self, const keel_event_t *event)
{
    self->steps++;
    keel_actions_clear (self->actions);
    self->step (self->engine, event, self->actions);
    for (size_t n = 0; n < self->actions->count; n++) {
        const keel_action_t *action = &self->actions->items[n];
        if (self->carry && self->carry (self->engine, action))
            continue;
        if (action->kind == KEEL_ACTION_SEND)
            port_send (self->port, action);
        else if (action->kind == KEEL_ACTION_LOG)
            log_at (action->level, "%s", action->text);
    }
}

/*  At the time of that event. False: there was none. */
static bool
step_more (loop_t *self, const keel_event_t *event)
{
    keel_event_t more;
    bool any = false;
    for (; self->more && self->more (self->engine, &more); any = true) {
        more.now = event->now;
        more.us = event->us;
        step_once (self, &more);
    }
    return any;
}

static void
step (loop_t *self, const keel_event_t *event)
{
    step_once (self, event);
    step_more (self, event);
}

void
loop_tell (loop_t *self, keel_event_kind_t kind)
{
    const keel_event_t event = event_at (kind, clock_now_us ());
    step (self, &event);
}

static unsigned
receive_batch (loop_t *self, const keel_event_t *tick)
{
    keel_event_t event;
    unsigned count = 0;
    while (count < BATCH && port_receive (self->port, &event)) {
        event.now = tick->now;
        event.us = tick->us;
        step (self, &event);
        count++;
    }
    return count;
}

/*  Is there still time to look again instead of sleeping? */
static bool
spins (loop_t *self, bool had_traffic)
{
    if (self->spin_us == 0)
        return false;
    int64_t now_us = clock_now_us ();
    if (had_traffic)
        self->spin_until_us = now_us + self->spin_us;
    return now_us < self->spin_until_us;
}

static bool
sleep_until_due (loop_t *self, int64_t most_ms)
{
    int64_t due = self->next_due (self->engine);
    int64_t timeout = due == KEEL_NEVER ? -1 : due - clock_now_ms ();
    if (due != KEEL_NEVER && timeout < 0)
        timeout = 0;
    if (most_ms >= 0 && (timeout < 0 || timeout > most_ms))
        timeout = most_ms;
    return port_wait (self->port, timeout);
}

/*  What the rest has done at once is told at once, not when the next turn finds that it is due. */
static void
rest (loop_t *self, const keel_event_t *event)
{
    if (!self->rest)
        return;
    self->rest (self->engine);
    if (step_more (self, event))
        self->rest (self->engine);
}

/*  It sleeps first, so that whoever runs the loop sees what a turn has done before the next one sleeps. */
bool
loop_turn (loop_t *self, int64_t most_ms)
{
    bool watched = false;
    if (!self->busy)
        watched = sleep_until_due (self, most_ms);
    else if (++self->full_turns % TURNS_A_LOOK == 0)
        watched = port_wait (self->port, 0);
    const keel_event_t tick = event_at (KEEL_EVENT_TICK, clock_now_us ());
    self->now = tick.now;
    if (self->next_due (self->engine) <= tick.now)
        step (self, &tick);
    unsigned count = receive_batch (self, &tick);
    self->busy = count == BATCH || spins (self, count > 0);
    rest (self, &tick);
    return watched;
}
