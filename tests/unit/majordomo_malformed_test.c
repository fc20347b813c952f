/*  PROTOCOLS.md section 1: anything else is malformed: dropped, counted by reason, said in the log at most once a second a
 *  reason. Section 8: asserts on peer bytes. */
#include "trace.h"

#define NINE F ("1"), F ("2"), F ("3"), F ("4"), F ("5"), F ("6"), F ("7"), F ("8"), F ("9")

static void
each_reason_has_its_counter (void **state)
{
    static const uint8_t long_name[256] = {'x'};
    static const struct {
        const char *key;
        span_t frames[14];
    } messages[] = {
        {"no-header", {F ("")}},
        {"no-header", {F ("x")}},
        {"no-header", {F ("x"), F (""), F ("y")}},
        {"no-header", {F (""), F (""), F ("MDPC01"), F ("echo"), F ("a")}},
        {"envelope", {NINE, F (""), F ("MDPC01"), F ("echo"), F ("a")}},
        {"envelope", {{long_name, 256, NULL}, F (""), F ("MDPC01"), F ("echo"), F ("a")}},
        {"envelope", {F ("x"), F (""), F ("MDPW01"), F ("\1"), F ("echo")}},
        {"short", {F ("MDPC02")}},
        {"short", {F (""), F ("MDPC01")}},
        {"short", {F (""), F ("MDPW01")}},
        {"short", {F ("MDPW02"), F ("\4"), F ("0123456789abcdef")}},
        {"command", {F ("MDPC02"), F ("\2"), F ("echo"), F ("a")}},
        {"command", {F ("MDPW01"), F ("\6")}},
        {"command", {F ("MDPW02"), F ("\2"), F ("0123456789abcdef"), F (""), F ("a")}},
        {"command", {F ("MDPW02"), F ("")}},
        {"command", {F ("MDPW02"), F ("\1\1"), F ("echo")}},
        {"service", {F ("MDPC01"), F (""), F ("a")}},
        {"service", {F ("MDPC01"), F ("a b"), F ("a")}},
        {"service", {F ("MDPC01"), {long_name, 256, NULL}, F ("a")}},
        {"delimiter", {F ("MDPW01"), F ("\3"), F ("0123456789abcdef"), F ("x"), F ("a")}},
        {"body", {F ("MDPC01"), F ("echo")}},
        {"body", {F ("MDPW01"), F ("\3"), F ("0123456789abcdef"), F ("")}},
    };
    for (size_t n = 0; n < COUNT_OF (messages); n++) {
        size_t count = 0;
        while (messages[n].frames[count].data)
            count++;
        uint64_t before = trace_figure (*state, messages[n].key);
        trace_mute (*state);
        tell_frames (*state, "c1", messages[n].frames, count);
        assert_int_equal (trace_figure (*state, messages[n].key), before + 1);
        assert_int_equal (trace_figure (*state, "malformed"), n + 1);
    }
    assert_int_equal (trace_tally (*state).disconnects, 0);
    assert_int_equal (trace_figure (*state, "accepted"), 0);
}

static void
no_frames_at_all (void **state)
{
    tell_frames (*state, "c1", NULL, 0);
    assert_int_equal (trace_figure (*state, "short"), 1);
}

static void
more_frames_than_the_port_takes (void **state)
{
    tell_cut (*state, "c1 REQUEST echo a");
    TRACE (*state, "[   0] c1 > REQUEST echo a",
                   "[   0] broker ! malformed message dropped reason=frames");
    assert_int_equal (trace_figure (*state, "frames"), 1);
}

/*  It would be as long the next time, and its worker takes itself to be free. */
static void
an_answer_of_too_many_frames_fails_its_request (void **state)
{
    peer (*state, "c1", ASKING);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell_cut (*state, "w1 FINAL #1 b");
    assert_int_equal (trace_tally (*state).notices, 1);
    assert_int_equal (trace_figure (*state, "failed_502"), 1);
    tell (*state, "c1 REQUEST echo c");
    assert_int_equal (trace_figure (*state, "held"), 1);
    tell (*state, "w1 FINAL #2 d");
    assert_int_equal (trace_figure (*state, "answered"), 1);
}

static void
a_cut_answer_to_nothing_is_dropped (void **state)
{
    tell_cut (*state, "w1 FINAL #1 b");
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell_cut (*state, "w2 FINAL #1 b");
    assert_int_equal (trace_figure (*state, "frames"), 2);
    assert_int_equal (trace_figure (*state, "held"), 1);
}

static void
once_a_second_a_reason (void **state)
{
    for (unsigned n = 0; n < 5; n++)
        TELL_FRAMES (*state, "c1", F ("x"));
    TELL_FRAMES (*state, "c1", F ("MDPC01"), F ("echo"));
    pass (*state, 999);
    TELL_FRAMES (*state, "c1", F ("x"));
    pass (*state, 1);
    TELL_FRAMES (*state, "c1", F ("x"));
    pass (*state, 1000);
    TELL_FRAMES (*state, "c1", F ("x"));
    TRACE (*state, "[   0] c1 > x",
                   "[   0] broker ! malformed message dropped reason=no-header",
                   "[   0] c1 > x", "[   0] c1 > x", "[   0] c1 > x", "[   0] c1 > x",
                   "[   0] c1 > MDPC01 echo",
                   "[   0] broker ! malformed message dropped reason=body",
                   "[ 999] c1 > x",
                   "[1000] c1 > x",
                   "[1000] broker ! malformed message dropped reason=no-header more=5",
                   "[2000] c1 > x",
                   "[2000] broker ! malformed message dropped reason=no-header");
}

/*  The longest sentence of them all, and names of peers, are whole in the log. */
static void
the_log_line_is_whole (void **state)
{
    TELL_FRAMES (*state, "w1", F (""), F ("MDPW01"), F ("\1"), F ("echo"), F ("0"));
    assert_true (trace_said (*state, "reason=credit\n"));
}

/*  Malformed is not heard: garbage does not keep a worker alive, nor does it end its session. */
static void
a_worker_that_sends_rubbish (void **state)
{
    tell (*state, "w1 READY echo");
    pass (*state, 7000);
    trace_skip (*state);
    TELL_FRAMES (*state, "w1", F (""), F ("MDPW01"), F ("\3"), F ("0123456789abcdef"));
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 1);
    pass (*state, 500);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (each_reason_has_its_counter),
        T (no_frames_at_all),
        T (more_frames_than_the_port_takes),
        T (an_answer_of_too_many_frames_fails_its_request),
        T (a_cut_answer_to_nothing_is_dropped),
        T (once_a_second_a_reason),
        T (the_log_line_is_whole),
        T (a_worker_that_sends_rubbish),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
