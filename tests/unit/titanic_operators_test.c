/*  What operators ask of Titanic, and what grows too old there, as stories on a virtual clock. */
#include "titanic_story.h"

static void
what_is_stored_is_listed (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 2);
    story_operate (story, "list", NULL, NULL);
    TRACE_HAS (story, "operator 200 {\"requests\":[{\"uuid\":\"");
    TRACE_HAS (story, story_uuid_text (1));
    TRACE_HAS (story, story_uuid_text (2));
    TRACE_HAS (story, "\"service\":\"echo\",\"state\":\"pending\",\"created\":1700000000000,\"age\":1100,\"attempts\":0,"
                      "\"frames\":1,\"bytes\":5}],\"more\":false}\n");
    assert_int_equal (keel_tsp_counters (story->engine)->admin_questions, 1);
}

static void
one_is_shown_whether_it_runs_or_not (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 3); /* the window is 2 */
    story_operate (story, "show", story_uuid_text (1), NULL);
    TRACE_HAS (story, "fetch REQUEST\noperator 200 {\"uuid\":\"");
    TRACE_HAS (story, "\"running\":true,\"reason\":\"\"}\n");
    story_operate (story, "show", story_uuid_text (3), NULL);
    TRACE_HAS (story, "\"running\":false,\"reason\":\"\"}\n");
    story_operate (story, "show", story_uuid_text (4), NULL);
    TRACE (story, "fetch REQUEST\noperator 404 there is no request of that uuid");
}

