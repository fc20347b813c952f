#include "envelope.h"

#include "mdp.h"

verdict_t
envelope_split (const span_t frames[], size_t count, size_t extra_max, envelope_t *envelope)
{
    *envelope = (envelope_t){frames, 0};
    if (count == 0)
        return VERDICT_SHORT;
    size_t at = 0;
    while (at < count && frames[at].size > 0) {
        if (at == extra_max || frames[at].size > ENVELOPE_EXTRA_SIZE_MAX)
            return VERDICT_ENVELOPE;
        at++;
    }
    if (at == count)
        return VERDICT_DELIMITER;
    envelope->count = at + 1;
    return VERDICT_OK;
}

verdict_t
envelope_decode (const span_t frames[], size_t count, envelope_t *envelope)
{
    *envelope = (envelope_t){frames, 0};
    if (count > 0 && mdp_is_header (frames[0]))
        return VERDICT_OK;
    verdict_t verdict = envelope_split (frames, count, ENVELOPE_EXTRA_MAX, envelope);
    if (verdict == VERDICT_DELIMITER ||
        (verdict == VERDICT_OK && (envelope->count == count || !mdp_is_header (frames[envelope->count])))) {
        envelope->count = 0;
        return VERDICT_NO_HEADER;
    }
    return verdict;
}

envelope_options_t
envelope_options (const envelope_t *envelope)
{
    envelope_options_t options = {0};
    if (envelope->count >= 2)
        options_decode (envelope->frames[envelope->count - 2], &options);
    return options;
}

bool
options_decode (span_t frame, envelope_options_t *options)
{
    const uint8_t *byte = frame.data;
    *options = (envelope_options_t){0};
    if (frame.size != OPTIONS_SIZE || memcmp (byte, "KEEL\1", 5) != 0 || (byte[5] & ~OPTIONS_NOTICES) || byte[6] ||
        byte[7])
        return false;
    options->present = true;
    options->notices = byte[5] & OPTIONS_NOTICES;
    for (size_t n = 8; n < 12; n++)
        options->ttl_ms = options->ttl_ms << 8 | byte[n];
    for (size_t n = 12; n < 20; n++)
        options->id = options->id << 8 | byte[n];
    return true;
}

void
options_encode (const envelope_options_t *options, uint8_t frame[OPTIONS_SIZE])
{
    memcpy (frame, "KEEL\1", 5);
    frame[5] = options->notices ? OPTIONS_NOTICES : 0;
    frame[6] = frame[7] = 0;
    for (unsigned n = 0; n < 4; n++)
        frame[8 + n] = (uint8_t) (options->ttl_ms >> (24 - 8 * n));
    for (unsigned n = 0; n < 8; n++)
        frame[12 + n] = (uint8_t) (options->id >> (56 - 8 * n));
}
