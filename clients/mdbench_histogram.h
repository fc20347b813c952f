/*  How often each duration was seen: buckets that grow with their value, so that any of them is known to 1 in 128, from a
 *  nanosecond to centuries, in fixed space and a few instructions. */
#ifndef MDBENCH_HISTOGRAM_H
#define MDBENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/*  Buckets for each power of two: 1 << HISTOGRAM_BITS. */
#define HISTOGRAM_BITS    7
#define HISTOGRAM_BUCKETS ((size_t) (65 - HISTOGRAM_BITS) << HISTOGRAM_BITS)

typedef struct {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t greatest;
    uint64_t sum;
} histogram_t;

void histogram_add (histogram_t *self, uint64_t value);
/*  The value that so many of a thousand do not exceed, rounded up to its bucket's end; 0 when there is none. */
uint64_t histogram_permille (const histogram_t *self, unsigned permille);
double histogram_mean (const histogram_t *self);

#endif
