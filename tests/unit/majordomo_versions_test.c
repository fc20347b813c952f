/*  PROTOCOLS.md section 2, mixed versions: any client works with any worker; PARTIALs of a 0.2 worker are passed on to a
 *  0.2 client at once and held for a 0.1 client. */
#include "trace.h"

static void
clients_0_1_and_0_2_with_a_worker_0_1 (void **state)
{
    peer (*state, "c2", STRICT);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 FINAL #1 A");
    tell (*state, "c2 REQUEST echo b");
    tell (*state, "w1 FINAL #2 B");
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1 FINAL echo A",
                   "[   0] c2 > REQUEST echo b",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] w1 > FINAL #2 B",
                   "[   0] broker > c2 FINAL echo B");
}

static void
partials_reach_a_client_0_2_at_once (void **state)
{
    peer (*state, "c1", DEALER_2);
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 one");
    pass (*state, 10);
    tell (*state, "w1 PARTIAL #1 two ''");
    tell (*state, "w1 FINAL #1 three");
    TRACE (*state, "[   0] w1 > PARTIAL #1 one",
                   "[   0] broker > c1@1 PARTIAL echo one",
                   "[  10] w1 > PARTIAL #1 two ''",
                   "[  10] broker > c1@1 PARTIAL echo two ''",
                   "[  10] w1 > FINAL #1 three",
                   "[  10] broker > c1@1 FINAL echo three");
    assert_int_equal (trace_figure (*state, "partials"), 2);
    assert_int_equal (trace_figure (*state, "answered"), 1);
}

static void
partials_are_held_for_a_client_0_1_in_order (void **state)
{
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 one");
    tell (*state, "w1 PARTIAL #1 two ''");
    TRACE (*state, "[   0] w1 > PARTIAL #1 one", "[   0] w1 > PARTIAL #1 two ''");
    pass (*state, 10);
    tell (*state, "w1 FINAL #1 three four");
    TRACE (*state, "[  10] w1 > FINAL #1 three four", "[  10] broker > c1 FINAL echo one two '' three four");
}

/*  Held PARTIALs cost memory and are counted; with the answer they go. */
static void
held_partials_are_paid_back (void **state)
{
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    size_t before = keel_majordomo_gauges (trace_engine (*state)).bytes;
    tell (*state, "w1 PARTIAL #1 one");
    assert_true (keel_majordomo_gauges (trace_engine (*state)).bytes > before);
    tell (*state, "w1 FINAL #1 two");
    tell (*state, "w1 HEARTBEAT"); /* what ended is freed when the next step begins */
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).bytes, 0);
}

/*  Two requests at one worker do not mix their PARTIALs. */
static void
partials_of_two_requests (void **state)
{
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo 2");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c2 REQUEST echo b");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 a1");
    tell (*state, "w1 PARTIAL #2 b1");
    tell (*state, "w1 PARTIAL #1 a2");
    tell (*state, "w1 FINAL #2 b2");
    tell (*state, "w1 FINAL #1 a3");
    TRACE (*state, "[   0] w1 > PARTIAL #1 a1",
                   "[   0] w1 > PARTIAL #2 b1",
                   "[   0] w1 > PARTIAL #1 a2",
                   "[   0] w1 > FINAL #2 b2",
                   "[   0] broker > c2 FINAL echo b1 b2",
                   "[   0] w1 > FINAL #1 a3",
                   "[   0] broker > c1 FINAL echo a1 a2 a3");
}

/*  Past limits/partial-bytes the request fails; what else that attempt sends is dropped, and its FINAL frees the worker. */
static void
too_much_held_fails_with_502 (void **state)
{
    trace_config (*state)->dispatch.partial_bytes = 150;
    peer (*state, "c1", (trace_dialect_t){.version = 1, .led = true, .asks = true, .notices = true});
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 one");
    tell (*state, "w1 PARTIAL #1 two");
    tell (*state, "c2 REQUEST echo b");
    tell (*state, "w1 PARTIAL #1 three");
    tell (*state, "w1 FINAL #1 four");
    TRACE (*state, "[   0] w1 > PARTIAL #1 one",
                   "[   0] w1 > PARTIAL #1 two",
                   "[   0] broker > c1@1 FINAL mmi.error 502 'attempts used up or worker lost half-way' echo",
                   "[   0] broker ! request failed code=502 attempts=1 service=echo",
                   "[   0] c2 > REQUEST echo b",
                   "[   0] w1 > PARTIAL #1 three",
                   "[   0] w1 > FINAL #1 four",
                   "[   0] broker > w1 REQUEST #2 b");
    assert_int_equal (trace_figure (*state, "answers_abandoned"), 2);
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
    tell (*state, "w1 FINAL #2 B");
    tell (*state, "w1 HEARTBEAT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).bytes, 0);
}

/*  A 0.2 client pays for nothing that is held, so the limit is not its own. */
static void
what_is_passed_on_has_no_such_limit (void **state)
{
    trace_config (*state)->dispatch.partial_bytes = 1;
    peer (*state, "c1", STRICT);
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 one");
    tell (*state, "w1 FINAL #1 two");
    TRACE (*state, "[   0] w1 > PARTIAL #1 one",
                   "[   0] broker > c1 PARTIAL echo one",
                   "[   0] w1 > FINAL #1 two",
                   "[   0] broker > c1 FINAL echo two");
}

/*  A worker that dies over an abandoned request takes it along: it has failed already, and once only. */
static void
a_worker_lost_with_an_abandoned_request (void **state)
{
    trace_config (*state)->dispatch.partial_bytes = 1;
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 PARTIAL #1 one");
    tell (*state, "w1 DISCONNECT");
    assert_int_equal (trace_figure (*state, "failed"), 1);
    assert_int_equal (trace_figure (*state, "requeued"), 0);
    tell (*state, "w2 HEARTBEAT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).bytes, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (clients_0_1_and_0_2_with_a_worker_0_1),
        T (partials_reach_a_client_0_2_at_once),
        T (partials_are_held_for_a_client_0_1_in_order),
        T (held_partials_are_paid_back),
        T (partials_of_two_requests),
        T (too_much_held_fails_with_502),
        T (what_is_passed_on_has_no_such_limit),
        T (a_worker_lost_with_an_abandoned_request),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
