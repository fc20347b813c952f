/*  PROTOCOLS.md section 4: a worker that is found gone costs no request, and a busy one's goes to the front of the queue, until
 *  it has been tried often enough. */
#include "trace.h"

/*  The next gets it, at once; it was no attempt, and nobody's fault. */
static void
an_idle_worker_that_is_gone (void **state)
{
    trace_pirate_config (*state)->dispatch.max_attempts = 1;
    for (unsigned n = 1; n <= 4; n++)
        tell (*state, "w%u READY", n);
    for (unsigned n = 1; n <= 3; n++) {
        char name[] = {'w', (char) ('0' + n), 0};
        trace_fate (*state, name, UNREACHABLE);
    }
    trace_skip (*state);
    tell (*state, "c1 REQUEST a");
    tell (*state, "w4 ANSWER #4 A");
    TRACE (*state, "[   0] c1 > REQUEST a",
                   "[   0] broker > w1 REQUEST #1 a (unreachable)",
                   "[   0] broker ! worker gone service=workers worker=7731",
                   "[   0] broker > w2 REQUEST #2 a (unreachable)",
                   "[   0] broker > w3 REQUEST #3 a (unreachable)",
                   "[   0] broker > w4 REQUEST #4 a",
                   "[   0] w4 > ANSWER #4 A",
                   "[   0] broker > c1 ANSWER A");
    assert_int_equal (trace_figure (*state, "workers_unreachable"), 3);
    assert_int_equal (trace_figure (*state, "attempts_undelivered"), 3);
    assert_int_equal (trace_gauges (*state).workers, 1);
}

static void
all_of_them_are_gone (void **state)
{
    trace_pirate_config (*state)->dispatch.max_attempts = 1;
    for (unsigned n = 0; n < 3; n++) {
        trace_fate (*state, "w1", UNREACHABLE);
        tell (*state, "w1 READY");
        tell (*state, "c1 REQUEST a");
    }
    assert_int_equal (trace_gauges (*state).waiting, 3);
    trace_fate (*state, "w1", REACHED);
    trace_skip (*state);
    tell (*state, "w1 READY");
    assert_int_equal (trace_gauges (*state).held, 1);
}

/*  A worker that does not even read its requests is none. */
static void
a_request_that_its_worker_does_not_read (void **state)
{
    trace_fate (*state, "w1", FULL);
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    trace_skip (*state);
    tell (*state, "c1 REQUEST a");
    TRACE (*state, "[   0] c1 > REQUEST a",
                   "[   0] broker > w1 REQUEST #1 a (full)",
                   "[   0] broker ! worker does not read worker=7731",
                   "[   0] broker > w2 REQUEST #2 a");
    assert_int_equal (trace_figure (*state, "workers_full"), 1);
    assert_int_equal (trace_gauges (*state).workers, 1);
}

/*  ... while a heartbeat too many is just that. */
static void
a_heartbeat_that_its_worker_does_not_read (void **state)
{
    trace_fate (*state, "w1", FULL);
    tell (*state, "w1 READY");
    pass (*state, 2500);
    assert_int_equal (trace_figure (*state, "workers_full"), 1);
    assert_int_equal (trace_gauges (*state).workers, 1);
}

static void
a_heartbeat_to_a_worker_that_is_gone (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    tell (*state, "w2 READY");
    trace_fate (*state, "w1", UNREACHABLE);
    trace_skip (*state);
    pass (*state, 2500);
    TRACE (*state, "[2500] broker > w1 HEARTBEAT (unreachable)",
                   "[2500] broker > w2 HEARTBEAT",
                   "[2500] broker ! worker gone service=workers worker=7731",
                   "[2500] broker > w2 REQUEST #2 a");
}

/*  To the front, in its client's own order, before all that waits. */
static void
to_the_front (void **state)
{
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 2; n <= 4; n++) {
        tell (*state, "c1 REQUEST %u", n);
        tell (*state, "c2 REQUEST %u", n);
    }
    pass (*state, 1000);
    trace_skip (*state);
    tell (*state, "w2 READY");
    tell (*state, "w2 ANSWER #2 A");
    TRACE (*state, "[1000] w2 > READY",
                   "[1000] broker > w2 REQUEST #2 a",
                   "[1000] w2 > ANSWER #2 A",
                   "[1000] broker > c1 ANSWER A",
                   "[1000] broker > w2 REQUEST #3 2");
}

static void
three_workers (void **state)
{
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    tell (*state, "w3 READY");
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
}

