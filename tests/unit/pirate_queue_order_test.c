/*  Who is next: workers least recently used first, clients in turn, the requests of one client in order. Each worker has one
 *  request at a time, and what nobody can take waits. */
#include "trace.h"

static void
workers_least_recently_used_first (void **state)
{
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "w%u READY", n);
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c1 REQUEST %u", n);
    tell (*state, "w2 ANSWER #2 B");
    tell (*state, "w1 ANSWER #1 A");
    tell (*state, "w4 READY");
    tell (*state, "w3 ANSWER #3 C");
    trace_skip (*state);
    for (unsigned n = 4; n <= 7; n++)
        tell (*state, "c1 REQUEST %u", n);
    TRACE (*state, "[   0] c1 > REQUEST 4",
                   "[   0] broker > w2 REQUEST #4 4",
                   "[   0] c1 > REQUEST 5",
                   "[   0] broker > w1 REQUEST #5 5",
                   "[   0] c1 > REQUEST 6",
                   "[   0] broker > w4 REQUEST #6 6",
                   "[   0] c1 > REQUEST 7",
                   "[   0] broker > w3 REQUEST #7 7");
}

static void
one_at_a_time (void **state)
{
    tell (*state, "w1 READY");
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c%u REQUEST %u", n, n);
    assert_int_equal (trace_gauges (*state).held, 1);
    trace_skip (*state);
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "w1 ANSWER #%u done", n);
    TRACE (*state, "[   0] w1 > ANSWER #1 done",
                   "[   0] broker > c1 ANSWER done",
                   "[   0] broker > w1 REQUEST #2 2",
                   "[   0] w1 > ANSWER #2 done",
                   "[   0] broker > c2 ANSWER done",
                   "[   0] broker > w1 REQUEST #3 3",
                   "[   0] w1 > ANSWER #3 done",
                   "[   0] broker > c3 ANSWER done");
}

static void
requests_wait_for_a_worker (void **state)
{
    tell (*state, "c1 REQUEST a");
    tell (*state, "c1 REQUEST b");
    pass (*state, 100);
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    TRACE (*state, "[   0] c1 > REQUEST a",
                   "[   0] c1 > REQUEST b",
                   "[ 100] w1 > READY",
                   "[ 100] broker > w1 REQUEST #1 a",
                   "[ 100] w2 > READY",
                   "[ 100] broker > w2 REQUEST #2 b");
}

/*  A client with a thousand requests delays the one of another by a single turn. */
static void
clients_take_turns (void **state)
{
    peer (*state, "c1", DEALER_2);
    for (unsigned n = 1; n <= 4; n++)
        tell (*state, "c1 REQUEST %u", n);
    tell (*state, "c2 REQUEST two");
    tell (*state, "c3 REQUEST three");
    trace_skip (*state);
    for (unsigned n = 1; n <= 6; n++)
        tell (*state, "w%u READY", n);
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] broker > w1 REQUEST #1 1",
                   "[   0] w2 > READY",
                   "[   0] broker > w2 REQUEST #2 two",
                   "[   0] w3 > READY",
                   "[   0] broker > w3 REQUEST #3 three",
                   "[   0] w4 > READY",
                   "[   0] broker > w4 REQUEST #4 2",
                   "[   0] w5 > READY",
                   "[   0] broker > w5 REQUEST #5 3",
                   "[   0] w6 > READY",
                   "[   0] broker > w6 REQUEST #6 4");
}

/*  ... and one that comes while others wait does not overtake them. */
static void
a_free_worker_is_for_who_waits (void **state)
{
    tell (*state, "c1 REQUEST first");
    trace_wait_only (*state, 1);
    tell_only (*state, "w1 READY"); /* it is given its request by this very step */
    tell_only (*state, "c2 REQUEST second");
    TRACE (*state, "[   0] c1 > REQUEST first",
                   "[   1] w1 > READY",
                   "[   1] broker > w1 REQUEST #1 first",
                   "[   1] c2 > REQUEST second");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (workers_least_recently_used_first),
        PARANOID (workers_least_recently_used_first),
        SIMPLE (one_at_a_time),
        PARANOID (one_at_a_time),
        SIMPLE (requests_wait_for_a_worker),
        PARANOID (requests_wait_for_a_worker),
        SIMPLE (clients_take_turns),
        PARANOID (clients_take_turns),
        SIMPLE (a_free_worker_is_for_who_waits),
        PARANOID (a_free_worker_is_for_who_waits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
