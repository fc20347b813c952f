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
bytes_are_made_readable (void **state)
{
    (void) state;
    text_t text = over (64);
    text_add_bytes (&text, *guarded_frames (&F ("\0id \\\x7f\xff~"), 1));
    assert_string_equal (text.data, "\\x00id \\x5c\\x7f\\xff~");
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
        TEST (once_full_stays_full),  TEST (bytes_are_made_readable),  TEST (json_strings_are_escaped),
        TEST (keys_are_parted_by_commas), TEST (bytes_in_hex),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
