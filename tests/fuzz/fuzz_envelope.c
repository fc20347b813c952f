/*  The envelope and its options frame: what is accepted obeys the limits, and options survive a round trip. */
#include "input.h"

#include "envelope.h"
#include "mdp.h"

#include <assert.h>

static void
check_options (const envelope_t *envelope)
{
    envelope_options_t options = envelope_options (envelope);
    if (!options.present)
        return;
    uint8_t again[OPTIONS_SIZE];
    options_encode (&options, again);
    assert (span_is (envelope->frames[envelope->count - 2], again, sizeof (again)));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {data, size, {0}, {{0}}, 0};
    envelope_t envelope;
    input_frames (&input);
    if (envelope_decode (input.frames, input.count, &envelope) == VERDICT_OK) {
        assert (envelope.count <= ENVELOPE_MAX && envelope.count < input.count);
        assert (mdp_is_header (input.frames[envelope.count]));
        for (size_t n = 0; n + 1 < envelope.count; n++)
            assert (envelope.frames[n].size >= 1 && envelope.frames[n].size <= ENVELOPE_EXTRA_SIZE_MAX);
        check_options (&envelope);
    }
    input_free (&input);
    return 0;
}
