/*  Titanic's rules, as stories on a virtual clock: what it says to brokers, stores and operators, and when. */
#include "titanic_story.h"

static void
it_says_200_only_after_stored (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_ask (story, "request", "echo", "one");
    TRACE (story, "store PUT echo one");
    story_wait (story, 10000);
    TRACE_HAS_NOT (story, "answer");
    story_stored (story, TITANIC_STORED);
    TRACE (story, "answer request 200 UUID\nfetch NEXT");
}

static void
a_failed_commit_is_500 (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_ask (story, "request", "echo", "one");
    story_forget (story);
    story_stored (story, TITANIC_FULL);
    TRACE (story, "answer request 500 full: the store has no room, close what is not needed or try later");
    story_ask (story, "request", "echo", "two");
    story_forget (story);
    story_stored (story, TITANIC_BROKEN);
    TRACE (story, "answer request 500 failed: the store cannot be written");
    assert_int_equal (keel_tsp_counters (story->engine)->refused_full, 1);
    assert_int_equal (keel_tsp_counters (story->engine)->commits_failed, 2);
}

static void
what_is_malformed_is_not_stored (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_ask (story, "request", "mmi.service", "x");
    story_ask (story, "reply", "short", NULL);
    story_ask (story, "close", "short", NULL);
    TRACE (story, "answer request 500 refused: titanic. and mmi. services cannot be called through Titanic\n"
                  "answer reply 400 malformed: a uuid is 32 hexadecimal digits\n"
                  "answer close 400 malformed: a uuid is 32 hexadecimal digits");
    assert_int_equal (keel_tsp_counters (story->engine)->malformed, 3);
}

static void
a_stored_request_is_dispatched_and_its_reply_stored (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    TRACE (story, "fetch NEXT\nsend echo body1\nfetch NEXT");
    story_reply (story, "done");
    TRACE (story, "store REPLY done");
    story_stored (story, TITANIC_STORED);
    assert_int_equal (keel_tsp_counters (story->engine)->answered, 1);
}

static void
no_more_than_the_window_is_out (void **state)
{
    titanic_story_t *story = *state; /* its window is 2 */
    story_registered (story);
    story_pending (story, 5);
    TRACE (story, "fetch NEXT\nsend echo body1\nfetch NEXT\nsend echo body2");
    story_reply (story, "done");
    TRACE (story, "store REPLY done");
    story_stored (story, TITANIC_STORED);
    TRACE (story, "fetch NEXT\nsend echo body3");
}

static void
a_lost_worker_costs_an_attempt_and_a_back_off (void **state)
{
    titanic_story_t *story = *state; /* at most 2 attempts */
    story_registered (story);
    story_pending (story, 1);
    story_forget (story);
    story_notice (story, "502");
    TRACE (story, "store ATTEMPT 1");
    story_stored (story, TITANIC_STORED);
    story_wait (story, 49);
    TRACE_HAS_NOT (story, "send");
    story_wait (story, 60);
    TRACE (story, "fetch REQUEST\nsend echo body1");
    story_notice (story, "502");
    TRACE (story, "store DEAD 2");
    story_stored (story, TITANIC_STORED);
    story_wait (story, 40000);
    TRACE_HAS_NOT (story, "send");
    assert_int_equal (keel_tsp_counters (story->engine)->dead, 1);
}

static void
no_worker_costs_no_attempt (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    for (unsigned n = 0; n < 5; n++) {
        story_forget (story);
        story_notice (story, n % 2 ? "404" : "504");
        TRACE_HAS_NOT (story, "store");
        story_wait (story, 30000);
        TRACE_HAS (story, "send echo body1");
    }
    assert_int_equal (keel_tsp_counters (story->engine)->no_worker, 5);
}

static void
a_slow_worker_is_left_alone (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_forget (story);
    story_wait (story, 24 * 3600 * 1000);
    TRACE_HAS_NOT (story, "send");
    story_reply (story, "at last");
    TRACE_HAS (story, "store REPLY at last");
}

static void
what_was_out_is_dispatched_again_after_the_connection_is_lost (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_forget (story);
    story_disconnected (story);
    story_wait (story, 400);
    TRACE_HAS_NOT (story, "send echo");
    story_registered (story);
    TRACE_HAS (story, "send echo body1");
}

static void
a_close_while_it_runs_leaves_no_orphan (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_forget (story);
    story_ask (story, "close", story_uuid_text (1), NULL);
    TRACE (story, "store CLOSE");
    story_stored (story, TITANIC_STORED);
    TRACE (story, "answer close 200");
    story_reply (story, "orphan");
    TRACE_HAS_NOT (story, "store REPLY");
    assert_int_equal (keel_tsp_counters (story->engine)->cancelled, 1);
}

