#include "flp.h"

span_t
flp_ping (void)
{
    return SPAN_OF ("PING");
}

span_t
flp_pong (void)
{
    return SPAN_OF ("PONG");
}

void
flp_encode_control (uint64_t number, uint8_t control[FLP_CONTROL_SIZE])
{
    for (int n = FLP_CONTROL_SIZE - 1; n >= 0; n--, number >>= 8)
        control[n] = (uint8_t) number;
}

static uint64_t
decode_control (span_t control)
{
    uint64_t number = 0;
    for (size_t n = 0; n < FLP_CONTROL_SIZE; n++)
        number = number << 8 | control.data[n];
    return number;
}

static verdict_t
decode (const span_t frames[], size_t count, span_t word, flp_command_t *command)
{
    *command = (flp_command_t){.kind = FLP_PING};
    if (count == 0)
        return VERDICT_SHORT;
    if (count > 1) {
        *command = (flp_command_t){FLP_REQUEST, frames[0], 0, frames + 1, count - 1};
        return VERDICT_OK;
    }
    if (frames[0].size == 0)
        return VERDICT_SHORT;
    return span_equal (frames[0], word) ? VERDICT_OK : VERDICT_BODY;
}

verdict_t
flp_decode_at_server (const span_t frames[], size_t count, flp_command_t *command)
{
    return decode (frames, count, flp_ping (), command);
}

verdict_t
flp_decode_at_client (const span_t frames[], size_t count, flp_command_t *command)
{
    verdict_t verdict = decode (frames, count, flp_pong (), command);
    if (verdict != VERDICT_OK || command->kind == FLP_PING)
        return verdict;
    if (command->control.size != FLP_CONTROL_SIZE)
        return VERDICT_HEADER;
    command->number = decode_control (command->control);
    return VERDICT_OK;
}
