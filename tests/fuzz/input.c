#include "input.h"

#include <stdlib.h>

/*  Frames that random bytes would seldom make. */
static const span_t words[] = {
#define WORD(text) {(const uint8_t *) text, sizeof (text) - 1, NULL}
    WORD (""),         WORD ("MDPC01"),      WORD ("MDPC02"),    WORD ("MDPW01"),      WORD ("MDPW02"),
    WORD ("\1"),       WORD ("\2"),          WORD ("\3"),        WORD ("\4"),          WORD ("\5"),
    WORD ("\6"),       WORD ("echo"),        WORD ("other"),     WORD ("mmi.service"), WORD ("mmi.stats"),
    WORD ("mmi.drain"), WORD ("mmi.explain"), WORD ("mmi.workers"), WORD ("mmi.services"), WORD ("mmi.nonsense"),
    WORD ("2"),        WORD ("100"),         WORD ("65536"),     WORD ("KEEL\1\1\0\0\0\0\0\100idididid"), WORD ("hello"),
#undef WORD
};

uint8_t
input_byte (input_t *self)
{
    if (self->left == 0)
        return 0;
    self->left--;
    return *self->data++;
}

static void
add_frame (input_t *self, const uint8_t *bytes, size_t size)
{
    uint8_t *block = malloc (size ? size : 1);
    if (!block)
        abort ();
    memcpy (block, bytes, size);
    self->blocks[self->count] = block;
    self->frames[self->count] = span_make (block, size);
    self->count++;
}

void
input_free (input_t *self)
{
    for (size_t n = 0; n < self->count; n++)
        free (self->blocks[n]);
    self->count = 0;
}

void
input_frames (input_t *self)
{
    input_free (self);
    size_t count = input_byte (self) % (FUZZ_FRAMES + 1);
    while (self->count < count) {
        size_t size = input_byte (self);
        if (size >= 128) {
            const span_t *word = &words[(size - 128) % (sizeof (words) / sizeof (*words))];
            add_frame (self, word->data, word->size);
            continue;
        }
        size = size == 127 ? 300 : size;
        if (size > self->left)
            size = self->left;
        add_frame (self, self->data, size);
        self->data += size;
        self->left -= size;
    }
}
