/*  PROTOCOLS.md section 4, who is alive. Paranoid: interval 2500 msec, liveness 3, busy timeout 60 s, the rules of section 2.
 *  Simple: nobody heartbeats, so an idle worker is never expired, and a busy one by its timeout alone. */
#include "trace.h"

static liveness_config_t *
heartbeat (void **state)
{
    return &trace_pirate_config (*state)->dispatch.heartbeat;
}

/*  Once an interval, to idle and busy ones, until they are over their time. */
static void
all_are_heartbeated (void **state)
{
    heartbeat (state)->busy_timeout_ms = 9000;
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    trace_skip (*state);
    pass (*state, 9000);
    TRACE (*state, "[2500] broker > w2 HEARTBEAT",
                   "[2500] broker > w1 HEARTBEAT",
                   "[5000] broker > w2 HEARTBEAT",
                   "[5000] broker > w1 HEARTBEAT",
                   "[7500] broker ! worker expired service=workers worker=7732",
                   "[7500] broker > w1 HEARTBEAT",
                   "[9000] broker ! worker expired service=workers worker=7731");
    assert_int_equal (trace_figure (*state, "workers_expired"), 2);
    assert_int_equal (trace_figure (*state, "heartbeats_sent"), 5);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

static void
an_idle_worker_that_beats_lives (void **state)
{
    tell (*state, "w1 READY");
    for (unsigned n = 0; n < 10; n++) {
        pass (*state, 7499);
        tell (*state, "w1 HEARTBEAT");
    }
    assert_int_equal (trace_gauges (*state).workers, 1);
    assert_int_equal (trace_figure (*state, "heartbeats_received"), 10);
    pass (*state, 7500);
    assert_int_equal (trace_gauges (*state).workers, 0);
}

/*  Anything that it says is life, also an answer that is dropped. */
static void
a_dropped_answer_is_heard (void **state)
{
    tell (*state, "w1 READY");
    pass (*state, 7000);
    tell (*state, "w1 ANSWER nobody x");
    pass (*state, 7499);
    assert_int_equal (trace_gauges (*state).workers, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).workers, 0);
}

static void
a_request_stands_for_a_heartbeat (void **state)
{
    tell (*state, "w1 READY");
    pass (*state, 2000);
    tell (*state, "c1 REQUEST a");
    tell (*state, "w1 ANSWER #1 A");
    trace_skip (*state);
    pass (*state, 2500);
    TRACE (*state, "[4500] broker > w1 HEARTBEAT");
}

/*  A worker that cannot heartbeat while it works has the busy timeout, counted from its request. */
static void
a_busy_worker_is_given_time (void **state)
{
    tell (*state, "w1 READY");
    pass (*state, 1000);
    tell (*state, "c1 REQUEST a");
    pass (*state, 59999);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).workers, 0);
    assert_int_equal (trace_figure (*state, "requeued"), 1);
}

/*  One heard to beat later than an interval after its request is held to the idle rule, then and for its next request. */
static void
known_to_beat_while_busy (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 2501);
    tell (*state, "w1 HEARTBEAT");
    tell (*state, "w1 ANSWER #1 A");
    tell (*state, "c1 REQUEST b");
    pass (*state, 7499);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).workers, 0);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

/*  ... but not for its next session. */
static void
a_new_session_is_not_known (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 2501);
    tell (*state, "w1 HEARTBEAT");
    tell (*state, "w1 READY");
    pass (*state, 59999);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).held, 0);
}

static void
a_beat_that_crossed_the_request (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 2500);
    tell (*state, "w1 HEARTBEAT");
    pass (*state, 59999);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).held, 0);
}

