/*  PROTOCOLS.md section 4: only the worker that holds an attempt can answer it. Whatever else comes is dropped and counted. */
#include "trace.h"

static void
repeated (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "w1 ANSWER #1 A");
    trace_skip (*state);
    tell (*state, "w1 ANSWER #1 again");
    tell (*state, "c2 REQUEST b");
    tell (*state, "w1 ANSWER #1 again");
    tell (*state, "w1 ANSWER #2 B");
    TRACE (*state, "[   0] w1 > ANSWER #1 again",
                   "[   0] c2 > REQUEST b",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] w1 > ANSWER #1 again",
                   "[   0] w1 > ANSWER #2 B",
                   "[   0] broker > c2 ANSWER B");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 2);
}

/*  To be ready twice would be to get two requests at once. */
static void
repeated_by_an_idle_worker (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 0; n < 3; n++)
        tell (*state, "w1 ANSWER #1 A");
    tell (*state, "c1 REQUEST b");
    tell (*state, "c1 REQUEST c");
    assert_int_equal (trace_gauges (*state).held, 1);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

static void
of_another_worker (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "c2 REQUEST b");
    trace_skip (*state);
    tell (*state, "w2 ANSWER #1 stolen");
    tell (*state, "w1 ANSWER #1 A");
    tell (*state, "w2 ANSWER #2 B");
    TRACE (*state, "[   0] w2 > ANSWER #1 stolen",
                   "[   0] w1 > ANSWER #1 A",
                   "[   0] broker > c1 ANSWER A",
                   "[   0] w2 > ANSWER #2 B",
                   "[   0] broker > c2 ANSWER B");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
}

/*  Its worker stays as it is: busy. */
static void
under_an_envelope_that_it_was_not_given (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    trace_skip (*state);
    tell (*state, "w1 ANSWER 0123456789abcdef x");
    tell (*state, "w1 ANSWER ffffffffffffffff x");
    tell (*state, "w1 ANSWER c1 x");
    tell (*state, "w1 ANSWER 0123456789ABCDEF x");
    TRACE (*state, "[   0] w1 > ANSWER 0123456789abcdef x",
                   "[   0] w1 > ANSWER ffffffffffffffff x",
                   "[   0] w1 > ANSWER c1 x",
                   "[   0] w1 > ANSWER 0123456789ABCDEF x");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 4);
    assert_int_equal (trace_gauges (*state).held, 1);
    tell (*state, "w1 ANSWER #1 A");
    assert_true (trace_said (*state, "broker > c1 ANSWER A"));
}

/*  No frame but its token, and that one whole. */
static void
the_right_token_in_a_wrong_envelope (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    span_t token = span_make (trace_token (*state, 1), 16);
    TELL_FRAMES (*state, "w1", token, F ("more"), F (""), F ("x"));
    TELL_FRAMES (*state, "w1", F ("more"), token, F (""), F ("x"));
    TELL_FRAMES (*state, "w1", span_make (token.data, 15), F (""), F ("x"));
    TELL_FRAMES (*state, "w1", F (""), token, F (""), F ("x"));
    assert_int_equal (trace_figure (*state, "answers_dropped"), 4);
    assert_int_equal (trace_gauges (*state).held, 1);
    TELL_FRAMES (*state, "w1", token, F (""), F ("A"));
    assert_int_equal (trace_gauges (*state).held, 0);
}

/*  Simple: the time of a busy worker is over; another gets the request; the late answer reaches nobody, and its worker can be
 *  used again. */
static void
simple_too_late (void **state)
{
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 9000;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 9000);
    tell (*state, "w2 READY");
    tell (*state, "c2 REQUEST b");
    tell (*state, "w1 ANSWER #1 late");
    tell (*state, "w2 ANSWER #2 A");
    tell (*state, "w1 ANSWER #3 B");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] c1 > REQUEST a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[9000] broker ! worker expired service=workers worker=7731",
                   "[9000] w2 > READY",
                   "[9000] broker > w2 REQUEST #2 a",
                   "[9000] c2 > REQUEST b",
                   "[9000] w1 > ANSWER #1 late",
                   "[9000] broker > w1 REQUEST #3 b",
                   "[9000] w2 > ANSWER #2 A",
                   "[9000] broker > c1 ANSWER A",
                   "[9000] w1 > ANSWER #3 B",
                   "[9000] broker > c2 ANSWER B");
    assert_int_equal (trace_figure (*state, "ready_late"), 1);
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
    assert_int_equal (trace_figure (*state, "workers_registered"), 3);
}

