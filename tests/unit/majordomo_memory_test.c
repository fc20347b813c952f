/*  DESIGN.md: no allocation in steady state; what is refused for want of memory is refused alone, and nothing leaks.
 *  Under AddressSanitizer a pool does not pool, so there the first part says nothing. */
#include "trace.h"

#define ROUNDS 10000

typedef void (round_t) (trace_t *trace);

static void
answer_latest (trace_t *trace, const char *worker, size_t back)
{
    tell (trace, "%s FINAL #%zu done", worker, trace_tokens (trace) - back);
}

static void
ask_and_answer (trace_t *trace)
{
    tell (trace, "c1 REQUEST echo hello");
    answer_latest (trace, "w1", 0);
}

/*  One is served, two wait, of two clients, and then nothing waits: whatever is made for waiting goes each time. */
static void
ask_more_than_there_are_workers (trace_t *trace)
{
    tell (trace, "c1 REQUEST echo one");
    tell (trace, "c1 REQUEST echo two");
    tell (trace, "c2 REQUEST echo three");
    for (unsigned n = 0; n < 3; n++)
        answer_latest (trace, "w1", 0);
}

static void
partials_held (trace_t *trace)
{
    tell (trace, "c1 REQUEST parts hello");
    tell (trace, "w2 PARTIAL #%zu one", trace_tokens (trace));
    tell (trace, "w2 PARTIAL #%zu two", trace_tokens (trace));
    answer_latest (trace, "w2", 0);
}

static void
ask_mmi (trace_t *trace)
{
    tell (trace, "c1 REQUEST mmi.service echo");
    tell (trace, "c1 REQUEST mmi.workers x");
}

static void
workers_come_and_go (trace_t *trace)
{
    tell (trace, "c1 REQUEST echo hello");
    tell (trace, "w3 READY echo");
    tell (trace, "w1 DISCONNECT");
    tell (trace, "w3 DISCONNECT");
    tell (trace, "w1 READY echo");
    answer_latest (trace, "w1", 0);
}

static void
nothing_is_allocated (trace_t *trace, round_t *play)
{
    trace_config (trace)->dispatch.max_attempts = 0;
    peer (trace, "w2", WORKER_2);
    tell (trace, "w1 READY echo");
    tell (trace, "w2 READY parts");
    trace_mute (trace);
    for (unsigned n = 0; n < 100; n++)
        play (trace);
    uint64_t calls = memory_seam.calls;
    for (unsigned n = 0; n < ROUNDS; n++)
        play (trace);
    if (POOL_POOLS)
        assert_int_equal (memory_seam.calls, calls);
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
requests_in_parts (void **state)
{
    nothing_is_allocated (*state, partials_held);
}

static void
requests_for_mmi (void **state)
{
    nothing_is_allocated (*state, ask_mmi);
}

static void
workers (void **state)
{
    nothing_is_allocated (*state, workers_come_and_go);
}

/*  Ever new clients take no more memory once as many idle ones are kept as are to be, and their table has grown for the
 *  longest chains that chance gives it. */
static void
clients_of_one_request (void **state)
{
    tell (*state, "w1 READY echo");
    trace_mute (*state);
    uint64_t calls = 0;
    for (unsigned n = 0; n < 12 * 4096; n++) {
        if (n == 10 * 4096)
            calls = memory_seam.calls;
        trace_rename (*state, "c1", 10000 + n);
        tell (*state, "c1 REQUEST echo hello");
        answer_latest (*state, "w1", 0);
    }
    if (POOL_POOLS)
        assert_int_equal (memory_seam.calls, calls);
    assert_in_range (keel_majordomo_gauges (trace_engine (*state)).clients, 4096, 4097);
}

/*  ... also after so many have been there at once. */
static void
a_burst_of_clients (void **state)
{
    trace_mute (*state);
    for (unsigned n = 0; n < 3 * 4096; n++) {
        trace_rename (*state, "c1", 10000 + n);
        tell (*state, "c1 REQUEST echo hello");
    }
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).clients, 3 * 4096);
    pass (*state, 60000);
    tell (*state, "w1 HEARTBEAT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).clients, 4096);
}

/* ------------------------------------------------------------------ allocations that fail */

