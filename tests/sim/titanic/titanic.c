/*  Titanic and its broker in the world: engines, the store's writer, and crashes. */
#include "world.h"

#include "envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_START 1700000000000

static const char *const brokers[] = {"sim"};

/* ------------------------------------------------------------------ Titanic */

static void
forget_out (world_t *self)
{
    for (unsigned n = 0; n < self->task_count; n++)
        self->tasks[n].out = false;
}

void
titanic_up (world_t *self)
{
    keel_tsp_config_t config = {.brokers = brokers,
                                    .broker_count = 1,
                                    .heartbeat_ms = 500,
                                    .liveness = 3,
                                    .credit = 50,
                                    .window = self->window,
                                    .frames = 10,
                                    .body_bytes = 1000,
                                    .queued_bytes = 100000,
                                    .seed = random_next (&self->random)};
    uint64_t secret = random_next (&self->random);
    memcpy (config.secret, &secret, sizeof (secret));
    self->titanic = keel_tsp_new (&config);
    forget_out (self);
    say (self, "titanic is up");
}

/*  What was not committed is lost; what was, but not told, is stored and nobody knows. */
void
titanic_crash (world_t *self)
{
    if (self->committing && chance (self, 2))
        store_commit (self->store, self->committing);
    keel_tsp_destroy (&self->titanic);
    self->gathered = self->committing = self->committed = NULL;
    self->gathered_end = &self->gathered;
    for (unsigned n = 0; n < LINKS; n++) {
        self->open[n] = false;
        self->sessions[n]++;
    }
    self->store = store_reopen (&self->store);
    self->titanic_back_at = self->now + between (self, 1, 3000);
    self->crashes++;
    say (self, "titanic crashes");
}

/*  [options][""][MDPC01][service][serial]: a request to dispatch. What was closed does not count: Titanic has given it up. */
static void
note_sent (world_t *self, const span_t frames[], size_t count)
{
    unsigned out = 0, serial;
    char text[16];
    if (count < 5 || frames[0].size != OPTIONS_SIZE || frames[3].data[0] != 's')
        return;
    snprintf (text, sizeof (text), "%.*s", (int) frames[4].size, (const char *) frames[4].data);
    serial = (unsigned) atoi (text);
    task_t *task = &self->tasks[serial];
    task->out = true;
    memcpy (task->out_id, frames[0].data + OPTIONS_SIZE - 8, 8);
    for (unsigned n = 0; n < self->task_count; n++)
        out += self->tasks[n].out && self->tasks[n].service == task->service && self->tasks[n].state < TASK_CLOSING;
    if (out > self->window)
        violate (self, "%u requests of service %u are with the broker, the window is %u", out, task->service, self->window);
}

/*  An answer, or a notice. */
static void
note_answered (world_t *self, const span_t frames[])
{
    for (unsigned n = 0; n < self->task_count && frames[0].size == OPTIONS_SIZE; n++)
        if (memcmp (self->tasks[n].out_id, frames[0].data + OPTIONS_SIZE - 8, 8) == 0)
            self->tasks[n].out = false;
}

static void
carry_send (world_t *self, const keel_action_t *action)
{
    span_t frames[FRAMES];
    size_t count = 0;
    if (!self->open[action->listener])
        return;
    for (size_t n = 0; n < action->head_count; n++)
        frames[count++] = action->head[n];
    for (size_t n = 0; n < action->body_count; n++)
        frames[count++] = action->body[n];
    if (action->listener == TSP_SERVICES)
        note_sent (self, frames, count);
    post (self, AT_BROKER, 0, AT_LINK, action->listener, frames, count);
}

static void
step_titanic (world_t *self, keel_event_t *event)
{
    const titanic_fetch_t *fetches[32];
    size_t first = 0, count = 0;
    titanic_fetched_t fetched;
    keel_event_t mine = *event;
    for (;;) {
        mine.now = self->now;
        mine.wall = WALL_START + self->now;
        keel_actions_clear (self->actions);
        keel_tsp_step (self->titanic, &mine, self->actions);
        for (size_t n = 0; n < self->actions->count; n++) {
            const keel_action_t *action = &self->actions->items[n];
            if (action->kind == KEEL_ACTION_SEND)
                carry_send (self, action);
            else if (action->kind == KEEL_ACTION_CONNECT || action->kind == KEEL_ACTION_CLOSE) {
                self->open[action->listener] = action->kind == KEEL_ACTION_CONNECT;
                self->sessions[action->listener]++;
                if (action->listener == TSP_SERVICES)
                    forget_out (self);
            } else if (action->kind == KEEL_ACTION_STORE) {
                action->op->next = NULL;
                *self->gathered_end = action->op;
                self->gathered_end = &action->op->next;
            } else if (action->kind == KEEL_ACTION_FETCH)
                fetches[(first + count++) % 32] = action->fetch;
        }
        if (count == 0)
            return;
        store_fetch (self->store, fetches[first], &fetched);
        first = (first + 1) % 32;
        count--;
        mine = (keel_event_t){.kind = KEEL_EVENT_FETCHED, .fetched = &fetched};
    }
}

