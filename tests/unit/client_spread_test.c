/*  The stories of an MDP client whose brokers all serve at once: which one a request goes to, when it goes on, whose answer
 *  counts. What it is with one broker at a time is client_test.c's. */
#include "story.h"

#include "client_spread.h"
#include "mdp.h"
#include "memory.h"

#define TURN    KEEL_MDSPREAD_IN_TURN
#define LEAST   KEEL_MDSPREAD_LEAST
#define SHOTGUN KEEL_MDSPREAD_SHOTGUN

static int
step (void *client, const keel_event_t *event, keel_actions_t *out)
{
    return keel_mdspread_step (client, event, out);
}

static int64_t
next_due (const void *client)
{
    return keel_mdspread_next_due (client);
}

static void
destroy (void *client)
{
    keel_mdspread_t *self = client;
    keel_mdspread_destroy (&self);
}

static const keel_mdclient_config_t config = {
    .endpoints = 3, .version = 2, .notices = true, .timeout_ms = 1000, .retries = 3, .outstanding = 100, .seed = 42};

/*  Three brokers, tries of a second, four of them. */
static story_t *
begin (void **state, keel_mdspread_policy_t policy)
{
    static const story_kind_t kind = {step, next_due, destroy, KEEL_MDCLIENT_ACTIONS, true, NULL};
    story_t *story = *state;
    story_begin (story, &kind, keel_mdspread_new (&config), false);
    assert_true (keel_mdspread_set_policy (story->client, policy));
    return story;
}

static uint64_t
submit (story_t *self, const char *body)
{
    span_t frame = span_text (body);
    uint64_t id = 0;
    assert_int_equal (keel_mdspread_submit (self->client, self->now, F ("echo"), &frame, 1, &id), KEEL_SUBMIT_OK);
    self->first = self->first ? self->first : id;
    story_tick (self);
    return id;
}

static void
answer_as (story_t *self, uint16_t link, size_t sending, mdp_kind_t kind, const char *service, const char *body)
{
    uint8_t options[OPTIONS_SIZE];
    span_t frames[16];
    size_t count = story_envelope (self, sending, options, frames);
    count += mdp_encode_client_reply (frames + count, 2, kind, span_text (service));
    count += story_split (body, frames + count);
    story_frames (self, link, frames, count);
}

static void
answer (story_t *self, uint16_t link, size_t sending, const char *body)
{
    answer_as (self, link, sending, MDP_FINAL, "echo", body);
}

static void
notice (story_t *self, uint16_t link, size_t sending, const char *body)
{
    answer_as (self, link, sending, MDP_FINAL, "mmi.error", body);
}

static void
hush (story_t *self)
{
    self->trace[0] = 0;
}

#define counted(self, name) keel_mdspread_counter ((self)->client, KEEL_MDCLIENT_##name)

/*  All brokers are connected and have answered: requests 1 to 3. */
static story_t *
begin_well (void **state)
{
    story_t *story = begin (state, LEAST);
    for (size_t n = 1; n <= 3; n++)
        submit (story, "a");
    TOLD (story, "connect 0\nsend 0 #1 echo a\nconnect 1\nsend 1 #2 echo a\nconnect 2\nsend 2 #3 echo a\n");
    for (uint16_t n = 0; n < 3; n++)
        answer (story, n, n + 1u, "x");
    TOLD (story, "final 1 x\nfinal 2 x\nfinal 3 x\n");
    return story;
}

/* ------------------------------------------------------------------ least */

static void
the_least_loaded_is_asked (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    submit (story, "c");
    submit (story, "d");
    answer (story, 1, 5, "x");
    submit (story, "e");
    submit (story, "f");
    TOLD (story, "send 0 #4 echo b\nsend 1 #5 echo c\nsend 2 #6 echo d\nfinal 5 x\nsend 1 #7 echo e\nsend 2 #8 echo f\n");
    assert_int_equal (counted (story, REQUESTS), 8);
    assert_int_equal (counted (story, REPLIES), 4);
    assert_int_equal (counted (story, RETRIES), 0);
}

static void
a_silent_broker_is_left_after_a_try_and_avoided (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    hush (story);
    story_pass (story, 999);
    TOLD (story, "");
    story_pass (story, 1);
    TOLD (story, "send 1 #5 echo b\n");
    answer (story, 1, 5, "x");
    submit (story, "c");
    answer (story, 2, 6, "x");
    submit (story, "d");
    TOLD (story, "final 4 x\nsend 2 #6 echo c\nfinal 5 x\nsend 1 #7 echo d\n");
    answer (story, 0, 4, "too late");
    TOLD (story, "");
    assert_int_equal (counted (story, RETRIES), 1);
    assert_int_equal (counted (story, LATE), 1);
}

