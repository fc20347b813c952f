/*  The Lazy Pirate engine's stories: tries over fresh links, answers that count and those that do not, servers that are
 *  silent, gone, restarting or hostile. */
#include "story.h"

#include "lazy_pirate.h"
#include "memory.h"
#include "random.h"

#define SENDS_ONE "connect 0\nsend 0 #1 a\n"

static int
step_lazy (void *client, const keel_event_t *event, keel_actions_t *out)
{
    return keel_lazy_step (client, event, out);
}

static int64_t
lazy_due (const void *client)
{
    return keel_lazy_next_due (client);
}

static void
destroy_lazy (void *client)
{
    keel_lazy_t *self = client;
    keel_lazy_destroy (&self);
}

static void
submit (story_t *self, const char *body)
{
    span_t frames[8];
    size_t count = story_split (body, frames);
    assert_true (keel_lazy_submit (self->client, self->now, frames, count));
    story_tick (self);
}

/*  1 second a try. */
static story_t *
begin_as (void **state, uint16_t endpoints, unsigned retries, bool stock)
{
    static const story_kind_t kind = {step_lazy, lazy_due, destroy_lazy, KEEL_LAZY_ACTIONS, false, NULL};
    const keel_lazy_config_t config = {
        .endpoints = endpoints, .stock = stock, .timeout_ms = 1000, .retries = retries, .seed = 42};
    story_t *story = *state;
    story_begin (story, &kind, keel_lazy_new (&config), stock);
    submit (story, "a");
    TOLD (story, SENDS_ONE);
    return story;
}

static story_t *
begin (void **state, uint16_t endpoints, unsigned retries)
{
    return begin_as (state, endpoints, retries, false);
}

/*  In the envelope of that sending. */
static void
answer (story_t *self, uint16_t link, size_t sending, const char *body)
{
    uint8_t options[OPTIONS_SIZE];
    span_t frames[16];
    size_t count = story_envelope (self, sending, options, frames);
    story_frames (self, link, frames, count + story_split (body, frames + count));
}

static uint64_t
counter (const story_t *self, keel_lazy_counter_t number)
{
    return keel_lazy_counter (self->client, number);
}

#define assert_counter(self, name, value) assert_int_equal (counter (self, KEEL_LAZY_##name), value)

static void
assert_idle (story_t *self)
{
    assert_false (keel_lazy_busy (self->client));
    assert_true (keel_lazy_next_due (self->client) == KEEL_NEVER);
}

/* ------------------------------------------------------------------ answers */

static void
an_answer_ends_it_and_its_link_is_kept (void **state)
{
    story_t *story = begin (state, 1, 3);
    answer (story, 0, 1, "x||y");
    TOLD (story, "final 1 x||y\n");
    assert_idle (story);
    story_pass (story, 100000);
    submit (story, "b|c");
    answer (story, 0, 2, "z");
    TOLD (story, "send 0 #2 b|c\nfinal 1 z\n");
    assert_counter (story, REQUESTS, 2);
    assert_counter (story, REPLIES, 2);
    assert_counter (story, RETRIES, 0);
}

static void
a_sending_has_options_and_a_delimiter (void **state)
{
    story_t *story = begin (state, 1, 3);
    assert_int_equal (story->head_count, 2);
    assert_span (story->head[1], "");
    assert_false (story->options[1].notices);
    assert_int_equal (story->options[1].ttl_ms, 750);
    answer (story, 0, 1, "x");
    keel_lazy_config (story->client)->timeout_ms = 60000;
    submit (story, "b");
    assert_int_equal (story->options[2].ttl_ms, 59000);
    answer (story, 0, 2, "x");
    keel_lazy_config (story->client)->timeout_ms = 1;
    submit (story, "c");
    assert_int_equal (story->options[3].ttl_ms, 1);
    assert_true (story->options[1].id != story->options[2].id && story->options[2].id != story->options[3].id);
}

