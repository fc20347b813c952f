/*  Exponential back-off with jitter: each delay is drawn from the upper half of a span that doubles up to a limit. */
#ifndef KEEL_BACKOFF_H
#define KEEL_BACKOFF_H

#include "random.h"

typedef struct {
    int64_t first_ms;
    int64_t limit_ms;
    int64_t span_ms; /* the next delay's upper end */
} backoff_t;

/*  0 < first_ms <= limit_ms */
backoff_t backoff_make (int64_t first_ms, int64_t limit_ms);
/*  The next delay, msec: span/2 .. span. The span doubles. */
int64_t backoff_next (backoff_t *self, random_t *random);
/*  After a success: starts over. */
void backoff_reset (backoff_t *self);

#endif
