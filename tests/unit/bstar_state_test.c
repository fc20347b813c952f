/*  PROTOCOLS.md section 7: what is a state, and what is none. */
#include "unit.h"

#include "bstar_state.h"

#include <string.h>

static bool
decode (const void *bytes, size_t size, bstar_word_t *word)
{
    const span_t frame = span_make (bytes, size);
    const span_t *guarded = guarded_frames (&frame, 1);
    guarded_seal ();
    bool good = bstar_decode (guarded, 1, word);
    guarded_free_all ();
    return good;
}

#define DECODE(literal, word) decode ((literal), sizeof (literal) - 1, (word))

static void
assert_word (const char *text, bstar_state_t state, uint64_t epoch, bstar_role_t role, bool yields)
{
    bstar_word_t word;
    assert_true (decode (text, strlen (text), &word));
    assert_int_equal (word.state, state);
    assert_int_equal (word.epoch, epoch);
    assert_int_equal (word.role, role);
    assert_int_equal (word.yields, yields);
}

static void
ours_say_state_epoch_and_letters (void **state)
{
    (void) state;
    assert_word ("3 7 p", BSTAR_ACTIVE, 7, BSTAR_ROLE_PRIMARY, false);
    assert_word ("4 8 by", BSTAR_PASSIVE, 8, BSTAR_ROLE_BACKUP, true);
    assert_word ("1 0 p", BSTAR_PRIMARY, 0, BSTAR_ROLE_PRIMARY, false);
    assert_word ("2 9223372036854775807 yb", BSTAR_BACKUP, BSTAR_EPOCH_MAX, BSTAR_ROLE_BACKUP, true);
}

static void
a_digit_is_a_peer_of_the_guide (void **state)
{
    (void) state;
    for (char digit = '1'; digit <= '4'; digit++) {
        bstar_word_t word;
        assert_true (decode (&digit, 1, &word));
        assert_int_equal (word.state, digit - '0');
        assert_int_equal (word.epoch, 0);
        assert_int_equal (word.role, BSTAR_ROLE_UNKNOWN);
    }
}

static void
unknown_letters_are_ignored (void **state)
{
    (void) state;
    assert_word ("3 98 bzx", BSTAR_ACTIVE, 98, BSTAR_ROLE_BACKUP, false);
    assert_word ("4 7 qyp", BSTAR_PASSIVE, 7, BSTAR_ROLE_PRIMARY, true);
    assert_word ("4 7 Z", BSTAR_PASSIVE, 7, BSTAR_ROLE_UNKNOWN, false);
    assert_word ("4 7 pb", BSTAR_PASSIVE, 7, BSTAR_ROLE_UNKNOWN, false); /* both are none */
}

static void
anything_else_is_dropped (void **state)
{
    (void) state;
    bstar_word_t word;
    static const char *const words[] = {
        "",       "0",       "5",       "33",        "-3",      " 3",     "3x",        "3 ",       "3 7",   "3 7 ",
        "3 -1 b", "3 +1 b",  "3 1e3 b", "6 8 b",     "5 8 b",   "3  8 b", "3 8 b 8",   "3\t8\tb",  "3 0x8 b", "3 8 b ",
        "3 8b",   "3 8  b",  "3 08 b",  "3 00 b",    "3 8 b8",  "3 b",    "3 b 8",     "garbage",  "3\n",     "3 8 b\n",
        "3 9223372036854775808 b", "3 18446744073709551616 b", "3 99999999999999999999999999 b",
    };
    for (size_t n = 0; n < COUNT_OF (words); n++)
        assert_false (decode (words[n], strlen (words[n]), &word));
    assert_false (DECODE ("3\0", &word));
    assert_false (DECODE ("3 8 b\0", &word));
    assert_false (DECODE ("\xff\xff", &word));
}

static void
a_long_frame_is_no_state (void **state)
{
    (void) state;
    bstar_word_t word;
    char text[BSTAR_WORD_MAX + 1] = "3 7 p";
    memset (text + 5, 'x', sizeof (text) - 5);
    assert_true (decode (text, BSTAR_WORD_MAX, &word));
    assert_false (decode (text, BSTAR_WORD_MAX + 1, &word));
}

static void
it_is_one_frame (void **state)
{
    (void) state;
    bstar_word_t word;
    const span_t two[] = {F ("3"), F ("more")}, led[] = {F (""), F ("3")};
    assert_false (bstar_decode (two, 2, &word));
    assert_false (bstar_decode (led, 2, &word));
    assert_false (bstar_decode (NULL, 0, &word));
}

static void
what_is_encoded_is_what_is_decoded (void **state)
{
    (void) state;
    char text[BSTAR_WORD_MAX];
    const bstar_word_t yielding = {BSTAR_PASSIVE, 8, BSTAR_ROLE_BACKUP, true};
    const bstar_word_t highest = {BSTAR_ACTIVE, BSTAR_EPOCH_MAX, BSTAR_ROLE_PRIMARY, false};
    assert_span (bstar_encode (&yielding, text), "4 8 by");
    assert_string_equal (text, "4 8 by");
    bstar_encode (&highest, text);
    assert_word (text, BSTAR_ACTIVE, BSTAR_EPOCH_MAX, BSTAR_ROLE_PRIMARY, false);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (ours_say_state_epoch_and_letters),
        cmocka_unit_test (a_digit_is_a_peer_of_the_guide),
        cmocka_unit_test (unknown_letters_are_ignored),
        cmocka_unit_test (anything_else_is_dropped),
        cmocka_unit_test (a_long_frame_is_no_state),
        cmocka_unit_test (it_is_one_frame),
        cmocka_unit_test (what_is_encoded_is_what_is_decoded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
