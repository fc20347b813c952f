/*  A writer of text into a buffer of the caller's: log lines and JSON of engines, which may not use stdio.
 *
 *  What does not fit is left out and `full` says so; the text is always terminated.
 */
#ifndef KEEL_TEXT_H
#define KEEL_TEXT_H

#include "span.h"

typedef struct {
    char *data;
    size_t size; /* without the terminating zero */
    size_t capacity;
    bool full;
} text_t;

/*  buffer: capacity bytes, at least 1. */
text_t text_over (char *buffer, size_t capacity);
void text_add (text_t *self, const char *words);
void text_add_span (text_t *self, span_t bytes);
void text_add_number (text_t *self, uint64_t number);
/*  Two lower-case digits a byte. */
void text_add_hex (text_t *self, span_t bytes);

/*  A pair of a log line, key=value with a space before it. The value is whoever's: unless it is printable ASCII without space,
 *  quote, `=' and backslash it stands in quotes, with escapes, so that it cannot be taken for another pair, or a line. A
 *  pair that does not fit is left out whole. */
void text_add_pair (text_t *self, const char *key, span_t value);
void text_add_pair_text (text_t *self, const char *key, const char *value);
void text_add_pair_number (text_t *self, const char *key, uint64_t number);
/*  In hex, as routing ids are told. */
void text_add_pair_hex (text_t *self, const char *key, span_t bytes);

/*  With quotes and escapes; bytes outside ASCII as \u00NN. */
void text_add_json_string (text_t *self, span_t bytes);
/*  "key":  with a comma before it unless it opens an object. */
void text_add_json_key (text_t *self, const char *key);
void text_add_json_number (text_t *self, const char *key, uint64_t number);

#endif
