/*  The client engine's stories of links that fail: silence, ended connections, failover, back-off. */
#include "client_story.h"

#include "random.h"

static story_t *
begin (void **state, uint16_t endpoints, unsigned retries)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (endpoints);
    config.retries = retries;
    client_story_begin (story, &config);
    story_submit (story, "echo", "a");
    TOLD (story, "connect 0\nsend 0 #1 echo a\n");
    return story;
}

static void
silence_is_tried_again_and_fails (void **state)
{
    story_t *story = begin (state, 1, 2);
    int64_t most = 50;
    for (int n = 0; n < 2; n++, most *= 2) {
        assert_int_equal (story_pass_to_due (story), 1000);
        assert_in_range (story_pass_to_due (story), most / 2, most);
    }
    assert_int_equal (story_pass_to_due (story), 1000);
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 echo a\nclose 0\nconnect 0\nsend 0 #3 echo a\nclose 0\nfailed 1 2\n");
}

/*  Soon, and each again and again, until one answers. */
static void
silent_brokers_are_tried_in_turn (void **state)
{
    story_t *story = begin (state, 3, 3);
    story->probes = true;
    story_pass (story, 190);
    TOLD (story, "probe 0\nconnect 1\nsend 1 #2 echo a\nprobe 1\nconnect 2\nsend 2 #3 echo a\nprobe 2\nprobe 0\nprobe 1\n");
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    TOLD (story, "final 1 x\nclose 1\nclose 2\nsend 0 #4 echo b\n");
    assert_counter (story, FAILOVERS, 4);
}

/*  Its broker was heard: the answer may be slow. The link stays open, and wins when it answers. */
static void
a_slow_broker_may_still_answer (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    story_pass (story, 1100);
    TOLD (story, "final 1 x\nsend 0 #2 echo b\nconnect 1\nsend 1 #3 echo b\nsend 1 #4 echo b\n");
    story_answer (story, 0, 2, MDP_FINAL, "echo", "slow");
    story_submit (story, "echo", "c");
    TOLD (story, "final 2 slow\nclose 1\nsend 0 #5 echo c\n");
}

static void
a_second_silent_try_closes_the_link (void **state)
{
    story_t *story = begin (state, 1, 2);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    story_pass (story, 5000);
    TOLD (story, "final 1 x\nsend 0 #2 echo b\nsend 0 #3 echo b\nclose 0\nconnect 0\nsend 0 #4 echo b\n"
                 "close 0\nfailed 2 1\n");
}

static void
heard_without_an_answer_is_a_timeout (void **state)
{
    story_t *story = begin (state, 1, 0);
    story_answer (story, 0, 1, MDP_FINAL, "stray", "x");
    story_submit (story, "echo", "b");
    story_pass (story, 2000);
    TOLD (story, "send 0 #2 echo b\nfailed 1 1\nclose 0\nfailed 2 1\n");
}

static void
an_ended_connection_is_left_soon (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_submit (story, "echo", "b");
    story->trace[0] = 0;
    story_disconnected (story, 0);
    TOLD (story, "");
    int64_t first = story_pass_to_due (story);
    story_pass (story, 50 - first);
    assert_in_range (first, 25, 50);
    assert_int_equal (strncmp (story->trace, "close 0\nconnect 1\nsend 1 #3 echo ", 31), 0);
    assert_int_equal (story->sends, 4);
    story->trace[0] = 0;
    story_answer (story, 1, 3, MDP_FINAL, "echo", "x");
    story_answer (story, 1, 4, MDP_FINAL, "echo", "y");
    assert_int_equal (keel_mdclient_outstanding (story->client), 0);
    assert_counter (story, DISCONNECTS, 1);
}

/*  The port tells of the end before it gives what came before it. */
static void
an_answer_behind_the_end_is_taken (void **state)
{
    story_t *story = begin (state, 1, 3);
    story_disconnected (story, 0);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_pass (story, 5000);
    TOLD (story, "final 1 x\nclose 0\n");
}

static void
a_last_try_stays_with_its_ended_connection (void **state)
{
    story_t *story = begin (state, 1, 0);
    story_pass (story, 10);
    story_disconnected (story, 0);
    story_pass (story, 900);
    TOLD (story, "");
    story_pass (story, 100);
    TOLD (story, "failed 1 2\nclose 0\n");
}