static void
a_dead_request_is_pending_again_once_that_is_stored (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story->pending = 1;
    story->state = TSP_STATE_DEAD;
    story_operate (story, "requeue", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST\nstore REQUEUE");
    story->state = TSP_STATE_PENDING;
    story_stored (story, TITANIC_STORED);
    TRACE (story, "operator 200 {\"requeued\":1,\"more\":false}\nfetch NEXT\nsend echo body1\nfetch NEXT");
    assert_int_equal (keel_tsp_counters (story->engine)->requeued, 1);
}

static void
only_dead_requests_are_requeued (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story->pending = 1;
    story_operate (story, "requeue", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST\noperator 404 there is no dead request of that uuid");
    story_operate (story, "requeue", "service", "echo");
    TRACE (story, "store REQUEUE");
    story_stored (story, TITANIC_UNKNOWN); /* there is no such service */
    TRACE (story, "operator 200 {\"requeued\":0,\"more\":false}");
}

static void
a_purged_request_is_taken_from_its_worker (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story_pending (story, 1);
    story_operate (story, "purge", story_uuid_text (1), NULL);
    TRACE (story, "store PURGE");
    story->pending = 0;
    story_stored (story, TITANIC_STORED);
    TRACE_HAS (story, "operator 200 {\"purged\":1,\"more\":false}\n");
    story_reply (story, "too late");
    TRACE_HAS_NOT (story, "store REPLY");
    assert_int_equal (keel_tsp_counters (story->engine)->purged, 1);
    assert_int_equal (keel_tsp_counters (story->engine)->cancelled, 1);
}

static void
an_operator_is_told_what_went_wrong (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story->pending = 1;
    story_operate (story, "dance", NULL, NULL);
    TRACE_HAS (story, "operator 400 ");
    story->unreadable = true;
    story_operate (story, "list", NULL, NULL);
    TRACE (story, "operator 500 the store cannot be read");
    story_operate (story, "purge", story_uuid_text (1), NULL);
    TRACE (story, "store PURGE");
    story_stored (story, TITANIC_BROKEN);
    TRACE (story, "operator 500 the store cannot be written");
    story_operate (story, "purge", story_uuid_text (1), NULL);
    TRACE (story, "store PURGE");
    story_stored (story, TITANIC_UNKNOWN);
    TRACE (story, "operator 404 there is no request of that uuid");
    assert_int_equal (keel_tsp_counters (story->engine)->admin_malformed, 1);
}

/* ------------------------------------------------------------------ ttls */

static void
a_request_over_its_ttl_is_dead_before_the_store_knows (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story->pending = 1;
    story_set_ttl (story, 2000, 0);
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST\nanswer reply 300");
    story_wait (story, 899); /* it is of 1,100 msec ago */
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE_HAS (story, "answer reply 300\n");
    story_forget (story);
    story_wait (story, 1);
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE_HAS (story, "answer reply 500 dead: it waited longer than the ttl of requests\n");
}

static void
a_reply_over_its_ttl_is_gone (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story->pending = 1;
    story->state = TSP_STATE_DONE;
    story_set_ttl (story, 0, 2000);
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE (story, "fetch REQUEST\nanswer reply 200 body1");
    story_wait (story, 900);
    story_ask (story, "reply", story_uuid_text (1), NULL);
    TRACE_HAS (story, "answer reply 400\n");
}

static void
the_store_is_told_to_expire_four_times_a_ttl (void **state)
{
    titanic_story_t *story = *state;
    story_registered (story);
    story->tells_expiry = true;
    story_set_ttl (story, 4000, 40000);
    story_wait (story, 999);
    TRACE_HAS_NOT (story, "store EXPIRE");
    story_wait (story, 1);
    TRACE (story, "store EXPIRE");
    story_wait (story, 5000); /* one at a time */
    TRACE_HAS_NOT (story, "store EXPIRE");
    story_stored (story, TITANIC_STORED);
    TRACE (story, "store EXPIRE");
}

/* ------------------------------------------------------------------ stock brokers */

static void
a_stock_broker_is_asked_for_workers_and_gets_one_at_a_time (void **state)
{
    titanic_story_t *story = *state;
    story->stock = true;
    story_registered (story);
    story_pending (story, 2);
    TRACE (story, "lane mmi.service echo");
    story_lane_reply (story, "mmi.service", "200");
    TRACE (story, "fetch NEXT\nlane echo body1");
    story_wait (story, 60000); /* nothing is known of a worker that is slow, or was lost */
    TRACE_HAS_NOT (story, "lane");
    story_lane_reply (story, "echo", "done");
    TRACE_HAS (story, "store REPLY done\n");
    story_forget (story);
    story_stored (story, TITANIC_STORED);
    story_wait (story, 100);
    TRACE (story, "lane mmi.service echo");
    story_lane_reply (story, "mmi.service", "200");
    TRACE (story, "fetch NEXT\nlane echo body2");
}

static void
a_stock_broker_without_workers_is_asked_again_later (void **state)
{
    titanic_story_t *story = *state;
    story->stock = true;
    story_registered (story);
    story_pending (story, 1);
    TRACE (story, "lane mmi.service echo");
    story_lane_reply (story, "mmi.service", "404");
    story_wait (story, 49);
    TRACE_HAS_NOT (story, "lane");
    story_wait (story, 151);
    TRACE (story, "lane mmi.service echo");
    story_lane_reply (story, "mmi.service", "200");
    TRACE (story, "fetch NEXT\nlane echo body1");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, story_setup, story_teardown)
    const struct CMUnitTest tests[] = {
        TEST (what_is_stored_is_listed),
        TEST (one_is_shown_whether_it_runs_or_not),
        TEST (a_dead_request_is_pending_again_once_that_is_stored),
        TEST (only_dead_requests_are_requeued),
        TEST (a_purged_request_is_taken_from_its_worker),
        TEST (an_operator_is_told_what_went_wrong),
        TEST (a_request_over_its_ttl_is_dead_before_the_store_knows),
        TEST (a_reply_over_its_ttl_is_gone),
        TEST (the_store_is_told_to_expire_four_times_a_ttl),
        TEST (a_stock_broker_is_asked_for_workers_and_gets_one_at_a_time),
        TEST (a_stock_broker_without_workers_is_asked_again_later),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
