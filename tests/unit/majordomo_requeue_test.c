/*  PROTOCOLS.md section 2, requeue, attempts, deadlines; and what a lost worker means for a request half answered. */
#include "trace.h"

static void
work_of_a_worker_that_leaves_is_taken_over (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w2 FINAL #2 A");
    TRACE (*state, "[   0] w1 > DISCONNECT",
                   "[   0] broker > w2 REQUEST #2 a",
                   "[   0] w2 > FINAL #2 A",
                   "[   0] broker > c1 FINAL echo A");
    assert_int_equal (trace_figure (*state, "workers_left"), 1);
    assert_int_equal (trace_figure (*state, "requeued"), 1);
    assert_int_equal (trace_figure (*state, "attempts"), 2);
}

static void
it_goes_to_the_front (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo first");
    tell (*state, "c1 REQUEST echo second");
    tell (*state, "w1 DISCONNECT");
    trace_skip (*state);
    tell (*state, "w2 READY echo 2");
    TRACE (*state, "[   0] w2 > READY echo 2",
                   "[   0] broker > w2 REQUEST #2 first",
                   "[   0] broker > w2 REQUEST #3 second");
}

static void
several_keep_their_order (void **state)
{
    tell (*state, "w1 READY echo 3");
    for (unsigned n = 1; n <= 5; n++)
        tell (*state, "c1 REQUEST echo %u", n);
    tell (*state, "w1 DISCONNECT");
    trace_skip (*state);
    tell (*state, "w2 READY echo 5");
    TRACE (*state, "[   0] w2 > READY echo 5",
                   "[   0] broker > w2 REQUEST #4 1",
                   "[   0] broker > w2 REQUEST #5 2",
                   "[   0] broker > w2 REQUEST #6 3",
                   "[   0] broker > w2 REQUEST #7 4",
                   "[   0] broker > w2 REQUEST #8 5");
}

/*  ... also when they are of several clients, of whom one waits already. */
static void
several_of_several_clients_keep_their_order (void **state)
{
    tell (*state, "w1 READY echo 4");
    tell (*state, "c1 REQUEST echo a1");
    tell (*state, "c2 REQUEST echo b1");
    tell (*state, "c1 REQUEST echo a2");
    tell (*state, "c3 REQUEST echo d1");
    tell (*state, "c4 REQUEST echo waits");
    tell (*state, "c2 REQUEST echo b2");
    tell (*state, "w1 DISCONNECT");
    trace_skip (*state);
    tell (*state, "w2 READY echo 6");
    TRACE (*state, "[   0] w2 > READY echo 6",
                   "[   0] broker > w2 REQUEST #5 a1",
                   "[   0] broker > w2 REQUEST #6 b1",
                   "[   0] broker > w2 REQUEST #7 d1",
                   "[   0] broker > w2 REQUEST #8 waits",
                   "[   0] broker > w2 REQUEST #9 a2",
                   "[   0] broker > w2 REQUEST #10 b2");
}

static void
attempts_are_used_up (void **state)
{
    peer (*state, "c1", ASKING);
    tell (*state, "c1 REQUEST echo a");
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        tell (*state, "w%u READY echo", attempt);
        tell (*state, "w%u DISCONNECT", attempt);
    }
    TRACE (*state, "[   0] c1@1 > REQUEST echo a",
                   "[   0] w1 > READY echo",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] w1 > DISCONNECT",
                   "[   0] w2 > READY echo",
                   "[   0] broker > w2 REQUEST #2 a",
                   "[   0] w2 > DISCONNECT",
                   "[   0] w3 > READY echo",
                   "[   0] broker > w3 REQUEST #3 a",
                   "[   0] w3 > DISCONNECT",
                   "[   0] broker > c1@1 FINAL mmi.error 502 'attempts used up or worker lost half-way' echo",
                   "[   0] broker ! request failed code=502 attempts=3 service=echo");
}

static void
attempts_without_limit (void **state)
{
    trace_config (*state)->dispatch.max_attempts = 0;
    tell (*state, "c1 REQUEST echo a");
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        trace_skip (*state);
        tell (*state, "w1 READY echo");
        tell (*state, "w1 DISCONNECT");
    }
    assert_int_equal (trace_tally (*state).requests, 100);
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

static void
no_worker_until_the_deadline_is_404 (void **state)
{
    peer (*state, "c1", ASKING_FOR (500));
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 1000);
    TRACE (*state, "[   0] c1@1 > REQUEST echo a",
                   "[ 500] broker > c1@1 FINAL mmi.error 404 'no worker for the service' echo");
}

static void
no_worker_free_until_the_deadline_is_504 (void **state)
{
    peer (*state, "c1", ASKING_FOR (500));
    tell (*state, "w1 READY echo");
    tell (*state, "c2 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo b");
    pass (*state, 1000);
    TRACE (*state, "[   0] c1@1 > REQUEST echo b",
                   "[ 500] broker > c1@1 FINAL mmi.error 504 'no worker free before the deadline' echo");
}

static void
the_broker_s_ttl_for_those_who_bring_none (void **state)
{
    trace_config (*state)->dispatch.ttl_ms = 700;
    peer (*state, "c1", ASKING);
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c2 REQUEST echo b");
    trace_skip (*state);
    pass (*state, 1000);
    TRACE (*state, "[ 700] broker > c1@1 FINAL mmi.error 404 'no worker for the service' echo");
    assert_int_equal (trace_figure (*state, "failed_404"), 2);
}

