/*  The Freelance engine's stories of requests: whom they go to, when they go on, what counts as their answer, how they end. The
 *  Guide's three models are the policies ordered, shotgun and, with many in flight, least. */
#include "freelance_story.h"

#include "flp.h"
#include "memory.h"

#include <stdlib.h>

#define LEAST   KEEL_FLCLIENT_LEAST
#define ORDERED KEEL_FLCLIENT_ORDERED
#define SHOTGUN KEEL_FLCLIENT_SHOTGUN

/* ------------------------------------------------------------------ whom they go to */

static void
a_request_waits_for_a_living_server (void **state)
{
    freelance_story_t *self = freelance_begin (state, 2, ORDERED);
    freelance_submit (self, "a|b");
    SAID (self, "");
    story_pass (&self->story, 700);
    freelance_pong (self, 1);
    SAID (self, "send 1 #1 a|b\n");
    freelance_answer (self, 1, 1, "x||y");
    SAID (self, "final 1 x||y\n");
    freelance_assert (self, REQUESTS, 1);
    freelance_assert (self, REPLIES, 1);
    freelance_assert (self, RETRIES, 0);
    assert_int_equal (keel_flclient_outstanding (ENGINE (self)), 0);
}

static void
least_shares_out (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 3, LEAST);
    for (int n = 0; n < 6; n++)
        freelance_submit (self, "a");
    SAID (self, "send 0 #1 a\nsend 1 #2 a\nsend 2 #3 a\nsend 0 #4 a\nsend 1 #5 a\nsend 2 #6 a\n");
    freelance_answer (self, 2, 3, "x");
    freelance_answer (self, 2, 6, "x");
    freelance_answer (self, 0, 1, "x");
    freelance_hush (self);
    for (int n = 0; n < 3; n++)
        freelance_submit (self, "b");
    SAID (self, "send 2 #7 b\nsend 0 #8 b\nsend 2 #9 b\n");
}

static void
one_after_the_other_takes_turns (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, LEAST);
    for (size_t n = 1; n <= 4; n++) {
        freelance_submit (self, "a");
        freelance_answer (self, n % 2 ? 0 : 1, n, "x");
    }
    freelance_assert (self, UNASKED, 0);
    freelance_assert (self, REPLIES, 4);
}

static void
ordered_takes_the_first_living_one (void **state)
{
    freelance_story_t *self = freelance_begin (state, 3, ORDERED);
    freelance_pong (self, 2);
    freelance_submit (self, "a");
    freelance_pong (self, 1);
    freelance_submit (self, "b");
    freelance_submit (self, "c");
    freelance_pong (self, 0);
    freelance_submit (self, "d");
    SAID (self, "send 2 #1 a\nsend 1 #2 b\nsend 1 #3 c\nsend 0 #4 d\n");
}

static void
shotgun_asks_all_and_the_first_answer_wins (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 3, SHOTGUN);
    freelance_submit (self, "a");
    SAID (self, "send 0 #1 a\nsend 1 #2 a\nsend 2 #3 a\n");
    freelance_answer (self, 1, 1, "x");
    freelance_answer (self, 0, 1, "y");
    freelance_answer (self, 2, 1, "z");
    SAID (self, "final 1 x\n");
    freelance_assert (self, COPIES, 2);
    freelance_assert (self, LATE, 2);
    freelance_assert (self, RETRIES, 0);
}

static void
shotgun_asks_also_who_comes_later (void **state)
{
    freelance_story_t *self = freelance_begin (state, 3, SHOTGUN);
    freelance_submit (self, "a");
    freelance_pong (self, 2);
    SAID (self, "send 2 #1 a\n");
    story_pass (&self->story, 300);
    freelance_pong (self, 0);
    freelance_pong (self, 0);
    SAID (self, "send 0 #2 a\n");
    story_pass (&self->story, 999);
    SAID (self, "ping 2\n");
    story_pass (&self->story, 1); /* each has had its whole try */
    SAID (self, "ping 0\nsend 0 #3 a\nsend 2 #4 a\n"); /* server 1, which was never heard, gets no further PING */
    freelance_assert (self, RETRIES, 1);
    freelance_assert (self, COPIES, 2);
}

/* ------------------------------------------------------------------ when they go on */