static void
what_a_lost_broker_has_goes_on_at_once (void **state)
{
    story_t *story = begin_well (state);
    for (int n = 0; n < 6; n++)
        submit (story, "b");
    hush (story);
    story_disconnected (story, 1);
    story_tick (story);
    assert_non_null (strstr (story->trace, "send 0 #10 echo b\n"));
    assert_non_null (strstr (story->trace, "send 2 #11 echo b\n"));
    assert_int_equal (counted (story, FAILOVERS), 2);
    assert_int_equal (counted (story, DISCONNECTS), 1);
}

static void
brokers_that_are_not_there_cost_no_try (void **state)
{
    story_t *story = begin (state, LEAST);
    submit (story, "a");
    for (int round = 0; round < 5; round++)
        for (uint16_t n = 0; n < 3; n++) {
            story_refused (story, n);
            story_pass (story, 50);
        }
    hush (story);
    story_pass (story, 1000);
    assert_int_equal (counted (story, FAILED), 0);
    story_pass (story, 10000);
    assert_non_null (strstr (story->trace, "failed 1 2\n"));
    assert_true (keel_mdspread_next_due (story->client) == KEEL_NEVER);
}

static void
a_refusal_leads_to_the_next (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    notice (story, 0, 4, "503|full|echo");
    story_tick (story);
    TOLD (story, "send 0 #4 echo b\nsend 1 #5 echo b\n");
    notice (story, 1, 5, "503|full|echo");
    story_tick (story);
    notice (story, 2, 6, "503|full|echo");
    TOLD (story, "send 2 #6 echo b\n");
    story_pass (story, 60); /* round again, after a moment */
    TOLD (story, "send 0 #7 echo b\n");
    notice (story, 0, 7, "503|full|echo");
    TOLD (story, "failed 4 503\n");
}

/*  One broker has lost its workers; when none has any, it is said. */
static void
that_there_is_no_worker_is_asked_of_all (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    for (uint16_t n = 0; n < 3; n++)
        notice (story, n, 4u + n, "404|no worker|echo");
    TOLD (story, "send 0 #4 echo b\nsend 1 #5 echo b\nsend 2 #6 echo b\nfailed 4 404\n");
    submit (story, "c");
    notice (story, 0, 7, "502|lost|echo");
    TOLD (story, "send 0 #7 echo c\nfailed 5 502\n");
    assert_int_equal (counted (story, FAILED), 2);
}

static void
tries_are_counted_over_all (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    story_pass (story, 20000);
    assert_int_equal (story->sends, 3 + 4);
    assert_non_null (strstr (story->trace, "failed 4 1\n"));
    assert_int_equal (keel_mdspread_outstanding (story->client), 0);
}

/*  Even where all time is up for it, the last try says what was there. */
static void
without_retries_a_slow_broker_is_no_missing_one (void **state)
{
    story_t *story = begin_well (state);
    keel_mdspread_config (story->client)->retries = 0;
    submit (story, "b");
    hush (story);
    story_pass (story, 1000);
    TOLD (story, "failed 4 1\n");
}

static void
after_a_partial_answer_nobody_else_is_asked (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    answer_as (story, 0, 4, MDP_PARTIAL, "echo", "one");
    TOLD (story, "send 0 #4 echo b\npartial 4 one\n");
    story_pass (story, 900);
    answer_as (story, 0, 4, MDP_PARTIAL, "echo", "two");
    for (int n = 0; n < 5; n++) {
        story_pass (story, 900);
        answer_as (story, 0, 4, MDP_PARTIAL, "echo", "more");
    }
    hush (story);
    answer (story, 0, 4, "last");
    TOLD (story, "final 4 last\n");
    assert_int_equal (counted (story, PARTIALS), 7);
}

static void
a_broker_lost_after_a_partial_answer_fails_the_request (void **state)
{
    story_t *story = begin_well (state);
    submit (story, "b");
    answer_as (story, 0, 4, MDP_PARTIAL, "echo", "one");
    hush (story);
    story_disconnected (story, 0);
    story_pass (story, 100);
    assert_non_null (strstr (story->trace, "failed 4 502\n"));
    assert_null (strstr (story->trace, "send"));
}

static void
a_cancelled_request_is_heard_of_no_more (void **state)
{
    story_t *story = begin_well (state);
    uint64_t id = submit (story, "b");
    hush (story);
    assert_true (keel_mdspread_cancel (story->client, id));
    assert_false (keel_mdspread_cancel (story->client, id));
    answer (story, 0, 4, "x");
    story_pass (story, 20000);
    TOLD (story, "");
    assert_int_equal (counted (story, CANCELLED), 1);
}

/* ------------------------------------------------------------------ shotgun */

