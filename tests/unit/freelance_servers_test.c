/*  The Freelance engine's stories of servers: pinged, alive, dead, lost, full, added and removed. */
#include "freelance_story.h"

#define LEAST   KEEL_FLCLIENT_LEAST
#define ORDERED KEEL_FLCLIENT_ORDERED
#define SHOTGUN KEEL_FLCLIENT_SHOTGUN

static void
a_connection_begins_with_a_ping (void **state)
{
    uint16_t place;
    freelance_story_t *self = freelance_begin (state, 0, LEAST);
    assert_true (keel_flclient_add (ENGINE (self), 0, &place));
    assert_true (keel_flclient_next_due (ENGINE (self)) <= 0);
    story_tick (&self->story);
    SAID (self, "connect 0\nping 0\n");
    assert_int_equal (keel_flclient_living (ENGINE (self)), 0);
    freelance_pong (self, 0);
    assert_int_equal (keel_flclient_living (ENGINE (self)), 1);
}

static void
only_the_silent_are_pinged (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    for (int n = 0; n < 20; n++) {
        freelance_submit (self, "a");
        story_pass (&self->story, 100);
        freelance_answer (self, 0, self->requests, "x");
        freelance_hush (self);
        if (n % 9 == 8)
            freelance_pong (self, 1);
    }
    freelance_assert (self, PINGS, 2);
    assert_int_equal (story_pass_to_due (&self->story), 800); /* its last PONG came 200 ago */
    SAID (self, "ping 1\n");
    freelance_pong (self, 1);
    assert_int_equal (story_pass_to_due (&self->story), 200);
    SAID (self, "ping 0\n");
}

static void
three_silent_intervals_are_death (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    keel_flclient_config (ENGINE (self))->try_ms = 60000;
    keel_flclient_config (ENGINE (self))->timeout_ms = 60000;
    freelance_submit (self, "a");
    freelance_hush (self);
    for (int n = 0; n < 2; n++) {
        assert_int_equal (story_pass_to_due (&self->story), 1000);
        SAID (self, "ping 0\nping 1\n");
        freelance_pong (self, 1);
    }
    assert_int_equal (keel_flclient_living (ENGINE (self)), 2);
    assert_int_equal (story_pass_to_due (&self->story), 1000);
    SAID (self, "ping 0\nping 1\nsend 1 #2 a\n");
    assert_int_equal (keel_flclient_living (ENGINE (self)), 1);
    freelance_assert (self, DEATHS, 1);
    freelance_answer (self, 0, 1, "late"); /* and it is alive again */
    SAID (self, "final 1 late\n");
    assert_int_equal (keel_flclient_living (ENGINE (self)), 2);
}

static void
the_dead_get_a_fresh_connection (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    story_pass (&self->story, 5999);
    SAID (self, "ping 0\nping 0\nping 0\nping 0\nping 0\n");
    story_pass (&self->story, 1);
    SAID (self, "close 0\nconnect 0\nping 0\n");
    story_pass (&self->story, 2999); /* no more PINGs wait for a connection */
    SAID (self, "");
    story_pass (&self->story, 1);
    SAID (self, "close 0\nconnect 0\nping 0\n");
    freelance_assert (self, DEATHS, 1);
}

/*  Whoever stood still itself has not heard what waits in its sockets. */
static void
a_late_clock_kills_nobody (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    self->story.now += 20000;
    story_tick (&self->story);
    SAID (self, "ping 0\n");
    assert_int_equal (keel_flclient_living (ENGINE (self)), 1);
}

/* ------------------------------------------------------------------ lost */

