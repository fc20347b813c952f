/*  Masses through small arrays: a step that has more to say than its actions take goes on with TICKs at the same instant,
 *  until all is said, and then is quiet. */
#include "trace.h"

#define MANY 1000

static int
setup (void **state)
{
    if (trace_setup (state) != 0)
        return -1;
    trace_actions (*state, 16);
    trace_mute (*state);
    return 0;
}

static void
check_quiet (trace_t *trace)
{
    assert_true (keel_majordomo_next_due (trace_engine (trace)) > trace_now (trace));
}

static void
ask_many (trace_t *trace)
{
    for (unsigned n = 0; n < MANY; n++)
        tell (trace, "c%u REQUEST echo a", 1 + n % 9);
}

static void
a_worker_dies_that_held_a_thousand (void **state)
{
    tell (*state, "w1 READY echo %u", MANY);
    tell (*state, "w2 READY echo %u", MANY);
    tell (*state, "w2 DISCONNECT");
    ask_many (*state);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, MANY);
    tell (*state, "w2 READY echo %u", MANY);
    tell (*state, "w1 DISCONNECT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, MANY);
    assert_int_equal (trace_tally (*state).requests, 2 * MANY);
    check_quiet (*state);
}

static void
a_worker_dies_and_all_of_them_fail (void **state)
{
    trace_config (*state)->dispatch.max_attempts = 1;
    for (unsigned n = 1; n <= 9; n++) {
        char name[] = {'c', (char) ('0' + n), 0};
        peer (*state, name, ASKING);
    }
    tell (*state, "w1 READY echo %u", MANY);
    ask_many (*state);
    tell (*state, "w1 DISCONNECT");
    assert_int_equal (trace_tally (*state).notices, MANY);
    assert_int_equal (trace_figure (*state, "failed_502"), MANY);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
    check_quiet (*state);
}

static void
draining_a_thousand_that_wait (void **state)
{
    for (unsigned n = 1; n <= 9; n++) {
        char name[] = {'c', (char) ('0' + n), 0};
        peer (*state, name, ASKING);
    }
    ask_many (*state);
    tell (*state, "DRAIN");
    assert_int_equal (trace_tally (*state).notices, MANY);
    assert_int_equal (trace_figure (*state, "failed_503"), MANY);
    assert_true (keel_majordomo_drained (trace_engine (*state)));
    check_quiet (*state);
}

/*  One step does not do all of it: the loop has its turn in between. */
static void
in_more_than_one_step (void **state)
{
    for (unsigned n = 0; n < 5 * MANY; n++)
        tell (*state, "c%u REQUEST echo a", 1 + n % 9);
    tell_only (*state, "DRAIN");
    assert_true (keel_majordomo_gauges (trace_engine (*state)).waiting >= 3 * MANY);
    assert_true (keel_majordomo_next_due (trace_engine (*state)) <= trace_now (*state));
    pass (*state, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 0);
    check_quiet (*state);
}

static void
all_deadlines_at_once (void **state)
{
    ask_many (*state);
    pass (*state, 60000);
    assert_int_equal (trace_figure (*state, "failed_404"), MANY);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
    check_quiet (*state);
}

/*  Workers by the hundred under names that differ: heartbeats, probes, expiry, farewell. */
static void
register_many (trace_t *trace)
{
    for (unsigned n = 0; n < MANY; n++) {
        trace_rename (trace, "w1", n);
        tell (trace, "w1 READY echo");
    }
}

static void
heartbeats_to_a_thousand (void **state)
{
    register_many (*state);
    pass (*state, 2500);
    assert_int_equal (trace_tally (*state).heartbeats, MANY);
    check_quiet (*state);
    pass (*state, 5000);
    assert_int_equal (trace_tally (*state).heartbeats, 2 * MANY);
    assert_int_equal (trace_figure (*state, "workers_expired"), MANY);
    assert_int_equal (trace_tally (*state).logs, 1);
    check_quiet (*state);
}

static void
not_all_expire_in_one_step (void **state)
{
    for (unsigned n = 0; n < 3 * MANY; n++) {
        trace_rename (*state, "w1", n);
        tell (*state, "w1 READY echo");
    }
    pass (*state, 7499);
    trace_wait_only (*state, 1);
    tell_only (*state, "c1 REQUEST mmi.service echo");
    assert_in_range (keel_majordomo_gauges (trace_engine (*state)).workers, 1, 2 * MANY);
    pass (*state, 0);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

static void
probes_of_a_thousand (void **state)
{
    register_many (*state);
    ask_many (*state);
    tell (*state, "DISCONNECTED");
    pass (*state, 2);
    assert_int_equal (trace_figure (*state, "probes"), MANY);
    check_quiet (*state);
    pass (*state, 100);
    assert_int_equal (trace_figure (*state, "probes"), 2 * MANY);
}

static void
farewell_to_a_thousand (void **state)
{
    register_many (*state);
    tell (*state, "DRAIN");
    assert_int_equal (trace_tally (*state).disconnects, MANY);
    assert_true (keel_majordomo_drained (trace_engine (*state)));
    check_quiet (*state);
}

static void
a_thousand_busy_at_the_drain_s_end (void **state)
{
    register_many (*state);
    ask_many (*state);
    tell (*state, "DRAIN");
    pass (*state, 29999);
    assert_int_equal (trace_tally (*state).disconnects, 0);
    pass (*state, 1);
    assert_int_equal (trace_tally (*state).disconnects, MANY);
    assert_int_equal (trace_figure (*state, "failed_503"), MANY);
    assert_true (keel_majordomo_drained (trace_engine (*state)));
}

/*  Each of these steps fills its sixteen actions, and none of them says more. */
static void
sixteen_are_enough_for_any_one_event (void **state)
{
    trace_config (*state)->dispatch.outstanding = 1;
    peer (*state, "c1", (trace_dialect_t){.version = 2, .led = true, .hops = 7, .asks = true, .notices = true});
    tell (*state, "c1 REQUEST %0255d a", 0);
    tell (*state, "c1 REQUEST %0255d a", 0);
    tell (*state, "c1 REQUEST mmi.workers a");
    tell (*state, "w1 READY mmi.x");
    pass (*state, 60000);
    assert_int_equal (trace_tally (*state).notices, 2);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_worker_dies_that_held_a_thousand, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (a_worker_dies_and_all_of_them_fail, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (draining_a_thousand_that_wait, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (in_more_than_one_step, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (all_deadlines_at_once, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (heartbeats_to_a_thousand, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (not_all_expire_in_one_step, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (probes_of_a_thousand, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (farewell_to_a_thousand, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (a_thousand_busy_at_the_drain_s_end, setup, trace_teardown),
        cmocka_unit_test_setup_teardown (sixteen_are_enough_for_any_one_event, setup, trace_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
