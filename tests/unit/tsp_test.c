/*  PROTOCOLS.md section 5: what Titanic and its clients say to each other. */
#include "unit.h"

#include "tsp.h"

#define UUID  "0190A6E01B2C7D3E8F400123456789AB"
#define LOWER "0190a6e01b2c7d3e8f400123456789ab"

static const uint8_t uuid_bytes[] = {0x01, 0x90, 0xa6, 0xe0, 0x1b, 0x2c, 0x7d, 0x3e,
                                     0x8f, 0x40, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab};

#define FRAMES(...) guarded_frames ((const span_t[]){__VA_ARGS__}, COUNT_OF (((const span_t[]){__VA_ARGS__}))), \
        COUNT_OF (((const span_t[]){__VA_ARGS__}))

static int
free_guarded (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static void
the_services_have_names (void **state)
{
    (void) state;
    assert_span (tsp_service_name (TSP_REQUEST), "titanic.request");
    assert_span (tsp_service_name (TSP_REPLY), "titanic.reply");
    assert_span (tsp_service_name (TSP_CLOSE), "titanic.close");
    assert_span (tsp_service_name (TSP_SUBMIT), "titanic.submit");
    assert_true (tsp_is_reserved (F ("titanic.made-up")));
    assert_true (tsp_is_reserved (F ("mmi.service")));
    assert_false (tsp_is_reserved (F ("titanic")));
    assert_false (tsp_is_reserved (F ("my.titanic.")));
}

static void
a_request_has_a_service_and_a_body (void **state)
{
    (void) state;
    tsp_command_t command;
    assert_int_equal (tsp_decode_request (TSP_REQUEST, FRAMES (F ("echo"), F (""), F ("two")), &command), TSP_VERDICT_OK);
    assert_int_equal (command.kind, TSP_REQUEST);
    assert_span (command.service, "echo");
    assert_int_equal (command.body_count, 2);
    assert_span (command.body[1], "two");
    assert_int_equal (tsp_decode_request (TSP_SUBMIT, FRAMES (F (UUID), F ("echo"), F ("x")), &command), TSP_VERDICT_OK);
    assert_memory_equal (command.uuid.bytes, uuid_bytes, sizeof (uuid_bytes));
    assert_span (command.service, "echo");
    assert_span (command.body[0], "x");
}

static void
a_malformed_request_is_told_what_is_wrong (void **state)
{
    (void) state;
    static const struct {
        tsp_service_t kind;
        size_t count;
        span_t frames[4];
        tsp_verdict_t verdict;
    } cases[] = {
#define W(text) {(const uint8_t *) text, sizeof (text) - 1, NULL}
        {TSP_REQUEST, 0, {{0}}, TSP_VERDICT_SHORT},
        {TSP_REQUEST, 1, {W ("echo")}, TSP_VERDICT_BODY},
        {TSP_REQUEST, 2, {W (""), W ("x")}, TSP_VERDICT_SERVICE},
        {TSP_REQUEST, 2, {W ("a b"), W ("x")}, TSP_VERDICT_SERVICE},
        {TSP_REQUEST, 2, {W ("titanic.request"), W ("x")}, TSP_VERDICT_RESERVED},
        {TSP_REQUEST, 2, {W ("mmi.x"), W ("x")}, TSP_VERDICT_RESERVED},
        {TSP_SUBMIT, 0, {{0}}, TSP_VERDICT_UUID},
        {TSP_SUBMIT, 1, {W (UUID)}, TSP_VERDICT_SHORT},
        {TSP_SUBMIT, 2, {W (UUID), W ("echo")}, TSP_VERDICT_BODY},
        {TSP_SUBMIT, 3, {W ("short"), W ("echo"), W ("x")}, TSP_VERDICT_UUID},
        {TSP_SUBMIT, 3, {W (UUID), W ("titanic.x"), W ("x")}, TSP_VERDICT_RESERVED},
        {TSP_REPLY, 0, {{0}}, TSP_VERDICT_UUID},
        {TSP_REPLY, 1, {W ("")}, TSP_VERDICT_UUID},
        {TSP_REPLY, 3, {W (UUID), W (""), W ("more")}, TSP_VERDICT_OK},
        {TSP_CLOSE, 1, {W ("../../../../../../../etc/passwd!")}, TSP_VERDICT_UUID},
        {TSP_CLOSE, 2, {W (LOWER), W ("more")}, TSP_VERDICT_OK},
#undef W
    };
    for (size_t n = 0; n < COUNT_OF (cases); n++) {
        tsp_command_t command;
        const span_t *frames = guarded_frames (cases[n].frames, cases[n].count);
        assert_int_equal (tsp_decode_request (cases[n].kind, frames, cases[n].count, &command), cases[n].verdict);
        assert_int_equal (tsp_verdict_status (cases[n].verdict).data[0],
                          cases[n].verdict == TSP_VERDICT_OK ? '2' : cases[n].verdict == TSP_VERDICT_UUID ? '4' : '5');
    }
}

static void
a_uuid_is_32_digits_of_either_case (void **state)
{
    (void) state;
    tsp_uuid_t uuid;
    char text[TSP_UUID_TEXT];
    assert_true (tsp_uuid_decode (*guarded_frames (&F (LOWER), 1), &uuid));
    assert_memory_equal (uuid.bytes, uuid_bytes, sizeof (uuid_bytes));
    tsp_uuid_encode (&uuid, text);
    assert_memory_equal (text, UUID, sizeof (text));
    static const char *const bad[] = {"", "0", LOWER "0", "0190a6e0-1b2c-7d3e-8f40-0123456789ab", "0190A6E01B2C7D3E8F400123456789A",
                                      "0190A6E01B2C7D3E8F400123456789AG", " 190A6E01B2C7D3E8F400123456789AB", "0x90A6E01B2C7D3E8F400123456789AB"};
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        span_t frame = span_text (bad[n]);
        assert_false (tsp_uuid_decode (*guarded_frames (&frame, 1), &uuid));
    }
}

