/*  PROTOCOLS.md section 3, failure notices: each code to those who asked, in the form and version of their request, and
 *  nothing to those who did not. 403 is for permissions, which do not exist yet. */
#include "trace.h"

#include <stdio.h>

typedef void (scene_t) (trace_t *trace);

static void
no_worker (trace_t *trace)
{
    tell (trace, "c1 REQUEST echo a");
    pass (trace, 60000);
}

static void
too_many (trace_t *trace)
{
    trace_config (trace)->dispatch.outstanding = 1;
    tell (trace, "c1 REQUEST echo a");
    tell (trace, "c1 REQUEST echo b");
}

static void
lost_too_often (trace_t *trace)
{
    trace_config (trace)->dispatch.max_attempts = 1;
    tell (trace, "w1 READY echo");
    tell (trace, "c1 REQUEST echo a");
    tell (trace, "w1 DISCONNECT");
}

static void
queue_full (trace_t *trace)
{
    trace_config (trace)->dispatch.queued = 1;
    tell (trace, "c2 REQUEST echo a");
    tell (trace, "c1 REQUEST echo b");
}

static void
all_busy (trace_t *trace)
{
    tell (trace, "w1 READY echo");
    tell (trace, "c2 REQUEST echo a");
    tell (trace, "c1 REQUEST echo b");
    for (unsigned n = 0; n < 12; n++) {
        pass (trace, 5000);
        tell (trace, "w1 HEARTBEAT");
    }
}

static const struct {
    const char *code;
    scene_t *play;
} scenes[] = {{"404", no_worker}, {"429", too_many}, {"502", lost_too_often}, {"503", queue_full}, {"504", all_busy}};

/*  Each scene with a client of this dialect, on an engine of its own. */
static void
play_all (trace_dialect_t dialect)
{
    for (size_t n = 0; n < COUNT_OF (scenes); n++) {
        void *state;
        char expected[32];
        assert_int_equal (trace_setup (&state), 0);
        peer (state, "c1", dialect);
        scenes[n].play (state);
        assert_int_equal (trace_tally (state).notices, dialect.notices ? 1 : 0);
        snprintf (expected, sizeof (expected), " mmi.error %s '", scenes[n].code);
        assert_int_equal (trace_said (state, expected), dialect.notices);
        assert_int_equal (trace_figure (state, "notices"), dialect.notices);
        assert_int_equal (trace_teardown (&state), 0);
    }
}

static void
in_0_2_led (void **state)
{
    (void) state;
    play_all (ASKING);
}

static void
in_0_1 (void **state)
{
    (void) state;
    play_all ((trace_dialect_t){.version = 1, .led = true, .asks = true, .notices = true});
}

static void
behind_proxies (void **state)
{
    (void) state;
    play_all ((trace_dialect_t){.version = 2, .led = true, .hops = 7, .asks = true, .notices = true});
}

static void
not_to_those_who_asked_for_something_else (void **state)
{
    (void) state;
    play_all ((trace_dialect_t){.version = 2, .led = true, .asks = true});
}

static void
not_to_stock_clients (void **state)
{
    (void) state;
    play_all (REQ);
    play_all (STRICT);
}

/*  Only the innermost extra frame is the client's; one further out is of somebody else. */
static void
options_further_out_are_none (void **state)
{
    TELL_FRAMES (*state, "c1", F ("KEEL\1\1\0\0\0\0\0\1abcdefgh"), F ("hop"), F (""), F ("MDPC01"), F ("echo"), F ("a"));
    pass (*state, 60000);
    assert_int_equal (trace_tally (*state).notices, 0);
    assert_int_equal (trace_figure (*state, "failed_404"), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (in_0_2_led),
        T (in_0_1),
        T (behind_proxies),
        T (not_to_those_who_asked_for_something_else),
        T (not_to_stock_clients),
        T (options_further_out_are_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
