/*  The client engine's stories of a pair of brokers: the passive one takes what it is sent and says nothing. */
#include "client_story.h"

#include "random.h"
#include "search.h"

static story_t *
begin (void **state, unsigned retries)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (2);
    config.retries = retries;
    client_story_begin (story, &config);
    story->probes = true;
    story_submit (story, "echo", "a");
    story_pass (story, 19);
    TOLD (story, "connect 0\nsend 0 #1 echo a\n");
    story_pass (story, 1);
    TOLD (story, "probe 0\n");
    return story;
}

static void
the_second_is_found_soon (void **state)
{
    story_t *story = begin (state, 0);
    assert_in_range (story_pass_to_due (story), 18, 30);
    TOLD (story, "connect 1\nsend 1 #2 echo a\n");
    story_pass (story, 20);
    TOLD (story, "probe 1\n");
    story_answer_probe (story, 1);
    story_pass (story, 20);
    story_answer (story, 1, 2, MDP_FINAL, "echo", "x");
    TOLD (story, "close 0\nfinal 1 x\n");
    story_submit (story, "echo", "b");
    TOLD (story, "send 1 #3 echo b\n");
    assert_counter (story, RETRIES, 1);
    assert_counter (story, LATE, 0);
}

/*  A broker that answers is left alone, however long the service takes; it is asked again at growing intervals. */
static void
a_slow_service_is_no_silent_broker (void **state)
{
    story_t *story = begin (state, 0);
    story_answer_probe (story, 0);
    size_t probes = 0;
    for (int n = 0; n < 97; n++) {
        char asked[] = "probe 0\n";
        story_pass (story, 10);
        if (strcmp (story->trace, asked) != 0)
            continue;
        story->trace[0] = 0;
        story_answer_probe (story, 0);
        probes++;
    }
    TOLD (story, "");
    assert_in_range (probes, 3, 4);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    TOLD (story, "final 1 x\n");
}

/*  It came to serve between its two turns: what it was sent in the first was for nothing. */
static void
what_was_passed_over_is_sent_again (void **state)
{
    story_t *story = begin (state, 0);
    story_pass (story, 80);
    TOLD (story, "connect 1\nsend 1 #2 echo a\nprobe 1\nprobe 0\n");
    story_answer_probe (story, 0);
    TOLD (story, "close 1\nsend 0 #3 echo a\n");
    story_answer (story, 0, 3, MDP_FINAL, "echo", "x");
    TOLD (story, "final 1 x\n");
}

/*  A far broker whose first answer comes when the other one's turn is: nothing is sent twice over one link. */
static void
a_far_broker_is_not_asked_twice (void **state)
{
    story_t *story = begin (state, 0);
    envelope_options_t first = story->probe;
    story_pass (story, 30);
    TOLD (story, "connect 1\nsend 1 #2 echo a\n");
    story->probe = first;
    story_answer_probe (story, 0);
    TOLD (story, "close 1\n");
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    TOLD (story, "final 1 x\n");
}

/*  The one that served has handed over, and takes what it is sent like any passive one. */
static void
who_does_not_answer_any_more_is_left (void **state)
{
    story_t *story = begin (state, 0);
    story_answer_probe (story, 0);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_pass (story, 5000);
    TOLD (story, "final 1 x\n");
    story_submit (story, "echo", "b");
    assert_int_equal (story_pass_to_due (story), 50);
    TOLD (story, "send 0 #2 echo b\nprobe 0\n");
    assert_int_equal (story_pass_to_due (story), 100);
    TOLD (story, "connect 1\nsend 1 #3 echo b\n");
    story_answer (story, 1, 3, MDP_FINAL, "echo", "y");
    TOLD (story, "final 2 y\n");
}

/*  And a word of any kind is one. */
static void
who_answers_late_stays (void **state)
{
    story_t *story = begin (state, 0);
    story_answer_probe (story, 0);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    story_pass (story, 130);
    TOLD (story, "final 1 x\nsend 0 #2 echo b\nprobe 0\n");
    story_answer_probe (story, 0);
    story_pass (story, 90);
    TOLD (story, "");
    story_answer (story, 0, 2, MDP_FINAL, "echo", "y");
    TOLD (story, "final 2 y\n");
}

/*  Without a try of its own, and until the other serves. */
static void
refused_while_a_pair_hands_over (void **state)
{
    story_t *story = begin (state, 0);
    story_answer_probe (story, 0);
    story_answer (story, 0, 1, MDP_FINAL, "mmi.error", "503|draining|echo");
    assert_in_range (story_pass_to_due (story), 38, 50);
    TOLD (story, "connect 1\nsend 1 #2 echo a\n");
    story_pass (story, 50);
    TOLD (story, "probe 1\nsend 0 #3 echo a\nprobe 0\n");
    story_answer_probe (story, 0);
    story_answer (story, 0, 3, MDP_FINAL, "mmi.error", "503|draining|echo");
    story_pass (story, 60);
    story->trace[0] = 0;
    story_answer_probe (story, 1);
    assert_int_equal (keel_mdclient_outstanding (story->client), 1);
    story_answer (story, 1, story->sends, MDP_FINAL, "echo", "x");
    assert_int_equal (keel_mdclient_outstanding (story->client), 0);
    assert_counter (story, FAILED, 0);
    story->trace[0] = 0;
}

static void
refused_by_all_is_refused (void **state)
{
    story_t *story = begin (state, 0);
    for (int n = 0; n < 200 && keel_mdclient_outstanding (story->client); n++) {
        story_answer (story, story->link, story->sends, MDP_FINAL, "mmi.error", "503|queue full|echo");
        story_pass (story, 10);
    }
    assert_non_null (strstr (story->trace, "failed 1 503\n"));
    assert_in_range (story->sends, 10, 40);
    story->trace[0] = 0;
}

/*  Two seconds without an answer, as with a pair at its default timeout: still 50 ms between attempts. */
static void
the_search_slows_down_with_its_length (void **state)
{
    random_t random = {1};
    (void) state;
    assert_in_range (search_pause (0, &random), 38, 50);
    assert_in_range (search_pause (1000, &random), 38, 50);
    assert_in_range (search_pause (2000, &random), 38, 50);
    assert_in_range (search_pause (20000, &random), 375, 500);
    assert_in_range (search_pause (1000000, &random), 1500, 2000);
}

static void
without_a_choice_nothing_is_probed (void **state)
{
    story_t *story = *state;
    for (int n = 0; n < 2; n++) {
        keel_mdclient_config_t config = client_story_config (n ? 2 : 1);
        config.stock = n == 1;
        client_story_begin (story, &config);
        story->probes = true;
        story_submit (story, "echo", "a");
        story_pass (story, 900);
        TOLD (story, "connect 0\nsend 0 #1 echo a\n");
    }
}

#define T(test) cmocka_unit_test_setup_teardown (test, story_setup, story_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (the_second_is_found_soon),
        T (a_slow_service_is_no_silent_broker),
        T (what_was_passed_over_is_sent_again),
        T (a_far_broker_is_not_asked_twice),
        T (who_does_not_answer_any_more_is_left),
        T (who_answers_late_stays),
        T (refused_while_a_pair_hands_over),
        T (refused_by_all_is_refused),
        T (the_search_slows_down_with_its_length),
        T (without_a_choice_nothing_is_probed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
