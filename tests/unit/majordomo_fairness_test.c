/*  PROTOCOLS.md section 2, fairness: within a service round-robin over connections, in order within one; and no service
 *  holds up another. */
#include "trace.h"

static void
one_request_a_turn (void **state)
{
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c1 REQUEST echo a%u", n);
    tell (*state, "c2 REQUEST echo b1");
    tell (*state, "c2 REQUEST echo b2");
    tell (*state, "c3 REQUEST echo c1");
    trace_skip (*state);
    tell (*state, "w1 READY echo 6");
    TRACE (*state, "[   0] w1 > READY echo 6",
                   "[   0] broker > w1 REQUEST #1 a1",
                   "[   0] broker > w1 REQUEST #2 b1",
                   "[   0] broker > w1 REQUEST #3 c1",
                   "[   0] broker > w1 REQUEST #4 a2",
                   "[   0] broker > w1 REQUEST #5 b2",
                   "[   0] broker > w1 REQUEST #6 a3");
}

/*  The turn goes on where it was when workers come one at a time. */
static void
the_turn_is_kept (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo busy");
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c1 REQUEST echo a%u", n);
    for (unsigned n = 1; n <= 3; n++)
        tell (*state, "c2 REQUEST echo b%u", n);
    for (unsigned n = 1; n <= 6; n++) {
        trace_skip (*state);
        tell (*state, "w1 FINAL #%u done", n);
    }
    TRACE (*state, "[   0] w1 > FINAL #6 done", "[   0] broker > c1 FINAL echo done", "[   0] broker > w1 REQUEST #7 b3");
}

/*  Who floods does not keep out who asks once. */
static void
a_late_comer_waits_for_one_turn (void **state)
{
    trace_mute (*state);
    for (unsigned n = 0; n < 1000; n++)
        tell (*state, "c1 REQUEST echo flood");
    tell (*state, "c2 REQUEST echo once");
    tell (*state, "w1 READY echo 2");
    assert_string_equal (trace_last (*state), "once");
}

/*  A request that comes while others wait stands behind them, also when a worker is free again in the same step. */
static void
no_overtaking (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a1");
    tell (*state, "c1 REQUEST echo a2");
    tell (*state, "c1 REQUEST echo a3");
    trace_skip (*state);
    tell (*state, "w1 FINAL #1 done");
    tell (*state, "w1 FINAL #2 done");
    TRACE (*state, "[   0] w1 > FINAL #1 done",
                   "[   0] broker > c1 FINAL echo done",
                   "[   0] broker > w1 REQUEST #2 a2",
                   "[   0] w1 > FINAL #2 done",
                   "[   0] broker > c1 FINAL echo done",
                   "[   0] broker > w1 REQUEST #3 a3");
}

static void
behind_one_proxy_a_turn_is_shared (void **state)
{
    peer (*state, "c1", PROXIED (1));
    tell (*state, "c1 REQUEST echo a1");
    tell (*state, "c1 REQUEST echo a2");
    tell (*state, "c2 REQUEST echo b1");
    trace_skip (*state);
    tell (*state, "w1 READY echo 3");
    TRACE (*state, "[   0] w1 > READY echo 3",
                   "[   0] broker > w1 REQUEST #1 a1",
                   "[   0] broker > w1 REQUEST #2 b1",
                   "[   0] broker > w1 REQUEST #3 a2");
}

/*  Also in a step that could not give out all that waited. */
static void
no_overtaking_of_what_could_not_be_said_yet (void **state)
{
    trace_actions (*state, 16);
    for (unsigned n = 0; n < 20; n++)
        tell (*state, "c1 REQUEST echo first");
    tell_only (*state, "w1 READY echo 100");
    trace_skip (*state);
    tell_only (*state, "c2 REQUEST echo late");
    TRACE (*state, "[   0] c2 > REQUEST echo late",
                   "[   0] broker > w1 REQUEST #17 first",
                   "[   0] broker > w1 REQUEST #18 late",
                   "[   0] broker > w1 REQUEST #19 first",
                   "[   0] broker > w1 REQUEST #20 first",
                   "[   0] broker > w1 REQUEST #21 first");
}

