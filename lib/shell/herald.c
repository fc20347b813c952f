#include "herald.h"

#include "notify.h"

#include <string.h>

#define STATUS_MS 1000

void
herald_open (herald_t *self, herald_describe_fn *describe, const void *arg, int64_t now)
{
    *self = (herald_t){.describe = describe,
                       .arg = arg,
                       .heard = notify_heard (),
                       .watchdog_ms = notify_watchdog_ms (),
                       .alive_at = now,
                       .status_at = now};
}

static const char *
write_status (herald_t *self)
{
    text_t line = text_over (self->status, sizeof (self->status));
    self->describe (self->arg, &line);
    return self->status;
}

void
herald_ready (herald_t *self)
{
    notify_ready (write_status (self));
}

void
herald_stopping (herald_t *self)
{
    notify_stopping (write_status (self));
}

void
herald_stir (herald_t *self)
{
    self->stale = true;
}

static void
tell_status (herald_t *self)
{
    char before[HERALD_STATUS];
    memcpy (before, self->status, sizeof (before));
    if (strcmp (before, write_status (self)) != 0)
        notify_status ("%s", self->status);
    self->stale = false;
}

void
herald_turn (herald_t *self, int64_t now, uint64_t steps)
{
    self->stale |= self->steps != steps;
    if (self->heard && self->stale && now - self->status_at >= STATUS_MS) {
        self->status_at = now;
        self->steps = steps;
        tell_status (self);
    }
    if (self->watchdog_ms && now - self->alive_at >= self->watchdog_ms) {
        self->alive_at = now;
        notify_alive ();
    }
}

int64_t
herald_patience (const herald_t *self, int64_t now)
{
    int64_t life = self->watchdog_ms ? self->alive_at + self->watchdog_ms - now : -1;
    int64_t status = self->heard && self->stale ? self->status_at + STATUS_MS - now : -1;
    return life < 0 || (status >= 0 && status < life) ? status : life;
}
