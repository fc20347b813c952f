/*  The client class's descriptor: what makes it readable besides the sockets. */
#include "client_self.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

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
    const links_t *links = &self->links;
    int64_t due = keel_mdspread_next_due (self->engine);
    struct itimerspec spec = {0};
    if (self->alarm < 0)
        return;
    if (links->unread || !inbox_is_empty (&links->inbox) || inbox_is_short (&links->inbox))
        eventfd_write (self->alarm, 1);
    if (due != KEEL_NEVER) {
        due = due > 0 ? due : 1;
        spec.it_value = (struct timespec){.tv_sec = due / 1000, .tv_nsec = (long) (due % 1000) * 1000000};
    }
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}