static void
paranoid_busy_timeout_0 (void **state)
{
    heartbeat (state)->busy_timeout_ms = 0;
    tell (*state, "w1 READY");
    pass (*state, 1000);
    tell (*state, "c1 REQUEST a"); /* to be given work is not to be heard */
    pass (*state, 6499);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

/*  Interval 100, liveness 3: what a worker held that froze after it had been heard while busy is with
 *  another 300 msec after its last word. */
static void
soon_with_another (void **state)
{
    heartbeat (state)->interval_ms = 100;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 0; n < 4; n++) {
        pass (*state, 50);
        tell (*state, "w1 HEARTBEAT");
    }
    tell (*state, "w2 READY");
    trace_skip (*state);
    pass (*state, 299);
    assert_int_equal (trace_gauges (*state).held, 1);
    assert_false (trace_said (*state, "w2 REQUEST"));
    tell (*state, "w2 HEARTBEAT");
    pass (*state, 1);
    assert_true (trace_said (*state, "[ 500] broker > w2 REQUEST #2 a"));
}

/*  A connection of a worker ended: all busy ones are heartbeated, twice, so that a send finds out whose it was. */
static void
probes (void **state)
{
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "w%u READY", n);
    tell (*state, "c1 REQUEST a");
    tell (*state, "c1 REQUEST b");
    trace_skip (*state);
    pass (*state, 100);
    trace_fate (*state, "w1", UNREACHABLE);
    tell (*state, "DISCONNECTED:1");
    pass (*state, 200);
    TRACE (*state, "[ 100] DISCONNECTED:1",
                   "[ 102] broker > w1 HEARTBEAT (unreachable)",
                   "[ 102] broker > w2 HEARTBEAT",
                   "[ 102] broker ! worker gone service=workers worker=7731",
                   "[ 102] broker > w3 REQUEST #3 a",
                   "[ 152] broker > w2 HEARTBEAT",
                   "[ 152] broker > w3 HEARTBEAT");
    assert_int_equal (trace_figure (*state, "probes"), 4);
    assert_int_equal (trace_figure (*state, "connections_ended"), 1);
}

static void
probes_are_at_most_every_50_ms (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 0; n < 100; n++) {
        tell (*state, "DISCONNECTED:1");
        pass (*state, 1);
    }
    pass (*state, 1000);
    assert_int_equal (trace_figure (*state, "probes"), 4);
    assert_int_equal (trace_figure (*state, "connections_ended"), 100);
}

/*  No worker's connection ended, so there is nobody to look for. */
static void
a_client_s_connection (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    trace_skip (*state);
    tell (*state, "DISCONNECTED:0");
    pass (*state, 1000);
    TRACE (*state, "[   0] DISCONNECTED:0");
    assert_int_equal (trace_figure (*state, "connections_ended"), 1);
}

/*  To a REQ worker nothing can be sent that is no request. */
static void
simple_probes_nobody (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    trace_skip (*state);
    tell (*state, "DISCONNECTED:1");
    pass (*state, 59999);
    TRACE (*state, "[   0] DISCONNECTED:1");
    assert_int_equal (trace_figure (*state, "connections_ended"), 1);
    assert_int_equal (trace_gauges (*state).held, 1);
}

static void
simple_idle_for_ever (void **state)
{
    tell (*state, "w1 READY");
    trace_skip (*state);
    pass (*state, 1000ll * 365 * 86400000);
    TRACE_NOTHING (*state);
    tell (*state, "c1 REQUEST a");
    assert_int_equal (trace_gauges (*state).held, 1);
}

static void
simple_busy_timeout (void **state)
{
    heartbeat (state)->busy_timeout_ms = 2000;
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    pass (*state, 10000);
    tell (*state, "c1 REQUEST a");
    pass (*state, 1999);
    trace_skip (*state);
    pass (*state, 2001);
    TRACE (*state, "[12000] broker ! worker expired service=workers worker=7731",
                   "[12000] broker > w2 REQUEST #2 a",
                   "[14000] broker ! worker expired service=workers worker=7732");
    assert_int_equal (trace_figure (*state, "workers_expired"), 2);
}

/*  0: what a worker has it keeps, and the queue sleeps. */
static void
simple_busy_timeout_0 (void **state)
{
    heartbeat (state)->busy_timeout_ms = 0;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    trace_skip (*state);
    pass (*state, 1000ll * 365 * 86400000);
    TRACE_NOTHING (*state);
    tell (*state, "w1 ANSWER #1 A");
    assert_true (trace_said (*state, "broker > c1 ANSWER A"));
}

