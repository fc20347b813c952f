/*  A thousand workers and requests through small arrays: a step that has more to say than its actions take goes on with TICKs at
 *  the same instant, until all is said, and then is quiet. */
#include "trace.h"

#define MANY 1000

static int
small (void **state)
{
    trace_actions (*state, 16);
    trace_mute (*state);
    return 0;
}

static int
setup_simple (void **state)
{
    return trace_setup_simple (state) || small (state);
}

static int
setup_paranoid (void **state)
{
    return trace_setup_paranoid (state) || small (state);
}

static void
check_quiet (trace_t *trace)
{
    assert_true (keel_pirate_queue_next_due (trace_engine (trace)) > trace_now (trace));
}

static void
register_many (trace_t *trace)
{
    for (unsigned n = 0; n < MANY; n++) {
        trace_rename (trace, "w1", n);
        tell (trace, "w1 READY");
    }
}

static void
ask_many (trace_t *trace)
{
    for (unsigned n = 0; n < MANY; n++)
        tell (trace, "c%u REQUEST a", 1 + n % 9);
}

/*  Each gets one, and answers it. */
static void
all_of_them_work (void **state)
{
    register_many (*state);
    ask_many (*state);
    assert_int_equal (trace_gauges (*state).held, MANY);
    for (unsigned n = 0; n < MANY; n++) {
        trace_rename (*state, "w1", n);
        tell (*state, "w1 ANSWER #%u A", n + 1);
    }
    assert_int_equal (trace_tally (*state).finals, MANY);
    assert_int_equal (trace_figure (*state, "answers_dropped"), 0);
    check_quiet (*state);
}

/*  Their time is over at once; a thousand others take over. */
static void
all_of_them_are_over_their_time (void **state)
{
    trace_pirate_config (*state)->dispatch.heartbeat.busy_timeout_ms = 1000;
    register_many (*state);
    ask_many (*state);
    pass (*state, 1000);
    assert_int_equal (trace_gauges (*state).waiting, MANY);
    assert_int_equal (trace_figure (*state, "workers_expired"), MANY);
    check_quiet (*state);
    register_many (*state);
    assert_int_equal (trace_gauges (*state).held, MANY);
    assert_int_equal (trace_tally (*state).requests, 2 * MANY);
    check_quiet (*state);
}

/*  A thousand idle ones that are gone cost the request nothing but the looking. */
static void
all_of_them_are_gone (void **state)
{
    trace_pirate_config (*state)->dispatch.max_attempts = 1;
    register_many (*state);
    trace_fate (*state, "w1", UNREACHABLE);
    tell (*state, "w2 READY");
    tell (*state, "c1 REQUEST a");
    assert_int_equal (trace_gauges (*state).workers, 1);
    assert_int_equal (trace_figure (*state, "attempts_undelivered"), MANY);
    tell (*state, "w2 ANSWER #%zu A", trace_tokens (*state));
    assert_int_equal (trace_tally (*state).finals, 1);
}

static void
all_deadlines_at_once (void **state)
{
    ask_many (*state);
    pass (*state, 60000);
    assert_int_equal (trace_figure (*state, "failed_404"), MANY);
    check_quiet (*state);
}

static void
heartbeats_to_all (void **state)
{
    register_many (*state);
    pass (*state, 2500);
    assert_int_equal (trace_tally (*state).heartbeats, MANY);
    check_quiet (*state);
    pass (*state, 5000);
    assert_int_equal (trace_tally (*state).heartbeats, 2 * MANY);
    assert_int_equal (trace_figure (*state, "workers_expired"), MANY);
    assert_int_equal (trace_tally (*state).logs, 1);
}

/*  Those that came one after the other are heartbeated together, so they wake the queue some ten times an interval. */
static void
heartbeats_come_together (void **state)
{
    for (unsigned n = 0; n < MANY; n++) {
        trace_rename (*state, "w1", n);
        tell (*state, "w1 READY");
        pass (*state, 2);
    }
    unsigned wakes = 0;
    for (int64_t until = trace_now (*state) + 2500; trace_now (*state) < until; wakes++) {
        pass (*state, 0);
        trace_tick (*state, until - trace_now (*state));
    }
    assert_in_range (wakes, 5, 200);
}

static void
probes_of_all (void **state)
{
    register_many (*state);
    ask_many (*state);
    tell (*state, "DISCONNECTED:1");
    pass (*state, 2);
    assert_int_equal (trace_figure (*state, "probes"), MANY);
    check_quiet (*state);
}

static void
drained (void **state)
{
    register_many (*state);
    ask_many (*state);
    ask_many (*state);
    tell (*state, "DRAIN");
    assert_int_equal (trace_figure (*state, "failed_503"), MANY);
    pass (*state, 30000);
    assert_int_equal (trace_figure (*state, "failed_503"), 2 * MANY);
    assert_true (keel_pirate_queue_drained (trace_engine (*state)));
}

#define MASS_SIMPLE(test)   cmocka_unit_test_setup_teardown (test, setup_simple, trace_teardown)
#define MASS_PARANOID(test) cmocka_unit_test_setup_teardown (test, setup_paranoid, trace_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        MASS_SIMPLE (all_of_them_work),
        MASS_PARANOID (all_of_them_work),
        MASS_SIMPLE (all_of_them_are_over_their_time),
        MASS_PARANOID (all_of_them_are_over_their_time),
        MASS_SIMPLE (all_of_them_are_gone),
        MASS_PARANOID (all_of_them_are_gone),
        MASS_SIMPLE (all_deadlines_at_once),
        MASS_PARANOID (all_deadlines_at_once),
        MASS_PARANOID (heartbeats_to_all),
        MASS_PARANOID (heartbeats_come_together),
        MASS_PARANOID (probes_of_all),
        MASS_SIMPLE (drained),
        MASS_PARANOID (drained),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
