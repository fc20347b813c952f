/*  Each limit of DESIGN.md's configuration that the engine keeps: what is past it is refused, and taken again when there is
 *  room. */
#include "trace.h"

#define REFUSED_503 "FINAL mmi.error 503 'queue full or draining'"

static void
services_by_requests (void **state)
{
    trace_config (*state)->dispatch.services = 2;
    peer (*state, "c1", ASKING_FOR (1000));
    tell (*state, "c1 REQUEST one a");
    tell (*state, "c1 REQUEST two b");
    trace_skip (*state);
    tell (*state, "c1 REQUEST three c");
    TRACE (*state, "[   0] c1@3 > REQUEST three c",
                   "[   0] broker ! request refused code=503 service=three client=6331",
                   "[   0] broker > c1@3 " REFUSED_503 " three");
    assert_int_equal (trace_figure (*state, "refused_services"), 1);
    pass (*state, 1000);
    tell (*state, "c1 REQUEST three c");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

static void
services_by_workers (void **state)
{
    trace_config (*state)->dispatch.services = 1;
    tell (*state, "w1 READY one");
    tell (*state, "w2 READY one");
    trace_skip (*state);
    tell (*state, "w3 READY two");
    TRACE (*state, "[   0] w3 > READY two",
                   "[   0] broker ! READY refused service=two worker=7733",
                   "[   0] broker > w3 DISCONNECT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 2);
}

static void
workers (void **state)
{
    trace_config (*state)->dispatch.workers = 2;
    tell (*state, "w1 READY one");
    tell (*state, "w2 READY one");
    trace_skip (*state);
    tell (*state, "w3 READY one");
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w3 READY one");
    TRACE (*state, "[   0] w3 > READY one",
                   "[   0] broker ! READY refused service=one worker=7733",
                   "[   0] broker > w3 DISCONNECT",
                   "[   0] w1 > DISCONNECT",
                   "[   0] w3 > READY one");
    assert_int_equal (trace_figure (*state, "workers_refused"), 1);
    assert_int_equal (trace_figure (*state, "ready_refused"), 1);
}

/*  Held ones count too. */
static void
queued (void **state)
{
    trace_config (*state)->dispatch.queued = 2;
    peer (*state, "c1", ASKING);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo c");
    tell (*state, "w1 FINAL #1 A");
    tell (*state, "c1 REQUEST echo d");
    TRACE (*state, "[   0] c1@3 > REQUEST echo c",
                   "[   0] broker ! request refused code=503 service=echo client=6331",
                   "[   0] broker > c1@3 " REFUSED_503 " echo",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1@1 FINAL echo A",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] c1@4 > REQUEST echo d");
    assert_int_equal (trace_figure (*state, "refused_queue"), 1);
}

static void
queued_bytes (void **state)
{
    trace_config (*state)->dispatch.queued_bytes = 10000;
    trace_mute (*state);
    for (unsigned n = 0; n < 100; n++)
        tell (*state, "c1 REQUEST echo %0200d", n);
    size_t bytes = keel_majordomo_gauges (trace_engine (*state)).bytes;
    assert_in_range (bytes, 10000 - 1000, 10000);
    assert_true (trace_figure (*state, "refused_queue") > 50);
    tell (*state, "w1 READY echo");
    tell (*state, "w1 FINAL #1 done");
    tell (*state, "c1 REQUEST echo fits");
    assert_true (keel_majordomo_gauges (trace_engine (*state)).waiting > 0);
}

/*  A queued request of 64 bytes costs at most 512, as DESIGN.md says. */
static void
what_a_request_costs (void **state)
{
    tell (*state, "c1 REQUEST echo %064d", 0);
    assert_in_range (keel_majordomo_gauges (trace_engine (*state)).bytes, 64, 512);
}

/*  PARTIALs that are held count with the requests. */
static void
queued_bytes_of_partials (void **state)
{
    trace_config (*state)->dispatch.queued_bytes = 1000;
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    for (unsigned n = 0; n < 4; n++)
        tell (*state, "w1 PARTIAL #1 %0200d", n);
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
    assert_true (keel_majordomo_gauges (trace_engine (*state)).bytes < 1000);
}

static void
outstanding (void **state)
{
    trace_config (*state)->dispatch.outstanding = 2;
    peer (*state, "c1", ASKING);
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST other b");
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo c");
    tell (*state, "c2 REQUEST echo d");
    TRACE (*state, "[   0] c1@3 > REQUEST echo c",
                   "[   0] broker ! request refused code=429 service=echo client=6331",
                   "[   0] broker > c1@3 FINAL mmi.error 429 'too many requests outstanding' echo",
                   "[   0] c2 > REQUEST echo d");
    assert_int_equal (trace_figure (*state, "refused_outstanding"), 1);
    tell (*state, "w1 READY echo");
    tell (*state, "w1 FINAL #1 A");
    tell (*state, "c1 REQUEST echo e");
    assert_int_equal (trace_figure (*state, "refused_outstanding"), 1);
    pass (*state, 60000);
    assert_int_equal (trace_figure (*state, "refused"), 1);
    tell (*state, "c1 REQUEST echo f");
    tell (*state, "c1 REQUEST echo g");
    assert_int_equal (trace_figure (*state, "refused"), 1);
}

/*  Those who did not ask are told nothing. */
static void
refused_in_silence (void **state)
{
    trace_config (*state)->dispatch.queued = 1;
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    TRACE (*state, "[   0] c1 > REQUEST echo a",
                   "[   0] c1 > REQUEST echo b",
                   "[   0] broker ! request refused code=503 service=echo client=6331");
    assert_int_equal (trace_figure (*state, "refused"), 1);
    assert_int_equal (trace_figure (*state, "notices"), 0);
}

/*  A refusal is said in the log once a second. */
static void
refusals_do_not_flood_the_log (void **state)
{
    trace_config (*state)->dispatch.queued = 1;
    tell (*state, "c1 REQUEST echo a");
    for (unsigned n = 0; n < 10; n++)
        tell (*state, "c1 REQUEST echo b");
    pass (*state, 1000);
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo b");
    TRACE (*state, "[1000] c1 > REQUEST echo b",
                   "[1000] broker ! request refused code=503 more=9 service=echo client=6331");
    assert_int_equal (trace_tally (*state).logs, 2);
}

/*  Lower limits throw nothing out, and hold for what comes. */
static void
configured_lower (void **state)
{
    keel_majordomo_config_t *config = trace_config (*state);
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST other b");
    config->dispatch.queued = 1;
    config->dispatch.services = 1;
    keel_majordomo_configure (trace_engine (*state), config);
    tell (*state, "c1 REQUEST echo c");
    assert_int_equal (trace_figure (*state, "refused"), 1);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 2);
    tell (*state, "w1 READY other");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (services_by_requests),
        T (services_by_workers),
        T (workers),
        T (queued),
        T (queued_bytes),
        T (what_a_request_costs),
        T (queued_bytes_of_partials),
        T (outstanding),
        T (refused_in_silence),
        T (refusals_do_not_flood_the_log),
        T (configured_lower),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
