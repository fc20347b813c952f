/*  The Pirates' wire at all three ends: what is accepted obeys the limits, and is encoded again to the same frames. */
#include "input.h"

#include "pirate.h"

#include <assert.h>

static void
check_message (const input_t *input, size_t lead, size_t extra_max, const pirate_command_t *command)
{
    const envelope_t *envelope = &command->envelope;
    assert (envelope->frames == input->frames + lead && envelope->count >= 1 && envelope->count <= extra_max + 1);
    for (size_t n = 0; n + 1 < envelope->count; n++)
        assert (envelope->frames[n].size >= 1 && envelope->frames[n].size <= ENVELOPE_EXTRA_SIZE_MAX);
    assert (envelope->frames[envelope->count - 1].size == 0);
    assert (command->body == envelope->frames + envelope->count && command->body_count >= 1);
    assert (lead + envelope->count + command->body_count == input->count);
}

static void
check_plain (const input_t *input)
{
    pirate_command_t command;
    if (pirate_decode_plain (input->frames, input->count, &command) != VERDICT_OK)
        return;
    assert (command.kind == PIRATE_MESSAGE);
    check_message (input, 0, ENVELOPE_EXTRA_MAX, &command);
}

static size_t
encode (span_t out[], pirate_t pirate, const pirate_command_t *command)
{
    if (command->kind == PIRATE_READY)
        return pirate_encode_ready (out, pirate);
    if (command->kind == PIRATE_HEARTBEAT)
        return pirate_encode_heartbeat (out);
    return pirate_encode_envelope (out, pirate, command->envelope.frames, command->envelope.count);
}

static void
check_worker_side (const input_t *input, pirate_t pirate, const pirate_command_t *command)
{
    span_t head[PIRATE_HEAD_MAX];
    size_t count = encode (head, pirate, command);
    assert (count <= PIRATE_HEAD_MAX && count + command->body_count == input->count);
    for (size_t n = 0; n < count; n++)
        assert (span_equal (head[n], input->frames[n]));
    if (command->kind == PIRATE_MESSAGE)
        check_message (input, pirate == PIRATE_SIMPLE ? 1 : 0, PIRATE_EXTRA_MAX, command);
    assert (pirate == PIRATE_PARANOID || command->kind != PIRATE_HEARTBEAT);
}

/*  The two ends of a worker's line take the same, but for READY. */
static void
check_both_ends (const input_t *input, pirate_t pirate)
{
    pirate_command_t at_queue, at_worker;
    verdict_t queue = pirate_decode_at_queue (pirate, input->frames, input->count, &at_queue);
    verdict_t worker = pirate_decode_at_worker (pirate, input->frames, input->count, &at_worker);
    if (queue == VERDICT_OK)
        check_worker_side (input, pirate, &at_queue);
    if (worker == VERDICT_OK)
        check_worker_side (input, pirate, &at_worker);
    assert (worker == (queue == VERDICT_OK && at_queue.kind == PIRATE_READY ? VERDICT_COMMAND : queue));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {data, size, {0}, {{0}}, 0};
    input_frames (&input);
    check_plain (&input);
    check_both_ends (&input, PIRATE_SIMPLE);
    check_both_ends (&input, PIRATE_PARANOID);
    input_free (&input);
    return 0;
}