static void
a_lost_server_gives_up_what_it_has (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, LEAST);
    for (int n = 0; n < 4; n++)
        freelance_submit (self, "a");
    freelance_hush (self);
    story_disconnected (&self->story, 0);
    assert_int_equal (keel_flclient_living (ENGINE (self)), 1);
    freelance_answer (self, 0, 1, "came before"); /* it was in the socket */
    SAID (self, "final 1 came before\n");
    assert_int_equal (story_pass_to_due (&self->story), 10);
    SAID (self, "close 0\nsend 1 #5 a\n");
    int64_t pause = story_pass_to_due (&self->story);
    assert_true (pause >= 25 && pause <= 50);
    SAID (self, "connect 0\nping 0\n");
    freelance_assert (self, DISCONNECTS, 1);
}

/*  It counts for the words that are still to be read, but does not make it alive. */
static void
words_of_the_lost_do_not_revive_it (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    story_disconnected (&self->story, 0);
    freelance_pong (self, 0);
    assert_int_equal (keel_flclient_living (ENGINE (self)), 0);
    freelance_submit (self, "a");
    SAID (self, "");
}

static void
a_restarted_server_is_asked_again (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    story_disconnected (&self->story, 0);
    story_pass (&self->story, 70);
    SAID (self, "send 0 #1 a\nclose 0\nconnect 0\nping 0\n");
    freelance_pong (self, 0);
    SAID (self, "send 0 #2 a\n");
    freelance_answer (self, 0, 1, "x");
    SAID (self, "final 1 x\n");
}

static void
one_that_hangs_up_again_and_again_is_left_alone_longer (void **state)
{
    freelance_story_t *self = freelance_begin (state, 1, LEAST);
    int64_t pause = 0;
    for (int n = 0; n < 10; n++) {
        story_disconnected (&self->story, 0);
        story_pass_to_due (&self->story);
        pause = story_pass_to_due (&self->story);
        freelance_hush (self);
    }
    assert_true (pause >= 500 && pause <= 1000);
}

static void
shotgun_asks_again_over_a_fresh_connection (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, SHOTGUN);
    freelance_submit (self, "a");
    story_disconnected (&self->story, 1);
    story_pass (&self->story, 70);
    freelance_hush (self);
    freelance_pong (self, 1);
    SAID (self, "send 1 #3 a\n");
}

static void
refusals_are_counted (void **state)
{
    freelance_story_t *self = freelance_begin (state, 1, LEAST);
    for (int n = 0; n < 5; n++)
        story_refused (&self->story, 0);
    SAID (self, "");
    freelance_assert (self, REFUSED, 5);
    assert_int_equal (story_pass_to_due (&self->story), 1000);
    SAID (self, "");
}

/* ------------------------------------------------------------------ full */

static void
unsent (freelance_story_t *self, keel_event_kind_t kind, uint16_t place, uint64_t tag)
{
    story_event (&self->story, (keel_event_t){.kind = kind, .peer = {.listener = place}, .tag = tag});
}

static void
a_full_pipe_sends_it_elsewhere (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    unsent (self, KEEL_EVENT_FULL, 0, self->ids[1]);
    SAID (self, "send 0 #1 a\nsend 1 #2 a\n");
    freelance_submit (self, "b");
    SAID (self, "send 1 #3 b\n");
    story_pass (&self->story, 10);
    freelance_submit (self, "c");
    SAID (self, "send 0 #4 c\n");
    freelance_assert (self, UNSENT, 1);
}

static void
a_full_pipe_of_the_only_one_is_waited_for (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    unsent (self, KEEL_EVENT_FULL, 0, self->ids[1]);
    SAID (self, "send 0 #1 a\n");
    assert_int_equal (story_pass_to_due (&self->story), 10);
    SAID (self, "send 0 #2 a\n");
}

static void
an_unreachable_server_is_lost (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    unsent (self, KEEL_EVENT_UNREACHABLE, 0, self->ids[1]);
    SAID (self, "send 0 #1 a\nsend 1 #2 a\n");
    assert_int_equal (keel_flclient_living (ENGINE (self)), 1);
    story_pass (&self->story, 10);
    SAID (self, "close 0\n");
}

