/*  A generator seeded when the engine is made: splitmix64. For jitter and serial numbers, not for secrets. */
#ifndef KEEL_RANDOM_H
#define KEEL_RANDOM_H

#include <stdint.h>

typedef struct {
    uint64_t state;
} random_t;

static inline uint64_t
random_next (random_t *self)
{
    uint64_t mixed = self->state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

/*  0 <= number < bound; bound > 0. */
static inline uint64_t
random_below (random_t *self, uint64_t bound)
{
    return random_next (self) % bound;
}

#endif
