/*  Every command of the table in mdp.h, frame by frame, as its receiver must read it. */
#include "unit.h"

#include "mdp.h"

typedef verdict_t (decoder_t) (const span_t frames[], size_t count, mdp_command_t *command);

#define TOKEN "0123456789abcdef"

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static mdp_command_t
decode (decoder_t *decoder, const span_t frames[], size_t count)
{
    mdp_command_t command;
    const span_t *copy = guarded_frames (frames, count);
    guarded_seal ();
    assert_int_equal (decoder (copy, count, &command), VERDICT_OK);
    if (command.body_count)
        assert_ptr_equal (command.body + command.body_count, copy + count);
    return command;
}

#define DECODE(side, ...)                                                                                              \
    decode (mdp_decode_at_##side, (span_t[]){__VA_ARGS__}, COUNT_OF (((span_t[]){__VA_ARGS__})))

static void
assert_is (const mdp_command_t *command, mdp_role_t role, uint8_t version, mdp_kind_t kind)
{
    assert_int_equal (command->role, role);
    assert_int_equal (command->version, version);
    assert_int_equal (command->kind, kind);
}

static void
client_request_1 (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (broker, F ("MDPC01"), F ("echo"), F ("hello"), F ("world"));
    assert_is (&command, MDP_CLIENT, 1, MDP_REQUEST);
    assert_span (command.service, "echo");
    assert_int_equal (command.body_count, 2);
    assert_span (command.body[0], "hello");
    assert_span (command.body[1], "world");
}

static void
client_request_2 (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (broker, F ("MDPC02"), F ("\1"), F ("echo"), F ("hello"));
    assert_is (&command, MDP_CLIENT, 2, MDP_REQUEST);
    assert_span (command.service, "echo");
    assert_int_equal (command.body_count, 1);
    assert_span (command.body[0], "hello");
}

static void
empty_frames_are_a_body (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (broker, F ("MDPC01"), F ("echo"), F (""));
    assert_int_equal (command.body_count, 1);
    assert_span (command.body[0], "");
    command = DECODE (broker, F ("MDPW02"), F ("\4"), F (TOKEN), F (""), F (""), F (""));
    assert_int_equal (command.body_count, 2);
}

static void
answer_to_client_1 (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (client, F ("MDPC01"), F ("echo"), F ("hello"));
    assert_is (&command, MDP_CLIENT, 1, MDP_FINAL);
    assert_span (command.service, "echo");
    assert_span (command.body[0], "hello");
}

static void
answers_to_client_2 (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (client, F ("MDPC02"), F ("\2"), F ("echo"), F ("half"));
    assert_is (&command, MDP_CLIENT, 2, MDP_PARTIAL);
    assert_span (command.body[0], "half");
    command = DECODE (client, F ("MDPC02"), F ("\3"), F ("echo"), F ("rest"), F (""));
    assert_is (&command, MDP_CLIENT, 2, MDP_FINAL);
    assert_span (command.service, "echo");
    assert_int_equal (command.body_count, 2);
}

static void
ready (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (broker, F ("MDPW01"), F ("\1"), F ("echo"));
    assert_is (&command, MDP_WORKER, 1, MDP_READY);
    assert_span (command.service, "echo");
    assert_int_equal (command.credit, 1);
    command = DECODE (broker, F ("MDPW02"), F ("\1"), F ("echo"));
    assert_is (&command, MDP_WORKER, 2, MDP_READY);
    assert_int_equal (command.credit, 1);
}

static void
ready_with_credit (void **state)
{
    (void) state;
    assert_int_equal (DECODE (broker, F ("MDPW01"), F ("\1"), F ("echo"), F ("1")).credit, 1);
    assert_int_equal (DECODE (broker, F ("MDPW02"), F ("\1"), F ("echo"), F ("65535")).credit, 65535);
    assert_int_equal (DECODE (broker, F ("MDPW02"), F ("\1"), F ("echo"), F ("00016")).credit, 16);
}

static void
request_to_worker (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (worker, F ("MDPW01"), F ("\2"), F (TOKEN), F (""), F ("hello"));
    assert_is (&command, MDP_WORKER, 1, MDP_REQUEST);
    assert_span (command.token, TOKEN);
    assert_int_equal (command.body_count, 1);
    assert_span (command.body[0], "hello");
    command = DECODE (worker, F ("MDPW02"), F ("\2"), F ("any\0id"), F (""), F (""), F ("hello"));
    assert_is (&command, MDP_WORKER, 2, MDP_REQUEST);
    assert_span (command.token, "any\0id");
    assert_int_equal (command.body_count, 2);
}

static void
workers_answers (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (broker, F ("MDPW01"), F ("\3"), F (TOKEN), F (""), F ("hello"));
    assert_is (&command, MDP_WORKER, 1, MDP_FINAL);
    assert_span (command.token, TOKEN);
    assert_span (command.body[0], "hello");
    command = DECODE (broker, F ("MDPW02"), F ("\3"), F (TOKEN), F (""), F ("half"));
    assert_is (&command, MDP_WORKER, 2, MDP_PARTIAL);
    assert_span (command.token, TOKEN);
    command = DECODE (broker, F ("MDPW02"), F ("\4"), F (TOKEN), F (""), F ("rest"));
    assert_is (&command, MDP_WORKER, 2, MDP_FINAL);
    assert_span (command.body[0], "rest");
}

static void
assert_control_both_ways (const char *header, const char *byte, uint8_t version, mdp_kind_t kind)
{
    span_t number = span_make (byte, 1);
    mdp_command_t command = DECODE (broker, span_text (header), number);
    assert_is (&command, MDP_WORKER, version, kind);
    command = DECODE (worker, span_text (header), number);
    assert_is (&command, MDP_WORKER, version, kind);
}

static void
heartbeat_and_disconnect (void **state)
{
    (void) state;
    assert_control_both_ways ("MDPW01", "\4", 1, MDP_HEARTBEAT);
    assert_control_both_ways ("MDPW01", "\5", 1, MDP_DISCONNECT);
    assert_control_both_ways ("MDPW02", "\5", 2, MDP_HEARTBEAT);
    assert_control_both_ways ("MDPW02", "\6", 2, MDP_DISCONNECT);
}

/*  A real peer sends them. */
static void
frames_behind_a_control_are_ignored (void **state)
{
    (void) state;
    mdp_command_t command = DECODE (broker, F ("MDPW01"), F ("\4"), F ("junk"), F (""));
    assert_is (&command, MDP_WORKER, 1, MDP_HEARTBEAT);
    assert_int_equal (command.body_count, 0);
    command = DECODE (worker, F ("MDPW02"), F ("\6"), F ("junk"));
    assert_is (&command, MDP_WORKER, 2, MDP_DISCONNECT);
    assert_int_equal (command.body_count, 0);
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (client_request_1),
        TEST (client_request_2),
        TEST (empty_frames_are_a_body),
        TEST (answer_to_client_1),
        TEST (answers_to_client_2),
        TEST (ready),
        TEST (ready_with_credit),
        TEST (request_to_worker),
        TEST (workers_answers),
        TEST (heartbeat_and_disconnect),
        TEST (frames_behind_a_control_are_ignored),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
