#include "pirate.h"

#define READY     "\1"
#define HEARTBEAT "\2"

static verdict_t
decode_message (const span_t frames[], size_t count, size_t extra_max, pirate_command_t *command)
{
    command->kind = PIRATE_MESSAGE;
    verdict_t verdict = envelope_split (frames, count, extra_max, &command->envelope);
    if (verdict != VERDICT_OK)
        return verdict;
    command->body = frames + command->envelope.count;
    command->body_count = count - command->envelope.count;
    return command->body_count ? VERDICT_OK : VERDICT_BODY;
}

verdict_t
pirate_decode_plain (const span_t frames[], size_t count, pirate_command_t *command)
{
    *command = (pirate_command_t){0};
    return decode_message (frames, count, ENVELOPE_EXTRA_MAX, command);
}

/*  What a REQ socket puts before everything. */
static bool
skip_lead (pirate_t pirate, const span_t **frames, size_t *count)
{
    if (pirate == PIRATE_PARANOID)
        return true;
    if (*count == 0 || (*frames)[0].size > 0)
        return false;
    ++*frames;
    --*count;
    return true;
}

static verdict_t
decode (pirate_t pirate, const span_t frames[], size_t count, pirate_command_t *command)
{
    *command = (pirate_command_t){0};
    if (!skip_lead (pirate, &frames, &count))
        return count ? VERDICT_DELIMITER : VERDICT_SHORT;
    if (count != 1)
        return decode_message (frames, count, PIRATE_EXTRA_MAX, command);
    if (span_is (frames[0], READY, 1))
        command->kind = PIRATE_READY;
    else if (pirate == PIRATE_PARANOID && span_is (frames[0], HEARTBEAT, 1))
        command->kind = PIRATE_HEARTBEAT;
    else
        return VERDICT_COMMAND;
    return VERDICT_OK;
}

verdict_t
pirate_decode_at_queue (pirate_t pirate, const span_t frames[], size_t count, pirate_command_t *command)
{
    return decode (pirate, frames, count, command);
}

verdict_t
pirate_decode_at_worker (pirate_t pirate, const span_t frames[], size_t count, pirate_command_t *command)
{
    verdict_t verdict = decode (pirate, frames, count, command);
    return verdict == VERDICT_OK && command->kind == PIRATE_READY ? VERDICT_COMMAND : verdict;
}

size_t
pirate_encode_ready (span_t out[], pirate_t pirate)
{
    size_t count = 0;
    if (pirate == PIRATE_SIMPLE)
        out[count++] = SPAN_OF ("");
    out[count++] = SPAN_OF (READY);
    return count;
}

size_t
pirate_encode_heartbeat (span_t out[])
{
    out[0] = SPAN_OF (HEARTBEAT);
    return 1;
}

size_t
pirate_encode_envelope (span_t out[], pirate_t pirate, const span_t envelope[], size_t count)
{
    size_t lead = 0;
    if (pirate == PIRATE_SIMPLE)
        out[lead++] = SPAN_OF ("");
    memcpy (out + lead, envelope, count * sizeof (span_t));
    return lead + count;
}