static void
an_answer_comes_once (void **state)
{
    story_t *story = begin (state, 1, 3);
    answer (story, 0, 1, "x");
    answer (story, 0, 1, "again");
    submit (story, "b");
    answer (story, 0, 1, "and again");
    TOLD (story, "final 1 x\nsend 0 #2 b\n");
    answer (story, 0, 2, "y");
    TOLD (story, "final 1 y\n");
    assert_counter (story, LATE, 2);
}

/*  The port forgets a link that was closed; should it not, the answer is for another sending. */
static void
an_answer_to_an_earlier_try_does_not_count (void **state)
{
    story_t *story = begin (state, 1, 3);
    story_pass (story, 1100);
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 a\n");
    answer (story, 0, 1, "stale");
    TOLD (story, "");
    answer (story, 0, 2, "fresh");
    TOLD (story, "final 1 fresh\n");
    assert_counter (story, LATE, 1);
}

static void
between_tries_nothing_counts (void **state)
{
    story_t *story = begin (state, 1, 3);
    assert_int_equal (story_pass_to_due (story), 1000);
    answer (story, 0, 1, "stale");
    TOLD (story, "close 0\n");
    assert_true (keel_lazy_busy (story->client));
}

static void
what_is_no_answer_is_dropped (void **state)
{
    story_t *story = begin (state, 2, 3);
    uint8_t options[OPTIONS_SIZE], other[OPTIONS_SIZE];
    span_t envelope[2], big = span_make (other, OPTIONS_SIZE);
    story_envelope (story, 1, options, envelope);
    memcpy (other, options, OPTIONS_SIZE);
    other[OPTIONS_SIZE - 1] ^= 1;
    story_frames (story, 0, &F (""), 1); /* no body */
    story_frames (story, 0, &F ("x"), 1); /* no delimiter */
    story_frames (story, 0, envelope, 2); /* no body */
    story_frames (story, 0, (span_t[]){envelope[0], F ("x")}, 2); /* no delimiter */
    story_event (story, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = envelope, .count = 2, .cut = true});
    assert_counter (story, MALFORMED, 5);
    story_frames (story, 0, (span_t[]){F (""), F ("x")}, 2); /* no envelope */
    story_frames (story, 0, (span_t[]){big, F (""), F ("x")}, 3); /* another id */
    story_frames (story, 0, (span_t[]){F ("x"), envelope[0], F (""), F ("x")}, 4); /* more than was sent */
    assert_counter (story, LATE, 3);
    story_frames (story, 1, (span_t[]){envelope[0], F (""), F ("x")}, 3); /* from nobody: that link is not open */
    story_frames (story, 9, (span_t[]){envelope[0], F (""), F ("x")}, 3);
    TOLD (story, "");
    story_frames (story, 0, (span_t[]){envelope[0], F (""), F ("x")}, 3);
    TOLD (story, "final 1 x\n");
}

/*  The port tells of the end before it gives what came before it. */
static void
an_answer_behind_the_end_is_taken (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_disconnected (story, 0);
    answer (story, 0, 1, "x");
    submit (story, "b");
    TOLD (story, "final 1 x\nclose 0\nconnect 1\nsend 1 #2 b\n");
}

/* ------------------------------------------------------------------ silence */

static void
silence_is_tried_again_on_fresh_links_and_fails (void **state)
{
    story_t *story = begin (state, 1, 2);
    int64_t most = 50;
    for (int n = 0; n < 2; n++, most *= 2) {
        assert_int_equal (story_pass_to_due (story), 1000);
        assert_in_range (story_pass_to_due (story), most / 2, most);
    }
    assert_int_equal (story_pass_to_due (story), 1000);
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 a\nclose 0\nconnect 0\nsend 0 #3 a\nclose 0\nfailed 1 7\n");
    assert_idle (story);
    assert_counter (story, RETRIES, 2);
    assert_counter (story, FAILED, 1);
    assert_counter (story, FAILOVERS, 0);
}

static void
the_pause_grows_to_a_second (void **state)
{
    story_t *story = begin (state, 1, 20);
    int64_t pause = 0;
    for (int n = 0; n < 20; n++) {
        story_pass_to_due (story);
        pause = story_pass_to_due (story);
        assert_in_range (pause, 25, 1000);
    }
    assert_in_range (pause, 500, 1000);
}

