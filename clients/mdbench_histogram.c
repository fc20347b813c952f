#include "mdbench_histogram.h"

#define SPLIT ((uint64_t) 1 << HISTOGRAM_BITS)

/*  Below SPLIT a bucket a value; above, the highest HISTOGRAM_BITS + 1 bits choose. */
static size_t
bucket_of (uint64_t value)
{
    if (value < SPLIT)
        return value;
    unsigned shift = 63 - (unsigned) __builtin_clzll (value) - HISTOGRAM_BITS;
    return ((size_t) shift << HISTOGRAM_BITS) + (value >> shift);
}

static uint64_t
end_of (size_t bucket)
{
    if (bucket < 2 * SPLIT)
        return bucket;
    unsigned shift = (unsigned) (bucket >> HISTOGRAM_BITS) - 1;
    return ((bucket - ((uint64_t) shift << HISTOGRAM_BITS) + 1) << shift) - 1;
}

void
histogram_add (histogram_t *self, uint64_t value)
{
    self->counts[bucket_of (value)]++;
    self->total++;
    self->sum += value;
    if (value > self->greatest)
        self->greatest = value;
}

uint64_t
histogram_permille (const histogram_t *self, unsigned permille)
{
    const uint64_t rank = (self->total * permille + 999) / 1000;
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += self->counts[bucket];
        if (seen && seen >= rank)
            return end_of (bucket) < self->greatest ? end_of (bucket) : self->greatest;
    }
    return 0;
}

double
histogram_mean (const histogram_t *self)
{
    return self->total ? (double) self->sum / (double) self->total : 0;
}
