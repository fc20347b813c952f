#include "frames.h"

span_t *
frames_of (zmsg_t *message, span_t few[FRAMES_FEW], size_t *count)
{
    size_t size = message ? zmsg_size (message) : 0;
    span_t *frames = size <= FRAMES_FEW ? few : zmalloc (size * sizeof (span_t));
    assert (frames);
    *count = 0;
    if (size == 0)
        return NULL;
    for (zframe_t *frame = zmsg_first (message); frame; frame = zmsg_next (message))
        frames[(*count)++] = span_make (zframe_data (frame), zframe_size (frame));
    return frames;
}

void
frames_free (span_t *frames, const span_t few[FRAMES_FEW])
{
    if (frames != few)
        free (frames);
}