/*  Without a try of its own: whoever is there has the whole time to answer. */
static void
a_refused_connection_is_left_in_the_same_try (void **state)
{
    story_t *story = begin (state, 2, 0);
    story_refused (story, 0);
    assert_int_equal (story_pass_to_due (story), 5);
    TOLD (story, "close 0\nconnect 1\nsend 1 #2 echo a\n");
    story_refused (story, 1);
    story_pass (story, 60);
    TOLD (story, "close 1\nconnect 0\nsend 0 #3 echo a\n");
    story_answer (story, 0, 3, MDP_FINAL, "echo", "x");
    TOLD (story, "final 1 x\n");
}

static void
refusals_end_with_the_try (void **state)
{
    story_t *story = begin (state, 2, 0);
    while (keel_mdclient_outstanding (story->client)) {
        story_refused (story, 0);
        story_refused (story, 1);
        story_pass_to_due (story);
    }
    assert_in_range (story->sends, 20, 50);
    assert_non_null (strstr (story->trace, "failed 1 2\n"));
    story->trace[0] = 0;
}

static void
a_refusal_by_the_only_broker_is_waited_out (void **state)
{
    story_t *story = begin (state, 1, 0);
    story_refused (story, 0);
    story_pass (story, 900);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    TOLD (story, "final 1 x\n");
}

/*  The connection was there: the request may be running, and this was its last try. */
static void
a_refusal_after_an_end_moves_no_last_try (void **state)
{
    story_t *story = begin (state, 2, 0);
    story_disconnected (story, 0);
    story_refused (story, 0);
    story_pass (story, 900);
    TOLD (story, "");
}

static void
an_end_half_way_fails (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_answer (story, 0, 1, MDP_PARTIAL, "echo", "p");
    story_disconnected (story, 0);
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "partial 1 p\nfailed 1 502\nclose 0\n");
}

static void
an_end_while_idle_moves_on (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_disconnected (story, 0);
    TOLD (story, "final 1 x\n");
    story_submit (story, "echo", "b");
    TOLD (story, "close 0\nconnect 1\nsend 1 #2 echo b\n");
}

/*  Other requests' copies are lost with the link, so they go on over the next one; their tries do not begin anew. */
static void
what_a_closed_link_held_goes_on (void **state)
{
    story_t *story = begin (state, 1, 1);
    story_pass (story, 500);
    story_submit (story, "echo", "b");
    assert_int_equal (story_pass_to_due (story), 500);
    TOLD (story, "send 0 #2 echo b\nclose 0\nconnect 0\nsend 0 #3 echo b\n");
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "send 0 #4 echo a\n");
    story_pass (story, 500 - 25);
    assert_true (story->options[3].ttl_ms <= 500);
    story_pass (story, 5000);
    assert_int_equal (keel_mdclient_outstanding (story->client), 0);
    assert_counter (story, FAILED, 2);
}

/*  A dead broker and many requests: each time of a try closes the link once, not once a request. */
static void
many_requests_close_a_dead_link_once_a_try (void **state)
{
    story_t *story = begin (state, 1, 0);
    for (int n = 0; n < 60; n++) {
        story_pass (story, 10);
        story_submit (story, "echo", "b");
    }
    story_pass (story, 5000);
    assert_counter (story, FAILED, 61);
    assert_true (story->sends <= 2 * 61);
    assert_non_null (strstr (story->trace, "close 0\n"));
}

static void
what_the_link_does_not_take_is_sent_again (void **state)
{
    story_t *story = begin (state, 1, 0);
    keel_event_t full = {.kind = KEEL_EVENT_FULL, .tag = story->options[1].id};
    story_event (story, full);
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "send 0 #2 echo a\n");
    story_event (story, full); /* of the first sending: old news */
    full.tag = story->options[2].id;
    full.kind = KEEL_EVENT_UNREACHABLE;
    story_event (story, full);
    assert_in_range (story_pass_to_due (story), 50, 100);
    TOLD (story, "close 0\nconnect 0\nsend 0 #3 echo a\n");
    story_pass (story, 1000);
    TOLD (story, "failed 1 2\nclose 0\n");
    assert_counter (story, UNSENT, 2);
}

