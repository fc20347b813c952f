/*  PROTOCOLS.md section 4: what clients, workers and queues of the Pirates say to each other, frame by frame. */
#include "unit.h"

#include "pirate.h"

#define FRAMES(...) ((const span_t[]){__VA_ARGS__}), COUNT_OF (((const span_t[]){__VA_ARGS__}))

static void
a_plain_message_is_an_envelope_and_a_body (void **state)
{
    (void) state;
    pirate_command_t command;
    assert_int_equal (pirate_decode_plain (FRAMES (SPAN_OF (""), SPAN_OF ("hello")), &command), VERDICT_OK);
    assert_int_equal (command.envelope.count, 1);
    assert_int_equal (command.body_count, 1);
    assert_span (command.body[0], "hello");
    assert_int_equal (pirate_decode_plain (FRAMES (SPAN_OF ("id"), SPAN_OF ("\1"), SPAN_OF (""), SPAN_OF (""), SPAN_OF ("b")),
                                           &command), VERDICT_OK);
    assert_int_equal (command.kind, PIRATE_MESSAGE);
    assert_int_equal (command.envelope.count, 3);
    assert_int_equal (command.body_count, 2);
}

static void
a_plain_message_without_a_part_is_malformed (void **state)
{
    (void) state;
    pirate_command_t command;
    assert_int_equal (pirate_decode_plain (NULL, 0, &command), VERDICT_SHORT);
    assert_int_equal (pirate_decode_plain (FRAMES (SPAN_OF ("x")), &command), VERDICT_DELIMITER);
    assert_int_equal (pirate_decode_plain (FRAMES (SPAN_OF ("")), &command), VERDICT_BODY);
    assert_int_equal (pirate_decode_plain (FRAMES (SPAN_OF ("id"), SPAN_OF ("")), &command), VERDICT_BODY);
}

/*  8 extra frames of 255 bytes at most; a worker sees one frame more. */
static void
envelopes_have_limits (void **state)
{
    (void) state;
    static const uint8_t bytes[256];
    pirate_command_t command;
    span_t frames[12];
    for (size_t n = 0; n < COUNT_OF (frames); n++)
        frames[n] = span_make (bytes, 255);
    frames[8] = SPAN_OF ("");
    assert_int_equal (pirate_decode_plain (frames, 10, &command), VERDICT_OK);
    frames[0] = span_make (bytes, 256);
    assert_int_equal (pirate_decode_plain (frames, 10, &command), VERDICT_ENVELOPE);
    frames[0] = frames[8] = span_make (bytes, 1);
    frames[9] = SPAN_OF ("");
    assert_int_equal (pirate_decode_plain (frames, 11, &command), VERDICT_ENVELOPE);
    assert_int_equal (pirate_decode_at_worker (PIRATE_PARANOID, frames, 11, &command), VERDICT_OK);
    frames[9] = span_make (bytes, 1);
    frames[10] = SPAN_OF ("");
    assert_int_equal (pirate_decode_at_worker (PIRATE_PARANOID, frames, 12, &command), VERDICT_ENVELOPE);
}

static void
a_paranoid_worker_has_words_of_one_frame (void **state)
{
    (void) state;
    pirate_command_t command;
    assert_int_equal (pirate_decode_at_queue (PIRATE_PARANOID, FRAMES (SPAN_OF ("\1")), &command), VERDICT_OK);
    assert_int_equal (command.kind, PIRATE_READY);
    assert_int_equal (pirate_decode_at_queue (PIRATE_PARANOID, FRAMES (SPAN_OF ("\2")), &command), VERDICT_OK);
    assert_int_equal (command.kind, PIRATE_HEARTBEAT);
    static const char *const others[] = {"\3", "", "\1\1", "READY"};
    for (size_t n = 0; n < COUNT_OF (others); n++)
        assert_int_equal (pirate_decode_at_queue (PIRATE_PARANOID, FRAMES (span_text (others[n])), &command),
                          VERDICT_COMMAND);
    assert_int_equal (pirate_decode_at_worker (PIRATE_PARANOID, FRAMES (SPAN_OF ("\2")), &command), VERDICT_OK);
    assert_int_equal (command.kind, PIRATE_HEARTBEAT);
    assert_int_equal (pirate_decode_at_worker (PIRATE_PARANOID, FRAMES (SPAN_OF ("\1")), &command), VERDICT_COMMAND);
}

static void
a_simple_worker_has_a_delimiter_before_everything (void **state)
{
    (void) state;
    pirate_command_t command;
    assert_int_equal (pirate_decode_at_queue (PIRATE_SIMPLE, FRAMES (SPAN_OF (""), SPAN_OF ("\1")), &command), VERDICT_OK);
    assert_int_equal (command.kind, PIRATE_READY);
    assert_int_equal (pirate_decode_at_queue (PIRATE_SIMPLE, FRAMES (SPAN_OF (""), SPAN_OF ("\2")), &command),
                      VERDICT_COMMAND);
    assert_int_equal (pirate_decode_at_queue (PIRATE_SIMPLE, FRAMES (SPAN_OF ("\1")), &command), VERDICT_DELIMITER);
    assert_int_equal (pirate_decode_at_queue (PIRATE_SIMPLE, FRAMES (SPAN_OF ("")), &command), VERDICT_SHORT);
    assert_int_equal (pirate_decode_at_queue (PIRATE_SIMPLE, FRAMES (SPAN_OF (""), SPAN_OF ("t"), SPAN_OF (""), SPAN_OF ("\1")),
                                              &command), VERDICT_OK);
    assert_int_equal (command.kind, PIRATE_MESSAGE);
    assert_int_equal (command.envelope.count, 2);
    assert_span (command.envelope.frames[0], "t");
    assert_span (command.body[0], "\1");
}

static void
what_is_encoded_is_what_is_decoded (void **state)
{
    (void) state;
    static const pirate_t pirates[] = {PIRATE_SIMPLE, PIRATE_PARANOID};
    const span_t envelope[] = {SPAN_OF ("client"), SPAN_OF ("\0\xff"), SPAN_OF ("")};
    for (size_t n = 0; n < COUNT_OF (pirates); n++) {
        span_t frames[PIRATE_HEAD_MAX + 1];
        pirate_command_t command;
        size_t lead = pirates[n] == PIRATE_SIMPLE;
        size_t count = pirate_encode_ready (frames, pirates[n]);
        assert_int_equal (count, 1 + lead);
        assert_int_equal (pirate_decode_at_queue (pirates[n], frames, count, &command), VERDICT_OK);
        assert_int_equal (command.kind, PIRATE_READY);
        count = pirate_encode_envelope (frames, pirates[n], envelope, COUNT_OF (envelope));
        assert_int_equal (count, 3 + lead);
        frames[count++] = SPAN_OF ("body");
        assert_int_equal (pirate_decode_at_worker (pirates[n], frames, count, &command), VERDICT_OK);
        assert_int_equal (command.envelope.count, 3);
        assert_true (span_equal (command.envelope.frames[1], envelope[1]));
        assert_span (command.body[0], "body");
    }
    span_t beat[1];
    assert_int_equal (pirate_encode_heartbeat (beat), 1);
    assert_span (beat[0], "\2");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_plain_message_is_an_envelope_and_a_body),
        cmocka_unit_test (a_plain_message_without_a_part_is_malformed),
        cmocka_unit_test (envelopes_have_limits),
        cmocka_unit_test (a_paranoid_worker_has_words_of_one_frame),
        cmocka_unit_test (a_simple_worker_has_a_delimiter_before_everything),
        cmocka_unit_test (what_is_encoded_is_what_is_decoded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
