/*  PROTOCOLS.md section 2, what is unexpected but valid: DISCONNECT in the peer's own version, and its session is over. */
#include "trace.h"

static void
a_second_ready_ends_the_session (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 READY echo");
    tell (*state, "w1 READY echo"); /* a new session */
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] broker > w1 DISCONNECT",
                   "[   0] w1 > READY echo",
                   "[   0] broker > w1 REQUEST #2 a");
    assert_int_equal (trace_figure (*state, "sessions_broken"), 1);
    assert_int_equal (trace_figure (*state, "workers_ended"), 1);
}

static void
ready_for_another_service (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w1 READY other");
    tell (*state, "w1 READY other");
    trace_skip (*state);
    tell (*state, "c1 REQUEST other a");
    tell (*state, "c1 REQUEST echo b");
    TRACE (*state, "[   0] c1 > REQUEST other a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] c1 > REQUEST echo b");
}

static void
another_version_ends_the_session (void **state)
{
    peer (*state, "w1", WORKER_1);
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    peer (*state, "w1", WORKER_2_LED);
    tell (*state, "w1 HEARTBEAT");
    TRACE (*state, "[   0] w1 > HEARTBEAT",
                   "[   0] broker > w1 DISCONNECT",
                   "[   0] broker > w2 REQUEST #2 a");
}

static void
an_answer_in_another_version (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[   0] w1 > FINAL #1 A", "[   0] broker > w1 DISCONNECT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

static void
strangers_are_told_in_their_own_version (void **state)
{
    peer (*state, "w2", WORKER_2);
    peer (*state, "w3", WORKER_2_LED);
    peer (*state, "w4", WORKER_1_BARE);
    tell (*state, "w1 HEARTBEAT");
    tell (*state, "w2 HEARTBEAT");
    tell (*state, "w3 PARTIAL 0123456789abcdef x");
    tell (*state, "w4 FINAL 0123456789abcdef x");
    TRACE (*state, "[   0] w1 > HEARTBEAT",
                   "[   0] broker > w1 DISCONNECT",
                   "[   0] w2 > HEARTBEAT",
                   "[   0] broker > w2 DISCONNECT",
                   "[   0] w3 > PARTIAL 0123456789abcdef x",
                   "[   0] broker > w3 DISCONNECT",
                   "[   0] w4 > FINAL 0123456789abcdef x",
                   "[   0] broker > w4 DISCONNECT");
    assert_int_equal (trace_figure (*state, "strangers"), 4);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

static void
disconnect_of_a_stranger_is_ignored (void **state)
{
    tell (*state, "w1 DISCONNECT");
    TRACE (*state, "[   0] w1 > DISCONNECT");
    assert_int_equal (trace_figure (*state, "strangers"), 0);
}

static void
a_left_worker_is_a_stranger (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w1 HEARTBEAT");
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] w1 > DISCONNECT",
                   "[   0] w1 > HEARTBEAT",
                   "[   0] broker > w1 DISCONNECT");
}

/*  Its late answer reaches nobody; it learns that it has to register again. */
static void
an_expired_worker_that_comes_back (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 60000);
    trace_skip (*state);
    tell (*state, "w1 FINAL #1 late");
    tell (*state, "w1 READY echo");
    TRACE (*state, "[60000] w1 > FINAL #1 late", "[60000] broker > w1 DISCONNECT", "[60000] w1 > READY echo");
}

/*  A real peer sends them. */
static void
frames_behind_heartbeat_and_disconnect_are_ignored (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w1 HEARTBEAT more frames");
    tell (*state, "w1 DISCONNECT and more");
    TRACE (*state, "[   0] w1 > READY echo", "[   0] w1 > HEARTBEAT more frames", "[   0] w1 > DISCONNECT and more");
    assert_int_equal (trace_figure (*state, "workers_left"), 1);
}

/*  Section 8: the service name is what counts, not the routing id; and the prefix, not a substring. */
static void
mmi_is_the_broker_s_own (void **state)
{
    peer (*state, "mmi.w", WORKER_1);
    tell (*state, "w1 READY mmi.service");
    tell (*state, "w2 READY mmi.");
    tell (*state, "w3 READY my.mmi.echo");
    tell (*state, "mmi.w READY mmi");
    TRACE (*state, "[   0] w1 > READY mmi.service",
                   "[   0] broker ! READY refused service=mmi.service worker=7731",
                   "[   0] broker > w1 DISCONNECT",
                   "[   0] w2 > READY mmi.",
                   "[   0] broker > w2 DISCONNECT",
                   "[   0] w3 > READY my.mmi.echo",
                   "[   0] mmi.w > READY mmi");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 2);
    assert_int_equal (trace_figure (*state, "ready_refused"), 2);
}

static void
names_that_are_none_get_disconnect (void **state)
{
    TELL_FRAMES (*state, "w1", F (""), F ("MDPW01"), F ("\1"));
    TELL_FRAMES (*state, "w1", F (""), F ("MDPW01"), F ("\1"), F (""));
    TELL_FRAMES (*state, "w1", F (""), F ("MDPW01"), F ("\1"), F ("a b"));
    TELL_FRAMES (*state, "w1", F (""), F ("MDPW01"), F ("\1"), F ("\xc3\xa9"));
    assert_int_equal (trace_tally (*state).disconnects, 4);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

/*  ... and a registered worker that sends one is out. */
static void
a_bad_ready_of_a_registered_worker (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 READY echo 0");
    assert_int_equal (trace_tally (*state).disconnects, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

/*  A service record with neither worker nor request is removed. */
static void
empty_services_are_removed (void **state)
{
    tell (*state, "w1 READY one");
    tell (*state, "c1 REQUEST one a");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 1);
    tell (*state, "w1 DISCONNECT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 1); /* the request waits */
    pass (*state, 60000);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
    tell (*state, "w1 READY two");
    tell (*state, "c1 REQUEST two b");
    tell (*state, "w1 FINAL #2 B");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 1); /* the worker is there */
    pass (*state, 60000);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_second_ready_ends_the_session),
        T (ready_for_another_service),
        T (another_version_ends_the_session),
        T (an_answer_in_another_version),
        T (strangers_are_told_in_their_own_version),
        T (disconnect_of_a_stranger_is_ignored),
        T (a_left_worker_is_a_stranger),
        T (an_expired_worker_that_comes_back),
        T (frames_behind_heartbeat_and_disconnect_are_ignored),
        T (mmi_is_the_broker_s_own),
        T (names_that_are_none_get_disconnect),
        T (a_bad_ready_of_a_registered_worker),
        T (empty_services_are_removed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
