/*  PROTOCOLS.md section 2, tokens and READY credit. A token names one attempt of one request, and only the worker that
 *  holds that attempt can answer it. Section 8: a REPLY goes to whatever address it names; a second REPLY queues a
 *  worker twice. */
#include "trace.h"

static void
a_second_answer_is_dropped_and_wins_no_second_turn (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 FINAL #1 A");
    trace_skip (*state);
    tell (*state, "w1 FINAL #1 again");
    tell (*state, "c1 REQUEST echo b");
    tell (*state, "c1 REQUEST echo c");
    TRACE (*state, "[   0] w1 > FINAL #1 again",
                   "[   0] c1 > REQUEST echo b",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] c1 > REQUEST echo c");
    tell (*state, "w1 FINAL #1 again");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 2);
    TRACE (*state, "[   0] w1 > FINAL #1 again");
}

static void
another_worker_s_token_is_dropped (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w2 FINAL #1 stolen");
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[   0] w2 > FINAL #1 stolen",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1 FINAL echo A");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
}

static void
invented_tokens_are_dropped (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 FINAL 0000000000000000 x");
    tell (*state, "w1 FINAL ffffffffffffffff x");
    tell (*state, "w1 FINAL 0000000000000001 x");
    tell (*state, "w1 FINAL c1 x"); /* a client's routing id, as the Guide's broker would have it */
    tell (*state, "w1 FINAL '' x");
    TRACE (*state, "[   0] w1 > FINAL 0000000000000000 x",
                   "[   0] w1 > FINAL ffffffffffffffff x",
                   "[   0] w1 > FINAL 0000000000000001 x",
                   "[   0] w1 > FINAL c1 x",
                   "[   0] w1 > FINAL '' x");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 5);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 1);
}

/*  A dropped PARTIAL is one too. */
static void
a_partial_after_the_final (void **state)
{
    peer (*state, "c1", STRICT);
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 FINAL #1 A");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 late");
    TRACE (*state, "[   0] w1 > PARTIAL #1 late");
    assert_int_equal (trace_figure (*state, "answers_dropped"), 1);
}

/*  Each attempt has a token of its own, so an answer to the first cannot pass for one to the second. */
static void
the_token_of_an_earlier_attempt (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w1 READY echo");
    trace_skip (*state);
    tell (*state, "w1 FINAL #1 old");
    tell (*state, "w1 FINAL #2 new");
    TRACE (*state, "[   0] w1 > FINAL #1 old",
                   "[   0] w1 > FINAL #2 new",
                   "[   0] broker > c1 FINAL echo new");
}

/*  Serial numbers wrap. 0 is not one of them: with the first slot it would make the tag of a client. */
static void
no_token_is_zero (void **state)
{
    tell (*state, "w1 READY echo");
    trace_skip (*state);
    trace_wrap_serials (*state);
    trace_fate (*state, "w1", UNREACHABLE);
    tell (*state, "c1 REQUEST echo a");
    TRACE (*state, "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a (unreachable)",
                   "[   0] broker ! worker gone service=echo worker=7731");
}

static void
without_credit_one_at_a_time (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] c1 > REQUEST echo b",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1 FINAL echo A",
                   "[   0] broker > w1 REQUEST #2 b");
}

static void
with_credit_so_many (void **state)
{
    tell (*state, "w1 READY echo 2");
    for (char which = 'a'; which <= 'd'; which++)
        tell (*state, "c1 REQUEST echo %c", which);
    tell (*state, "w1 FINAL #2 B");
    TRACE (*state, "[   0] w1 > READY echo 2",
                   "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] c1 > REQUEST echo b",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] c1 > REQUEST echo c",
                   "[   0] c1 > REQUEST echo d",
                   "[   0] w1 > FINAL #2 B",
                   "[   0] broker > c1 FINAL echo B",
                   "[   0] broker > w1 REQUEST #3 c");
}

/*  Work goes to the worker that has had none for longest. */
static void
workers_take_turns (void **state)
{
    tell (*state, "w1 READY echo 2");
    tell (*state, "w2 READY echo 2");
    trace_skip (*state);
    for (char which = 'a'; which <= 'd'; which++)
        tell (*state, "c1 REQUEST echo %c", which);
    TRACE (*state, "[   0] c1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] c1 > REQUEST echo b",
                   "[   0] broker > w2 REQUEST #2 b",
                   "[   0] c1 > REQUEST echo c",
                   "[   0] broker > w1 REQUEST #3 c",
                   "[   0] c1 > REQUEST echo d",
                   "[   0] broker > w2 REQUEST #4 d");
}

static void
credit_that_is_no_number_gets_disconnect (void **state)
{
    static const char *const bad[] = {"0", "65536", "x", "''", "1x", "-1", "000001"};
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        trace_skip (*state);
        tell (*state, "w%zu READY echo %s", n, bad[n]);
        pass (*state, 1000); /* so that each is said in the log */
        assert_int_equal (trace_tally (*state).disconnects, n + 1);
    }
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).workers, 0);
    assert_int_equal (trace_figure (*state, "ready_refused"), COUNT_OF (bad));
    trace_skip (*state);
    tell (*state, "w9 READY echo 2 more");
    TRACE (*state, "[7000] w9 > READY echo 2 more",
                   "[7000] broker ! malformed message dropped reason=credit",
                   "[7000] broker > w9 DISCONNECT");
}

static void
credit_above_the_pipe_counts_as_that (void **state)
{
    trace_config (*state)->dispatch.credit = 2;
    tell (*state, "w1 READY echo 65535");
    for (char which = 'a'; which <= 'c'; which++)
        tell (*state, "c1 REQUEST echo %c", which);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).held, 2);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (a_second_answer_is_dropped_and_wins_no_second_turn),
        T (another_worker_s_token_is_dropped),
        T (invented_tokens_are_dropped),
        T (a_partial_after_the_final),
        T (the_token_of_an_earlier_attempt),
        T (no_token_is_zero),
        T (without_credit_one_at_a_time),
        T (with_credit_so_many),
        T (workers_take_turns),
        T (credit_that_is_no_number_gets_disconnect),
        T (credit_above_the_pipe_counts_as_that),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
