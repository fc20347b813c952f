#include "backoff.h"

#include <assert.h>

backoff_t
backoff_make (int64_t first_ms, int64_t limit_ms)
{
    assert (first_ms > 0 && first_ms <= limit_ms);
    return (backoff_t){first_ms, limit_ms, first_ms};
}

int64_t
backoff_next (backoff_t *self, random_t *random)
{
    int64_t half = self->span_ms / 2;
    int64_t delay = half + (int64_t) random_below (random, (uint64_t) (self->span_ms - half + 1));
    self->span_ms = self->span_ms > self->limit_ms / 2 ? self->limit_ms : self->span_ms * 2;
    return delay;
}

void
backoff_reset (backoff_t *self)
{
    self->span_ms = self->first_ms;
}