static void
silent_servers_are_tried_in_turn (void **state)
{
    story_t *story = begin (state, 3, 3);
    story_pass (story, 3500);
    TOLD (story, "close 0\nconnect 1\nsend 1 #2 a\nclose 1\nconnect 2\nsend 2 #3 a\nclose 2\nconnect 0\nsend 0 #4 a\n");
    answer (story, 0, 4, "x");
    submit (story, "b");
    TOLD (story, "final 1 x\nsend 0 #5 b\n");
    assert_counter (story, FAILOVERS, 3);
}

static void
it_stays_with_the_one_that_answers (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_pass (story, 1100);
    answer (story, 1, 2, "x");
    submit (story, "b");
    TOLD (story, "close 0\nconnect 1\nsend 1 #2 a\nfinal 1 x\nsend 1 #3 b\n");
}

static void
a_server_that_was_heard_makes_it_a_timeout (void **state)
{
    story_t *story = begin (state, 1, 0);
    story_frames (story, 0, &F ("noise"), 1);
    story_pass (story, 1000);
    TOLD (story, "close 0\nfailed 1 1\n");
    submit (story, "b");
    story_pass (story, 1000);
    TOLD (story, "connect 0\nsend 0 #2 b\nclose 0\nfailed 1 7\n");
    submit (story, "c");
    answer (story, 0, 3, "x");
    submit (story, "d");
    story_pass (story, 1000);
    TOLD (story, "connect 0\nsend 0 #3 c\nfinal 1 x\nsend 0 #4 d\nclose 0\nfailed 1 1\n");
}

/* ------------------------------------------------------------------ connections that fail */

static void
an_ended_connection_ends_the_try_at_once (void **state)
{
    story_t *story = begin (state, 2, 3);
    story_pass (story, 10);
    story_disconnected (story, 0);
    TOLD (story, "");
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "close 0\nconnect 1\nsend 1 #2 a\n");
    answer (story, 1, 2, "x");
    TOLD (story, "final 1 x\n");
    assert_counter (story, DISCONNECTS, 1);
    assert_counter (story, RETRIES, 1);
}

/*  It was killed, and starts again: the next try waits in its link until then. */
static void
a_restarted_server_is_reached (void **state)
{
    story_t *story = begin (state, 1, 1);
    story_disconnected (story, 0);
    story_pass (story, 50);
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 a\n");
    for (int n = 0; n < 9; n++) {
        story_refused (story, 0);
        story_pass (story, 100);
    }
    TOLD (story, "");
    answer (story, 0, 2, "x");
    TOLD (story, "final 1 x\n");
    assert_counter (story, REFUSED, 9);
}

/*  A refusal takes no patience away. */
static void
nobody_is_waited_for_all_the_time (void **state)
{
    for (uint16_t endpoints = 1; endpoints < 4; endpoints++) {
        story_t *story = begin (state, endpoints, 2);
        while (keel_lazy_busy (story->client)) {
            for (uint16_t n = 0; n < endpoints; n++)
                story_refused (story, n);
            story_pass (story, 10);
        }
        assert_in_range (story->now, 3000, 6000);
        assert_non_null (strstr (story->trace, "failed 1 7\n"));
        assert_counter (story, RETRIES, 2);
        assert_true (story->sends < 40);
    }
}

static void
refused_is_the_next_ones_turn_in_the_same_try (void **state)
{
    story_t *story = begin (state, 2, 0);
    story_refused (story, 0);
    TOLD (story, "close 0\n");
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "connect 1\nsend 1 #2 a\n");
    assert_true (story->options[2].ttl_ms < story->options[1].ttl_ms);
    answer (story, 1, 2, "x");
    TOLD (story, "final 1 x\n");
    assert_counter (story, RETRIES, 0);
    assert_counter (story, FAILOVERS, 1);
}