/*  All that allocates: workers, services, clients, requests of all sizes, flows, deadlines, PARTIALs, a report. */
static void
play_story (trace_t *trace)
{
    for (unsigned n = 0; n < 3; n++) {
        tell (trace, "w1 READY echo 2");
        tell (trace, "w2 READY parts");
        for (unsigned client = 1; client <= 3; client++)
            for (unsigned m = 0; m < 3; m++)
                tell (trace, "c%u REQUEST echo %0*u", client, 1 + (int) (n * client * m) * 150, n);
        tell (trace, "c4 REQUEST parts %u", n);
        tell (trace, "w2 PARTIAL #%zu part", trace_tokens (trace));
        tell (trace, "w2 FINAL #%zu rest", trace_tokens (trace));
        tell (trace, "c5 REQUEST nobody%u home", n);
        tell (trace, "c6 REQUEST mmi.services x");
        tell (trace, "w1 DISCONNECT");
        tell (trace, "w2 DISCONNECT");
    }
}

/*  The engine lives on: it serves as if nothing had been, and gives back all that it took. */
static void
check_it_lives (trace_t *trace)
{
    memory_seam.fail_at = memory_seam.fail_all = 0;
    pass (trace, 60000);
    tell (trace, "w7 READY alive");
    tell (trace, "c7 REQUEST alive hello");
    tell (trace, "w7 FINAL #%zu hello", trace_tokens (trace));
    tell (trace, "w7 DISCONNECT");
    tell (trace, "w7 DISCONNECT");
    dispatch_gauges_t gauges = keel_majordomo_gauges (trace_engine (trace));
    assert_int_equal (gauges.bytes, 0);
    assert_int_equal (gauges.services + gauges.workers + gauges.waiting + gauges.held, 0);
    assert_true (keel_majordomo_counters (trace_engine (trace))->answered > 0);
}

/*  True: that many allocations were not made. */
static bool
survives (uint64_t skip, bool all)
{
    void *state;
    assert_int_equal (trace_setup (&state), 0);
    peer (state, "w2", WORKER_2);
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
each_allocation_fails_once (void **state)
{
    (void) state;
    uint64_t skip = 1;
    while (!survives (skip, false))
        skip++;
    assert_true (skip > 15);
}

static void
all_allocations_fail_from_one_on (void **state)
{
    (void) state;
    uint64_t skip = 1;
    while (!survives (skip, true))
        skip++;
    assert_true (skip > 15);
}

static void
no_memory_to_begin_with (void **state)
{
    (void) state;
    keel_majordomo_config_t config = KEEL_MAJORDOMO_CONFIG_DEFAULT;
    keel_majordomo_t *engine = NULL;
    for (uint64_t n = 1; !engine; n++) {
        memory_seam = (memory_seam_t){.fail_at = n};
        engine = keel_majordomo_new (&config, 1);
        assert_true (engine || n < 10);
    }
    assert_true (memory_seam.calls >= 4);
    keel_majordomo_destroy (&engine);
    keel_majordomo_destroy (&engine);
}

/*  What is refused so is said to those who asked, and to workers. */
static void
refused_for_want_of_memory (void **state)
{
    peer (*state, "c1", ASKING);
    trace_engine (*state);
    memory_seam.fail_all = 1;
    tell (*state, "c1 REQUEST echo hello");
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST mmi.stats x");
    TRACE (*state, "[   0] c1@1 > REQUEST echo hello",
                   "[   0] broker ! request refused code=503 service=echo client=6331",
                   "[   0] broker > c1@1 FINAL mmi.error 503 'queue full or draining' echo",
                   "[   0] w1 > READY echo",
                   "[   0] broker ! READY refused service=echo worker=7731",
                   "[   0] broker > w1 DISCONNECT",
                   "[   0] c1@2 > REQUEST mmi.stats x",
                   "[   0] broker > c1@2 FINAL mmi.stats 503");
    memory_seam.fail_all = 0;
    assert_int_equal (trace_figure (*state, "refused_memory"), 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (requests),
        T (requests_that_wait),
        T (requests_in_parts),
        T (requests_for_mmi),
        T (workers),
        T (clients_of_one_request),
        T (a_burst_of_clients),
        T (each_allocation_fails_once),
        T (all_allocations_fail_from_one_on),
        T (no_memory_to_begin_with),
        T (refused_for_want_of_memory),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
