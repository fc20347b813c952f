/*  One seed: it is drawn, lived, healed, and judged. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    bool failed;
    char why[512];
    uint64_t steps; /* of brokers */
    uint64_t requests;
    uint64_t answered;
} verdict_of_run_t;

#define RUN_STEPS 3000

/*  pirates: in one of their worlds, not in Majordomo's. steps: of brokers, until all is healed. tracing: on stdout, the options
 *  first. */
verdict_of_run_t run_seed (uint64_t seed, bool pirates, uint64_t steps, bool tracing);

/*  Blocks of the allocator seam that are not given back. */
extern int64_t memory_live;

#endif
