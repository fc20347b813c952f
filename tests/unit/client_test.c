/*  The client engine's stories: what goes right, what is taken for an answer, and what a notice does. Links that fail
 *  have their own file. */
#include "client_story.h"

#include "body.h"
#include "memory.h"

#define SENDS_ONE "connect 0\nsend 0 #1 echo a\n"

static story_t *
begin (void **state, uint16_t endpoints)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (endpoints);
    client_story_begin (story, &config);
    return story;
}

/*  A story whose first request was sent. */
static story_t *
begin_with_one (void **state, uint16_t endpoints)
{
    story_t *story = begin (state, endpoints);
    story_submit (story, "echo", "a");
    TOLD (story, SENDS_ONE);
    return story;
}

static void
an_answer_is_delivered (void **state)
{
    story_t *story = begin_with_one (state, 1);
    assert_int_equal (story->head_count, 5);
    assert_span (story->head[1], "");
    assert_span (story->head[2], "MDPC02");
    assert_span (story->head[3], "\1");
    story_pass (story, 999);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x|y");
    TOLD (story, "final 1 x|y\n");
    assert_true (keel_mdclient_next_due (story->client) == KEEL_NEVER);
    story_submit (story, "echo", "b");
    TOLD (story, "send 0 #2 echo b\n");
}

static void
the_first_version_has_no_command_frame (void **state)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (1);
    config.version = 1;
    config.notices = false;
    client_story_begin (story, &config);
    story_submit (story, "echo", "a");
    assert_int_equal (story->head_count, 4);
    assert_span (story->head[2], "MDPC01");
    assert_false (story->options[1].notices);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    TOLD (story, SENDS_ONE "final 1 x\n");
}

/*  The broker's notice has to come before the client's own patience ends. */
static void
the_ttl_is_less_than_the_try (void **state)
{
    story_t *story = begin_with_one (state, 1);
    assert_true (story->options[1].notices);
    assert_int_equal (story->options[1].ttl_ms, 750);
    keel_mdclient_config (story->client)->timeout_ms = 60000;
    story_submit (story, "echo", "b");
    assert_int_equal (story->options[2].ttl_ms, 59000);
    keel_mdclient_config (story->client)->timeout_ms = 1;
    story_submit (story, "echo", "c");
    assert_int_equal (story->options[3].ttl_ms, 1);
}

static void
answers_find_their_requests (void **state)
{
    story_t *story = begin_with_one (state, 1);
    story_submit (story, "echo", "b");
    story_submit (story, "other", "c");
    story_answer (story, 0, 3, MDP_FINAL, "other", "3");
    story_answer (story, 0, 1, MDP_FINAL, "echo", "1");
    story_answer (story, 0, 2, MDP_FINAL, "echo", "2");
    TOLD (story, "send 0 #2 echo b\nsend 0 #3 other c\nfinal 3 3\nfinal 1 1\nfinal 2 2\n");
    assert_counter (story, REPLIES, 3);
}

static void
what_nobody_waits_for_is_dropped (void **state)
{
    story_t *story = begin_with_one (state, 1);
    story->options[2] = story->options[1];
    story->sends = 2;
    story->options[2].id ^= (uint64_t) 1 << 40; /* another request */
    story_answer (story, 0, 2, MDP_FINAL, "echo", "x");
    story->options[2] = story->options[1];
    story->options[2].id += 1; /* a sending that has not been */
    story_answer (story, 0, 2, MDP_FINAL, "echo", "x");
    story_answer (story, 0, 1, MDP_FINAL, "another", "x");
    story_frames (story, 0, (span_t[]){F (""), F ("MDPC02"), F ("\3"), F ("echo"), F ("x")}, 5);
    story_answer (story, 7, 1, MDP_FINAL, "echo", "x"); /* no such link */
    TOLD (story, "");
    assert_counter (story, LATE, 4);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    TOLD (story, "final 1 x\n");
    assert_counter (story, LATE, 5);
}

static void
nonsense_is_counted (void **state)
{
    story_t *story = begin_with_one (state, 1);
    story_frames (story, 0, (span_t[]){F ("")}, 1);
    story_frames (story, 0, (span_t[]){F (""), F ("MDPW01"), F ("\4")}, 3);
    story_frames (story, 0, (span_t[]){F ("MDPC02"), F ("\3"), F ("echo")}, 3);
    TOLD (story, "");
    assert_counter (story, MALFORMED, 3);
}

static void
partial_answers_come_as_they_are (void **state)
{
    story_t *story = begin_with_one (state, 1);
    for (int n = 0; n < 5; n++) {
        story_pass (story, 900); /* each shows progress, so the try goes on */
        story_answer (story, 0, 1, MDP_PARTIAL, "echo", "p");
    }
    story_answer (story, 0, 1, MDP_FINAL, "echo", "f");
    TOLD (story, "partial 1 p\npartial 1 p\npartial 1 p\npartial 1 p\npartial 1 p\nfinal 1 f\n");
}

