/*  A fuzzer's input as a stream of events into the engine of a queue. After every step: requests add up, limits hold, actions
 *  can be read, and time that is due makes progress. At the end everything drains.
 *
 *      const stream_kind_t kind = {.step = ..., ...};
 *      stream_run (&kind, engine, data, size);
 */
#ifndef FUZZ_STREAM_H
#define FUZZ_STREAM_H

#include "dispatch.h"
#include "event.h"

/*  The limits that keep a run small; STREAM_WORKERS and STREAM_SERVICES are checked after each step. */
#define STREAM_WORKERS  3
#define STREAM_SERVICES 4

typedef struct {
    int (*step) (void *engine, const keel_event_t *event, keel_actions_t *out);
    int64_t (*next_due) (const void *engine);
    bool (*drained) (const void *engine);
    dispatch_gauges_t (*gauges) (const void *engine);
    const dispatch_counters_t *(*counters) (const void *engine);
} stream_kind_t;

/*  `kind`, of the functions of an engine. */
#define STREAM_CALLS(prefix)                                                                                           \
    static int step (void *engine, const keel_event_t *event, keel_actions_t *out)                                     \
    {                                                                                                                  \
        return prefix##_step (engine, event, out);                                                                     \
    }                                                                                                                  \
    static int64_t next_due (const void *engine)                                                                       \
    {                                                                                                                  \
        return prefix##_next_due (engine);                                                                             \
    }                                                                                                                  \
    static bool drained (const void *engine)                                                                           \
    {                                                                                                                  \
        return prefix##_drained (engine);                                                                              \
    }                                                                                                                  \
    static dispatch_gauges_t gauges (const void *engine)                                                               \
    {                                                                                                                  \
        return prefix##_gauges (engine);                                                                               \
    }                                                                                                                  \
    static const dispatch_counters_t *counters (const void *engine)                                                    \
    {                                                                                                                  \
        return prefix##_counters (engine);                                                                             \
    }                                                                                                                  \
    static const stream_kind_t kind = {step, next_due, drained, gauges, counters}

/*  Sets those limits, and short times. */
void stream_limits (dispatch_config_t *config);
void stream_run (const stream_kind_t *kind, void *engine, const uint8_t *data, size_t size);

#endif
