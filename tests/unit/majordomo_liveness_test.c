/*  PROTOCOLS.md section 2, liveness as the broker sees it. Interval 2500 msec, liveness 3, busy timeout 60 s. Section 8:
 *  busy workers never expired nor heartbeated; purge stops at the first live worker. */
#include "trace.h"

static void
an_idle_worker_that_is_silent_expires (void **state)
{
    tell (*state, "w1 READY echo");
    pass (*state, 60000);
    TRACE (*state, "[   0] w1 > READY echo",
                   "[2500] broker > w1 HEARTBEAT",
                   "[5000] broker > w1 HEARTBEAT",
                   "[7500] broker ! worker expired service=echo worker=7731");
    assert_int_equal (trace_figure (*state, "workers_expired"), 1);
}

static void
an_idle_worker_that_beats_lives (void **state)
{
    tell (*state, "w1 READY echo");
    for (unsigned n = 0; n < 10; n++) {
        pass (*state, 7499);
        tell (*state, "w1 HEARTBEAT");
    }
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
    assert_int_equal (trace_figure (*state, "heartbeats_received"), 10);
    trace_skip (*state);
    pass (*state, 7500);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

/*  In the very instant of its expiry it is still heard. */
static void
a_beat_at_the_last_instant (void **state)
{
    tell (*state, "w1 READY echo");
    pass (*state, 7499);
    trace_skip (*state);
    trace_wait_only (*state, 1);
    tell_only (*state, "w1 HEARTBEAT");
    pass (*state, 100);
    assert_int_equal (trace_figure (*state, "workers_expired"), 0);
}

static void
those_behind_a_live_worker_expire_too (void **state)
{
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "w%u READY echo", n);
    pass (*state, 1000);
    tell (*state, "w1 HEARTBEAT");
    tell (*state, "w3 READY echo"); /* a second READY: gone */
    trace_skip (*state);
    pass (*state, 6500);
    TRACE (*state, "[2500] broker > w1 HEARTBEAT",
                   "[2500] broker > w2 HEARTBEAT",
                   "[5000] broker > w1 HEARTBEAT",
                   "[5000] broker > w2 HEARTBEAT",
                   "[7500] broker ! worker expired service=echo worker=7732",
                   "[7500] broker > w1 HEARTBEAT");
}

static void
a_busy_worker_is_heartbeated_and_given_time (void **state)
{
    trace_config (*state)->dispatch.max_attempts = 1;
    tell (*state, "w1 READY echo");
    pass (*state, 1000);
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    pass (*state, 7500);
    TRACE (*state, "[3500] broker > w1 HEARTBEAT",
                   "[6000] broker > w1 HEARTBEAT",
                   "[8500] broker > w1 HEARTBEAT");
    pass (*state, 52499);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
    trace_skip (*state);
    pass (*state, 1);
    TRACE (*state, "[61000] broker ! worker expired service=echo worker=7731",
                   "[61000] broker ! request failed code=502 attempts=1 service=echo");
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
}

/*  Its time is over when it is, not when the next heartbeat is due. */
static void
a_busy_timeout_between_two_heartbeats (void **state)
{
    trace_config (*state)->dispatch.heartbeat.busy_timeout_ms = 7000;
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 6999);
    trace_skip (*state);
    pass (*state, 100);
    TRACE (*state, "[7000] broker ! worker expired service=echo worker=7731");
}

/*  Heard to beat later than an interval after the REQUEST: it does so while it works, and is held to the idle rule. */
static void
a_worker_known_to_beat_while_busy (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 2501);
    tell (*state, "w1 HEARTBEAT");
    trace_skip (*state);
    pass (*state, 7499);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
    trace_skip (*state);
    pass (*state, 1);
    TRACE (*state, "[10001] broker ! worker expired service=echo worker=7731");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