static void
shotgun_asks_all_and_the_first_answer_wins (void **state)
{
    story_t *story = begin (state, SHOTGUN);
    submit (story, "a");
    TOLD (story, "connect 0\nsend 0 #1 echo a\nconnect 1\nsend 1 #2 echo a\nconnect 2\nsend 2 #3 echo a\n");
    answer (story, 2, 3, "x");
    answer (story, 0, 1, "y");
    answer (story, 1, 2, "z");
    TOLD (story, "final 1 x\n");
    assert_int_equal (counted (story, REPLIES), 1);
    assert_int_equal (counted (story, LATE), 2);
    assert_int_equal (counted (story, RETRIES), 0);
    assert_true (keel_mdspread_next_due (story->client) == KEEL_NEVER);
}

static void
shotgun_takes_the_rest_from_whom_the_first_part_was (void **state)
{
    story_t *story = begin (state, SHOTGUN);
    submit (story, "a");
    hush (story);
    answer_as (story, 1, 2, MDP_PARTIAL, "echo", "one");
    TOLD (story, "partial 1 one\nclose 0\nclose 2\n"); /* they were not heard yet, and nothing waits for them */
    answer (story, 0, 1, "whole");
    answer (story, 1, 2, "last");
    TOLD (story, "final 1 last\n");
}

static void
shotgun_fails_when_all_have (void **state)
{
    story_t *story = begin (state, SHOTGUN);
    keel_mdspread_config (story->client)->retries = 0;
    submit (story, "a");
    hush (story);
    notice (story, 0, 1, "404|no worker|echo");
    story_refused (story, 1);
    TOLD (story, "close 1\n");
    notice (story, 2, 3, "502|lost|echo");
    TOLD (story, "failed 1 502\n");
}

/* ------------------------------------------------------------------ other policies, no memory */

static void
another_policy_begins_with_fresh_links (void **state)
{
    story_t *story = begin_well (state);
    assert_true (keel_mdspread_set_policy (story->client, TURN));
    assert_true (keel_mdspread_next_due (story->client) <= story->now);
    story_tick (story);
    TOLD (story, "close 2\nclose 1\nclose 0\n");
    assert_int_equal (counted (story, REQUESTS), 3);
    assert_int_equal (counted (story, REPLIES), 3);
    story->first = 0;
    submit (story, "b");
    answer (story, 0, 4, "x");
    TOLD (story, "connect 0\nsend 0 #4 echo b\nfinal 1 x\n");
    assert_int_equal (counted (story, REQUESTS), 4);
}

static void
without_memory_nothing_breaks (void **state)
{
    story_t *story = begin_well (state);
    const span_t body = F ("b");
    size_t taken = 0;
    for (uint64_t nth = 1; nth < 400; nth++) {
        uint64_t id;
        memory_seam.fail_at = memory_seam.calls + nth % 5;
        taken += keel_mdspread_submit (story->client, story->now, F ("echo"), &body, 1, &id) == KEEL_SUBMIT_OK;
        story_tick (story);
        hush (story);
        if (taken == 90)
            break;
    }
    memory_seam.fail_at = 0;
    for (int n = 0; n < 200; n++) {
        story_pass (story, 100);
        hush (story);
    }
    assert_int_equal (counted (story, REQUESTS), counted (story, REPLIES) + counted (story, FAILED));
    for (uint64_t nth = 1; nth < 12; nth++) {
        memory_seam.fail_at = memory_seam.calls + nth;
        keel_mdspread_t *other = keel_mdspread_new (&config);
        if (other)
            (void) keel_mdspread_set_policy (other, SHOTGUN);
        keel_mdspread_destroy (&other);
    }
    memory_seam.fail_at = 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown (name, story_setup, story_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORY (the_least_loaded_is_asked),
        STORY (a_silent_broker_is_left_after_a_try_and_avoided),
        STORY (what_a_lost_broker_has_goes_on_at_once),
        STORY (brokers_that_are_not_there_cost_no_try),
        STORY (a_refusal_leads_to_the_next),
        STORY (that_there_is_no_worker_is_asked_of_all),
        STORY (tries_are_counted_over_all),
        STORY (without_retries_a_slow_broker_is_no_missing_one),
        STORY (after_a_partial_answer_nobody_else_is_asked),
        STORY (a_broker_lost_after_a_partial_answer_fails_the_request),
        STORY (a_cancelled_request_is_heard_of_no_more),
        STORY (shotgun_asks_all_and_the_first_answer_wins),
        STORY (shotgun_takes_the_rest_from_whom_the_first_part_was),
        STORY (shotgun_fails_when_all_have),
        STORY (another_policy_begins_with_fresh_links),
        STORY (without_memory_nothing_breaks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
