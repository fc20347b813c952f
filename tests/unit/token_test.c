/*  PROTOCOLS.md section 2, token: 16 lower-case hex characters and nothing else. */
#include "unit.h"

#include "token.h"

#include <stdio.h>

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static void
a_token_is_written_in_lower_case_hex (void **state)
{
    (void) state;
    static const uint64_t tokens[] = {0, 1, 0x0123456789abcdefu, 0xfedcba9876543210u, 0x9a9a9a9a90af0fa9u, UINT64_MAX};
    char *text = guarded_bytes ("0123456789abcdef", TOKEN_SIZE);
    for (size_t n = 0; n < COUNT_OF (tokens); n++) {
        char expected[TOKEN_SIZE + 1];
        snprintf (expected, sizeof (expected), "%016lx", (unsigned long) tokens[n]);
        token_encode (tokens[n], text);
        assert_memory_equal (text, expected, TOKEN_SIZE);
    }
}

static void
what_was_written_is_read (void **state)
{
    (void) state;
    uint64_t token = 0;
    assert_true (token_decode (*guarded_frames (&F ("0123456789abcdef"), 1), &token));
    assert_true (token == 0x0123456789abcdefu);
    assert_true (token_decode (F ("ffffffffffffffff"), &token));
    assert_true (token == UINT64_MAX);
}

static void
other_sizes_are_none (void **state)
{
    (void) state;
    uint64_t token = 7;
    const span_t bad[] = {F (""), F ("0"), F ("0123456789abcde"), F ("0123456789abcdef0")};
    const span_t *copy = guarded_frames (bad, COUNT_OF (bad));
    for (size_t n = 0; n < COUNT_OF (bad); n++)
        assert_false (token_decode (copy[n], &token));
    assert_int_equal (token, 7);
}

/*  Every byte at every place. */
static void
other_characters_are_none (void **state)
{
    (void) state;
    for (size_t at = 0; at < TOKEN_SIZE; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t text[TOKEN_SIZE];
            uint64_t token = 7;
            bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
            memcpy (text, "0123456789abcdef", TOKEN_SIZE);
            text[at] = (uint8_t) byte;
            assert_int_equal (token_decode (span_make (text, TOKEN_SIZE), &token), digit);
            assert_true (digit || token == 7);
        }
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_token_is_written_in_lower_case_hex),
        TEST (what_was_written_is_read),
        TEST (other_sizes_are_none),
        TEST (other_characters_are_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