static void
a_reply_that_cannot_be_stored_is_kept_and_tried_again (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_reply (story, "done");
    story_forget (story);
    story_stored (story, TITANIC_FULL);
    TRACE_HAS_NOT (story, "send");
    story_wait (story, 200);
    TRACE (story, "store REPLY done");
    story_stored (story, TITANIC_STORED);
    assert_int_equal (keel_tsp_counters (story->engine)->answered, 1);
}

static void
reply_is_answered_from_the_store (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_ask (story, "reply", story_uuid_text (9), NULL);
    TRACE (story, "fetch REQUEST\nanswer reply 400");
    story_pending (story, 1);
    story_forget (story);
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST\nanswer reply 300");
}

static void
a_reply_that_is_being_stored_is_waited_for (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_reply (story, "done");
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE (story, "store REPLY done\nfetch REQUEST");
    story_ask (story, "reply", story_uuid_text (1), NULL); /* one waits, the next does not */
    TRACE (story, "fetch REQUEST\nanswer reply 300");
    story_wait (story, 5000);
    TRACE_HAS_NOT (story, "answer");
    story->pending = 0;
    story_stored (story, TITANIC_STORED);
    TRACE_HAS (story, "answer reply 200 done\n");
}

/*  Answers of one commit are told in one step, each with its own frames. */
static void
replies_of_one_commit_go_to_those_who_asked (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 2);
    story_reply_before (story, "first");
    story_reply (story, "second");
    story_ask (story, "reply", story_uuid_text (1), NULL);
    story_ask (story, "reply", story_uuid_text (2), NULL);
    story_forget (story);
    story_stored (story, TITANIC_STORED);
    TRACE_HAS (story, "answer reply 200 first\n");
    TRACE_HAS (story, "answer reply 200 second\n");
}

static void
who_waits_for_a_reply_that_cannot_be_stored_asks_again (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_reply (story, "done");
    story_ask (story, "reply", story_uuid_text (1), NULL);
    story_forget (story);
    story_stored (story, TITANIC_BROKEN);
    TRACE (story, "answer reply 300");
    story_wait (story, 200);
    TRACE_HAS (story, "store REPLY done\n");
    story_forget (story);
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST");
    story_stored (story, TITANIC_UNKNOWN); /* it was closed */
    TRACE_HAS (story, "answer reply 300\n");
}

static void
what_cannot_be_read_is_not_forgotten (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_forget (story);
    story->unreadable = true;
    story_pending (story, 1);
    TRACE (story, "fetch NEXT");
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST\nanswer reply 500 failed: the store cannot be read, try again");
    story_wait (story, 90);
    TRACE_HAS_NOT (story, "fetch");
    story->unreadable = false;
    story_wait (story, 20);
    TRACE (story, "fetch NEXT\nsend echo body1\nfetch NEXT");
    story_notice (story, "404");
    story->unreadable = true;
    story_wait (story, 300);
    TRACE_HAS_NOT (story, "send");
    story->unreadable = false;
    story_wait (story, 5000);
    TRACE_HAS (story, "send echo body1");
}

static void
a_drain_stores_and_answers_what_was_taken (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_ask (story, "request", "echo", "one");
    story_drain (story);
    assert_false (keel_tsp_drained (story->engine));
    story_forget (story);
    story_stored (story, TITANIC_STORED);
    TRACE_HAS (story, "answer request 200 UUID");
    assert_true (keel_tsp_drained (story->engine));
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, story_setup, story_teardown)
    const struct CMUnitTest tests[] = {
        TEST (it_says_200_only_after_stored),
        TEST (a_failed_commit_is_500),
        TEST (what_is_malformed_is_not_stored),
        TEST (a_stored_request_is_dispatched_and_its_reply_stored),
        TEST (no_more_than_the_window_is_out),
        TEST (a_lost_worker_costs_an_attempt_and_a_back_off),
        TEST (no_worker_costs_no_attempt),
        TEST (a_slow_worker_is_left_alone),
        TEST (what_was_out_is_dispatched_again_after_the_connection_is_lost),
        TEST (a_close_while_it_runs_leaves_no_orphan),
        TEST (a_reply_that_cannot_be_stored_is_kept_and_tried_again),
        TEST (reply_is_answered_from_the_store),
        TEST (a_reply_that_is_being_stored_is_waited_for),
        TEST (replies_of_one_commit_go_to_those_who_asked),
        TEST (who_waits_for_a_reply_that_cannot_be_stored_asks_again),
        TEST (what_cannot_be_read_is_not_forgotten),
        TEST (a_drain_stores_and_answers_what_was_taken),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
