#include "links.h"

#include "clock.h"
#include "endpoint.h"

#include <errno.h>
#include <sys/random.h>

#define ACTIONS 64
#define BATCH   1000 /* messages read before the time is looked at again */

/* ------------------------------------------------------------------ life */

/*  Splits the list; false with errno. */
static bool
add_places (links_t *self, const char *endpoints)
{
    size_t most = 1;
    for (const char *at = endpoints; *at; at++)
        most += *at == ',';
    self->places = calloc (most, sizeof (place_t));
    if (!self->places || most > UINT16_MAX)
        return false;
    for (const char *at = endpoints; at; at = strchr (at, ',') ? strchr (at, ',') + 1 : NULL) {
        char *name = strndup (at, strcspn (at, ","));
        if (!name)
            return false;
        self->places[self->place_count++] = (place_t){name, LINKS_CLOSED};
        if (endpoint_check (name, ENDPOINT_CONNECT)) {
            errno = EINVAL;
            return false;
        }
    }
    return true;
}

bool
links_open (links_t *self, const char *endpoints)
{
    *self = (links_t){0};
    errno = EINVAL;
    if (!endpoints)
        return false;
    errno = ENOMEM;
    if (!add_places (self, endpoints))
        return false;
    self->actions = keel_actions_new (ACTIONS);
    self->port = port_new (&PORT_CONFIG_DEFAULT);
    return self->actions && self->port;
}

void
links_run (links_t *self, void *engine, loop_step_fn *step, loop_due_fn *next_due)
{
    self->engine = engine;
    self->step = step;
    self->next_due = next_due;
}

void
links_clear (links_t *self)
{
    keel_actions_destroy (&self->actions);
    port_destroy (&self->port);
    inbox_clear (&self->inbox);
    for (uint16_t n = 0; n < self->place_count; n++)
        free (self->places[n].name);
    free (self->places);
    *self = (links_t){0};
}

bool
links_seed (uint64_t *seed)
{
    return getrandom (seed, sizeof (*seed), 0) == sizeof (*seed);
}

/* ------------------------------------------------------------------ actions and events */

static void
carry_out (links_t *self, const keel_action_t *action)
{
    place_t *place = &self->places[action->listener];
    keel_action_t send = *action;
    uint16_t link;
    switch (action->kind) {
    case KEEL_ACTION_CONNECT:
        /* A failure (no descriptors left) looks like a silent peer: the engine comes back to it. */
        place->link = port_connect (self->port, place->name, &link) == 0 ? link : LINKS_CLOSED;
        break;
    case KEEL_ACTION_CLOSE:
        if (place->link != LINKS_CLOSED)
            port_close (self->port, (uint16_t) place->link, action->linger);
        place->link = LINKS_CLOSED;
        break;
    case KEEL_ACTION_SEND:
        if (place->link == LINKS_CLOSED)
            break;
        send.listener = (uint16_t) place->link;
        port_send (self->port, &send);
        self->unread = true;
        break;
    case KEEL_ACTION_DELIVER:
        inbox_add (&self->inbox, action);
        break;
    default:
        break;
    }
}

static void
step (links_t *self, keel_event_t *event)
{
    event->now = clock_now_ms ();
    keel_actions_clear (self->actions);
    self->step (self->engine, event, self->actions);
    for (size_t n = 0; n < self->actions->count; n++)
        carry_out (self, &self->actions->items[n]);
}

void
links_work (links_t *self)
{
    while (self->next_due (self->engine) <= clock_now_ms ())
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK});
}

/*  The port's number of a link becomes the engine's; false: that link was closed. */
static bool
name_place (const links_t *self, keel_event_t *event)
{
    for (uint16_t n = 0; n < self->place_count; n++)
        if (self->places[n].link == event->peer.listener) {
            event->peer.listener = n;
            return true;
        }
    return false;
}

bool
links_pump (links_t *self)
{
    keel_event_t event;
    self->unread = true;
    for (int n = 0; n < BATCH; n++) {
        if (!inbox_is_empty (&self->inbox))
            return true;
        if (!port_receive (self->port, &event)) {
            self->unread = false;
            links_work (self);
            return true;
        }
        if (name_place (self, &event))
            step (self, &event);
    }
    return false;
}

int
links_await (links_t *self, int64_t deadline)
{
    port_wait (self->port, 0);
    for (;;) {
        bool all = links_pump (self);
        if (inbox_is_short (&self->inbox))
            return KEEL_E_MEMORY;
        if (!inbox_is_empty (&self->inbox))
            return 0;
        int64_t due = self->next_due (self->engine), now = clock_now_ms ();
        if (due == KEEL_NEVER)
            return KEEL_E_STATE;
        if (now >= deadline)
            return KEEL_E_TIMEOUT;
        if (!all)
            continue;
        due = due < deadline ? due : deadline;
        errno = 0;
        port_wait (self->port, due > now ? due - now : 0);
        if (errno == EINTR)
            return KEEL_E_INTERRUPTED;
    }
}

span_t *
links_frames (zmsg_t *message, size_t *count)
{
    size_t size = message ? zmsg_size (message) : 0;
    span_t *spans = size ? malloc (size * sizeof (span_t)) : NULL;
    *count = size;
    if (!spans)
        return NULL;
    size_t at = 0;
    for (zframe_t *frame = zmsg_first (message); frame; frame = zmsg_next (message))
        spans[at++] = span_make (zframe_data (frame), zframe_size (frame));
    return spans;
}