/*  ... by READY, too, if it comes on a fresh socket. */
static void
simple_back_by_ready (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    trace_rename (*state, "w1", 2);
    tell (*state, "w1 READY");
    tell (*state, "c2 REQUEST b");
    tell (*state, "w1 ANSWER #2 B");
    assert_int_equal (trace_gauges (*state).workers, 2);
    assert_int_equal (trace_figure (*state, "ready_repeated"), 0);
    assert_true (trace_said (*state, "broker > c2 ANSWER B"));
}

/*  Paranoid: who was expired is a stranger until it says READY. */
static void
paranoid_too_late (void **state)
{
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 0;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 7500);
    tell (*state, "w2 READY");
    trace_skip (*state);
    tell (*state, "w1 ANSWER #1 late");
    tell (*state, "c2 REQUEST b");
    tell (*state, "w1 READY");
    tell (*state, "w1 ANSWER #2 stolen");
    tell (*state, "w2 ANSWER #2 A");
    TRACE (*state, "[7500] w1 > ANSWER #1 late",
                   "[7500] c2 > REQUEST b",
                   "[7500] w1 > READY",
                   "[7500] broker > w1 REQUEST #3 b",
                   "[7500] w1 > ANSWER #2 stolen",
                   "[7500] w2 > ANSWER #2 A",
                   "[7500] broker > c1 ANSWER A");
    assert_int_equal (trace_figure (*state, "strangers"), 1);
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
}

/*  An answer after its request's time is delivered: the deadline ends waiting only. */
static void
after_the_deadline (void **state)
{
    trace_pirate_config (*state)->dispatch.ttl_ms = 100;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 1000);
    trace_skip (*state);
    tell (*state, "w1 ANSWER #1 A");
    TRACE (*state, "[1000] w1 > ANSWER #1 A", "[1000] broker > c1 ANSWER A");
}

static void
serial_numbers_wrap (void **state)
{
    trace_wrap_serials (*state);
    tell (*state, "w1 READY");
    for (unsigned n = 1; n <= 3; n++) {
        tell (*state, "c1 REQUEST %u", n);
        tell (*state, "w1 ANSWER #%u done", n);
    }
    assert_int_equal (trace_tally (*state).finals, 3);
    assert_int_equal (trace_tokens (*state), 3);
}

/*  The client is gone, or does not read: counted, and nothing else. */
static void
clients_that_cannot_be_told (void **state)
{
    trace_fate (*state, "c1", UNREACHABLE);
    trace_fate (*state, "c2", FULL);
    tell (*state, "w1 READY");
    for (unsigned n = 1; n <= 2; n++) {
        tell (*state, "c%u REQUEST a", n);
        trace_skip (*state);
        tell (*state, "w1 ANSWER #%u A", n);
    }
    TRACE (*state, "[   0] w1 > ANSWER #2 A",
                   "[   0] broker > c2 ANSWER A (full)",
                   "[   0] broker ! client does not read client=6332");
    assert_int_equal (trace_figure (*state, "clients_unreachable"), 1);
    assert_int_equal (trace_figure (*state, "clients_full"), 1);
    assert_int_equal (trace_figure (*state, "answered"), 2);
    assert_int_equal (trace_gauges (*state).workers, 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (repeated),
        PARANOID (repeated),
        SIMPLE (repeated_by_an_idle_worker),
        PARANOID (repeated_by_an_idle_worker),
        SIMPLE (of_another_worker),
        PARANOID (of_another_worker),
        SIMPLE (under_an_envelope_that_it_was_not_given),
        PARANOID (under_an_envelope_that_it_was_not_given),
        PARANOID (the_right_token_in_a_wrong_envelope),
        SIMPLE (simple_too_late),
        SIMPLE (simple_back_by_ready),
        PARANOID (paranoid_too_late),
        SIMPLE (after_the_deadline),
        PARANOID (after_the_deadline),
        SIMPLE (serial_numbers_wrap),
        PARANOID (serial_numbers_wrap),
        SIMPLE (clients_that_cannot_be_told),
        PARANOID (clients_that_cannot_be_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
