/*  FLP at both ends: what is accepted has its parts, and a number is encoded again to the same frame. */
#include "input.h"

#include "flp.h"

#include <assert.h>

static void
check_request (const input_t *input, const flp_command_t *command)
{
    assert (command->body == input->frames + 1 && command->body_count + 1 == input->count);
    assert (span_equal (command->control, input->frames[0]));
}

static void
check_at_server (const input_t *input)
{
    flp_command_t command;
    verdict_t verdict = flp_decode_at_server (input->frames, input->count, &command);
    assert ((verdict == VERDICT_OK) == (input->count > 1 || (input->count == 1 && span_equal (input->frames[0], flp_ping ()))));
    if (verdict == VERDICT_OK && command.kind == FLP_REQUEST)
        check_request (input, &command);
}

static void
check_at_client (const input_t *input)
{
    flp_command_t command;
    uint8_t control[FLP_CONTROL_SIZE];
    if (flp_decode_at_client (input->frames, input->count, &command) != VERDICT_OK)
        return;
    if (command.kind == FLP_PING) {
        assert (input->count == 1 && span_equal (input->frames[0], flp_pong ()));
        return;
    }
    check_request (input, &command);
    flp_encode_control (command.number, control);
    assert (span_is (input->frames[0], control, sizeof (control)));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {data, size, {0}, {{0}}, 0};
    input_frames (&input);
    check_at_server (&input);
    check_at_client (&input);
    input_free (&input);
    return 0;
}
