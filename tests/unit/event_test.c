#include "unit.h"

#include "event.h"
#include "memory.h"

static int
setup (void **state)
{
    memory_seam = (memory_seam_t){0};
    *state = keel_actions_new (4);
    return *state ? 0 : -1;
}

static int
teardown (void **state)
{
    keel_actions_t *actions = *state;
    keel_actions_destroy (&actions);
    return actions ? -1 : 0;
}

static void
one_allocation_or_none (void **state)
{
    (void) state;
    memory_seam = (memory_seam_t){.fail_at = 1};
    assert_null (keel_actions_new (4));
    keel_actions_t *actions = keel_actions_new (4);
    assert_non_null (actions);
    assert_int_equal (memory_seam.calls, 2);
    keel_actions_destroy (&actions);
    assert_null (actions);
    keel_actions_destroy (&actions);
    memory_seam = (memory_seam_t){0};
}

static void
begins_empty_with_room (void **state)
{
    keel_actions_t *actions = *state;
    assert_int_equal (actions->count, 0);
    assert_int_equal (actions->capacity, 4);
    assert_true (keel_actions_room (actions));
}

static void
a_send_has_the_head_that_was_written (void **state)
{
    keel_actions_t *actions = *state;
    keel_action_t *action = keel_actions_send (actions, 7, F ("id"));
    assert_int_equal (action->kind, KEEL_ACTION_SEND);
    assert_int_equal (action->head_count, 0);
    keel_actions_head (actions)[0] = F ("one");
    keel_actions_add_head (actions, action, 1);
    keel_actions_head (actions)[0] = F ("two");
    keel_actions_head (actions)[1] = F ("three");
    keel_actions_add_head (actions, action, 2);
    assert_int_equal (action->listener, 7);
    assert_span (action->id, "id");
    assert_int_equal (action->head_count, 3);
    assert_span (action->head[0], "one");
    assert_span (action->head[2], "three");
    assert_int_equal (action->body_count, 0);
    assert_int_equal (action->tag, 0);
}

static void
heads_do_not_touch (void **state)
{
    keel_actions_t *actions = *state;
    for (size_t n = 0; n < 4; n++) {
        assert_true (keel_actions_room (actions));
        keel_action_t *action = keel_actions_send (actions, (uint16_t) n, F (""));
        for (size_t frame = 0; frame < KEEL_ACTION_SPANS; frame++)
            keel_actions_head (actions)[frame] = span_make (&"0123"[n], 1);
        keel_actions_add_head (actions, action, KEEL_ACTION_SPANS);
    }
    assert_false (keel_actions_room (actions));
    for (size_t n = 0; n < 4; n++)
        for (size_t frame = 0; frame < KEEL_ACTION_SPANS; frame++)
            assert_int_equal (actions->items[n].head[frame].data[0], "0123"[n]);
}

static void
clearing_makes_room (void **state)
{
    keel_actions_t *actions = *state;
    for (int n = 0; n < 4; n++)
        keel_actions_log (actions, KEEL_LOG_INFO, "text");
    assert_false (keel_actions_room (actions));
    keel_actions_clear (actions);
    assert_true (keel_actions_room (actions));
    assert_int_equal (actions->count + actions->span_count + actions->text_size, 0);
}

static void
a_log_is_copied (void **state)
{
    keel_actions_t *actions = *state;
    char text[] = "worker expired";
    keel_actions_log (actions, KEEL_LOG_WARNING, text);
    text[0] = 'W';
    keel_actions_log (actions, KEEL_LOG_DEBUG, "");
    assert_int_equal (actions->count, 2);
    assert_int_equal (actions->items[0].kind, KEEL_ACTION_LOG);
    assert_int_equal (actions->items[0].level, KEEL_LOG_WARNING);
    assert_string_equal (actions->items[0].text, "worker expired");
    assert_string_equal (actions->items[1].text, "");
}

static void
a_log_without_room_is_left_out (void **state)
{
    keel_actions_t *actions = *state;
    char *large = memory_new (actions->text_capacity + 1);
    memset (large, 'x', actions->text_capacity);
    keel_actions_log (actions, KEEL_LOG_INFO, large);
    assert_int_equal (actions->count, 0);
    large[actions->text_capacity - 1] = 0;
    keel_actions_log (actions, KEEL_LOG_INFO, large);
    assert_int_equal (actions->count, 1);
    keel_actions_log (actions, KEEL_LOG_INFO, "");
    assert_int_equal (actions->count, 1);
    keel_actions_clear (actions);
    for (int n = 0; n < 6; n++)
        keel_actions_log (actions, KEEL_LOG_INFO, "text");
    assert_int_equal (actions->count, 4);
    memory_free (large);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (one_allocation_or_none),
        TEST (begins_empty_with_room),
        TEST (a_send_has_the_head_that_was_written),
        TEST (heads_do_not_touch),
        TEST (clearing_makes_room),
        TEST (a_log_is_copied),
        TEST (a_log_without_room_is_left_out),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