static void
a_try_that_passes_goes_on_and_both_may_answer (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    story_pass (&self->story, 999);
    SAID (self, "send 0 #1 a\n");
    freelance_pong (self, 0);
    freelance_pong (self, 1);
    story_pass (&self->story, 1);
    SAID (self, "send 1 #2 a\n");
    freelance_answer (self, 0, 1, "late but right");
    SAID (self, "final 1 late but right\n");
    freelance_answer (self, 1, 1, "too late");
    SAID (self, "");
    freelance_assert (self, RETRIES, 1);
    freelance_assert (self, LATE, 1);
}

static void
the_control_frame_stays (void **state)
{
    uint8_t control[FLP_CONTROL_SIZE];
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    flp_encode_control (self->ids[1], control);
    assert_true (span_is (self->story.head[0], control, sizeof (control)));
    story_pass (&self->story, 1000);
    assert_int_equal (self->story.sends, 2);
    assert_true (span_is (self->story.head[0], control, sizeof (control)));
}

static void
each_round_has_twice_the_time (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    keel_flclient_config (ENGINE (self))->timeout_ms = 20000;
    keel_flclient_config (ENGINE (self))->ping_ms = 100000;
    freelance_pong (self, 0);
    freelance_pong (self, 1);
    freelance_submit (self, "a");
    SAID (self, "send 0 #1 a\n");
    assert_int_equal (story_pass_to_due (&self->story), 1000);
    SAID (self, "send 1 #2 a\n");
    assert_int_equal (story_pass_to_due (&self->story), 1000);
    assert_int_equal (story_pass_to_due (&self->story), 2000);
    assert_int_equal (story_pass_to_due (&self->story), 2000);
    assert_int_equal (story_pass_to_due (&self->story), 4000);
    assert_int_equal (self->story.sends, 6);
    freelance_assert (self, RETRIES, 5);
}

/*  flcliapi of the Guide sends on each of them. */
static void
waking_up_sends_nothing (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 3, LEAST);
    freelance_submit (self, "a");
    SAID (self, "send 0 #1 a\n");
    for (int n = 0; n < 900; n++) {
        self->story.now++;
        story_tick (&self->story);
        freelance_pong (self, (uint16_t) (n % 3));
    }
    SAID (self, "");
}

static void
who_let_a_try_pass_is_avoided (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    story_pass (&self->story, 1000);
    freelance_hush (self);
    freelance_submit (self, "b");
    SAID (self, "send 1 #3 b\n");
    freelance_answer (self, 0, 1, "it lives"); /* trusted again */
    freelance_submit (self, "c");
    SAID (self, "final 1 it lives\nsend 0 #4 c\n");
}

static void
it_is_avoided_only_for_a_while (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    story_pass (&self->story, 1000);
    freelance_answer (self, 1, 1, "x");
    for (int n = 0; n < 10; n++) {
        freelance_pong (self, 0);
        freelance_pong (self, 1);
        story_pass (&self->story, 100);
    }
    freelance_hush (self);
    freelance_submit (self, "b");
    SAID (self, "send 0 #3 b\n");
}

static void
a_lone_server_is_asked_though_it_let_a_try_pass (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    story_pass (&self->story, 1000);
    freelance_pong (self, 0);
    freelance_hush (self);
    freelance_submit (self, "b");
    SAID (self, "send 0 #3 b\n");
}

/* ------------------------------------------------------------------ how they end */

static void
the_deadline_ends_it_where_a_server_lives (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    for (int n = 0; n < 5; n++) {
        freelance_pong (self, 0);
        story_pass (&self->story, n < 4 ? 1000 : 999);
    }
    freelance_hush (self);
    freelance_pong (self, 0);
    story_pass (&self->story, 1);
    SAID (self, "failed 1 1\n");
    freelance_answer (self, 0, 1, "too late");
    SAID (self, "");
    freelance_assert (self, FAILED, 1);
    freelance_assert (self, LATE, 1);
}

static void
the_deadline_ends_it_where_none_does (void **state)
{
    freelance_story_t *self = freelance_begin (state, 2, LEAST);
    freelance_submit (self, "a");
    story_pass (&self->story, 4999);
    freelance_hush (self);
    assert_int_equal (story_pass_to_due (&self->story), 1);
    SAID (self, "failed 1 7\n");
}

static void
without_servers_too (void **state)
{
    freelance_story_t *self = freelance_begin (state, 0, LEAST);
    assert_true (keel_flclient_next_due (ENGINE (self)) == KEEL_NEVER);
    freelance_submit (self, "a");
    assert_int_equal (story_pass_to_due (&self->story), 5000);
    SAID (self, "failed 1 7\n");
}