void
titanic_event (world_t *self, keel_event_t *event)
{
    if (!self->titanic)
        return;
    if (event->kind == KEEL_EVENT_MESSAGE && event->peer.listener == TSP_SERVICES)
        note_answered (self, event->frames);
    step_titanic (self, event);
}

static void
writer_turn (world_t *self)
{
    if (self->gathered && !self->committing && !self->committed) {
        self->committing = self->gathered;
        self->gathered = NULL;
        self->gathered_end = &self->gathered;
        self->commit_at = self->now + between (self, 1, 15);
    }
    if (self->committing && self->now >= self->commit_at) {
        store_seam = (store_seam_t){.error = chance (self, 2) ? KV_FULL : KV_BROKEN};
        if (chance (self, 30))
            store_seam.fail_at = (uint64_t) between (self, 1, 20);
        store_seam.fail_all = chance (self, 2);
        self->commit_failed = store_commit (self->store, self->committing) != 0;
        self->commits_failed += self->commit_failed;
        store_seam = (store_seam_t){0};
        self->committed = self->committing;
        self->committing = NULL;
        self->told_at = self->now + between (self, 0, 3);
    }
    if (self->committed && self->now >= self->told_at) {
        keel_event_t event = {.kind = self->commit_failed ? KEEL_EVENT_STORE_FAILED : KEEL_EVENT_STORED, .ops = self->committed};
        self->committed = NULL;
        step_titanic (self, &event);
    }
}

void
titanic_turn (world_t *self)
{
    keel_event_t tick = {.kind = KEEL_EVENT_TICK};
    if (!self->titanic && self->now >= self->titanic_back_at)
        titanic_up (self);
    if (!self->titanic)
        return;
    for (unsigned n = 0; n < 100 && keel_tsp_next_due (self->titanic) <= self->now; n++)
        step_titanic (self, &tick);
    if (keel_tsp_next_due (self->titanic) <= self->now)
        violate (self, "titanic is always due");
    writer_turn (self);
}

void
titanic_heal (world_t *self)
{
    if (self->titanic && self->restarts)
        titanic_crash (self);
    self->titanic_back_at = self->now;
}

/* ------------------------------------------------------------------ the broker */

void
broker_up (world_t *self)
{
    keel_majordomo_config_t config = KEEL_MAJORDOMO_CONFIG_DEFAULT;
    config.dispatch.heartbeat.interval_ms = 500;
    config.dispatch.heartbeat.busy_timeout_ms = 3000;
    config.dispatch.max_attempts = 2;
    self->broker = keel_majordomo_new (&config, random_next (&self->random));
    say (self, "the broker is up");
}

/*  Everybody's connection ends, and all that was on its way is lost. */
void
broker_crash (world_t *self)
{
    keel_majordomo_destroy (&self->broker);
    self->broker_session++;
    self->broker_back_at = self->now + between (self, 1, 4000);
    self->broker_crashes++;
    say (self, "the broker crashes");
    forget_out (self);
    for (unsigned n = 0; n < LINKS && self->titanic; n++) {
        keel_event_t event = {.kind = KEEL_EVENT_DISCONNECTED, .peer = {.listener = (uint16_t) n}};
        self->sessions[n]++;
        if (self->open[n])
            titanic_event (self, &event);
    }
    for (unsigned n = 0; n < WORKERS; n++)
        if (self->workers[n].up)
            worker_crash (self, n);
}

void
broker_event (world_t *self, keel_event_t *event)
{
    if (!self->broker)
        return;
    event->now = self->now;
    do {
        keel_actions_clear (self->actions);
        keel_majordomo_step (self->broker, event, self->actions);
        for (size_t n = 0; n < self->actions->count; n++) {
            const keel_action_t *action = &self->actions->items[n];
            span_t frames[FRAMES];
            size_t count = 0;
            if (action->kind != KEEL_ACTION_SEND)
                continue;
            for (size_t m = 0; m < action->head_count; m++)
                frames[count++] = action->head[m];
            for (size_t m = 0; m < action->body_count; m++)
                frames[count++] = action->body[m];
            place_t to = (place_t) action->id.data[0];
            unsigned number = action->id.data[1];
            bool current = (to == AT_LINK     ? self->sessions[number]
                            : to == AT_CLIENT ? self->clients[number].session
                                              : self->workers[number].session) %
                               256 ==
                           action->id.data[2];
            if (current)
                post (self, to, number, AT_BROKER, 0, frames, count);
        }
        *event = (keel_event_t){.kind = KEEL_EVENT_TICK, .now = self->now};
    } while (keel_majordomo_next_due (self->broker) <= self->now);
}
