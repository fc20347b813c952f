/*  PROTOCOLS.md section 2: sends that fail. Unreachable: the connection is gone, now. Full: the peer does not read. */
#include "trace.h"

static void
a_request_to_a_gone_worker_goes_to_the_next (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    trace_skip (*state);
    trace_fate (*state, "w1", UNREACHABLE);
    tell (*state, "c1 REQUEST echo a");
    TRACE (*state, "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a (unreachable)",
                   "[   0] broker ! worker gone service=echo worker=7731",
                   "[   0] broker > w2 REQUEST #2 a");
    assert_int_equal (trace_figure (*state, "workers_unreachable"), 1);
    assert_int_equal (trace_figure (*state, "attempts_undelivered"), 1);
}

/*  What never reached a worker is no attempt: any number of gone workers use up none. */
static void
an_undelivered_attempt_does_not_count (void **state)
{
    trace_config (*state)->dispatch.max_attempts = 1;
    tell (*state, "c1 REQUEST echo a");
    for (unsigned n = 1; n <= 9; n++) {
        char name[] = {'w', (char) ('0' + n), 0};
        trace_fate (*state, name, UNREACHABLE);
        tell (*state, "%s READY echo", name);
    }
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
    assert_int_equal (trace_figure (*state, "attempts"), 9);
    assert_int_equal (trace_figure (*state, "attempts_undelivered"), 9);
    trace_fate (*state, "w1", REACHED);
    tell (*state, "w1 READY echo");
    tell (*state, "w1 DISCONNECT");
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
}

/*  ... but those which the same worker had got before do. */
static void
of_several_only_the_last_was_undelivered (void **state)
{
    trace_config (*state)->dispatch.max_attempts = 1;
    peer (*state, "c1", ASKING);
    tell (*state, "w1 READY echo 2");
    tell (*state, "c1 REQUEST echo a");
    trace_fate (*state, "w1", UNREACHABLE);
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo b");
    TRACE (*state, "[   0] c1@2 > REQUEST echo b",
                   "[   0] broker > w1 REQUEST #2 b (unreachable)",
                   "[   0] broker ! worker gone service=echo worker=7731",
                   "[   0] broker > c1@1 FINAL mmi.error 502 'attempts used up or worker lost half-way' echo",
                   "[   0] broker ! request failed code=502 attempts=1 service=echo");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

static void
a_heartbeat_finds_it_out_too (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_fate (*state, "w1", UNREACHABLE);
    trace_skip (*state);
    pass (*state, 2500);
    TRACE (*state, "[2500] broker > w2 HEARTBEAT",
                   "[2500] broker > w1 HEARTBEAT (unreachable)",
                   "[2500] broker ! worker gone service=echo worker=7731",
                   "[2500] broker > w2 REQUEST #2 a");
    assert_int_equal (trace_figure (*state, "attempts_undelivered"), 0);
}

static void
a_client_that_is_gone (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_fate (*state, "c1", UNREACHABLE);
    tell (*state, "w1 FINAL #1 A");
    assert_int_equal (trace_figure (*state, "clients_unreachable"), 1);
    assert_int_equal (trace_figure (*state, "answered"), 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
}

static void
a_client_that_does_not_read (void **state)
{
    tell (*state, "w1 READY echo 3");
    for (unsigned n = 0; n < 3; n++)
        tell (*state, "c1 REQUEST echo a");
    trace_fate (*state, "c1", FULL);
    trace_skip (*state);
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "w1 FINAL #%u A", n);
    TRACE (*state, "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1 FINAL echo A (full)",
                   "[   0] broker ! client does not read client=6331",
                   "[   0] w1 > FINAL #2 A",
                   "[   0] broker > c1 FINAL echo A (full)",
                   "[   0] w1 > FINAL #3 A",
                   "[   0] broker > c1 FINAL echo A (full)");
    assert_int_equal (trace_figure (*state, "clients_full"), 3);
}

/*  It loses heartbeats, and stays: it has a busy timeout of its own. */
static void
a_worker_that_does_not_read_heartbeats (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_fate (*state, "w1", FULL);
    trace_skip (*state);
    pass (*state, 5000);
    TRACE (*state, "[2500] broker > w1 HEARTBEAT (full)",
                   "[2500] broker ! worker does not read worker=7731",
                   "[5000] broker > w1 HEARTBEAT (full)",
                   "[5000] broker ! worker does not read worker=7731");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
    assert_int_equal (trace_figure (*state, "workers_full"), 2);
}

/*  A request that did not fit is not lost with it. */
static void
a_worker_that_has_no_room_for_a_request (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    trace_fate (*state, "w1", FULL);
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo a");
    TRACE (*state, "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a (full)",
                   "[   0] broker ! worker does not read worker=7731",
                   "[   0] broker > w2 REQUEST #2 a");
    assert_int_equal (trace_figure (*state, "attempts_undelivered"), 1);
}

/*  The DISCONNECT for a stranger may fail as well. */
static void
a_stranger_that_is_gone (void **state)
{
    trace_fate (*state, "w1", UNREACHABLE);
    tell (*state, "w1 HEARTBEAT");
    trace_fate (*state, "w1", FULL);
    tell (*state, "w1 HEARTBEAT");
    assert_int_equal (trace_figure (*state, "workers_unreachable"), 0);
    assert_int_equal (trace_figure (*state, "workers_full"), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_request_to_a_gone_worker_goes_to_the_next),
        T (an_undelivered_attempt_does_not_count),
        T (of_several_only_the_last_was_undelivered),
        T (a_heartbeat_finds_it_out_too),
        T (a_client_that_is_gone),
        T (a_client_that_does_not_read),
        T (a_worker_that_does_not_read_heartbeats),
        T (a_worker_that_has_no_room_for_a_request),
        T (a_stranger_that_is_gone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