static void
a_cancelled_one_is_heard_of_no_more (void **state)
{
    uint64_t tag = 0;
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    freelance_submit (self, "b");
    freelance_hush (self);
    assert_true (keel_flclient_cancel (ENGINE (self), self->ids[1], &tag));
    assert_int_equal (tag, 1);
    assert_false (keel_flclient_cancel (ENGINE (self), self->ids[1], &tag));
    freelance_answer (self, 0, 1, "x");
    SAID (self, "");
    freelance_answer (self, 0, 2, "y");
    SAID (self, "final 2 y\n");
    freelance_assert (self, CANCELLED, 1);
    freelance_assert (self, LATE, 1);
}

static void
more_than_may_be_are_refused (void **state)
{
    const span_t body = F ("c");
    uint64_t id, tag;
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    keel_flclient_config (ENGINE (self))->outstanding = 2;
    freelance_submit (self, "a");
    freelance_submit (self, "b");
    assert_int_equal (keel_flclient_submit (ENGINE (self), 0, &body, 1, 3, &id), KEEL_SUBMIT_FULL);
    assert_true (keel_flclient_cancel (ENGINE (self), self->ids[1], &tag));
    assert_int_equal (keel_flclient_submit (ENGINE (self), 0, &body, 1, 3, &id), KEEL_SUBMIT_OK);
}

/* ------------------------------------------------------------------ what is no answer */

static void
a_pong_is_no_answer (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    freelance_hush (self);
    freelance_pong (self, 0);
    SAID (self, "");
    freelance_assert (self, PONGS, 2);
    assert_int_equal (keel_flclient_outstanding (ENGINE (self)), 1);
}

static void
garbage_is_no_answer (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    freelance_hush (self);
    uint8_t control[FLP_CONTROL_SIZE + 1] = {0};
    flp_encode_control (self->ids[1], control);
    const span_t own = span_make (control, FLP_CONTROL_SIZE);
    const span_t messages[][3] = {{F ("PONG"), F ("x"), F ("y")},
                                  {F (""), own, F ("x")},
                                  {span_make (control, 7), F ("x"), F ("y")},
                                  {span_make (control, 9), F ("x"), F ("y")}};
    for (size_t n = 0; n < COUNT_OF (messages); n++)
        story_frames (&self->story, 0, messages[n], 3);
    story_frames (&self->story, 0, &own, 1);
    story_frames (&self->story, 0, &messages[1][0], 1);
    story_frames (&self->story, 0, NULL, 0);
    story_event (&self->story, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = messages[0], .count = 3, .cut = true});
    SAID (self, "");
    freelance_assert (self, MALFORMED, 8);
    freelance_answer (self, 0, 1, "x");
    SAID (self, "final 1 x\n");
}

static void
who_was_not_asked_does_not_answer (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    freelance_hush (self);
    freelance_answer (self, 1, 1, "not yours");
    SAID (self, "");
    freelance_assert (self, UNASKED, 1);
    self->ids[2] = self->ids[1] + 1;
    freelance_answer (self, 0, 2, "nobody's");
    SAID (self, "");
    freelance_assert (self, LATE, 1);
    freelance_answer (self, 0, 1, "x");
    SAID (self, "final 1 x\n");
}

static void
a_second_answer_is_dropped (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    freelance_answer (self, 0, 1, "x");
    freelance_answer (self, 0, 1, "x again");
    SAID (self, "send 0 #1 a\nfinal 1 x\n");
    freelance_assert (self, LATE, 1);
}

/*  From a place that has no server, or none that is connected. */
static void
events_of_nobody_are_dropped (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    freelance_hush (self);
    freelance_answer (self, 1, 1, "x");
    freelance_answer (self, 63, 1, "x");
    freelance_answer (self, 64, 1, "x");
    freelance_answer (self, UINT16_MAX, 1, "x");
    story_disconnected (&self->story, 5);
    story_refused (&self->story, UINT16_MAX);
    SAID (self, "");
}

/* ------------------------------------------------------------------ many, and no memory */

