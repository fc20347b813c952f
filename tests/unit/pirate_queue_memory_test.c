/*  No allocation in steady state; what is refused for want of memory is refused alone, and nothing leaks. Under
 *  AddressSanitizer a pool does not pool, so there the first part says nothing. */
#include "trace.h"

#define ROUNDS 5000

typedef void (round_t) (trace_t *trace);

static void
answer_latest (trace_t *trace, const char *worker)
{
    tell (trace, "%s ANSWER #%zu done", worker, trace_tokens (trace));
}

static void
ask_and_answer (trace_t *trace)
{
    tell (trace, "c1 REQUEST hello");
    answer_latest (trace, "w1");
}

/*  One is served, two wait, of two clients, and then nothing waits: whatever is made for waiting goes each time. */
static void
ask_more_than_there_are_workers (trace_t *trace)
{
    tell (trace, "c1 REQUEST one");
    tell (trace, "c1 REQUEST two");
    tell (trace, "c2 REQUEST three");
    for (unsigned n = 0; n < 3; n++)
        answer_latest (trace, "w1");
}

static void
workers_come_and_go (trace_t *trace)
{
    tell (trace, "c1 REQUEST hello");
    tell (trace, "w1 READY");
    answer_latest (trace, "w1");
    trace_fate (trace, "w1", UNREACHABLE);
    tell (trace, "c1 REQUEST hello");
    trace_fate (trace, "w1", REACHED);
    tell (trace, "w1 READY");
    answer_latest (trace, "w1");
}

static void
time_goes_by (trace_t *trace)
{
    tell (trace, "c1 REQUEST one");
    tell (trace, "c1 REQUEST two");
    pass (trace, 1000);
    tell (trace, "w1 READY");
    tell (trace, "w1 HEARTBEAT");
    answer_latest (trace, "w1");
    answer_latest (trace, "w1");
    tell (trace, "DISCONNECTED:1");
}

/*  Beside a worker that stays busy: tables that become empty are given back. */
static void
nothing_is_allocated (trace_t *trace, round_t *play)
{
    trace_pirate_config (trace)->dispatch.max_attempts = 0;
    trace_pirate_config (trace)->dispatch.heartbeat.busy_timeout_ms = INT64_MAX / 8;
    tell (trace, "w9 READY");
    tell (trace, "c9 REQUEST hello");
    tell (trace, "w1 READY");
    trace_mute (trace);
    for (unsigned n = 0; n < 100; n++)
        play (trace);
    uint64_t calls = memory_seam.calls;
    for (unsigned n = 0; n < ROUNDS; n++)
        play (trace);
    if (POOL_POOLS)
        assert_int_equal (memory_seam.calls, calls);
    assert_true (trace_tally (trace).finals >= ROUNDS);
}

static void
requests (void **state)
{
    nothing_is_allocated (*state, ask_and_answer);
}

static void
requests_that_wait (void **state)
{
    nothing_is_allocated (*state, ask_more_than_there_are_workers);
}

static void
workers (void **state)
{
    nothing_is_allocated (*state, workers_come_and_go);
}

static void
time_and_heartbeats (void **state)
{
    nothing_is_allocated (*state, time_goes_by);
}

/* ------------------------------------------------------------------ allocations that fail */

/*  All that allocates: workers, the service, clients, requests of all sizes, flows, deadlines, a report. */
static void
play_story (trace_t *trace)
{
    for (unsigned n = 0; n < 3; n++) {
        for (unsigned worker = 1; worker <= 3; worker++)
            tell (trace, "w%u READY", worker);
        for (unsigned client = 1; client <= 3; client++)
            for (unsigned m = 0; m < 3; m++)
                tell (trace, "c%u REQUEST %0*u", client, 1 + (int) (n * client * m) * 150, n);
        for (unsigned answer = 0; answer < 3; answer++)
            for (unsigned worker = 1; worker <= 3; worker++)
                if (trace_tokens (trace) > answer)
                    tell (trace, "w%u ANSWER #%zu done", worker, trace_tokens (trace) - answer);
        keel_pirate_queue_stats (trace_engine (trace), trace_now (trace));
    }
    pass (trace, 60000);
}

/*  The engine lives on: it serves as if nothing had been, and gives back all that it took. */
static void
check_it_lives (trace_t *trace)
{
    memory_seam.fail_at = memory_seam.fail_all = 0;
    pass (trace, 240000);
    uint64_t answered = trace_figure (trace, "answered");
    tell (trace, "w7 READY");
    tell (trace, "c7 REQUEST hello");
    answer_latest (trace, "w7");
    for (unsigned worker = 1; worker <= 3; worker++) /* Simple: idle ones are there still, and before w7 */
        tell (trace, "w%u ANSWER #%zu done", worker, trace_tokens (trace));
    tell (trace, "w7 READY"); /* what ended in a step is given back in the next */
    assert_int_equal (trace_figure (trace, "answered"), answered + 1);
    assert_int_equal (trace_gauges (trace).bytes, 0);
    assert_int_equal (trace_gauges (trace).waiting + trace_gauges (trace).held, 0);
}

/*  True: that many allocations were not made. */
static bool
survives (int (*setup) (void **state), uint64_t skip, bool all)
{
    void *state;
    assert_int_equal (setup (&state), 0);
    trace_mute (state);
    trace_engine (state);
    uint64_t fail = memory_seam.calls + skip;
    memory_seam.fail_at = fail;
    memory_seam.fail_all = all ? fail : 0;
    play_story (state);
    bool done = memory_seam.calls < fail;
    check_it_lives (state);
    assert_int_equal (trace_teardown (&state), 0);
    return done;
}

static void
each_allocation_fails (void **state)
{
    (void) state;
    for (unsigned dialect = 0; dialect < 2; dialect++)
        for (unsigned all = 0; all < 2; all++) {
            uint64_t skip = 1;
            while (!survives (dialect ? trace_setup_paranoid : trace_setup_simple, skip, all))
                skip++;
            assert_true (skip > 10);
        }
}

static void
no_memory_to_begin_with (void **state)
{
    keel_pirate_queue_config_t config = *trace_pirate_config (*state);
    keel_pirate_queue_t *engine = NULL;
    for (uint64_t n = 1; !engine; n++) {
        memory_seam = (memory_seam_t){.fail_at = n};
        engine = keel_pirate_queue_new (&config, 1);
        assert_true (engine || n < 10);
    }
    assert_true (memory_seam.calls >= 4);
    keel_pirate_queue_destroy (&engine);
    keel_pirate_queue_destroy (&engine);
}

static void
refused_for_want_of_memory (void **state)
{
    trace_engine (*state);
    memory_seam.fail_all = 1;
    tell (*state, "c1 REQUEST hello");
    tell (*state, "w1 READY");
    assert_string_equal (keel_pirate_queue_stats (trace_engine (*state), 0), "{}");
    TRACE (*state, "[   0] c1 > REQUEST hello",
                   "[   0] broker ! request refused code=503 service=workers client=6331",
                   "[   0] w1 > READY",
                   "[   0] broker ! READY refused worker=7731");
    memory_seam.fail_all = 0;
    assert_int_equal (trace_figure (*state, "refused_memory"), 1);
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (requests),
        PARANOID (requests),
        SIMPLE (requests_that_wait),
        PARANOID (requests_that_wait),
        SIMPLE (workers),
        PARANOID (workers),
        PARANOID (time_and_heartbeats),
        SIMPLE (each_allocation_fails),
        SIMPLE (no_memory_to_begin_with),
        SIMPLE (refused_for_want_of_memory),
        PARANOID (refused_for_want_of_memory),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