/* ------------------------------------------------------------------ added and removed */

static void
a_removed_server_gives_up_what_it_has (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    freelance_hush (self);
    keel_flclient_remove (ENGINE (self), self->story.now, 0);
    assert_true (keel_flclient_next_due (ENGINE (self)) <= self->story.now);
    story_tick (&self->story);
    SAID (self, "close 0\nsend 1 #2 a\n");
    freelance_answer (self, 0, 1, "too late");
    SAID (self, "");
    freelance_answer (self, 1, 1, "x");
    SAID (self, "final 1 x\n");
}

/*  What the old one was asked is nothing that the new one may answer. */
static void
its_place_is_free_for_another (void **state)
{
    uint16_t place;
    freelance_story_t *self = freelance_begin_living (state, 2, ORDERED);
    freelance_submit (self, "a");
    keel_flclient_remove (ENGINE (self), self->story.now, 0);
    story_tick (&self->story);
    assert_true (keel_flclient_add (ENGINE (self), self->story.now, &place));
    assert_int_equal (place, 0);
    story_tick (&self->story);
    freelance_pong (self, 0);
    freelance_hush (self);
    freelance_answer (self, 0, 1, "not asked");
    SAID (self, "");
    freelance_assert (self, UNASKED, 1);
}

static void
the_last_one_may_be_removed (void **state)
{
    freelance_story_t *self = freelance_begin_living (state, 1, LEAST);
    freelance_submit (self, "a");
    keel_flclient_remove (ENGINE (self), self->story.now, 0);
    story_tick (&self->story);
    SAID (self, "send 0 #1 a\nclose 0\n");
    assert_int_equal (story_pass_to_due (&self->story), 5000);
    SAID (self, "failed 1 1\n");
    assert_true (keel_flclient_next_due (ENGINE (self)) == KEEL_NEVER);
}

static void
there_is_room_for_64 (void **state)
{
    uint16_t place;
    freelance_story_t *self = freelance_begin_living (state, KEEL_FLCLIENT_SERVERS, LEAST);
    assert_false (keel_flclient_add (ENGINE (self), 0, &place));
    for (size_t n = 0; n < 2 * KEEL_FLCLIENT_SERVERS; n++)
        freelance_submit (self, "a");
    freelance_hush (self);
    for (size_t n = 0; n < 2 * KEEL_FLCLIENT_SERVERS; n++)
        freelance_answer (self, (uint16_t) (n % KEEL_FLCLIENT_SERVERS), n + 1, "x");
    freelance_assert (self, REPLIES, 2 * KEEL_FLCLIENT_SERVERS);
    keel_flclient_remove (ENGINE (self), 0, 17);
    story_tick (&self->story);
    assert_true (keel_flclient_add (ENGINE (self), 0, &place));
    assert_int_equal (place, 17);
}

#define STORY(name) cmocka_unit_test_setup_teardown (name, freelance_setup, story_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORY (a_connection_begins_with_a_ping),
        STORY (only_the_silent_are_pinged),
        STORY (three_silent_intervals_are_death),
        STORY (the_dead_get_a_fresh_connection),
        STORY (a_late_clock_kills_nobody),
        STORY (a_lost_server_gives_up_what_it_has),
        STORY (words_of_the_lost_do_not_revive_it),
        STORY (a_restarted_server_is_asked_again),
        STORY (one_that_hangs_up_again_and_again_is_left_alone_longer),
        STORY (shotgun_asks_again_over_a_fresh_connection),
        STORY (refusals_are_counted),
        STORY (a_full_pipe_sends_it_elsewhere),
        STORY (a_full_pipe_of_the_only_one_is_waited_for),
        STORY (an_unreachable_server_is_lost),
        STORY (a_removed_server_gives_up_what_it_has),
        STORY (its_place_is_free_for_another),
        STORY (the_last_one_may_be_removed),
        STORY (there_is_room_for_64),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