/*  Connections of two listeners may have the same routing id. */
static void
the_same_id_at_two_listeners (void **state)
{
    trace_admin (*state, "c2");
    trace_same_id (*state, "c2", "c1");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c2 REQUEST echo b");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).clients, 2);
    tell (*state, "w1 READY echo 2");
    trace_skip (*state);
    tell (*state, "w1 FINAL #2 B");
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[   0] w1 > FINAL #2 B",
                   "[   0] broker > c2 FINAL echo B",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1 FINAL echo A");
}

static void
services_do_not_wait_for_each_other (void **state)
{
    trace_mute (*state);
    for (unsigned n = 0; n < 1000; n++)
        tell (*state, "c1 REQUEST nobody home");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 READY echo");
    assert_int_equal (trace_tally (*state).requests, 1);
    assert_string_equal (trace_last (*state), "a");
}

/*  Seen from a step that cannot say everything at once: services take turns too. */
static void
services_take_turns (void **state)
{
    trace_actions (*state, 16);
    tell (*state, "w1 READY one 100");
    tell (*state, "w2 READY two 100");
    trace_skip (*state);
    for (unsigned n = 0; n < 20; n++) {
        tell (*state, "c1 REQUEST one x");
        tell (*state, "c1 REQUEST two x");
    }
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w2 DISCONNECT");
    trace_skip (*state);
    tell_only (*state, "w3 READY one 100");
    tell_only (*state, "w4 READY two 100");
    TRACE (*state, "[   0] w3 > READY one 100",
                   "[   0] broker > w3 REQUEST #41 x", "[   0] broker > w3 REQUEST #42 x",
                   "[   0] broker > w3 REQUEST #43 x", "[   0] broker > w3 REQUEST #44 x",
                   "[   0] broker > w3 REQUEST #45 x", "[   0] broker > w3 REQUEST #46 x",
                   "[   0] broker > w3 REQUEST #47 x", "[   0] broker > w3 REQUEST #48 x",
                   "[   0] broker > w3 REQUEST #49 x", "[   0] broker > w3 REQUEST #50 x",
                   "[   0] broker > w3 REQUEST #51 x", "[   0] broker > w3 REQUEST #52 x",
                   "[   0] broker > w3 REQUEST #53 x", "[   0] broker > w3 REQUEST #54 x",
                   "[   0] broker > w3 REQUEST #55 x", "[   0] broker > w3 REQUEST #56 x",
                   "[   0] w4 > READY two 100",
                   "[   0] broker > w3 REQUEST #57 x", "[   0] broker > w4 REQUEST #58 x",
                   "[   0] broker > w3 REQUEST #59 x", "[   0] broker > w4 REQUEST #60 x",
                   "[   0] broker > w3 REQUEST #61 x", "[   0] broker > w4 REQUEST #62 x",
                   "[   0] broker > w3 REQUEST #63 x", "[   0] broker > w4 REQUEST #64 x",
                   "[   0] broker > w4 REQUEST #65 x", "[   0] broker > w4 REQUEST #66 x",
                   "[   0] broker > w4 REQUEST #67 x", "[   0] broker > w4 REQUEST #68 x",
                   "[   0] broker > w4 REQUEST #69 x", "[   0] broker > w4 REQUEST #70 x",
                   "[   0] broker > w4 REQUEST #71 x", "[   0] broker > w4 REQUEST #72 x");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (one_request_a_turn),
        T (the_turn_is_kept),
        T (a_late_comer_waits_for_one_turn),
        T (no_overtaking),
        T (behind_one_proxy_a_turn_is_shared),
        T (no_overtaking_of_what_could_not_be_said_yet),
        T (the_same_id_at_two_listeners),
        T (services_do_not_wait_for_each_other),
        T (services_take_turns),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