static void
after_a_partial_answer_nothing_is_sent_again (void **state)
{
    story_t *story = begin_with_one (state, 2);
    story_answer (story, 0, 1, MDP_PARTIAL, "echo", "p");
    story_pass (story, 5000);
    TOLD (story, "partial 1 p\nfailed 1 1\n");
}

/*  Two sendings run: once one of them has spoken, the other would only repeat. */
static void
partial_answers_of_one_sending_only (void **state)
{
    story_t *story = begin_with_one (state, 1);
    story_pass (story, 1100);
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 echo a\n");
    story_answer (story, 0, 1, MDP_PARTIAL, "echo", "p1");
    story_answer (story, 0, 2, MDP_PARTIAL, "echo", "p1");
    story_answer (story, 0, 2, MDP_FINAL, "echo", "f");
    story_answer (story, 0, 1, MDP_FINAL, "echo", "f");
    TOLD (story, "partial 1 p1\nfinal 1 f\n");
    assert_counter (story, LATE, 2);
}

static void
an_answer_to_an_earlier_sending_counts (void **state)
{
    story_t *story = begin_with_one (state, 1);
    story_submit (story, "echo", "b");
    story_answer (story, 0, 2, MDP_FINAL, "echo", "x");
    story_pass (story, 1100);
    TOLD (story, "send 0 #2 echo b\nfinal 2 x\nsend 0 #3 echo a\n");
    assert_int_not_equal (story->options[1].id, story->options[3].id);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "slow");
    TOLD (story, "final 1 slow\n");
}

static void
an_answer_never_goes_to_another_request (void **state)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (1);
    config.retries = 0;
    client_story_begin (story, &config);
    story_submit (story, "echo", "a");
    story_pass (story, 2000);
    story_submit (story, "echo", "b");
    story_answer (story, 0, 1, MDP_FINAL, "echo", "late");
    TOLD (story, SENDS_ONE "close 0\nfailed 1 2\nconnect 0\nsend 0 #2 echo b\n");
    assert_counter (story, LATE, 1);
}

static void
a_notice_fails_its_request_at_once (void **state)
{
    static const struct {
        const char *body;
        const char *line;
    } notices[] = {{"403|not allowed|echo", "failed 1 403\n"}, {"404|none|echo", "failed 1 404\n"},
                   {"429|many|echo", "failed 1 429\n"},        {"502|lost|echo", "failed 1 502\n"},
                   {"504|late|echo", "failed 1 504\n"},        {"599", "failed 1 599\n"}};
    for (size_t n = 0; n < COUNT_OF (notices); n++) {
        story_t *story = begin_with_one (state, 2);
        story_answer (story, 0, 1, MDP_FINAL, "mmi.error", notices[n].body);
        TOLD (story, notices[n].line);
        assert_counter (story, NOTICES, 1);
        assert_int_equal (keel_mdclient_outstanding (story->client), 0);
    }
}

static void
a_notice_without_a_code_is_malformed (void **state)
{
    static const char *const bodies[] = {"", "4", "4o4", "200", "4040", "777"};
    story_t *story = begin_with_one (state, 1);
    for (size_t n = 0; n < COUNT_OF (bodies); n++)
        story_answer (story, 0, 1, MDP_FINAL, "mmi.error", bodies[n]);
    TOLD (story, "");
    assert_counter (story, MALFORMED, COUNT_OF (bodies));
}

static void
refused_is_tried_elsewhere (void **state)
{
    story_t *story = begin_with_one (state, 2);
    story_answer (story, 0, 1, MDP_FINAL, "mmi.error", "503|draining|echo");
    TOLD (story, "");
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "connect 1\nsend 1 #2 echo a\n");
    story_answer (story, 1, 2, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    TOLD (story, "final 1 x\nsend 1 #3 echo b\n");
}

static void
refused_by_the_only_broker_is_tried_again_and_fails (void **state)
{
    story_t *story = begin_with_one (state, 1);
    int64_t most = 50;
    for (size_t sending = 1; sending <= 3; sending++, most *= 2) {
        story_answer (story, 0, sending, MDP_FINAL, "mmi.error", "503|full|echo");
        assert_in_range (story_pass_to_due (story), most / 2, most);
    }
    story_answer (story, 0, 4, MDP_FINAL, "mmi.error", "503|full|echo");
    TOLD (story, "send 0 #2 echo a\nsend 0 #3 echo a\nsend 0 #4 echo a\nfailed 1 503\n");
}

