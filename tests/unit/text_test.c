#include "unit.h"

#include "text.h"

static text_t
over (size_t capacity)
{
    static const char junk[64] = "junk that was here before";
    return text_over (guarded_bytes (junk, capacity), capacity);
}

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static void
begins_empty (void **state)
{
    (void) state;
    text_t text = over (1);
    assert_string_equal (text.data, "");
    assert_false (text.full);
    text_add (&text, "");
    assert_string_equal (text.data, "");
}

static void
words_and_numbers (void **state)
{
    (void) state;
    text_t text = over (64);
    text_add (&text, "worker ");
    text_add_number (&text, 0);
    text_add (&text, " of ");
    text_add_number (&text, UINT64_MAX);
    assert_string_equal (text.data, "worker 0 of 18446744073709551615");
    assert_int_equal (text.size, strlen (text.data));
    assert_false (text.full);
}

static void
fits_to_the_last_byte (void **state)
{
    (void) state;
    text_t text = over (6);
    text_add (&text, "12345");
    assert_string_equal (text.data, "12345");
    assert_false (text.full);
    text_add (&text, "6");
    assert_string_equal (text.data, "12345");
    assert_true (text.full);
}

/*  What is left out is left out whole, and nothing is put behind it. */
static void
once_full_stays_full (void **state)
{
    (void) state;
    text_t text = over (6);
    text_add (&text, "123");
    text_add (&text, "456");
    text_add (&text, "7");
    assert_string_equal (text.data, "123");
    assert_true (text.full);
    text = over (2);
    text_add_number (&text, 10);
    assert_string_equal (text.data, "");
    assert_true (text.full);
}

static void
assert_value (span_t value, const char *expected)
{
    text_t text = over (64);
    text_add (&text, "what");
    text_add_pair (&text, "key", *guarded_frames (&value, 1));
    assert_memory_equal (text.data, "what key=", 9);
    assert_string_equal (text.data + 9, expected);
}

static void
values_are_quoted_where_they_must_be (void **state)
{
    (void) state;
    assert_value (F ("echo"), "echo");
    assert_value (F ("tcp://[::1]:5555,x'~!"), "tcp://[::1]:5555,x'~!");
    assert_value (F (""), "\"\"");
    assert_value (F ("two words"), "\"two words\"");
    assert_value (F ("a=b"), "\"a=b\"");
    assert_value (F ("\" x=\"1"), "\"\\\" x=\\\"1\"");
    assert_value (F ("c:\\"), "\"c:\\\\\"");
    assert_value (F ("a\nERROR: b"), "\"a\\nERROR: b\"");
    assert_value (F ("\0\x1b\x7f\xe9"), "\"\\x00\\x1b\\x7f\\xe9\"");
}

static void
pairs_of_numbers_and_ids (void **state)
{
    (void) state;
    text_t text = over (64);
    text_add_pair_number (&text, "code", 503);
    text_add_pair_hex (&text, "worker", SPAN_OF ("\0w1"));
    text_add_pair_text (&text, "service", "echo");
    assert_string_equal (text.data, " code=503 worker=007731 service=echo");
}

/*  Half a pair, or an open quote, could be taken for something else. */
static void
a_pair_that_does_not_fit_is_left_out_whole (void **state)
{
    (void) state;
    const char *const whole = "what key=\"a value\"";
    for (size_t capacity = 5; capacity <= strlen (whole) + 1; capacity++) {
        bool fits = capacity > strlen (whole);
        text_t text = over (capacity);
        text_add (&text, "what");
        text_add_pair_text (&text, "key", "a value");
        assert_string_equal (text.data, fits ? whole : "what");
        assert_int_equal (text.size, strlen (text.data));
        assert_int_equal (text.full, !fits);
    }
}

static void
bytes_in_hex (void **state)
{
    (void) state;
    char buffer[8];
    text_t text = text_over (buffer, sizeof (buffer));
    text_add_hex (&text, SPAN_OF ("\x00\x6b\xff"));
    assert_string_equal (text.data, "006bff");
    text_add_hex (&text, SPAN_OF ("\x01"));
    assert_true (text.full);
    assert_string_equal (text.data, "006bff");
}

static void
json_strings_are_escaped (void **state)
{
    (void) state;
    text_t text = over (64);
    text_add_json_string (&text, *guarded_frames (&F ("a\"\\/\n\0\xe9"), 1));
    assert_string_equal (text.data, "\"a\\\"\\\\/\\u000a\\u0000\\u00e9\"");
}

static void
keys_are_parted_by_commas (void **state)
{
    (void) state;
    text_t text = over (64);
    text_add (&text, "{");
    text_add_json_number (&text, "one", 1);
    text_add_json_key (&text, "in");
    text_add (&text, "{");
    text_add_json_number (&text, "two", 2);
    text_add (&text, "}");
    text_add_json_number (&text, "three", 3);
    text_add (&text, "}");
    assert_string_equal (text.data, "{\"one\":1,\"in\":{\"two\":2},\"three\":3}");
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (begins_empty),          TEST (words_and_numbers),        TEST (fits_to_the_last_byte),
        TEST (once_full_stays_full),  TEST (values_are_quoted_where_they_must_be),  TEST (json_strings_are_escaped),
        TEST (keys_are_parted_by_commas), TEST (bytes_in_hex),
        TEST (pairs_of_numbers_and_ids), TEST (a_pair_that_does_not_fit_is_left_out_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
