/*  The options frame: exactly 20 bytes, or an ordinary extra frame. */
#include "unit.h"

#include "envelope.h"

#define VECTOR "KEEL\1\1\0\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static bool
decode (span_t frame, envelope_options_t *options)
{
    return options_decode (*guarded_frames (&frame, 1), options);
}

static void
the_vector_decodes (void **state)
{
    (void) state;
    envelope_options_t options;
    assert_true (decode (F (VECTOR), &options));
    assert_true (options.present);
    assert_true (options.notices);
    assert_int_equal (options.ttl_ms, 10000);
    assert_true (options.id == 0x0102030405060708u);
}

static void
the_vector_encodes (void **state)
{
    (void) state;
    uint8_t *frame = guarded_bytes (VECTOR, OPTIONS_SIZE);
    memset (frame, 0xee, OPTIONS_SIZE);
    options_encode (&(envelope_options_t){true, true, 10000, 0x0102030405060708u}, frame);
    assert_memory_equal (frame, VECTOR, OPTIONS_SIZE);
}

static void
extremes_come_back_as_they_were (void **state)
{
    (void) state;
    uint8_t frame[OPTIONS_SIZE];
    envelope_options_t options, wanted = {true, false, UINT32_MAX, UINT64_MAX};
    options_encode (&wanted, frame);
    assert_true (decode (span_make (frame, sizeof (frame)), &options));
    assert_false (options.notices);
    assert_int_equal (options.ttl_ms, UINT32_MAX);
    assert_true (options.id == UINT64_MAX);
    wanted = (envelope_options_t){true, false, 0, 0};
    options_encode (&wanted, frame);
    assert_memory_equal (frame, "KEEL\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", OPTIONS_SIZE);
}

static void
assert_ordinary (span_t frame)
{
    envelope_options_t options;
    assert_false (decode (frame, &options));
    assert_false (options.present || options.notices || options.ttl_ms || options.id);
}

static void
anything_else_is_an_ordinary_frame (void **state)
{
    (void) state;
    assert_ordinary (F (""));
    assert_ordinary (F ("KEEL"));
    assert_ordinary (span_make (VECTOR, 19));
    assert_ordinary (F (VECTOR "x"));
    assert_ordinary (F ("keel\1\1\0\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
    assert_ordinary (F ("KEEL\2\1\0\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
    assert_ordinary (F ("KEEL\0\1\0\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
    assert_ordinary (F ("KEEL\1\3\0\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
    assert_ordinary (F ("KEEL\1\x80\0\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
    assert_ordinary (F ("KEEL\1\1\1\0\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
    assert_ordinary (F ("KEEL\1\1\0\1\0\0\x27\x10\1\2\3\4\5\6\7\x08"));
}

#define assert_notices(expected, ...)                                                                                  \
    do {                                                                                                               \
        span_t frames_[] = {__VA_ARGS__, F ("MDPC01"), F ("echo"), F ("x")};                                           \
        envelope_t envelope_;                                                                                          \
        const span_t *copy_ = guarded_frames (frames_, COUNT_OF (frames_));                                            \
        assert_int_equal (envelope_decode (copy_, COUNT_OF (frames_), &envelope_), VERDICT_OK);                        \
        assert_int_equal (envelope_options (&envelope_).notices, expected);                                            \
        assert_int_equal (envelope_options (&envelope_).present, expected);                                            \
    } while (0)

static void
only_the_innermost_extra_frame_is_looked_at (void **state)
{
    (void) state;
    assert_notices (true, F (VECTOR), F (""));
    assert_notices (true, F ("hop"), F ("hop"), F (VECTOR), F (""));
    assert_notices (false, F (VECTOR), F ("hop"), F (""));
    assert_notices (false, F ("hop"), F (""));
    assert_notices (false, F (""));
}

static void
a_strict_message_has_none (void **state)
{
    (void) state;
    span_t frames[] = {F ("MDPC02"), F ("\1"), F ("echo"), F (VECTOR)};
    envelope_t envelope;
    assert_int_equal (envelope_decode (frames, 4, &envelope), VERDICT_OK);
    assert_false (envelope_options (&envelope).present);
}

/*  What a port may have in front of the message is none of it. */
static void
nothing_before_the_message_is_looked_at (void **state)
{
    (void) state;
    span_t frames[] = {F (VECTOR), F (""), F ("MDPC02"), F ("\1"), F ("echo"), F ("x")};
    envelope_t envelope;
    assert_int_equal (envelope_decode (frames + 1, 5, &envelope), VERDICT_OK);
    assert_int_equal (envelope.count, 1);
    assert_false (envelope_options (&envelope).present);
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (the_vector_decodes),
        TEST (the_vector_encodes),
        TEST (extremes_come_back_as_they_were),
        TEST (anything_else_is_an_ordinary_frame),
        TEST (only_the_innermost_extra_frame_is_looked_at),
        TEST (a_strict_message_has_none),
        TEST (nothing_before_the_message_is_looked_at),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