/*  ... and that holds for its next request too. */
static void
known_to_beat_from_then_on (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 2501);
    tell (*state, "w1 HEARTBEAT");
    tell (*state, "w1 FINAL #1 A");
    tell (*state, "c1 REQUEST echo b");
    pass (*state, 7499);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
    pass (*state, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

/*  A heartbeat that may have crossed the REQUEST on the wire proves nothing. */
static void
a_beat_that_crossed_the_request (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 2500);
    tell (*state, "w1 HEARTBEAT");
    pass (*state, 59999);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
    pass (*state, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 0);
}

static void
busy_timeout_0_is_the_idle_rule (void **state)
{
    trace_config (*state)->dispatch.heartbeat.busy_timeout_ms = 0;
    tell (*state, "w1 READY echo");
    pass (*state, 1000);
    tell (*state, "c1 REQUEST echo a"); /* to be given work is not to be heard */
    pass (*state, 6499);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
    pass (*state, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

/*  After work, the silence of an idle worker counts from its answer. */
static void
idle_again (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 30000);
    tell (*state, "w1 FINAL #1 A");
    pass (*state, 7499);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
    pass (*state, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

/*  PARTIALs are signs of life. */
static void
a_partial_is_heard (void **state)
{
    peer (*state, "c1", STRICT);
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    for (unsigned n = 0; n < 5; n++) {
        pass (*state, 59999);
        tell (*state, "w1 PARTIAL #1 more");
    }
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
}

/*  What goes to a worker is as good as a heartbeat, which is due an interval after it. */
static void
a_request_stands_for_a_heartbeat (void **state)
{
    tell (*state, "w1 READY echo");
    pass (*state, 2000);
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 FINAL #1 A");
    trace_skip (*state);
    pass (*state, 2500);
    TRACE (*state, "[4500] broker > w1 HEARTBEAT");
}

/*  After the end of some connection every busy worker is heartbeated, twice, so that a send finds out whose it was. */
static void
busy_workers_are_probed_after_a_disconnection (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "w3 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    trace_skip (*state);
    pass (*state, 100);
    trace_fate (*state, "w1", UNREACHABLE);
    tell (*state, "DISCONNECTED");
    pass (*state, 200);
    TRACE (*state, "[ 100] DISCONNECTED",
                   "[ 102] broker > w1 HEARTBEAT (unreachable)",
                   "[ 102] broker > w2 HEARTBEAT",
                   "[ 102] broker ! worker gone service=echo worker=7731",
                   "[ 102] broker > w3 REQUEST #3 a",
                   "[ 152] broker > w2 HEARTBEAT",
                   "[ 152] broker > w3 HEARTBEAT");
    assert_int_equal (trace_figure (*state, "probes"), 4);
    assert_int_equal (trace_figure (*state, "connections_ended"), 1);
}

/*  Many disconnections are one sweep every 50 msec, and the last of them is still looked after. */
static void
probes_are_at_most_every_50_ms (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    for (unsigned n = 0; n < 100; n++) {
        tell (*state, "DISCONNECTED");
        pass (*state, 1);
    }
    trace_skip (*state);
    pass (*state, 1000);
    TRACE (*state, "[ 102] broker > w1 HEARTBEAT", "[ 152] broker > w1 HEARTBEAT");
    assert_int_equal (trace_figure (*state, "probes"), 4);
}

/*  ... also when nothing was planned any more. */
static void
a_disconnection_soon_after_the_last_probe (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "DISCONNECTED");
    pass (*state, 60);
    trace_skip (*state);
    tell (*state, "DISCONNECTED");
    pass (*state, 1000);
    TRACE (*state, "[  60] DISCONNECTED", "[ 102] broker > w1 HEARTBEAT", "[ 152] broker > w1 HEARTBEAT");
}

static void
idle_workers_are_not_probed (void **state)
{
    tell (*state, "w1 READY echo");
    trace_skip (*state);
    tell (*state, "DISCONNECTED");
    pass (*state, 1000);
    TRACE (*state, "[   0] DISCONNECTED");
}

/*  New figures hold at once for those who are there: also when the busy timeout is turned on or off. */
static void
configured_while_workers_are_busy (void **state)
{
    keel_majordomo_config_t *config = trace_config (*state);
    config->dispatch.heartbeat.busy_timeout_ms = 0;
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY other");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 5000);
    tell (*state, "w2 HEARTBEAT");
    tell (*state, "c1 REQUEST other b");
    pass (*state, 2499);
    config->dispatch.heartbeat.busy_timeout_ms = 20000;
    keel_majordomo_configure (trace_engine (*state), config);
    pass (*state, 12500);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 2);
    pass (*state, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
    pass (*state, 4999);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
    config->dispatch.heartbeat.busy_timeout_ms = 0;
    keel_majordomo_configure (trace_engine (*state), config);
    pass (*state, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

static void
another_interval (void **state)
{
    keel_majordomo_config_t *config = trace_config (*state);
    tell (*state, "w1 READY echo");
    trace_skip (*state);
    pass (*state, 100);
    config->dispatch.heartbeat.interval_ms = 200;
    keel_majordomo_configure (trace_engine (*state), config);
    pass (*state, 900);
    TRACE (*state, "[ 200] broker > w1 HEARTBEAT",
                   "[ 400] broker > w1 HEARTBEAT",
                   "[ 600] broker ! worker expired service=echo worker=7731");
}

/*  A broker that was stopped has heard nobody: that is not held against its workers, whose heartbeats it has yet to read.
 *  Those who are silent from then on expire in what was left of their time. */
static void
a_broker_that_was_stopped (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    pass (*state, 1000);
    trace_skip (*state);
    trace_wait_only (*state, 3600000);
    tell (*state, "c1 REQUEST mmi.service echo");
    tell (*state, "w2 HEARTBEAT");
    TRACE (*state, "[3601000] c1 > REQUEST mmi.service echo",
                   "[3601000] broker > c1 FINAL mmi.service 200",
                   "[3601000] broker > w1 HEARTBEAT",
                   "[3601000] broker > w2 HEARTBEAT",
                   "[3601000] w2 > HEARTBEAT");
    pass (*state, 4999);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 2);
    pass (*state, 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
}

/*  ... while one that is merely late forgives nothing. */
static void
a_broker_that_is_late (void **state)
{
    tell (*state, "w1 READY echo");
    pass (*state, 5000);
    trace_wait_only (*state, 5000);
    pass (*state, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

/*  A request is not sent to a worker whose time is over in that very step: it would be sent and taken back at once. */
static void
no_request_for_a_worker_that_is_over_its_time (void **state)
{
    trace_config (*state)->dispatch.heartbeat.busy_timeout_ms = 0;
    tell (*state, "w1 READY echo");
    pass (*state, 1000);
    tell (*state, "w2 READY echo");
    pass (*state, 6499);
    trace_skip (*state);
    trace_wait_only (*state, 1);
    tell_only (*state, "c1 REQUEST echo a");
    TRACE (*state, "[7500] c1 > REQUEST echo a",
                   "[7500] broker ! worker expired service=echo worker=7731",
                   "[7500] broker > w2 REQUEST #1 a");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (an_idle_worker_that_is_silent_expires),
        T (an_idle_worker_that_beats_lives),
        T (a_beat_at_the_last_instant),
        T (those_behind_a_live_worker_expire_too),
        T (a_busy_worker_is_heartbeated_and_given_time),
        T (a_busy_timeout_between_two_heartbeats),
        T (a_worker_known_to_beat_while_busy),
        T (known_to_beat_from_then_on),
        T (a_beat_that_crossed_the_request),
        T (busy_timeout_0_is_the_idle_rule),
        T (idle_again),
        T (a_partial_is_heard),
        T (a_request_stands_for_a_heartbeat),
        T (busy_workers_are_probed_after_a_disconnection),
        T (probes_are_at_most_every_50_ms),
        T (a_disconnection_soon_after_the_last_probe),
        T (idle_workers_are_not_probed),
        T (configured_while_workers_are_busy),
        T (another_interval),
        T (a_broker_that_was_stopped),
        T (a_broker_that_is_late),
        T (no_request_for_a_worker_that_is_over_its_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
