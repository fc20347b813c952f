#include "trace_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
trace_line (trace_t *self, const char *format, ...)
{
    char line[2 * TRACE_LINE];
    va_list arguments;
    if (self->mute)
        return;
    int prefix = snprintf (line, sizeof (line), "[%4" PRId64 "] ", self->now);
    va_start (arguments, format);
    int size = prefix + vsnprintf (line + prefix, sizeof (line) - (size_t) prefix, format, arguments);
    va_end (arguments);
    assert_true (size < (int) sizeof (line) - 1 && self->text_size + (size_t) size + 1 < TRACE_TEXT);
    memcpy (self->text + self->text_size, line, (size_t) size);
    self->text_size += (size_t) size;
    self->text[self->text_size++] = '\n';
    self->text[self->text_size] = 0;
}

size_t
trace_token_number (const trace_t *self, span_t token)
{
    size_t last = self->token_count < TRACE_TOKENS ? self->token_count : TRACE_TOKENS;
    for (size_t n = self->token_count; n > self->token_count - last; n--)
        if (span_is (token, self->tokens[n % TRACE_TOKENS], 16))
            return n;
    return 0;
}

/*  #n for a token that was seen; 'in quotes' what is empty or has spaces; bytes that cannot be read as \xNN. */
void
trace_word (trace_t *self, char line[TRACE_LINE], span_t frame)
{
    size_t at = strlen (line);
    bool quote = frame.size == 0 || memchr (frame.data, ' ', frame.size);
    assert_true (at + 4 * frame.size + 8 < TRACE_LINE);
    line[at++] = ' ';
    size_t number = trace_token_number (self, frame);
    if (number) {
        snprintf (line + at, TRACE_LINE - at, "#%zu", number);
        return;
    }
    if (quote)
        line[at++] = '\'';
    for (size_t n = 0; n < frame.size; n++)
        if (isprint (frame.data[n]))
            line[at++] = (char) frame.data[n];
        else
            at += (size_t) snprintf (line + at, TRACE_LINE - at, "\\x%02x", frame.data[n]);
    if (quote)
        line[at++] = '\'';
    line[at] = 0;
}

void
trace_compare (trace_t *self, const char *const lines[], size_t count, const char *file, int line)
{
    char *expected = calloc (1, TRACE_TEXT);
    assert_non_null (expected);
    for (size_t n = 0; n < count; n++) {
        strncat (expected, lines[n], TRACE_TEXT - strlen (expected) - 2);
        strcat (expected, "\n");
    }
    bool equal = strcmp (expected, self->text) == 0;
    if (!equal)
        print_error ("--- expected\n%s--- but it went\n%s---\n", expected, self->text);
    free (expected);
    trace_skip (self);
    _assert_true (equal, "the trace is the golden one", file, line);
}

bool
trace_said (const trace_t *self, const char *text)
{
    return strstr (self->text, text);
}

void
trace_skip (trace_t *self)
{
    self->text_size = 0;
    self->text[0] = 0;
}

void
trace_mute (trace_t *self)
{
    self->mute = true;
}
