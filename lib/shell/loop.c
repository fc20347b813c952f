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

static void
step_once (loop_t *self, const keel_event_t *event)
{
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

/*  False: there was none. */
static bool
step_more (loop_t *self, int64_t now)
{
    keel_event_t more;
    bool any = false;
    for (; self->more && self->more (self->engine, &more); any = true) {
        more.now = now;
        step_once (self, &more);
    }
    return any;
}

static void
step (loop_t *self, const keel_event_t *event)
{
    step_once (self, event);
    step_more (self, event->now);
}

void
loop_tell (loop_t *self, keel_event_kind_t kind)
{
    const keel_event_t event = {.kind = kind, .now = clock_now_ms ()};
    step (self, &event);
}

static unsigned
receive_batch (loop_t *self, int64_t now)
{
    keel_event_t event;
    unsigned count = 0;
    while (count < BATCH && port_receive (self->port, &event)) {
        event.now = now;
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
rest (loop_t *self, int64_t now)
{
    if (!self->rest)
        return;
    self->rest (self->engine);
    if (step_more (self, now))
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
    int64_t now = clock_now_ms ();
    if (self->next_due (self->engine) <= now)
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK, .now = now});
    unsigned count = receive_batch (self, now);
    self->busy = count == BATCH || spins (self, count > 0);
    rest (self, now);
    return watched;
}
