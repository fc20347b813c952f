/*  PROTOCOLS.md section 2, SIGTERM: no new requests, queued ones fail with 503, those with workers are finished within the
 *  timeout, each worker is told DISCONNECT once it holds nothing. */
#include "trace.h"

static void
the_whole_story (void **state)
{
    peer (*state, "c1", ASKING);
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY other");
    tell (*state, "c1 REQUEST echo held");
    tell (*state, "c1 REQUEST echo waits");
    trace_skip (*state);
    pass (*state, 10);
    tell (*state, "DRAIN");
    tell (*state, "c1 REQUEST echo new");
    tell (*state, "c2 REQUEST echo silent");
    assert_false (keel_majordomo_drained (trace_engine (*state)));
    pass (*state, 10);
    tell (*state, "w1 FINAL #1 done");
    TRACE (*state, "[  10] DRAIN",
                   "[  10] broker > w2 DISCONNECT",
                   "[  10] broker > c1@2 FINAL mmi.error 503 'queue full or draining' echo",
                   "[  10] c1@3 > REQUEST echo new",
                   "[  10] broker ! request refused code=503 service=echo client=6331",
                   "[  10] broker > c1@3 FINAL mmi.error 503 'queue full or draining' echo",
                   "[  10] c2 > REQUEST echo silent",
                   "[  20] w1 > FINAL #1 done",
                   "[  20] broker > c1@1 FINAL echo done",
                   "[  20] broker > w1 DISCONNECT");
    assert_true (keel_majordomo_drained (trace_engine (*state)));
    assert_int_equal (keel_majordomo_next_due (trace_engine (*state)), KEEL_NEVER);
    assert_int_equal (trace_figure (*state, "refused_draining"), 2);
    assert_int_equal (trace_figure (*state, "failed_503"), 1);
}

static void
nothing_to_drain (void **state)
{
    assert_false (keel_majordomo_drained (trace_engine (*state)));
    tell (*state, "DRAIN");
    assert_true (keel_majordomo_drained (trace_engine (*state)));
    assert_int_equal (keel_majordomo_next_due (trace_engine (*state)), KEEL_NEVER);
}

static void
the_timeout (void **state)
{
    peer (*state, "c1", ASKING);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 1000);
    tell (*state, "DRAIN");
    pass (*state, 29999);
    assert_false (keel_majordomo_drained (trace_engine (*state)));
    trace_skip (*state);
    pass (*state, 1);
    TRACE (*state, "[31000] broker > w1 DISCONNECT",
                   "[31000] broker > c1@1 FINAL mmi.error 503 'queue full or draining' echo");
    assert_true (keel_majordomo_drained (trace_engine (*state)));
}

/*  A second DRAIN does not begin the timeout anew. */
static void
drained_twice (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "DRAIN");
    pass (*state, 20000);
    tell (*state, "DRAIN");
    pass (*state, 10000);
    assert_true (keel_majordomo_drained (trace_engine (*state)));
}

/*  One that holds several leaves with the last of them. */
static void
a_worker_with_credit (void **state)
{
    tell (*state, "w1 READY echo 4");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    tell (*state, "DRAIN");
    trace_skip (*state);
    tell (*state, "w1 FINAL #2 B");
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[   0] w1 > FINAL #2 B",
                   "[   0] broker > c1 FINAL echo B",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1 FINAL echo A",
                   "[   0] broker > w1 DISCONNECT");
}

/*  Nothing is requeued while draining: no worker would get it. */
static void
a_worker_lost_meanwhile (void **state)
{
    peer (*state, "c1", ASKING);
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "DRAIN");
    trace_skip (*state);
    tell (*state, "w1 DISCONNECT");
    TRACE (*state, "[   0] w1 > DISCONNECT",
                   "[   0] broker > c1@1 FINAL mmi.error 503 'queue full or draining' echo");
    assert_true (keel_majordomo_drained (trace_engine (*state)));
}

static void
workers_are_not_taken_any_more (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "DRAIN");
    trace_skip (*state);
    tell (*state, "w2 READY echo");
    TRACE (*state, "[   0] w2 > READY echo",
                   "[   0] broker ! READY refused service=echo worker=7732",
                   "[   0] broker > w2 DISCONNECT");
    assert_int_equal (trace_figure (*state, "workers_refused"), 1);
}

/*  Busy workers are still heartbeated, heard, and expired. */
static void
liveness_goes_on (void **state)
{
    trace_config (*state)->drain_timeout_ms = 100000;
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "DRAIN");
    trace_skip (*state);
    pass (*state, 5000);
    TRACE (*state, "[2500] broker > w1 HEARTBEAT", "[5000] broker > w1 HEARTBEAT");
    pass (*state, 55000);
    assert_int_equal (trace_figure (*state, "workers_expired"), 1);
    assert_true (keel_majordomo_drained (trace_engine (*state)));
}

/*  A worker whose request was abandoned still has a turn to end. */
static void
an_abandoned_request (void **state)
{
    trace_config (*state)->dispatch.partial_bytes = 1;
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 PARTIAL #1 too-much");
    tell (*state, "DRAIN");
    assert_false (keel_majordomo_drained (trace_engine (*state)));
    trace_skip (*state);
    tell (*state, "w1 FINAL #1 rest");
    TRACE (*state, "[   0] w1 > FINAL #1 rest", "[   0] broker > w1 DISCONNECT");
    assert_true (keel_majordomo_drained (trace_engine (*state)));
}

static void
mmi_is_answered_to_the_end (void **state)
{
    tell (*state, "DRAIN");
    tell (*state, "c1 REQUEST mmi.stats x");
    assert_non_null (strstr (trace_last (*state), "\"draining\":true"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (the_whole_story),
        T (nothing_to_drain),
        T (the_timeout),
        T (drained_twice),
        T (a_worker_with_credit),
        T (a_worker_lost_meanwhile),
        T (workers_are_not_taken_any_more),
        T (liveness_goes_on),
        T (an_abandoned_request),
        T (mmi_is_answered_to_the_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
