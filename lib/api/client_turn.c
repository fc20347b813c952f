/*  How the client class runs its engine: actions are carried out, time is told, what is delivered waits in the inbox.
 *
 *  The inbox is bounded by not reading: once it has something, no message is read until that was taken.
 */
#include "client_self.h"

#include "clock.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define BATCH 1000 /* messages read before the time is looked at again */

/* ------------------------------------------------------------------ actions and events */

static void
carry_out (keel_client_t *self, const keel_action_t *action)
{
    place_t *place = &self->places[action->listener];
    keel_action_t send = *action;
    uint16_t link;
    switch (action->kind) {
    case KEEL_ACTION_CONNECT:
        /* A failure (no descriptors left) looks like a silent broker: the engine comes back to it. */
        place->link = port_connect (self->port, place->name, &link) == 0 ? link : NO_LINK;
        break;
    case KEEL_ACTION_CLOSE:
        if (place->link != NO_LINK)
            port_close (self->port, (uint16_t) place->link, action->linger);
        place->link = NO_LINK;
        break;
    case KEEL_ACTION_SEND:
        if (place->link == NO_LINK)
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
step (keel_client_t *self, keel_event_t *event)
{
    event->now = clock_now_ms ();
    keel_actions_clear (self->actions);
    keel_mdclient_step (self->engine, event, self->actions);
    for (size_t n = 0; n < self->actions->count; n++)
        carry_out (self, &self->actions->items[n]);
}

void
client_work (keel_client_t *self)
{
    while (keel_mdclient_next_due (self->engine) <= clock_now_ms ())
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK});
}

/*  The port's number of a link becomes the engine's; false: that link was closed. */
static bool
name_place (const keel_client_t *self, keel_event_t *event)
{
    for (uint16_t n = 0; n < self->place_count; n++)
        if (self->places[n].link == event->peer.listener) {
            event->peer.listener = n;
            return true;
        }
    return false;
}

/*  Reads and works until there is a result or nothing more to do. False: a batch was not enough. */
static bool
pump (keel_client_t *self)
{
    keel_event_t event;
    self->unread = true;
    for (int n = 0; n < BATCH; n++) {
        if (!inbox_is_empty (&self->inbox))
            return true;
        if (!port_receive (self->port, &event)) {
            self->unread = false;
            client_work (self);
            return true;
        }
        if (name_place (self, &event))
            step (self, &event);
    }
    return false;
}

int
client_await (keel_client_t *self, int64_t deadline)
{
    port_wait (self->port, 0);
    for (;;) {
        bool all = pump (self);
        if (inbox_is_short (&self->inbox))
            return KEEL_E_MEMORY;
        if (!inbox_is_empty (&self->inbox))
            return 0;
        if (keel_mdclient_outstanding (self->engine) == 0)
            return KEEL_E_STATE;
        int64_t due = keel_mdclient_next_due (self->engine), now = clock_now_ms ();
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

/* ------------------------------------------------------------------ the descriptor */

void
client_quiet_alarm (keel_client_t *self)
{
    uint64_t count;
    if (self->alarm < 0)
        return;
    if (read (self->alarm, &count, sizeof (count)) < 0)
        errno = 0; /* it was not raised */
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &(struct itimerspec){0}, NULL);
}

void
client_set_alarm (keel_client_t *self)
{
    int64_t due = keel_mdclient_next_due (self->engine);
    struct itimerspec spec = {0};
    if (self->alarm < 0)
        return;
    if (self->unread || !inbox_is_empty (&self->inbox) || inbox_is_short (&self->inbox))
        eventfd_write (self->alarm, 1);
    if (due != KEEL_NEVER) {
        due = due > 0 ? due : 1;
        spec.it_value = (struct timespec){.tv_sec = due / 1000, .tv_nsec = (long) (due % 1000) * 1000000};
    }
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}
