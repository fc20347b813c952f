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

/* ------------------------------------------------------------------ log lines */

static bool
is_plain (span_t value)
{
    for (size_t n = 0; n < value.size; n++)
        if (value.data[n] <= ' ' || value.data[n] > '~' || memchr ("\"=\\", value.data[n], 3))
            return false;
    return value.size > 0;
}

static void
add_quoted_byte (text_t *self, const uint8_t *byte)
{
    if (*byte == '"' || *byte == '\\')
        text_add (self, "\\");
    if (*byte == '\n')
        text_add (self, "\\n");
    else if (*byte < ' ' || *byte > '~')
        add_escape (self, "\\x", byte);
    else
        text_add_span (self, span_make (byte, 1));
}

static void
add_value (text_t *self, span_t value)
{
    if (is_plain (value)) {
        text_add_span (self, value);
        return;
    }
    text_add (self, "\"");
    for (size_t n = 0; n < value.size; n++)
        add_quoted_byte (self, value.data + n);
    text_add (self, "\"");
}

/*  Where a pair begins; its value is added next, and then it ends. */
static size_t
begin_pair (text_t *self, const char *key)
{
    size_t start = self->size;
    text_add (self, " ");
    text_add (self, key);
    text_add (self, "=");
    return start;
}

static void
end_pair (text_t *self, size_t start)
{
    if (!self->full)
        return;
    self->size = start;
    self->data[start] = 0;
}

void
text_add_pair (text_t *self, const char *key, span_t value)
{
    size_t start = begin_pair (self, key);
    add_value (self, value);
    end_pair (self, start);
}

void
text_add_pair_text (text_t *self, const char *key, const char *value)
{
    text_add_pair (self, key, span_text (value));
}

void
text_add_pair_number (text_t *self, const char *key, uint64_t number)
{
    size_t start = begin_pair (self, key);
    text_add_number (self, number);
    end_pair (self, start);
}

void
text_add_pair_hex (text_t *self, const char *key, span_t bytes)
{
    size_t start = begin_pair (self, key);
    text_add_hex (self, bytes);
    end_pair (self, start);
}

/* ------------------------------------------------------------------ JSON */

/*  How many bytes from there on need no escape. */
static size_t
plain_run (span_t bytes, size_t from)
{
    size_t n = from;
    while (n < bytes.size && bytes.data[n] >= ' ' && bytes.data[n] <= '~' && bytes.data[n] != '"' && bytes.data[n] != '\\')
        n++;
    return n - from;
}

void
text_add_json_string (text_t *self, span_t bytes)
{
    text_add (self, "\"");
    for (size_t n = 0; n < bytes.size; n++) {
        size_t run = plain_run (bytes, n);
        text_add_span (self, span_make (bytes.data + n, run));
        n += run;
        if (n == bytes.size)
            break;
        if (bytes.data[n] == '"' || bytes.data[n] == '\\') {
            text_add (self, "\\");
            text_add_span (self, span_make (bytes.data + n, 1));
        } else {
            add_escape (self, "\\u00", bytes.data + n);
        }
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
