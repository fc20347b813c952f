/*  PROTOCOLS.md section 4, READY and what comes without it. Section 8: in the Guide's ppqueue any message means ready. */
#include "trace.h"

/*  Simple: nothing but counted, whether the worker is idle or busy; its place in the order stays. */
static void
simple_ready_again (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "w1 READY");
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST b");
    tell (*state, "c1 REQUEST c");
    tell (*state, "w1 ANSWER #1 A");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] w2 > READY",
                   "[   0] w1 > READY",
                   "[   0] c1 > REQUEST a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] w1 > READY",
                   "[   0] w1 > READY",
                   "[   0] c1 > REQUEST b",
                   "[   0] broker > w2 REQUEST #2 b",
                   "[   0] c1 > REQUEST c",
                   "[   0] w1 > ANSWER #1 A",
                   "[   0] broker > c1 ANSWER A",
                   "[   0] broker > w1 REQUEST #3 c");
    assert_int_equal (trace_figure (*state, "ready_repeated"), 3);
    assert_int_equal (trace_figure (*state, "workers_registered"), 2);
}

/*  Paranoid: a new session. An idle worker is the last in the order now ... */
static void
paranoid_ready_again_while_idle (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "c1 REQUEST b");
    tell (*state, "c1 REQUEST c");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] w2 > READY",
                   "[   0] w1 > READY",
                   "[   0] c1 > REQUEST a",
                   "[   0] broker > w2 REQUEST #1 a",
                   "[   0] c1 > REQUEST b",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] c1 > REQUEST c");
    assert_int_equal (trace_figure (*state, "ready_repeated"), 1);
    assert_int_equal (trace_figure (*state, "workers_ended"), 1);
    assert_int_equal (trace_gauges (*state).workers, 2);
}

/*  ... and what a busy one held goes to the front of the queue, and to the next. Its old answer is nobody's. */
static void
paranoid_ready_again_while_busy (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "c1 REQUEST b");
    tell (*state, "w2 READY");
    tell (*state, "c2 REQUEST c");
    trace_skip (*state);
    tell (*state, "w1 READY");
    tell (*state, "w1 ANSWER #1 old");
    tell (*state, "w2 ANSWER #2 B");
    tell (*state, "w1 ANSWER #3 A");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] broker > w1 REQUEST #3 a",
                   "[   0] w1 > ANSWER #1 old",
                   "[   0] w2 > ANSWER #2 B",
                   "[   0] broker > c1 ANSWER B",
                   "[   0] broker > w2 REQUEST #4 c",
                   "[   0] w1 > ANSWER #3 A",
                   "[   0] broker > c1 ANSWER A");
    assert_int_equal (trace_figure (*state, "requeued"), 1);
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
}

/*  Such a request is tried max-attempts times, also when it is the same worker that says READY each time. */
static void
paranoid_ready_for_ever (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 0; n < 3; n++)
        tell (*state, "w1 READY");
    assert_int_equal (trace_figure (*state, "attempts"), 3);
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
    assert_int_equal (trace_gauges (*state).workers, 1);
}

/*  Dropped, counted, not answered; nor does it make ready. */
static void
paranoid_strangers (void **state)
{
    tell (*state, "w1 HEARTBEAT");
    TELL_FRAMES (*state, "w1", F ("0123456789abcdef"), F (""), F ("x"));
    TELL_FRAMES (*state, "w1", F (""), F ("x"));
    tell (*state, "c1 REQUEST a");
    TRACE (*state, "[   0] w1 > HEARTBEAT",
                   "[   0] w1 > 0123456789abcdef '' x",
                   "[   0] w1 > '' x",
                   "[   0] c1 > REQUEST a");
    assert_int_equal (trace_figure (*state, "strangers"), 3);
    assert_int_equal (trace_gauges (*state).workers, 0);
    tell (*state, "w1 READY");
    assert_int_equal (trace_gauges (*state).held, 1);
}

/*  What a queue cannot have given is no answer. */
static void
simple_strangers (void **state)
{
    TELL_FRAMES (*state, "w1", F (""), F (""), F ("x"));
    TELL_FRAMES (*state, "w1", F (""), F ("mark"), F (""), F ("x"));
    TELL_FRAMES (*state, "w1", F (""), F ("0123456789ABCDEF"), F (""), F ("x"));
    TELL_FRAMES (*state, "w1", F (""), F ("0123456789abcdef"), F ("more"), F (""), F ("x"));
    tell (*state, "c1 REQUEST a");
    assert_int_equal (trace_figure (*state, "strangers"), 4);
    assert_int_equal (trace_gauges (*state).workers, 0);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

/*  A worker of a queue that was started anew answers what it has from the one before, and is ready by that. */
static void
simple_worker_of_an_earlier_queue (void **state)
{
    tell (*state, "c1 REQUEST a");
    TELL_FRAMES (*state, "w1", F (""), F ("0123456789abcdef"), F (""), F ("old"));
    tell (*state, "w1 ANSWER #1 A");
    TRACE (*state, "[   0] c1 > REQUEST a",
                   "[   0] w1 > '' 0123456789abcdef '' old",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] w1 > ANSWER #1 A",
                   "[   0] broker > c1 ANSWER A");
    assert_int_equal (trace_figure (*state, "ready_late"), 1);
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
}

/*  A heartbeat is life and nothing more. */
static void
heartbeat_makes_no_busy_worker_ready (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "c2 REQUEST b");
    trace_skip (*state);
    for (unsigned n = 0; n < 3; n++)
        tell (*state, "w1 HEARTBEAT");
    TRACE (*state, "[   0] w1 > HEARTBEAT", "[   0] w1 > HEARTBEAT", "[   0] w1 > HEARTBEAT");
    assert_int_equal (trace_gauges (*state).held, 1);
    tell (*state, "w1 ANSWER #1 A");
    assert_int_equal (trace_gauges (*state).waiting, 0);
}

static void
nor_an_idle_one_twice (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w1 HEARTBEAT");
    tell (*state, "c1 REQUEST a");
    tell (*state, "c2 REQUEST b");
    assert_int_equal (trace_gauges (*state).held, 1);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

/*  Who is a client and who is a worker is known by the socket alone. */
static void
words_of_workers_from_a_client (void **state)
{
    tell (*state, "w1 READY");
    TELL_FRAMES (*state, "c1", F ("\1"));
    TELL_FRAMES (*state, "c1", F ("\2"));
    TELL_FRAMES (*state, "c1", F (""), F ("\1")); /* a request of one byte */
    assert_int_equal (trace_gauges (*state).workers, 1);
    assert_int_equal (trace_figure (*state, "malformed"), 2);
    assert_int_equal (trace_figure (*state, "accepted"), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (simple_ready_again),
        PARANOID (paranoid_ready_again_while_idle),
        PARANOID (paranoid_ready_again_while_busy),
        PARANOID (paranoid_ready_for_ever),
        PARANOID (paranoid_strangers),
        SIMPLE (simple_strangers),
        SIMPLE (simple_worker_of_an_earlier_queue),
        PARANOID (heartbeat_makes_no_busy_worker_ready),
        PARANOID (nor_an_idle_one_twice),
        SIMPLE (words_of_workers_from_a_client),
        PARANOID (words_of_workers_from_a_client),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