/*  In a shuffled order, as services answer. */
static void
thousands_in_flight_go_out_once_each (void **state)
{
    const size_t count = 6000;
    freelance_story_t *self = freelance_begin_living (state, 3, LEAST);
    keel_flclient_t *engine = ENGINE (self);
    const span_t body = F ("a");
    size_t sends = 0, finals = 0;
    for (size_t n = 1; n <= count; n++)
        assert_int_equal (keel_flclient_submit (engine, 0, &body, 1, n, &self->ids[n]), KEEL_SUBMIT_OK);
    uint16_t *where = calloc (count + 1, sizeof (uint16_t));
    while (keel_flclient_next_due (engine) <= 0) {
        keel_actions_clear (self->story.out);
        keel_flclient_step (engine, &(keel_event_t){.kind = KEEL_EVENT_TICK}, self->story.out);
        for (size_t n = 0; n < self->story.out->count; n++) {
            const keel_action_t *send = &self->story.out->items[n];
            size_t request = (size_t) (send->tag - self->ids[1]) + 1;
            assert_int_equal (send->kind, KEEL_ACTION_SEND);
            assert_int_equal (where[request], 0);
            where[request] = (uint16_t) (send->listener + 1);
            sends++;
        }
    }
    assert_int_equal (sends, count);
    for (size_t n = 0; n < count; n++) {
        size_t request = n * 2909 % count + 1;
        uint8_t control[FLP_CONTROL_SIZE];
        flp_encode_control (self->ids[request], control);
        const span_t frames[] = {span_make (control, sizeof (control)), body};
        keel_actions_clear (self->story.out);
        keel_flclient_step (engine, &(keel_event_t){.kind = KEEL_EVENT_MESSAGE, .now = 500, .frames = frames, .count = 2,
                                                    .peer = {.listener = (uint16_t) (where[request] - 1)}},
                            self->story.out);
        assert_int_equal (self->story.out->count, 1);
        assert_int_equal (self->story.out->items[0].tag, request);
        finals++;
    }
    free (where);
    self->story.now = 500;
    assert_int_equal (finals, count);
    freelance_assert (self, REPLIES, count);
    freelance_assert (self, RETRIES, 0);
    assert_int_equal (keel_flclient_outstanding (engine), 0);
}

static void
without_memory_a_request_is_refused (void **state)
{
    const span_t body = F ("a");
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    size_t taken = 0;
    for (size_t n = 0; n < 2000; n++) {
        uint64_t id;
        memory_seam.fail_at = n % 3 ? memory_seam.calls + 1 : 0;
        keel_submit_t done = keel_flclient_submit (ENGINE (self), 0, &body, 1, n + 1, &id);
        assert_true (done == KEEL_SUBMIT_OK || (done == KEEL_SUBMIT_NO_MEMORY && n % 3));
        taken += done == KEEL_SUBMIT_OK;
    }
    memory_seam.fail_at = 0;
    assert_int_equal (keel_flclient_outstanding (ENGINE (self)), taken);
    const keel_flclient_config_t config = *keel_flclient_config (ENGINE (self));
    for (uint64_t nth = 1; nth < 4; nth++) {
        memory_seam.fail_at = memory_seam.calls + nth;
        keel_flclient_t *other = keel_flclient_new (&config);
        assert_true (!other || memory_seam.calls < memory_seam.fail_at);
        keel_flclient_destroy (&other);
    }
    memory_seam.fail_at = 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown (name, freelance_setup, story_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORY (a_request_waits_for_a_living_server),
        STORY (least_shares_out),
        STORY (one_after_the_other_takes_turns),
        STORY (ordered_takes_the_first_living_one),
        STORY (shotgun_asks_all_and_the_first_answer_wins),
        STORY (shotgun_asks_also_who_comes_later),
        STORY (a_try_that_passes_goes_on_and_both_may_answer),
        STORY (the_control_frame_stays),
        STORY (each_round_has_twice_the_time),
        STORY (waking_up_sends_nothing),
        STORY (who_let_a_try_pass_is_avoided),
        STORY (it_is_avoided_only_for_a_while),
        STORY (a_lone_server_is_asked_though_it_let_a_try_pass),
        STORY (the_deadline_ends_it_where_a_server_lives),
        STORY (the_deadline_ends_it_where_none_does),
        STORY (without_servers_too),
        STORY (a_cancelled_one_is_heard_of_no_more),
        STORY (more_than_may_be_are_refused),
        STORY (a_pong_is_no_answer),
        STORY (garbage_is_no_answer),
        STORY (who_was_not_asked_does_not_answer),
        STORY (a_second_answer_is_dropped),
        STORY (events_of_nobody_are_dropped),
        STORY (thousands_in_flight_go_out_once_each),
        STORY (without_memory_a_request_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
