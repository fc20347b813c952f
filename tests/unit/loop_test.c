/*  The loop, between a port with a peer and an engine that writes down what it is told. */
#include "port_pair.h"

#include "captured.h"
#include "clock.h"
#include "log.h"
#include "loop.h"
#include "memory.h"

#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    int64_t due;
    bool always_due;
    unsigned ticks, messages, drains;
    int64_t now;
} engine_t;

/*  Answers each message with its own frames; says in the log that it drains. */
static int
step (void *self_p, const keel_event_t *event, keel_actions_t *out)
{
    engine_t *self = self_p;
    assert_true (event->now >= self->now);
    assert_int_equal (out->count, 0);
    self->now = event->now;
    self->ticks += event->kind == KEEL_EVENT_TICK;
    self->messages += event->kind == KEEL_EVENT_MESSAGE;
    self->drains += event->kind == KEEL_EVENT_DRAIN;
    if (event->kind == KEEL_EVENT_TICK && !self->always_due)
        self->due = KEEL_NEVER;
    if (event->kind == KEEL_EVENT_MESSAGE) {
        keel_action_t *action = keel_actions_send (out, event->peer.listener, event->peer.id);
        action->body = event->frames;
        action->body_count = event->count;
    }
    if (event->kind == KEEL_EVENT_DRAIN)
        keel_actions_log (out, KEEL_LOG_NOTICE, "draining 100%s");
    return 0;
}

static int64_t
next_due (const void *self)
{
    return ((const engine_t *) self)->due;
}

typedef struct {
    port_pair_t pair;
    engine_t engine;
    loop_t loop;
} scene_t;

static void
scene_open (scene_t *self)
{
    const port_config_t config = pair_config ();
    *self = (scene_t){.engine = {.due = KEEL_NEVER}};
    pair_open (&self->pair, &config);
    pair_join (&self->pair, NULL);
    assert_int_equal (loop_open (&self->loop, self->pair.here, &self->engine, step, next_due), 0);
}

static void
scene_close (scene_t *self)
{
    loop_close (&self->loop);
    pair_close (&self->pair);
}

/*  Sends so many, and turns until the engine has had them all. */
static void
carry (scene_t *self, unsigned count)
{
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    const unsigned before = self->engine.messages;
    for (unsigned n = 0; n < count; n++)
        pair_say (&self->pair, "message");
    while (self->engine.messages < before + count) {
        assert_true (clock_now_ms () < deadline);
        loop_turn (&self->loop, PATIENCE_MS);
    }
}

static void
sleeps_until_something_is_due (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    const int64_t due = scene.engine.due = clock_now_ms () + 30;
    unsigned turns = 0;
    for (; scene.engine.ticks == 0; turns++)
        assert_false (loop_turn (&scene.loop, -1));
    assert_true (scene.engine.now >= due);
    assert_in_range (turns, 1, 3);
    scene.engine.due = 0; /* long past */
    loop_turn (&scene.loop, -1);
    assert_int_equal (scene.engine.ticks, 2);
    scene_close (&scene);
}

static void
sleeps_no_longer_than_it_may (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    assert_false (loop_turn (&scene.loop, 10));
    assert_false (loop_turn (&scene.loop, 0));
    scene.engine.due = clock_now_ms () + 1000 * PATIENCE_MS;
    assert_false (loop_turn (&scene.loop, 10));
    assert_int_equal (scene.engine.ticks, 0);
    scene_close (&scene);
}

static void
carries_messages_in_and_answers_out (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    carry (&scene, 1);
    pair_expect_text (scene.pair.there, "message");
    carry (&scene, 500);
    for (unsigned n = 0; n < 500; n++)
        pair_expect_text (scene.pair.there, "message");
    scene_close (&scene);
}

/*  What is due does not wait until all is read. */
static void
is_on_time_while_busy (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    scene.engine.always_due = true;
    scene.engine.due = 0;
    carry (&scene, 500);
    assert_true (scene.engine.ticks >= 500 / 64);
    scene_close (&scene);
}

/*  Spinning, it never sleeps, yet sees what the port watches. */
static void
looks_up_while_it_spins (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    scene.loop.spin_us = 1000 * PATIENCE_MS;
    int fd = eventfd (1, EFD_CLOEXEC);
    carry (&scene, 1);
    assert_true (scene.loop.busy);
    assert_int_equal (port_watch (scene.pair.here, fd), 0);
    unsigned turns = 1;
    while (!loop_turn (&scene.loop, -1))
        assert_in_range (++turns, 1, 100);
    assert_true (scene.loop.busy);
    close (fd);
    scene_close (&scene);
}

static void
spins_only_for_a_while (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    scene.loop.spin_us = 2000;
    loop_turn (&scene.loop, 0);
    assert_false (scene.loop.busy); /* there was no traffic */
    carry (&scene, 1);
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    while (scene.loop.busy) {
        loop_turn (&scene.loop, 0);
        assert_true (clock_now_ms () < deadline);
    }
    scene_close (&scene);
}

static void
tells_the_engine_and_the_log (void **state)
{
    (void) state;
    scene_t scene;
    scene_open (&scene);
    captured_begin (STDERR_FILENO);
    log_open (KEEL_LOG_INFO);
    loop_tell (&scene.loop, KEEL_EVENT_DRAIN);
    const char *text = captured_end ();
    assert_non_null (strstr (text, "draining 100%s\n")); /* no format */
    assert_int_equal (scene.engine.drains, 1);
    assert_true (scene.engine.now > 0);
    scene_close (&scene);
}

static void
without_memory (void **state)
{
    (void) state;
    loop_t loop;
    memory_seam.fail_at = memory_seam.calls + 1;
    assert_int_equal (loop_open (&loop, NULL, NULL, step, next_due), -1);
    memory_seam.fail_at = 0;
    loop_close (&loop);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (sleeps_until_something_is_due),
        cmocka_unit_test (sleeps_no_longer_than_it_may),
        cmocka_unit_test (carries_messages_in_and_answers_out),
        cmocka_unit_test (is_on_time_while_busy),
        cmocka_unit_test (looks_up_while_it_spins),
        cmocka_unit_test (spins_only_for_a_while),
        cmocka_unit_test (tells_the_engine_and_the_log),
        cmocka_unit_test (without_memory),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