static void
a_uuid_of_version_7_orders_by_time_and_counter (void **state)
{
    (void) state;
    tsp_uuid_t first = tsp_uuid_make (0x0190a6e01b2c, 0xd3e, 0x3d00048d159e26af);
    assert_int_equal (tsp_uuid_time (&first), 0x0190a6e01b2c);
    assert_int_equal (first.bytes[6], 0x7d);
    assert_int_equal (first.bytes[7], 0x3e);
    assert_int_equal (first.bytes[8], 0x8f);
    tsp_uuid_t second = tsp_uuid_make (0x0190a6e01b2c, 0xd3f, 0);
    tsp_uuid_t third = tsp_uuid_make (0x0190a6e01b2d, 0, 0);
    assert_true (tsp_uuid_compare (&first, &second) < 0);
    assert_true (tsp_uuid_compare (&second, &third) < 0);
    tsp_uuid_t most = tsp_uuid_make (UINT64_MAX, UINT16_MAX, UINT64_MAX);
    assert_int_equal (most.bytes[6], 0x7f);
    assert_int_equal (most.bytes[8], 0xbf);
}

static void
an_answer_is_a_status_and_what_it_promises (void **state)
{
    (void) state;
    tsp_answer_t answer;
    assert_int_equal (tsp_decode_answer (TSP_REQUEST, FRAMES (F ("200"), F (UUID)), &answer), TSP_VERDICT_OK);
    assert_int_equal (answer.code, 200);
    assert_memory_equal (answer.uuid.bytes, uuid_bytes, sizeof (uuid_bytes));
    assert_int_equal (tsp_decode_answer (TSP_REPLY, FRAMES (F ("200 ok"), F (""), F ("b")), &answer), TSP_VERDICT_OK);
    assert_int_equal (answer.body_count, 2);
    assert_span (answer.text, "ok");
    assert_int_equal (tsp_decode_answer (TSP_REPLY, FRAMES (F ("300")), &answer), TSP_VERDICT_OK);
    assert_int_equal (answer.code, 300);
    assert_int_equal (tsp_decode_answer (TSP_CLOSE, FRAMES (F ("200")), &answer), TSP_VERDICT_OK);
    assert_int_equal (tsp_decode_answer (TSP_SUBMIT, FRAMES (F ("500 the store is full")), &answer), TSP_VERDICT_OK);
    assert_span (answer.text, "the store is full");
    assert_int_equal (tsp_decode_answer (TSP_REQUEST, FRAMES (F ("200")), &answer), TSP_VERDICT_SHORT);
    assert_int_equal (tsp_decode_answer (TSP_REQUEST, FRAMES (F ("200"), F ("x")), &answer), TSP_VERDICT_UUID);
    assert_int_equal (tsp_decode_answer (TSP_REPLY, FRAMES (F ("200")), &answer), TSP_VERDICT_BODY);
    assert_int_equal (tsp_decode_answer (TSP_REPLY, NULL, 0, &answer), TSP_VERDICT_SHORT);
    static const char *const bad[] = {"", "20", "201", "100", "600", "2000", "200x", " 200"};
    for (size_t n = 0; n < COUNT_OF (bad); n++)
        assert_int_equal (tsp_decode_answer (TSP_REPLY, FRAMES (span_text (bad[n])), &answer), TSP_VERDICT_STATUS);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown (the_services_have_names, free_guarded),
        cmocka_unit_test_teardown (a_request_has_a_service_and_a_body, free_guarded),
        cmocka_unit_test_teardown (a_malformed_request_is_told_what_is_wrong, free_guarded),
        cmocka_unit_test_teardown (a_uuid_is_32_digits_of_either_case, free_guarded),
        cmocka_unit_test_teardown (a_uuid_of_version_7_orders_by_time_and_counter, free_guarded),
        cmocka_unit_test_teardown (an_answer_is_a_status_and_what_it_promises, free_guarded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