/*  The last of many is reached soon; only another round is waited for longer and longer. */
static void
the_pause_grows_by_the_round (void **state)
{
    story_t *story = begin (state, 5, 0);
    for (int64_t most = 50; most <= 200; most *= 2)
        for (uint16_t n = 0; n < 5; n++) {
            int64_t limit = n == 4 ? most : 50;
            story_refused (story, n);
            assert_in_range (story_pass_to_due (story), limit / 2, limit);
        }
    assert_true (keel_lazy_busy (story->client));
    assert_int_equal (story->sends, 16);
}

static void
an_ended_last_try_fails_soon (void **state)
{
    story_t *story = begin (state, 2, 0);
    story_disconnected (story, 0);
    TOLD (story, "");
    assert_in_range (story_pass_to_due (story), 25, 50);
    TOLD (story, "failed 1 502\nclose 0\n");
    submit (story, "b");
    TOLD (story, "connect 1\nsend 1 #2 b\n");
}

static void
an_idle_link_that_ends_is_closed (void **state)
{
    story_t *story = begin (state, 1, 0);
    answer (story, 0, 1, "x");
    story_disconnected (story, 0);
    TOLD (story, "final 1 x\nclose 0\n");
    assert_idle (story);
    submit (story, "b");
    TOLD (story, "connect 0\nsend 0 #2 b\n");
}

static void
what_was_not_taken_is_sent_again_in_the_same_try (void **state)
{
    story_t *story = begin (state, 1, 0);
    story_event (story, (keel_event_t){.kind = KEEL_EVENT_UNREACHABLE, .tag = story->options[1].id + 7});
    TOLD (story, "");
    story_event (story, (keel_event_t){.kind = KEEL_EVENT_UNREACHABLE, .tag = story->options[1].id});
    story_pass (story, 50);
    TOLD (story, "close 0\nconnect 0\nsend 0 #2 a\n");
    story_event (story, (keel_event_t){.kind = KEEL_EVENT_FULL, .tag = story->options[2].id});
    story_pass (story, 1000);
    TOLD (story, "close 0\nconnect 0\nsend 0 #3 a\nclose 0\nfailed 1 7\n");
    assert_int_equal (story->now, 1050);
    assert_counter (story, UNSENT, 2);
}

/* ------------------------------------------------------------------ the application's end */

static void
a_cancelled_request_leaves_nothing (void **state)
{
    story_t *story = begin (state, 1, 3);
    keel_lazy_cancel (story->client);
    keel_lazy_cancel (story->client);
    assert_false (keel_lazy_busy (story->client));
    assert_int_equal (story_pass_to_due (story), 0);
    TOLD (story, "close 0\n");
    assert_idle (story);
    submit (story, "b");
    answer (story, 0, 1, "stale");
    answer (story, 0, 2, "x");
    TOLD (story, "connect 0\nsend 0 #2 b\nfinal 1 x\n");
    assert_counter (story, CANCELLED, 1);
}

static void
a_stock_server_has_a_fresh_link_for_every_sending (void **state)
{
    story_t *story = begin_as (state, 1, 1, true);
    assert_int_equal (story->head_count, 1);
    story_frames (story, 0, (span_t[]){F ("extra"), F (""), F ("x")}, 3);
    TOLD (story, "");
    answer (story, 0, 0, "x|y");
    TOLD (story, "final 1 x|y\nclose 0\n");
    submit (story, "b");
    story_pass (story, 1100);
    answer (story, 0, 0, "z");
    answer (story, 0, 0, "twice");
    TOLD (story, "connect 0\nsend 0 #2 b\nclose 0\nconnect 0\nsend 0 #3 b\nfinal 1 z\nclose 0\n");
    assert_counter (story, LATE, 1);
}

static void
without_memory_a_request_is_refused (void **state)
{
    story_t *story = begin (state, 1, 3);
    answer (story, 0, 1, "x");
    memory_seam = (memory_seam_t){.fail_all = 1};
    span_t big = span_make (story->trace, sizeof (story->trace));
    assert_false (keel_lazy_submit (story->client, 0, (span_t[]){big, big, big, big, big, big, big, big, big}, 9));
    assert_false (keel_lazy_busy (story->client));
    for (uint64_t at = 1; at < 4; at++) {
        memory_seam = (memory_seam_t){.fail_at = at};
        keel_lazy_t *client = keel_lazy_new (keel_lazy_config (story->client));
        keel_lazy_destroy (&client);
    }
    memory_seam = (memory_seam_t){0};
    submit (story, "b");
    TOLD (story, "final 1 x\nsend 0 #2 b\n");
}