/*  What several workers held keeps its order, too. */
static void
of_several_workers_in_order (void **state)
{
    three_workers (state);
    for (unsigned n = 1; n <= 4; n++)
        tell (*state, "c1 REQUEST %u", n);
    pass (*state, 1000);
    trace_skip (*state);
    tell (*state, "w4 READY");
    tell (*state, "w5 READY");
    tell (*state, "w6 READY");
    tell (*state, "w7 READY");
    TRACE (*state, "[1000] w4 > READY",
                   "[1000] broker > w4 REQUEST #4 1",
                   "[1000] w5 > READY",
                   "[1000] broker > w5 REQUEST #5 2",
                   "[1000] w6 > READY",
                   "[1000] broker > w6 REQUEST #6 3",
                   "[1000] w7 > READY",
                   "[1000] broker > w7 REQUEST #7 4");
}

/*  ... also when they are of several clients, of whom one waits already; and whatever the order in which workers are lost. */
static void
of_several_clients_in_order (void **state)
{
    three_workers (state);
    tell (*state, "c1 REQUEST 1");
    pass (*state, 100);
    tell (*state, "c2 REQUEST 2");
    tell (*state, "c3 REQUEST 3");
    tell (*state, "c4 REQUEST waits");
    pass (*state, 1000);
    trace_skip (*state);
    tell (*state, "w4 READY");
    tell (*state, "w5 READY");
    tell (*state, "w6 READY");
    TRACE (*state, "[1100] w4 > READY",
                   "[1100] broker > w4 REQUEST #4 1",
                   "[1100] w5 > READY",
                   "[1100] broker > w5 REQUEST #5 2",
                   "[1100] w6 > READY",
                   "[1100] broker > w6 REQUEST #6 3");
}

/*  The request may be what kills its workers. Its client hears nothing: there is no word for it. */
static void
max_attempts (void **state)
{
    trace_pirate_config (*state)->dispatch.max_attempts = 2;
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    peer (*state, "c1", ASKING);
    tell (*state, "c1 REQUEST poison");
    for (unsigned n = 1; n <= 3; n++) {
        tell (*state, "w%u READY", n);
        trace_skip (*state);
        pass (*state, 1000);
    }
    TRACE_NOTHING (*state);
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
    assert_int_equal (trace_figure (*state, "attempts"), 2);
    assert_int_equal (trace_gauges (*state).workers, 1);
}

static void
no_limit_of_attempts (void **state)
{
    trace_pirate_config (*state)->dispatch.max_attempts = 0;
    trace_pirate_config (*state)->dispatch.ttl_ms = 1000000;
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    tell (*state, "c1 REQUEST a");
    for (unsigned n = 0; n < 100; n++) {
        tell (*state, "w1 READY");
        pass (*state, 1000);
    }
    assert_int_equal (trace_figure (*state, "attempts"), 100);
    assert_int_equal (trace_gauges (*state).waiting, 1);
}

/*  Back in the queue after its deadline, it fails, with the code for "there were workers". */
static void
requeued_past_its_deadline (void **state)
{
    trace_pirate_config (*state)->dispatch.ttl_ms = 500;
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    pass (*state, 1000);
    assert_int_equal (trace_figure (*state, "failed_504"), 1);
    assert_int_equal (trace_figure (*state, "attempts"), 1);
}

/*  Had it no worker at all, or none that was free? */
static void
waited_in_vain (void **state)
{
    tell (*state, "c1 REQUEST a");
    pass (*state, 59999);
    assert_int_equal (trace_gauges (*state).waiting, 1);
    pass (*state, 1);
    assert_int_equal (trace_figure (*state, "failed_404"), 1);
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 120000;
    keel_pirate_queue_configure (trace_engine (*state), trace_pirate_config (*state));
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST b");
    tell (*state, "c1 REQUEST c");
    pass (*state, 60000);
    assert_int_equal (trace_figure (*state, "failed_504"), 1);
    assert_int_equal (trace_gauges (*state).held, 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (an_idle_worker_that_is_gone),
        PARANOID (an_idle_worker_that_is_gone),
        SIMPLE (all_of_them_are_gone),
        PARANOID (all_of_them_are_gone),
        SIMPLE (a_request_that_its_worker_does_not_read),
        PARANOID (a_request_that_its_worker_does_not_read),
        PARANOID (a_heartbeat_that_its_worker_does_not_read),
        PARANOID (a_heartbeat_to_a_worker_that_is_gone),
        SIMPLE (to_the_front),
        PARANOID (to_the_front),
        SIMPLE (of_several_workers_in_order),
        PARANOID (of_several_workers_in_order),
        SIMPLE (of_several_clients_in_order),
        PARANOID (of_several_clients_in_order),
        SIMPLE (max_attempts),
        PARANOID (max_attempts),
        SIMPLE (no_limit_of_attempts),
        PARANOID (no_limit_of_attempts),
        SIMPLE (requeued_past_its_deadline),
        PARANOID (requeued_past_its_deadline),
        SIMPLE (waited_in_vain),
        PARANOID (waited_in_vain),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
