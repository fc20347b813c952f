/*  PROTOCOLS.md section 6: what Freelance clients and servers say to each other, frame by frame. */
#include "unit.h"

#include "flp.h"

typedef verdict_t decode_fn (const span_t frames[], size_t count, flp_command_t *command);

/*  Each input ends where memory does. */
static verdict_t
decode (decode_fn *decoder, const span_t frames[], size_t count, flp_command_t *command)
{
    const span_t *guarded = guarded_frames (frames, count);
    guarded_seal ();
    return decoder (guarded, count, command);
}

#define FRAMES(...) ((const span_t[]){__VA_ARGS__}), COUNT_OF (((const span_t[]){__VA_ARGS__}))
#define at_server(command, ...) decode (flp_decode_at_server, FRAMES (__VA_ARGS__), command)
#define at_client(command, ...) decode (flp_decode_at_client, FRAMES (__VA_ARGS__), command)

static int
free_inputs (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static void
a_ping_alone_asks_for_a_pong (void **state)
{
    (void) state;
    flp_command_t command;
    assert_int_equal (at_server (&command, F ("PING")), VERDICT_OK);
    assert_int_equal (command.kind, FLP_PING);
    assert_int_equal (at_client (&command, F ("PONG")), VERDICT_OK);
    assert_int_equal (command.kind, FLP_PING);
    assert_span (flp_ping (), "PING");
    assert_span (flp_pong (), "PONG");
}

static void
a_request_has_a_control_frame_and_a_body (void **state)
{
    (void) state;
    flp_command_t command;
    assert_int_equal (at_server (&command, F ("\0\0\0\0\0\0\0\1"), F ("a"), F (""), F ("\0")), VERDICT_OK);
    assert_int_equal (command.kind, FLP_REQUEST);
    assert_span (command.control, "\0\0\0\0\0\0\0\1");
    assert_int_equal (command.body_count, 3);
    assert_span (command.body[0], "a");
    assert_span (command.body[2], "\0");
}

static void
a_control_frame_may_read_anything (void **state)
{
    (void) state;
    static const uint8_t bytes[300] = {'x'};
    flp_command_t command;
    const span_t controls[] = {F ("PING"), F ("PONG"), F ("c"), F (""), F ("\xff\xff\xff\xff\xff\xff\xff\xff"),
                               span_make (bytes, sizeof (bytes))};
    for (size_t n = 0; n < COUNT_OF (controls); n++) {
        assert_int_equal (at_server (&command, controls[n], F ("")), VERDICT_OK);
        assert_int_equal (command.kind, FLP_REQUEST);
        assert_true (span_equal (command.control, controls[n]));
        assert_int_equal (command.body_count, 1);
    }
}

static void
a_server_drops_what_has_no_body (void **state)
{
    (void) state;
    flp_command_t command;
    assert_int_equal (decode (flp_decode_at_server, NULL, 0, &command), VERDICT_SHORT);
    assert_int_equal (at_server (&command, F ("")), VERDICT_SHORT);
    const span_t words[] = {F ("PONG"), F ("ping"), F ("PIN"), F ("PINGS"), F ("12345678")};
    for (size_t n = 0; n < COUNT_OF (words); n++)
        assert_int_equal (at_server (&command, words[n]), VERDICT_BODY);
}

static void
a_client_takes_only_numbers_for_answers (void **state)
{
    (void) state;
    flp_command_t command;
    assert_int_equal (at_client (&command, F ("\1\2\3\4\5\6\7\x8"), F ("a"), F ("b")), VERDICT_OK);
    assert_int_equal (command.kind, FLP_REQUEST);
    assert_true (command.number == 0x0102030405060708);
    assert_int_equal (command.body_count, 2);
    const span_t controls[] = {F ("PONG"), F (""), F ("1234567"), F ("123456789")};
    for (size_t n = 0; n < COUNT_OF (controls); n++)
        assert_int_equal (at_client (&command, controls[n], F ("a")), VERDICT_HEADER);
    assert_int_equal (decode (flp_decode_at_client, NULL, 0, &command), VERDICT_SHORT);
    assert_int_equal (at_client (&command, F ("")), VERDICT_SHORT);
    assert_int_equal (at_client (&command, F ("12345678")), VERDICT_BODY);
    assert_int_equal (at_client (&command, F ("PING")), VERDICT_BODY);
}

static void
a_number_comes_back_as_it_went (void **state)
{
    (void) state;
    const uint64_t numbers[] = {0, 1, 0x50494e4750494e47, 1ull << 63, UINT64_MAX};
    for (size_t n = 0; n < COUNT_OF (numbers); n++) {
        uint8_t control[FLP_CONTROL_SIZE];
        flp_command_t command;
        flp_encode_control (numbers[n], control);
        assert_int_equal (at_client (&command, span_make (control, sizeof (control)), F ("a")), VERDICT_OK);
        assert_true (command.number == numbers[n]);
    }
    uint8_t one[FLP_CONTROL_SIZE];
    flp_encode_control (1, one);
    assert_memory_equal (one, "\0\0\0\0\0\0\0\1", sizeof (one));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown (a_ping_alone_asks_for_a_pong, free_inputs),
        cmocka_unit_test_teardown (a_request_has_a_control_frame_and_a_body, free_inputs),
        cmocka_unit_test_teardown (a_control_frame_may_read_anything, free_inputs),
        cmocka_unit_test_teardown (a_server_drops_what_has_no_body, free_inputs),
        cmocka_unit_test_teardown (a_client_takes_only_numbers_for_answers, free_inputs),
        cmocka_unit_test_teardown (a_number_comes_back_as_it_went, free_inputs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