/* ------------------------------------------------------------------ whatever happens */

static void
happen (story_t *story, random_t *random, uint16_t link)
{
    size_t sending = story->sends - random_below (random, story->sends < 3 ? story->sends : 3);
    keel_event_kind_t failed = random_below (random, 2) ? KEEL_EVENT_FULL : KEEL_EVENT_UNREACHABLE;
    switch (random_below (random, 8)) {
    case 0:
        answer (story, link, sending, "x");
        break;
    case 1:
        story_frames (story, link, &F ("noise"), 1);
        break;
    case 2:
        story_disconnected (story, link);
        break;
    case 3:
        story_refused (story, link);
        break;
    case 4:
        story_event (story,
                     (keel_event_t){.kind = failed, .peer = {.listener = link}, .tag = story->options[sending].id});
        break;
    case 5:
        if (random_below (random, 8) == 0)
            keel_lazy_cancel (story->client);
        story_tick (story);
        break;
    default:
        story_pass (story, (int64_t) random_below (random, 400));
    }
}

/*  Every request ends, in bounded time, with one result at most; sendings are bounded by tries. */
static void
every_request_ends_once (void **state)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        random_t random = {seed};
        story_t *story = begin (state, (uint16_t) (1 + seed % 3), 2);
        for (int n = 0; n < 20; n++) {
            int64_t since = story->now;
            uint64_t tries = counter (story, KEEL_LAZY_RETRIES);
            for (int left = 200; left > 0 && keel_lazy_busy (story->client); left--)
                happen (story, &random, (uint16_t) random_below (&random, 4));
            story_pass (story, 7000);
            assert_idle (story);
            assert_true (story->now - since < 7000 + 7000);
            assert_true (counter (story, KEEL_LAZY_RETRIES) - tries <= 2);
            story->trace[0] = 0;
            story->sends = story->sends > 3 ? 3 : story->sends;
            submit (story, "b");
        }
        assert_int_equal (counter (story, KEEL_LAZY_REPLIES) + counter (story, KEEL_LAZY_FAILED) +
                              counter (story, KEEL_LAZY_CANCELLED) + 1,
                          counter (story, KEEL_LAZY_REQUESTS));
    }
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, story_setup, story_teardown)
    const struct CMUnitTest tests[] = {
        TEST (an_answer_ends_it_and_its_link_is_kept),
        TEST (a_sending_has_options_and_a_delimiter),
        TEST (an_answer_comes_once),
        TEST (an_answer_to_an_earlier_try_does_not_count),
        TEST (between_tries_nothing_counts),
        TEST (what_is_no_answer_is_dropped),
        TEST (an_answer_behind_the_end_is_taken),
        TEST (silence_is_tried_again_on_fresh_links_and_fails),
        TEST (the_pause_grows_to_a_second),
        TEST (silent_servers_are_tried_in_turn),
        TEST (it_stays_with_the_one_that_answers),
        TEST (a_server_that_was_heard_makes_it_a_timeout),
        TEST (an_ended_connection_ends_the_try_at_once),
        TEST (a_restarted_server_is_reached),
        TEST (nobody_is_waited_for_all_the_time),
        TEST (refused_is_the_next_ones_turn_in_the_same_try),
        TEST (the_pause_grows_by_the_round),
        TEST (an_ended_last_try_fails_soon),
        TEST (an_idle_link_that_ends_is_closed),
        TEST (what_was_not_taken_is_sent_again_in_the_same_try),
        TEST (a_cancelled_request_leaves_nothing),
        TEST (a_stock_server_has_a_fresh_link_for_every_sending),
        TEST (without_memory_a_request_is_refused),
        TEST (every_request_ends_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