/*  Repeated READYs and wrong answers do not prolong it. */
static void
simple_words_of_a_busy_worker (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 0; n < 59; n++) {
        pass (*state, 1000);
        tell (*state, "w1 READY");
    }
    pass (*state, 1000);
    assert_int_equal (trace_gauges (*state).held, 0);
}

/*  A queue that was itself stopped has heard nobody: what workers said meanwhile is yet to be read. */
static void
paranoid_that_was_stopped (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 1000);
    trace_wait_only (*state, 3600000);
    tell (*state, "c2 REQUEST b");
    tell (*state, "w1 ANSWER #1 A");
    assert_int_equal (trace_gauges (*state).workers, 2);
    assert_true (trace_said (*state, "broker > c1 ANSWER A"));
    pass (*state, 7500);
    assert_int_equal (trace_figure (*state, "workers_expired"), 1);
}

static void
simple_that_was_stopped (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 1000);
    trace_wait_only (*state, 3600000);
    tell (*state, "c2 REQUEST b");
    tell (*state, "w1 ANSWER #1 A");
    assert_true (trace_said (*state, "broker > c1 ANSWER A"));
    assert_int_equal (trace_figure (*state, "requeued"), 0);
}

/*  ... and one that goes on being silent is given up, a moment later. */
static void
simple_that_was_stopped_in_vain (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 59000);
    trace_wait_only (*state, 3600000);
    pass (*state, 2499);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).held, 0);
}

/*  Merely late forgives nothing. */
static void
a_queue_that_is_late (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 59000);
    trace_wait_only (*state, 2000);
    pass (*state, 0);
    assert_int_equal (trace_gauges (*state).workers, 0);
}

static void
configured_anew (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 100);
    heartbeat (state)->busy_timeout_ms = 200;
    keel_pirate_queue_configure (trace_engine (*state), trace_pirate_config (*state));
    pass (*state, 99);
    assert_int_equal (trace_gauges (*state).held, 1);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).held, 0);
}

static void
idle_and_quiet (void **state)
{
    assert_true (keel_pirate_queue_next_due (trace_engine (*state)) == KEEL_NEVER);
    tell (*state, "c1 REQUEST a");
    assert_int_equal (keel_pirate_queue_next_due (trace_engine (*state)), 60000);
    pass (*state, 60000);
    assert_true (keel_pirate_queue_next_due (trace_engine (*state)) == KEEL_NEVER);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        PARANOID (all_are_heartbeated),
        PARANOID (an_idle_worker_that_beats_lives),
        PARANOID (a_dropped_answer_is_heard),
        PARANOID (a_request_stands_for_a_heartbeat),
        PARANOID (a_busy_worker_is_given_time),
        PARANOID (known_to_beat_while_busy),
        PARANOID (a_new_session_is_not_known),
        PARANOID (a_beat_that_crossed_the_request),
        PARANOID (paranoid_busy_timeout_0),
        PARANOID (soon_with_another),
        PARANOID (probes),
        PARANOID (probes_are_at_most_every_50_ms),
        SIMPLE (a_client_s_connection),
        PARANOID (a_client_s_connection),
        SIMPLE (simple_probes_nobody),
        SIMPLE (simple_idle_for_ever),
        SIMPLE (simple_busy_timeout),
        SIMPLE (simple_busy_timeout_0),
        SIMPLE (simple_words_of_a_busy_worker),
        PARANOID (paranoid_that_was_stopped),
        SIMPLE (simple_that_was_stopped),
        SIMPLE (simple_that_was_stopped_in_vain),
        SIMPLE (a_queue_that_is_late),
        PARANOID (a_queue_that_is_late),
        SIMPLE (configured_anew),
        PARANOID (configured_anew),
        SIMPLE (idle_and_quiet),
        PARANOID (idle_and_quiet),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
