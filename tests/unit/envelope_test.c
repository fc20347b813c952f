/*  The forms of section "envelope": what stands before the command, as the peers that are known send it. */
#include "unit.h"

#include "envelope.h"

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

/*  Decodes a guarded copy; the envelope's frames are in it. */
static verdict_t
decode (const span_t frames[], size_t count, envelope_t *envelope)
{
    const span_t *copy = guarded_frames (frames, count);
    guarded_seal ();
    verdict_t verdict = envelope_decode (copy, count, envelope);
    assert_ptr_equal (envelope->frames, copy);
    return verdict;
}

/*  A message of the frames must have an envelope of that many. */
#define assert_envelope(expected, ...)                                                                                 \
    do {                                                                                                               \
        span_t frames_[] = {__VA_ARGS__};                                                                              \
        envelope_t envelope_;                                                                                          \
        assert_int_equal (decode (frames_, COUNT_OF (frames_), &envelope_), VERDICT_OK);                               \
        assert_int_equal (envelope_.count, expected);                                                                  \
    } while (0)

#define assert_malformed(expected, ...)                                                                                \
    do {                                                                                                               \
        span_t frames_[] = {__VA_ARGS__};                                                                              \
        envelope_t envelope_;                                                                                          \
        assert_int_equal (decode (frames_, COUNT_OF (frames_), &envelope_), expected);                                 \
        assert_int_equal (envelope_.count, 0);                                                                         \
    } while (0)

#define COMMAND F ("MDPC02"), F ("\1"), F ("echo"), F ("hello")

static void
strict_has_none (void **state)
{
    (void) state;
    assert_envelope (0, COMMAND);
    assert_envelope (0, F ("MDPW01"));
    assert_envelope (0, F ("MDPC01"), F (""), F ("MDPC01"));
}

static void
a_delimiter_alone (void **state)
{
    (void) state;
    assert_envelope (1, F (""), COMMAND);
    assert_envelope (1, F (""), F ("MDPW02"));
    assert_envelope (1, F (""), F ("MDPC01"), F (""), F (""));
}

static void
correlation_and_proxies (void **state)
{
    (void) state;
    assert_envelope (2, F ("\0\0\0\1"), F (""), COMMAND);
    assert_envelope (3, F ("\0hop1"), F ("\0hop2"), F (""), COMMAND);
    assert_envelope (9, F ("1"), F ("2"), F ("3"), F ("4"), F ("5"), F ("6"), F ("7"), F ("8"), F (""), COMMAND);
}

/*  An extra frame may read like a header when it is not the first: the delimiter decides. */
static void
the_first_frame_decides_strictness (void **state)
{
    (void) state;
    assert_envelope (3, F ("x"), F ("MDPC02"), F (""), COMMAND);
    assert_envelope (2, F ("MDPC03"), F (""), COMMAND);
    assert_envelope (2, F ("MDPC0"), F (""), COMMAND);
    assert_envelope (2, F ("MDPC021"), F (""), COMMAND);
}

static void
nine_extra_frames_are_too_many (void **state)
{
    (void) state;
    assert_malformed (VERDICT_ENVELOPE, F ("1"), F ("2"), F ("3"), F ("4"), F ("5"), F ("6"), F ("7"), F ("8"), F ("9"),
                      F (""), COMMAND);
    assert_malformed (VERDICT_ENVELOPE, F ("1"), F ("2"), F ("3"), F ("4"), F ("5"), F ("6"), F ("7"), F ("8"), F ("9"));
}

static void
extra_frames_have_at_most_255_bytes (void **state)
{
    (void) state;
    static const char bytes[256];
    assert_envelope (2, span_make (bytes, 255), F (""), COMMAND);
    assert_malformed (VERDICT_ENVELOPE, span_make (bytes, 256), F (""), COMMAND);
}

static void
nothing_is_short (void **state)
{
    (void) state;
    envelope_t envelope;
    assert_int_equal (decode (NULL, 0, &envelope), VERDICT_SHORT);
}

static void
a_header_must_follow (void **state)
{
    (void) state;
    assert_malformed (VERDICT_NO_HEADER, F (""));
    assert_malformed (VERDICT_NO_HEADER, F (""), F (""));
    assert_malformed (VERDICT_NO_HEADER, F (""), F (""), COMMAND);
    assert_malformed (VERDICT_NO_HEADER, F (""), F ("hello"));
    assert_malformed (VERDICT_NO_HEADER, F (""), F ("mdpc01"), F ("echo"), F ("x"));
    assert_malformed (VERDICT_NO_HEADER, F ("hello"));
    assert_malformed (VERDICT_NO_HEADER, F ("id"), F (""));
    assert_malformed (VERDICT_NO_HEADER, F ("id"), F ("MDPC01"), F ("echo"), F ("x"));
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (strict_has_none),
        TEST (a_delimiter_alone),
        TEST (correlation_and_proxies),
        TEST (the_first_frame_decides_strictness),
        TEST (nine_extra_frames_are_too_many),
        TEST (extra_frames_have_at_most_255_bytes),
        TEST (nothing_is_short),
        TEST (a_header_must_follow),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