static void
back_off_has_an_end (void **state)
{
    story_t *story = begin (state, 1, 20);
    int64_t longest = 0;
    for (int n = 0; n < 20; n++) {
        assert_int_equal (story_pass_to_due (story), 1000);
        int64_t pause = story_pass_to_due (story);
        longest = pause > longest ? pause : longest;
    }
    assert_in_range (longest, 500, 1000);
}

/*  Everything at once, at random: each request ends once, and within its time. */
static void
every_request_ends (void **state)
{
    story_t *story = *state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        keel_mdclient_config_t config = client_story_config (3);
        config.seed = seed;
        client_story_begin (story, &config);
        random_t random = {seed};
        for (int n = 0; n < 40; n++) {
            story->trace[0] = 0;
            story_submit (story, "echo", "a");
            story_pass (story, (int64_t) random_below (&random, 200));
            uint16_t link = (uint16_t) random_below (&random, 3);
            size_t sending = 1 + random_below (&random, story->sends);
            switch (random_below (&random, 5)) {
            case 0:
                story_disconnected (story, link);
                break;
            case 1:
                story_answer (story, link, sending, MDP_PARTIAL, "echo", "p");
                break;
            case 2:
                story_answer (story, link, sending, MDP_FINAL, "mmi.error", "503");
                break;
            case 3:
                story_answer (story, link, sending, MDP_FINAL, "echo", "f");
                break;
            }
        }
        story->trace[0] = 0;
        story_pass (story, 4 * 1000 + 350);
        assert_int_equal (keel_mdclient_outstanding (story->client), 0);
        assert_int_equal (keel_mdclient_counter (story->client, KEEL_MDCLIENT_REPLIES) +
                              keel_mdclient_counter (story->client, KEEL_MDCLIENT_FAILED),
                          40);
    }
}

/*  Tried with a second broker already, when the first answers in part. */
static story_t *
begin_half_way (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    story_pass (story, 1100);
    story_answer (story, 0, 2, MDP_PARTIAL, "echo", "p");
    TOLD (story, "final 1 x\nsend 0 #2 echo b\nconnect 1\nsend 1 #3 echo b\nsend 1 #4 echo b\npartial 2 p\n");
    return story;
}

static void
half_way_another_link_does_not_matter (void **state)
{
    story_t *story = begin_half_way (state);
    story_refused (story, 1);
    story_pass (story, 200);
    story_answer (story, 0, 2, MDP_FINAL, "echo", "f");
    TOLD (story, "final 2 f\nclose 1\n");
    story = begin_half_way (state);
    story_disconnected (story, 1);
    story_pass (story, 200);
    story_answer (story, 0, 2, MDP_FINAL, "echo", "f");
    TOLD (story, "final 2 f\nclose 1\n");
}

static void
half_way_the_end_of_its_own_link_is_noticed (void **state)
{
    story_t *story = begin_half_way (state);
    story_disconnected (story, 0);
    assert_in_range (story_pass_to_due (story), 25, 100);
    TOLD (story, "failed 2 502\nclose 0\nclose 1\n");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, story_setup, story_teardown)
    const struct CMUnitTest tests[] = {
        TEST (silence_is_tried_again_and_fails),
        TEST (silent_brokers_are_tried_in_turn),
        TEST (a_slow_broker_may_still_answer),
        TEST (a_second_silent_try_closes_the_link),
        TEST (heard_without_an_answer_is_a_timeout),
        TEST (an_ended_connection_is_left_soon),
        TEST (an_answer_behind_the_end_is_taken),
        TEST (a_last_try_stays_with_its_ended_connection),
        TEST (a_refused_connection_is_left_in_the_same_try),
        TEST (refusals_end_with_the_try),
        TEST (a_refusal_by_the_only_broker_is_waited_out),
        TEST (a_refusal_after_an_end_moves_no_last_try),
        TEST (an_end_half_way_fails),
        TEST (half_way_another_link_does_not_matter),
        TEST (half_way_the_end_of_its_own_link_is_noticed),
        TEST (an_end_while_idle_moves_on),
        TEST (what_a_closed_link_held_goes_on),
        TEST (many_requests_close_a_dead_link_once_a_try),
        TEST (what_the_link_does_not_take_is_sent_again),
        TEST (back_off_has_an_end),
        TEST (every_request_ends),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
