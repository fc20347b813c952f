/*  How long things took, counted by powers of two: cheap to count, and what was added between two looks says how the last
 *  while was. */
#ifndef KEEL_DELAYS_H
#define KEEL_DELAYS_H

#include "text.h"

/*  Bucket 0 is for less than 1 usec, bucket n for less than 2^n; the last one, from 67 s on, is open. */
#define DELAYS_BUCKETS 28

typedef struct {
    uint64_t counts[DELAYS_BUCKETS];
} delays_t;

/*  us: 0 or more. */
static inline void
delays_add (delays_t *self, int64_t us)
{
    unsigned bucket = us ? 64 - (unsigned) __builtin_clzll ((uint64_t) us) : 0;
    self->counts[bucket < DELAYS_BUCKETS ? bucket : DELAYS_BUCKETS - 1]++;
}

uint64_t delays_total (const delays_t *self);
/*  Adds an object of the buckets that are not empty: "bound":count, less than so many usec. The open one has the bound of its
 *  place, too. */
void delays_report (const delays_t *self, text_t *json, const char *key);

#endif
