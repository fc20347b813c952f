/*  What peers can make the queue keep is bounded; what is refused is counted, and said in the log once a second. */
#include "trace.h"

static dispatch_config_t *
limits (void **state)
{
    return &trace_pirate_config (*state)->dispatch;
}

static void
queued (void **state)
{
    limits (state)->queued = 3;
    tell (*state, "w1 READY");
    for (unsigned n = 1; n <= 5; n++)
        tell (*state, "c%u REQUEST a", n);
    assert_int_equal (trace_figure (*state, "refused_queue"), 2);
    assert_int_equal (trace_gauges (*state).waiting, 2);
    trace_skip (*state);
    tell (*state, "w1 ANSWER #1 A");
    tell (*state, "c4 REQUEST again");
    TRACE (*state, "[   0] w1 > ANSWER #1 A",
                   "[   0] broker > c1 ANSWER A",
                   "[   0] broker > w1 REQUEST #2 a",
                   "[   0] c4 > REQUEST again");
    assert_int_equal (trace_gauges (*state).waiting, 2);
}

static void
queued_bytes (void **state)
{
    limits (state)->queued_bytes = 16384;
    trace_mute (*state);
    for (unsigned n = 0; n < 100; n++)
        tell (*state, "c1 REQUEST %01000u", n);
    assert_in_range (trace_gauges (*state).bytes, 12000, 16384);
    assert_int_equal (trace_figure (*state, "accepted") + trace_figure (*state, "refused_queue"), 100);
    pass (*state, 60000);
    tell (*state, "w1 READY"); /* what ended in a step is given back in the next */
    assert_int_equal (trace_gauges (*state).bytes, 0);
}

static void
outstanding (void **state)
{
    limits (state)->outstanding = 2;
    tell (*state, "w1 READY");
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c1 REQUEST %u", n);
    tell (*state, "c2 REQUEST a");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] c1 > REQUEST 1",
                   "[   0] broker > w1 REQUEST #1 1",
                   "[   0] c1 > REQUEST 2",
                   "[   0] c1 > REQUEST 3",
                   "[   0] broker ! request refused code=429 service=workers client=6331",
                   "[   0] c2 > REQUEST a");
    assert_int_equal (trace_figure (*state, "refused_outstanding"), 1);
    tell (*state, "w1 ANSWER #1 A");
    tell (*state, "c1 REQUEST 4");
    assert_int_equal (trace_figure (*state, "refused"), 1);
}

static void
workers (void **state)
{
    limits (state)->workers = 2;
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "w%u READY", n);
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] w2 > READY",
                   "[   0] w3 > READY",
                   "[   0] broker ! READY refused worker=7733");
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
    assert_int_equal (trace_figure (*state, "workers_refused"), 1);
    tell (*state, "w1 READY"); /* who is there already has its place */
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
    assert_int_equal (trace_gauges (*state).workers, 2);
}

/*  Frames of a body; the envelope's are not counted. */
static void
frames (void **state)
{
    trace_pirate_config (*state)->frames = 3;
    peer (*state, "c1", PROXIED (8));
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST 1 2 3 4");
    tell (*state, "c1 REQUEST 1 2 3");
    tell (*state, "w1 ANSWER #1 1 2 3");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] c1 > REQUEST 1 2 3 4",
                   "[   0] broker ! malformed message dropped reason=frames",
                   "[   0] c1 > REQUEST 1 2 3",
                   "[   0] broker > w1 REQUEST #1 1 2 3",
                   "[   0] w1 > ANSWER #1 1 2 3",
                   "[   0] broker > c1 ANSWER 1 2 3");
}

/*  What the port left out is not known; a client's message is dropped ... */
static void
a_request_that_comes_cut (void **state)
{
    tell (*state, "w1 READY");
    tell_cut (*state, "c1 REQUEST 1 2 3");
    assert_int_equal (trace_figure (*state, "frames"), 1);
    assert_int_equal (trace_figure (*state, "accepted"), 0);
}

/*  ... and a worker's answer would be as long the next time: the request fails, and the worker goes on. */
static void
an_answer_of_too_many_frames (void **state)
{
    trace_pirate_config (*state)->frames = 3;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "c1 REQUEST b");
    tell (*state, "c1 REQUEST c");
    trace_skip (*state);
    tell (*state, "w1 ANSWER #1 1 2 3 4");
    tell_cut (*state, "w1 ANSWER #2 1 2");
    tell (*state, "w1 ANSWER #3 C");
    TRACE (*state, "[   0] w1 > ANSWER #1 1 2 3 4",
                   "[   0] broker ! malformed message dropped reason=frames",
                   "[   0] broker ! request failed code=502 attempts=1 service=workers",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] w1 > ANSWER #2 1 2",
                   "[   0] broker > w1 REQUEST #3 c",
                   "[   0] w1 > ANSWER #3 C",
                   "[   0] broker > c1 ANSWER C");
    assert_int_equal (trace_figure (*state, "failed_502"), 2);
    assert_int_equal (trace_figure (*state, "answered"), 1);
    assert_int_equal (trace_figure (*state, "frames"), 2);
    assert_int_equal (trace_figure (*state, "attempts"), 3);
}

/*  ... when it is the answer of the one that holds it. */
static void
another_worker_s_that_comes_cut (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    tell_cut (*state, "w2 ANSWER #1 1 2");
    tell_cut (*state, "w1 ANSWER nobody 1 2");
    tell_cut (*state, "w3 ANSWER nobody 1 2");
    assert_int_equal (trace_gauges (*state).held, 1);
    assert_int_equal (trace_gauges (*state).workers, 2);
    assert_int_equal (trace_figure (*state, "frames"), 3);
    tell (*state, "w1 ANSWER #1 A");
    assert_true (trace_said (*state, "broker > c1 ANSWER A"));
}

/*  A REQ worker that comes too late, and with too much, waits for a request all the same. */
static void
simple_late_and_cut (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 60000);
    assert_int_equal (trace_gauges (*state).workers, 0);
    tell_cut (*state, "w1 ANSWER #1 1 2");
    assert_int_equal (trace_gauges (*state).workers, 1);
    assert_int_equal (trace_figure (*state, "ready_late"), 1);
    assert_int_equal (trace_figure (*state, "answers_dropped"), 0); /* it was malformed */
}

/*  Lower limits hold for what comes. */
static void
configured_anew (void **state)
{
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c%u REQUEST a", n);
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    limits (state)->queued = 1;
    limits (state)->workers = 1;
    keel_pirate_queue_configure (trace_engine (*state), trace_pirate_config (*state));
    tell (*state, "c4 REQUEST a");
    tell (*state, "w3 READY");
    assert_int_equal (trace_figure (*state, "refused_queue"), 1);
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
    assert_int_equal (trace_gauges (*state).workers, 2);
    assert_int_equal (trace_gauges (*state).held, 2);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (queued),
        PARANOID (queued),
        SIMPLE (queued_bytes),
        PARANOID (queued_bytes),
        SIMPLE (outstanding),
        PARANOID (outstanding),
        SIMPLE (workers),
        PARANOID (workers),
        SIMPLE (frames),
        PARANOID (frames),
        SIMPLE (a_request_that_comes_cut),
        PARANOID (a_request_that_comes_cut),
        SIMPLE (an_answer_of_too_many_frames),
        PARANOID (an_answer_of_too_many_frames),
        SIMPLE (another_worker_s_that_comes_cut),
        PARANOID (another_worker_s_that_comes_cut),
        SIMPLE (simple_late_and_cut),
        SIMPLE (configured_anew),
        PARANOID (configured_anew),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