/*  Its successor is on the way, so an old sending's notice decides nothing. */
static void
a_notice_for_an_earlier_sending_is_late (void **state)
{
    story_t *story = begin_with_one (state, 1);
    story_pass (story, 1100);
    story_answer (story, 0, 1, MDP_FINAL, "mmi.error", "504|late|echo");
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 echo a\n");
    story_answer (story, 0, 2, MDP_FINAL, "mmi.error", "504|late|echo");
    TOLD (story, "failed 1 504\n");
}

static void
no_more_than_may_be_are_outstanding (void **state)
{
    story_t *story = begin (state, 1);
    uint64_t id;
    for (int n = 0; n < 100; n++)
        story_submit (story, "echo", "a");
    assert_int_equal (keel_mdclient_submit (story->client, 0, F ("echo"), &F ("a"), 1, &id), KEEL_SUBMIT_FULL);
    story->trace[0] = 0;
    story_answer (story, 0, 50, MDP_FINAL, "echo", "x");
    story_submit (story, "echo", "b");
    TOLD (story, "final 50 x\nsend 0 #101 echo b\n");
}

static void
a_cancelled_request_is_silent (void **state)
{
    story_t *story = begin_with_one (state, 1);
    assert_true (keel_mdclient_cancel (story->client, story->first));
    assert_false (keel_mdclient_cancel (story->client, story->first));
    story_pass (story, 10000);
    story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
    TOLD (story, "close 0\n"); /* so that it does not wait there for a broker */
}

static void
stock_sends_no_extra_frame (void **state)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (1);
    config.stock = true;
    for (config.version = 1; config.version <= 2; config.version++) {
        client_story_begin (story, &config);
        story_submit (story, "echo", "a");
        assert_int_equal (story->head_count, 3);
        assert_true (span_equal (story->head[0], config.version == 1 ? F ("") : F ("MDPC02")));
        story_answer (story, 0, 1, MDP_FINAL, "echo", "x");
        TOLD (story, SENDS_ONE "final 1 x\n");
    }
}

static void
stock_takes_a_fresh_link_for_each_try (void **state)
{
    story_t *story = *state;
    keel_mdclient_config_t config = client_story_config (1);
    uint64_t id;
    config.stock = true;
    config.version = 1;
    config.retries = 1;
    client_story_begin (story, &config);
    story_submit (story, "echo", "a");
    assert_int_equal (keel_mdclient_submit (story->client, 0, F ("echo"), &F ("a"), 1, &id), KEEL_SUBMIT_FULL);
    story_answer (story, 0, 1, MDP_FINAL, "stray", "x");
    story_pass (story, 5000);
    TOLD (story, SENDS_ONE "close 0\nconnect 0\nsend 0 #2 echo a\nclose 0\nfailed 1 1\n");
    story_submit (story, "echo", "b");
    keel_mdclient_cancel (story->client, story->first + 1);
    story_submit (story, "echo", "c");
    TOLD (story, "connect 0\nsend 0 #3 echo b\nclose 0\nconnect 0\nsend 0 #4 echo c\n");
}

static void
without_memory_a_request_is_refused (void **state)
{
    story_t *story = begin (state, 1);
    uint64_t id;
    memory_seam = (memory_seam_t){.fail_all = 1};
    assert_int_equal (keel_mdclient_submit (story->client, 0, F ("echo"), &F ("a"), 1, &id), KEEL_SUBMIT_NO_MEMORY);
    for (uint64_t at = 1; at < 5; at++) {
        memory_seam = (memory_seam_t){.fail_at = at};
        keel_mdclient_t *client = keel_mdclient_new (keel_mdclient_config (story->client));
        keel_mdclient_destroy (&client);
    }
    memory_seam = (memory_seam_t){0};
    story_submit (story, "echo", "a");
    TOLD (story, SENDS_ONE);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, story_setup, story_teardown)
    const struct CMUnitTest tests[] = {
        TEST (an_answer_is_delivered),
        TEST (the_first_version_has_no_command_frame),
        TEST (the_ttl_is_less_than_the_try),
        TEST (answers_find_their_requests),
        TEST (what_nobody_waits_for_is_dropped),
        TEST (nonsense_is_counted),
        TEST (partial_answers_come_as_they_are),
        TEST (after_a_partial_answer_nothing_is_sent_again),
        TEST (partial_answers_of_one_sending_only),
        TEST (an_answer_to_an_earlier_sending_counts),
        TEST (an_answer_never_goes_to_another_request),
        TEST (a_notice_fails_its_request_at_once),
        TEST (a_notice_without_a_code_is_malformed),
        TEST (refused_is_tried_elsewhere),
        TEST (refused_by_the_only_broker_is_tried_again_and_fails),
        TEST (a_notice_for_an_earlier_sending_is_late),
        TEST (no_more_than_may_be_are_outstanding),
        TEST (a_cancelled_request_is_silent),
        TEST (stock_sends_no_extra_frame),
        TEST (stock_takes_a_fresh_link_for_each_try),
        TEST (without_memory_a_request_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
