#include "text.h"

#include <assert.h>

text_t
text_over (char *buffer, size_t capacity)
{
    assert (capacity > 0);
    buffer[0] = 0;
    return (text_t){buffer, 0, capacity, false};
}

void
text_add_span (text_t *self, span_t bytes)
{
    if (self->full || bytes.size >= self->capacity - self->size) {
        self->full = true;
        return;
    }
    memcpy (self->data + self->size, bytes.data, bytes.size);
    self->size += bytes.size;
    self->data[self->size] = 0;
}

void
text_add (text_t *self, const char *words)
{
    text_add_span (self, span_text (words));
}

void
text_add_number (text_t *self, uint64_t number)
{
    char digits[20];
    size_t at = sizeof (digits);
    do {
        digits[--at] = (char) ('0' + number % 10);
        number /= 10;
    } while (number);
    text_add_span (self, span_make (digits + at, sizeof (digits) - at));
}

void
text_add_hex (text_t *self, span_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t n = 0; n < bytes.size; n++) {
        char hex[2] = {digits[bytes.data[n] >> 4], digits[bytes.data[n] & 15]};
        text_add_span (self, span_make (hex, sizeof (hex)));
    }
}

/*  prefix, then the byte in hex */
static void
add_escape (text_t *self, const char *prefix, const uint8_t *byte)
{
    text_add (self, prefix);
    text_add_hex (self, span_make (byte, 1));
}

void
text_add_bytes (text_t *self, span_t bytes)
{
    for (size_t n = 0; n < bytes.size; n++)
        if (bytes.data[n] >= ' ' && bytes.data[n] <= '~' && bytes.data[n] != '\\')
            text_add_span (self, span_make (bytes.data + n, 1));
        else
            add_escape (self, "\\x", bytes.data + n);
}

void
text_add_json_string (text_t *self, span_t bytes)
{
    text_add (self, "\"");
    for (size_t n = 0; n < bytes.size; n++) {
        uint8_t byte = bytes.data[n];
        if (byte == '"' || byte == '\\')
            text_add (self, "\\");
        if (byte >= ' ' && byte <= '~')
            text_add_span (self, span_make (bytes.data + n, 1));
        else
            add_escape (self, "\\u00", bytes.data + n);
    }
    text_add (self, "\"");
}

void
text_add_json_key (text_t *self, const char *key)
{
    if (self->size && !memchr ("{[:", self->data[self->size - 1], 3))
        text_add (self, ",");
    text_add_json_string (self, span_text (key));
    text_add (self, ":");
}

void
text_add_json_number (text_t *self, const char *key, uint64_t number)
{
    text_add_json_key (self, key);
    text_add_number (self, number);
}
