#include "unit.h"

#include "setting.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    bool flag;
    int64_t number;
    const char *text;
    setting_list_t list;
} target_t;

static char problem[SETTING_PROBLEM];

static const setting_t count = {
    .kind = SETTING_COUNT, .minimum = 1, .maximum = 1000, .at = offsetof (target_t, number)};
static const setting_t bytes = {
    .kind = SETTING_BYTES, .minimum = 0, .maximum = INT64_MAX, .at = offsetof (target_t, number)};
static const setting_t flag = {.kind = SETTING_FLAG, .at = offsetof (target_t, flag)};
static const setting_t text = {.kind = SETTING_TEXT, .at = offsetof (target_t, text)};
static const setting_t texts = {.kind = SETTING_TEXT, .list = true, .at = offsetof (target_t, list)};
static const setting_t listen = {.kind = SETTING_LISTEN, .at = offsetof (target_t, list)};
static const setting_t admin = {.kind = SETTING_LISTEN_ADMIN, .at = offsetof (target_t, list)};

static void
assert_number (const setting_t *setting, const char *value, int64_t number)
{
    target_t target = {0};
    assert_int_equal (setting_apply (setting, value, &target, problem), 0);
    assert_int_equal (target.number, number);
}

static void
assert_refused (const setting_t *setting, const char *value, const char *why)
{
    target_t target = {0};
    assert_int_equal (setting_apply (setting, value, &target, problem), -1);
    assert_string_equal (problem, why);
    assert_int_equal (target.number, 0);
}

static void
numbers_are_decimal_and_in_range (void **state)
{
    (void) state;
    assert_number (&count, "1", 1);
    assert_number (&count, "1000", 1000);
    static const char *const bad[] = {
        "0",
        "1001",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1x",
        "0x10",
        "1K",
        "1.5",
        "9223372036854775808",
        "18446744073709551617",
        "99999999999999999999999999999999",
    };
    for (size_t n = 0; n < COUNT_OF (bad); n++)
        assert_refused (&count, bad[n], "must be a number from 1 to 1000");
    assert_refused (&count, "", "the value is missing");
}

static void
bytes_take_units (void **state)
{
    (void) state;
    assert_number (&bytes, "0", 0);
    assert_number (&bytes, "3K", 3 << 10);
    assert_number (&bytes, "64M", 64 << 20);
    assert_number (&bytes, "2G", INT64_C (2) << 30);
    assert_number (&bytes, "8589934591G", INT64_C (8589934591) << 30);
    static const char *const bad[] = {"K", "1k", "1KB", "1T", "8589934592G", "1 K", "-1K"};
    for (size_t n = 0; n < COUNT_OF (bad); n++)
        assert_refused (&bytes, bad[n], "must be bytes, with K, M or G if you like, from 0 to 9223372036854775807");
}

static void
flags_are_0_and_1 (void **state)
{
    (void) state;
    target_t target = {0};
    assert_int_equal (setting_apply (&flag, NULL, &target, problem), 0);
    assert_true (target.flag);
    assert_int_equal (setting_apply (&flag, "0", &target, problem), 0);
    assert_false (target.flag);
    assert_refused (&flag, "yes", "must be 0 or 1");
    assert_refused (&flag, "", "must be 0 or 1");
}

static void
texts_outlive_their_source (void **state)
{
    (void) state;
    target_t target = {0}, other = {0};
    char source[] = "echo";
    assert_int_equal (setting_apply (&text, source, &target, problem), 0);
    source[0] = 'x';
    assert_string_equal (target.text, "echo");
    assert_int_equal (setting_apply (&text, "echo", &other, problem), 0);
    assert_ptr_equal (target.text, other.text);
}

static void
lists_say_who_is_admin (void **state)
{
    (void) state;
    target_t target = {0};
    assert_int_equal (setting_apply (&listen, "tcp://*:*", &target, problem), 0);
    assert_int_equal (setting_apply (&admin, "ipc://a", &target, problem), 0);
    assert_int_equal (target.list.count, 2);
    assert_false (target.list.items[0].admin);
    assert_true (target.list.items[1].admin);
    assert_int_equal (setting_apply (&listen, "tcp://*", &target, problem), -1);
    assert_int_equal (target.list.count, 2);
}

static void
lists_have_an_end (void **state)
{
    (void) state;
    target_t target = {0};
    for (int n = 0; n < SETTING_LIST_MOST; n++)
        assert_int_equal (setting_apply (&texts, "x", &target, problem), 0);
    assert_int_equal (setting_apply (&texts, "x", &target, problem), -1);
    assert_string_equal (problem, "there are more than 64 of them");
}

static void
lists_can_be_joined (void **state)
{
    (void) state;
    target_t target = {0};
    char *joined = setting_list_join (&target.list, ',');
    assert_string_equal (joined, "");
    free (joined);
    setting_apply (&texts, "one", &target, problem);
    setting_apply (&texts, "another", &target, problem);
    joined = setting_list_join (&target.list, ',');
    assert_string_equal (joined, "one,another");
    free (joined);
}

static void
copies_tell_differences (void **state)
{
    (void) state;
    target_t old = {.number = 1, .text = setting_intern ("a")}, new = {.number = 1, .text = setting_intern ("b")};
    assert_false (setting_copy (&count, &old, &new));
    assert_true (setting_copy (&text, &old, &new));
    assert_ptr_equal (old.text, new.text);
    assert_int_equal (setting_apply (&listen, "ipc://a", &old, problem), 0);
    assert_int_equal (setting_apply (&admin, "ipc://a", &new, problem), 0);
    assert_true (setting_differs (&listen, &old, &new));
    assert_true (setting_copy (&listen, &old, &new));
    assert_false (setting_differs (&listen, &old, &new));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (numbers_are_decimal_and_in_range),
        cmocka_unit_test (bytes_take_units),
        cmocka_unit_test (flags_are_0_and_1),
        cmocka_unit_test (texts_outlive_their_source),
        cmocka_unit_test (lists_say_who_is_admin),
        cmocka_unit_test (lists_have_an_end),
        cmocka_unit_test (lists_can_be_joined),
        cmocka_unit_test (copies_tell_differences),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
