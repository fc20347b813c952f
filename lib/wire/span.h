/*  A span: bytes that somebody else owns.
 *
 *  A message is an array of spans, one a frame, that a port lends for one step. Nothing here knows where the bytes
 *  come from; `hold` names the port's own buffer behind them, so that a large frame can be kept (body.h) or passed
 *  on without a copy.
 */
#ifndef KEEL_SPAN_H
#define KEEL_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*  A port's buffer. A port makes it the first member of its own frame type. */
typedef struct hold hold_t;

struct hold {
    hold_t *(*keep) (hold_t *self); /* another hold of the same bytes, at the same address, that outlives the step;
                                       NULL when there is no memory */
    void (*release) (hold_t *self); /* gives back what keep returned; NULL in a hold that is lent for one step */
};

typedef struct {
    const uint8_t *data; /* never NULL in a message, also when size is 0 */
    size_t size;
    hold_t *hold; /* NULL: plain bytes */
} span_t;

#define SPAN_OF(text)                                                                                                  \
    (span_t) { (const uint8_t *) (text), sizeof (text) - 1, NULL }

static inline span_t
span_make (const void *data, size_t size)
{
    return (span_t){(const uint8_t *) data, size, NULL};
}

static inline span_t
span_text (const char *text)
{
    return span_make (text, strlen (text));
}

static inline bool
span_is (span_t span, const void *data, size_t size)
{
    return span.size == size && memcmp (span.data, data, size) == 0;
}

static inline bool
span_equal (span_t one, span_t other)
{
    return span_is (one, other.data, other.size);
}

static inline bool
span_starts (span_t span, const char *prefix)
{
    size_t size = strlen (prefix);
    return span.size >= size && memcmp (span.data, prefix, size) == 0;
}

#endif
