/*  What stands behind a keel_pirate_queue_t: for pirate_queue.c, and for tests that count everything. */
#ifndef KEEL_PIRATE_QUEUE_STATE_H
#define KEEL_PIRATE_QUEUE_STATE_H

#include "pirate_queue.h"

typedef struct {
#define X(name) uint64_t name;
    PIRATE_QUEUE_COUNTER_MAP (X)
#undef X
} pirate_queue_counters_t;

struct keel_pirate_queue {
    queue_t queue; /* first: the words are given it */
    pirate_t pirate;
    uint16_t frontends;
    size_t frames;
    pirate_queue_counters_t counters;
};

#endif