/*  Deadlines come in any order, and a request that is taken leaves the others' as they were. */
static void
deadlines_in_any_order (void **state)
{
    static const unsigned ttls[] = {500, 100, 400, 200, 300};
    for (unsigned n = 0; n < 5; n++) {
        char name[] = {'c', (char) ('1' + n), 0};
        peer (*state, name, ASKING_FOR (ttls[n]));
        tell (*state, "%s REQUEST echo a", name);
    }
    tell (*state, "w1 READY echo");
    tell (*state, "w1 DISCONNECT"); /* c1's, back to the front, deadline and all */
    trace_skip (*state);
    pass (*state, 1000);
    TRACE (*state, "[ 100] broker > c2@1 FINAL mmi.error 504 'no worker free before the deadline' echo",
                   "[ 200] broker > c4@1 FINAL mmi.error 504 'no worker free before the deadline' echo",
                   "[ 300] broker > c5@1 FINAL mmi.error 504 'no worker free before the deadline' echo",
                   "[ 400] broker > c3@1 FINAL mmi.error 504 'no worker free before the deadline' echo",
                   "[ 500] broker > c1@1 FINAL mmi.error 504 'no worker free before the deadline' echo");
}

static void
what_a_worker_holds_has_no_deadline (void **state)
{
    peer (*state, "c1", ASKING_FOR (500));
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 30000);
    trace_skip (*state);
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[30000] w1 > FINAL #1 A", "[30000] broker > c1@1 FINAL echo A");
}

static void
requeued_past_its_deadline_is_504 (void **state)
{
    peer (*state, "c1", ASKING_FOR (500));
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 500);
    trace_skip (*state);
    tell (*state, "w1 DISCONNECT");
    TRACE (*state, "[ 500] w1 > DISCONNECT",
                   "[ 500] broker > c1@1 FINAL mmi.error 504 'no worker free before the deadline' echo");
}

static void
requeued_past_its_deadline_with_no_worker_left_is_504 (void **state)
{
    peer (*state, "c1", ASKING_FOR (500));
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 500);
    trace_skip (*state);
    tell (*state, "w1 DISCONNECT");
    TRACE (*state, "[ 500] w1 > DISCONNECT",
                   "[ 500] broker > c1@1 FINAL mmi.error 504 'no worker free before the deadline' echo");
}

static void
requeued_before_its_deadline_keeps_it (void **state)
{
    peer (*state, "c1", ASKING_FOR (500));
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    pass (*state, 499);
    tell (*state, "w1 DISCONNECT");
    trace_skip (*state);
    pass (*state, 100);
    TRACE (*state, "[ 500] broker > c1@1 FINAL mmi.error 504 'no worker free before the deadline' echo");
}

static void
half_answered_is_not_run_again (void **state)
{
    peer (*state, "c1", ASKING);
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 half");
    tell (*state, "w1 DISCONNECT");
    TRACE (*state, "[   0] w1 > PARTIAL #1 half",
                   "[   0] broker > c1@1 PARTIAL echo half",
                   "[   0] w1 > DISCONNECT",
                   "[   0] broker > c1@1 FINAL mmi.error 502 'attempts used up or worker lost half-way' echo",
                   "[   0] broker ! request failed code=502 attempts=1 service=echo");
}

static void
held_partials_are_thrown_away_and_it_is_run_again (void **state)
{
    peer (*state, "w1", WORKER_2);
    tell (*state, "w1 READY echo");
    tell (*state, "w2 READY echo");
    tell (*state, "c1 REQUEST echo a");
    trace_skip (*state);
    tell (*state, "w1 PARTIAL #1 half");
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w2 FINAL #2 whole");
    TRACE (*state, "[   0] w1 > PARTIAL #1 half",
                   "[   0] w1 > DISCONNECT",
                   "[   0] broker > w2 REQUEST #2 a",
                   "[   0] w2 > FINAL #2 whole",
                   "[   0] broker > c1 FINAL echo whole");
}

/*  A large frame is never copied, and is the same when it is sent again. */
static void
large_frames_are_kept (void **state)
{
    static char large[100000];
    memset (large, 'x', sizeof (large) - 1);
    memcpy (large + 50000, "the middle", 10);
    tell (*state, "w1 READY echo");
    trace_mute (*state);
    TELL_FRAMES (*state, "c1", F (""), F ("MDPC01"), F ("echo"), span_make (large, sizeof (large) - 1));
    assert_string_equal (trace_last (*state), large);
    tell (*state, "w1 DISCONNECT");
    tell (*state, "w2 READY echo");
    assert_string_equal (trace_last (*state), large);
    assert_int_equal (trace_tally (*state).requests, 2);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (work_of_a_worker_that_leaves_is_taken_over),
        T (it_goes_to_the_front),
        T (several_keep_their_order),
        T (several_of_several_clients_keep_their_order),
        T (attempts_are_used_up),
        T (attempts_without_limit),
        T (no_worker_until_the_deadline_is_404),
        T (no_worker_free_until_the_deadline_is_504),
        T (the_broker_s_ttl_for_those_who_bring_none),
        T (deadlines_in_any_order),
        T (what_a_worker_holds_has_no_deadline),
        T (requeued_past_its_deadline_is_504),
        T (requeued_past_its_deadline_with_no_worker_left_is_504),
        T (requeued_before_its_deadline_keeps_it),
        T (half_answered_is_not_run_again),
        T (held_partials_are_thrown_away_and_it_is_run_again),
        T (large_frames_are_kept),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
