/*  A worker's engine on a virtual clock, and a broker or queue whose lines the test speaks. What the engine does is told as
 *  lines of text, with the time before each: the number is the endpoint's.
 *
 *      [    0] 0 connect
 *      [    0] 0 < - MDPW01 1 echo              a SEND; "-" an empty frame, bytes below space as numbers
 *      [   10] request body
 *      [   20] 0 close, linger
 */
#ifndef KEEL_WORKER_BENCH_H
#define KEEL_WORKER_BENCH_H

#include "unit.h"

#include "worker.h"

typedef struct {
    worker_engine_t *engine;
    keel_actions_t *actions;
    int64_t now;
    uint64_t last; /* id of the last request delivered */
    char trace[8192];
    size_t size;
} bench_t;

enum { PART = false, LAST = true };

extern const char *const endpoints[3];

void open_bench (bench_t *self, const worker_engine_config_t *config);
void close_bench (bench_t *self);

/*  Events, at the time that it is. */
void step (bench_t *self, keel_event_t event);
void plain (bench_t *self, keel_event_kind_t kind, uint16_t endpoint);
void hear_frames (bench_t *self, uint16_t endpoint, const span_t frames[], size_t count);
#define HEAR(self, endpoint, ...)                                                                                      \
    hear_frames (self, endpoint, (span_t[]){__VA_ARGS__}, sizeof ((span_t[]){__VA_ARGS__}) / sizeof (span_t))

/*  The engine's functions of these names. */
bool answer (bench_t *self, uint64_t id, bool last, const char *text);
bool fail_request (bench_t *self, uint64_t id);
uint64_t counter (const bench_t *self, worker_engine_counter_t which);

/*  Lets time pass up to then; ticks come when they are due. */
void run_to (bench_t *self, int64_t then);
/*  Checks when it is due next, and goes there, without a tick. */
void due_within (bench_t *self, int64_t from, int64_t to);

/*  Compares all lines since the last time, and forgets them. */
void assert_trace (bench_t *self, const char *expected);
void forget_trace (bench_t *self);
void carry_out (bench_t *self);

#endif
