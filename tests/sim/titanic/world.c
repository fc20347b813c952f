#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define START_MS   1700000000000 /* wall clock at time 0 */
#define STORM_MS   60000
#define CALM_MS    400000
#define STORE_MOST ((uint64_t) 1 << 30)

bool
chance (world_t *self, unsigned in)
{
    return !self->calm && random_below (&self->random, in) == 0;
}

int64_t
between (world_t *self, int64_t least, int64_t most)
{
    return least + (int64_t) random_below (&self->random, (uint64_t) (most - least + 1));
}

static void
tell (world_t *self, const char *what, const char *format, va_list arguments)
{
    char line[200];
    vsnprintf (line, sizeof (line), format, arguments);
    printf ("[%6lld] %s%s\n", (long long) self->now, what, line);
}

void
say (world_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    if (self->trace)
        tell (self, "", format, arguments);
    va_end (arguments);
}

void
violate (world_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    if (!self->failure[0])
        vsnprintf (self->failure, sizeof (self->failure), format, arguments);
    va_end (arguments);
    say (self, "VIOLATION %s", self->failure);
}

/* ------------------------------------------------------------------ the network */

static unsigned
session_of (const world_t *self, place_t place, unsigned number)
{
    switch (place) {
    case AT_LINK:
        return self->sessions[number];
    case AT_CLIENT:
        return self->clients[number].session;
    case AT_WORKER:
        return self->workers[number].session;
    default:
        return self->broker_session;
    }
}

static int
earlier (const message_t *one, const message_t *other)
{
    if (one->due != other->due)
        return one->due < other->due ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

void
post (world_t *self, place_t to, unsigned number, place_t from, unsigned from_number, const span_t frames[], size_t count)
{
    message_t *message = calloc (1, sizeof (message_t));
    int64_t *last = to == AT_BROKER ? &self->last_due[from][from_number] : &self->last_due[AT_BROKER][number];
    int64_t due = self->now + between (self, 0, 5);
    *last = due = due < *last ? *last : due;
    *message = (message_t){.due = due, .order = ++self->order, .to = to, .number = number, .from = from,
                           .from_number = from_number, .count = count};
    message->session = session_of (self, to, number);
    message->from_session = session_of (self, from, from_number);
    for (size_t n = 0; n < count && n < FRAMES; n++) {
        message->sizes[n] = frames[n].size < FRAME_BYTES ? frames[n].size : FRAME_BYTES;
        memcpy (message->bytes[n], frames[n].data, message->sizes[n]);
    }
    LL_INSERT_INORDER (self->messages, message, earlier);
}

/*  What the broker sees of who sends: place, number, session. */
static void
arrive (world_t *self, const message_t *message)
{
    span_t frames[FRAMES];
    uint8_t id[3] = {(uint8_t) message->from, (uint8_t) message->from_number, (uint8_t) message->from_session};
    for (size_t n = 0; n < message->count; n++)
        frames[n] = span_make (message->bytes[n], message->sizes[n]);
    keel_event_t event = {.kind = KEEL_EVENT_MESSAGE, .frames = frames, .count = message->count};
    if (message->session != session_of (self, message->to, message->number))
        return;
    switch (message->to) {
    case AT_BROKER:
        event.peer.id = span_make (id, sizeof (id));
        event.peer.user = SPAN_OF ("");
        broker_event (self, &event);
        break;
    case AT_LINK:
        event.peer.listener = (uint16_t) message->number;
        if (self->open[message->number])
            titanic_event (self, &event);
        break;
    case AT_CLIENT:
        client_hears (self, message->number, frames, message->count);
        break;
    case AT_WORKER:
        worker_hears (self, message->number, frames, message->count);
        break;
    }
}

/* ------------------------------------------------------------------ misfortunes */

static void
misfortune (world_t *self)
{
    if (self->titanic && self->restarts && chance (self, 1500))
        titanic_crash (self);
    if (self->broker && chance (self, 6000))
        broker_crash (self);
    for (unsigned n = 0; n < WORKERS; n++)
        if (self->workers[n].up && chance (self, 1200))
            worker_crash (self, n);
}

static void
turn_all (world_t *self)
{
    titanic_turn (self);
    if (!self->broker && self->now >= self->broker_back_at)
        broker_up (self);
    keel_event_t tick = {.kind = KEEL_EVENT_TICK};
    if (self->broker && keel_majordomo_next_due (self->broker) <= self->now)
        broker_event (self, &tick);
    for (unsigned n = 0; n < CLIENTS; n++)
        client_turn (self, n);
    for (unsigned n = 0; n < WORKERS; n++)
        worker_turn (self, n);
    while (self->messages && self->messages->due <= self->now && !self->failure[0]) {
        message_t *message = self->messages;
        LL_DELETE (self->messages, message);
        arrive (self, message);
        free (message);
    }
}

/* ------------------------------------------------------------------ a run */

static void
begin (world_t *self, uint64_t seed, bool trace)
{
    char problem[STORE_PROBLEM];
    const store_config_t config = {.most = STORE_MOST, .services = 100};
    memset (self, 0, sizeof (*self));
    self->seed = seed;
    self->trace = trace;
    self->random.state = seed * 0x9e3779b97f4a7c15;
    self->restarts = seed % 3 != 0;
    self->window = (unsigned) between (self, 1, 4);
    self->task_most = (unsigned) between (self, 20, TASKS);
    self->store = store_open (&config, problem);
    self->actions = keel_actions_new (256);
    self->gathered_end = &self->gathered;
    store_seam = (store_seam_t){0};
    say (self, "seed %llu, window %u, %u tasks", (unsigned long long) seed, self->window, self->task_most);
    broker_up (self);
    titanic_up (self);
    for (unsigned n = 0; n < WORKERS; n++) {
        self->workers[n].service = n % SERVICES;
        self->workers[n].back_at = between (self, 0, 20000);
    }
}

static bool
all_done (const world_t *self)
{
    if (self->task_count < self->task_most)
        return false;
    for (unsigned n = 0; n < self->task_count; n++)
        if (self->tasks[n].state != TASK_DONE)
            return false;
    return true;
}

/*  When it is calm, everything must come to its end. */
static void
end (world_t *self)
{
    for (unsigned n = 0; n < self->task_count && !self->failure[0]; n++)
        if (self->tasks[n].state != TASK_DONE)
            violate (self, "task %u is still at %d when all has been calm for long", n, self->tasks[n].state);
    if (self->titanic)
        titanic_crash (self);
    if (self->broker)
        broker_crash (self);
    while (self->messages) {
        message_t *message = self->messages;
        LL_DELETE (self->messages, message);
        free (message);
    }
    store_close (&self->store);
    keel_actions_destroy (&self->actions);
}

bool
world_run (world_t *self, uint64_t seed, bool trace)
{
    begin (self, seed, trace);
    for (; !self->failure[0] && self->now < STORM_MS + CALM_MS; self->now++) {
        if (!self->calm && (self->now >= STORM_MS || all_done (self))) {
            say (self, "calm");
            self->calm = true;
            titanic_heal (self);
        }
        misfortune (self);
        turn_all (self);
        if (self->calm && all_done (self))
            break;
    }
    end (self);
    return !self->failure[0];
}
