#include "body.h"

#include <assert.h>

struct body {
    pool_t *pool;
    size_t block_bytes;
    size_t held_bytes;
    uint32_t references;
    uint32_t count;
    span_t frames[]; /* after them the bytes of the small ones */
};

static bool
is_held (const span_t *frame)
{
    return frame->hold && frame->size > BODY_COPY_LIMIT;
}

static size_t
copied_bytes (const span_t frames[], size_t count)
{
    size_t bytes = 0;
    for (size_t n = 0; n < count; n++)
        if (!is_held (&frames[n]))
            bytes += frames[n].size;
    return bytes;
}

/*  Appends frames to self; moves *bytes on. False: a frame could not be held. */
static bool
append (body_t *self, const span_t frames[], size_t count, uint8_t **bytes)
{
    for (size_t n = 0; n < count; n++) {
        span_t *mine = &self->frames[self->count];
        if (is_held (&frames[n])) {
            hold_t *hold = frames[n].hold->keep (frames[n].hold);
            if (!hold)
                return false;
            *mine = (span_t){frames[n].data, frames[n].size, hold};
            self->held_bytes += frames[n].size;
        } else {
            memcpy (*bytes, frames[n].data, frames[n].size);
            *mine = span_make (*bytes, frames[n].size);
            *bytes += frames[n].size;
        }
        self->count++;
    }
    return true;
}

body_t *
body_new (pool_t *pool, const span_t head[], size_t head_count, const span_t tail[], size_t tail_count)
{
    size_t count = head_count + tail_count;
    size_t block_bytes =
        sizeof (body_t) + count * sizeof (span_t) + copied_bytes (head, head_count) + copied_bytes (tail, tail_count);
    body_t *self = pool_take (pool, block_bytes);
    if (!self)
        return NULL;
    self->pool = pool;
    self->block_bytes = block_bytes;
    self->held_bytes = 0;
    self->references = 1;
    self->count = 0;
    uint8_t *bytes = (uint8_t *) &self->frames[count];
    if (!append (self, head, head_count, &bytes) || !append (self, tail, tail_count, &bytes))
        body_release (&self);
    return self;
}

body_t *
body_ref (body_t *self)
{
    self->references++;
    return self;
}

void
body_release (body_t **self)
{
    body_t *body = *self;
    *self = NULL;
    if (!body)
        return;
    assert (body->references > 0);
    if (--body->references)
        return;
    if (body->held_bytes)
        for (uint32_t n = 0; n < body->count; n++)
            if (body->frames[n].hold)
                body->frames[n].hold->release (body->frames[n].hold);
    pool_give (body->pool, body, body->block_bytes);
}

const span_t *
body_frames (const body_t *self)
{
    return self->frames;
}

size_t
body_count (const body_t *self)
{
    return self->count;
}

size_t
body_cost (const body_t *self)
{
    return pool_cost (self->block_bytes) + self->held_bytes;
}
