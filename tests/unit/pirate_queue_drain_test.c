/*  SIGTERM: no new requests, those that wait fail, those that workers hold are finished within the timeout. Neither dialect has
 *  a word for goodbye, so workers are forgotten in silence. */
#include "trace.h"

static void
the_whole_story (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST held");
    tell (*state, "c2 REQUEST waits");
    tell (*state, "w2 READY");
    tell (*state, "c2 REQUEST waits-too");
    tell (*state, "w2 ANSWER #2 done");
    tell (*state, "w2 ANSWER #3 done");
    trace_skip (*state);
    pass (*state, 10);
    tell (*state, "c3 REQUEST held-too");
    tell (*state, "c3 REQUEST fails");
    tell (*state, "DRAIN");
    assert_false (keel_pirate_queue_drained (trace_engine (*state)));
    tell (*state, "c4 REQUEST new");
    tell (*state, "w2 ANSWER #4 done");
    tell (*state, "w1 ANSWER #1 done");
    TRACE (*state, "[  10] c3 > REQUEST held-too",
                   "[  10] broker > w2 REQUEST #4 held-too",
                   "[  10] c3 > REQUEST fails",
                   "[  10] DRAIN",
                   "[  10] c4 > REQUEST new",
                   "[  10] broker ! request refused code=503 service=workers client=6334",
                   "[  10] w2 > ANSWER #4 done",
                   "[  10] broker > c3 ANSWER done",
                   "[  10] w1 > ANSWER #1 done",
                   "[  10] broker > c1 ANSWER done");
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
    assert_true (keel_pirate_queue_next_due (trace_engine (*state)) == KEEL_NEVER);
    assert_int_equal (trace_figure (*state, "refused_draining"), 1);
    assert_int_equal (trace_figure (*state, "failed_503"), 1);
    assert_int_equal (trace_figure (*state, "workers_ended"), 2);
}

static void
nothing_to_drain (void **state)
{
    assert_false (keel_pirate_queue_drained (trace_engine (*state)));
    tell (*state, "w1 READY");
    tell (*state, "DRAIN");
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
    assert_int_equal (trace_gauges (*state).workers, 0);
    assert_true (keel_pirate_queue_next_due (trace_engine (*state)) == KEEL_NEVER);
}

/*  A second DRAIN does not begin it anew. */
static void
the_timeout (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "DRAIN");
    pass (*state, 20000);
    tell (*state, "DRAIN");
    pass (*state, 9999);
    assert_false (keel_pirate_queue_drained (trace_engine (*state)));
    pass (*state, 1);
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
    assert_int_equal (trace_figure (*state, "failed_503"), 1);
}

/*  Nothing is requeued while draining: no worker would get it. */
static void
a_worker_lost_meanwhile (void **state)
{
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "DRAIN");
    pass (*state, 1000);
    assert_int_equal (trace_figure (*state, "failed_503"), 1);
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
}

/*  Not taken any more: not a new one, nor, in the Paranoid dialect, a busy one that begins anew. */
static void
ready_while_draining (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "DRAIN");
    trace_skip (*state);
    tell (*state, "w2 READY");
    TRACE (*state, "[   0] w2 > READY", "[   0] broker ! READY refused worker=7732");
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
    tell (*state, "w1 READY");
    assert_int_equal (trace_figure (*state, "ready_repeated"), 1);
}

static void
simple_ready_while_draining (void **state)
{
    ready_while_draining (state);
    assert_int_equal (trace_gauges (*state).held, 1);
}

static void
paranoid_ready_while_draining (void **state)
{
    ready_while_draining (state);
    assert_int_equal (trace_figure (*state, "failed_503"), 1);
    assert_int_equal (trace_figure (*state, "ready_refused"), 2);
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
}

/*  Simple: nor one that comes too late. */
static void
late_while_draining (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 30001);
    tell (*state, "c1 REQUEST b");
    tell (*state, "DRAIN");
    pass (*state, 29999);
    trace_skip (*state);
    tell (*state, "w1 ANSWER #1 A");
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
    assert_int_equal (trace_gauges (*state).workers, 1);
    tell (*state, "w2 ANSWER #2 B");
    assert_true (trace_said (*state, "broker > c1 ANSWER B"));
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
}

/*  Busy workers are still heartbeated and heard. */
static void
liveness_goes_on (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "DRAIN");
    trace_skip (*state);
    pass (*state, 5000);
    TRACE (*state, "[2500] broker > w1 HEARTBEAT", "[5000] broker > w1 HEARTBEAT");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (the_whole_story),
        PARANOID (the_whole_story),
        SIMPLE (nothing_to_drain),
        PARANOID (nothing_to_drain),
        SIMPLE (the_timeout),
        PARANOID (the_timeout),
        SIMPLE (a_worker_lost_meanwhile),
        PARANOID (a_worker_lost_meanwhile),
        SIMPLE (simple_ready_while_draining),
        PARANOID (paranoid_ready_while_draining),
        SIMPLE (late_while_draining),
        PARANOID (liveness_goes_on),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
