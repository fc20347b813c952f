/*  JSON and log lines that engines write. Whatever bytes a peer chose, jansson reads them back, and they are one value of one line. */
#include "input.h"

#include "text.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

/*  In quotes, unless it has nothing that could end it; and only the last quote ends it. */
static void
check_value (const char *value)
{
    if (*value != '"') {
        assert (*value && !value[strcspn (value, " =\"\\")]);
        return;
    }
    const char *at = value + 1;
    while (*at && *at != '"')
        at += *at == '\\' ? 2 : 1;
    assert (*at == '"' && !at[1]);
}

static void
write_pair (span_t bytes, char *buffer, size_t capacity)
{
    text_t line = text_over (buffer, capacity);
    text_add_pair (&line, "key", bytes);
    assert (!line.full && memcmp (line.data, " key=", 5) == 0);
    for (size_t n = 0; n < line.size; n++)
        assert (line.data[n] >= ' ' && line.data[n] <= '~');
    check_value (line.data + 5);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    size_t capacity = 6 * size + 64;
    char *buffer = malloc (capacity);
    if (!buffer)
        abort ();
    text_t json = text_over (buffer, capacity);
    text_add (&json, "{");
    text_add_json_key (&json, "bytes");
    text_add_json_string (&json, span_make (data, size));
    text_add_json_number (&json, "size", size);
    text_add (&json, "}");
    assert (!json.full);
    json_error_t error;
    json_t *read = json_loadb (json.data, json.size, JSON_ALLOW_NUL, &error);
    assert (read && json_integer_value (json_object_get (read, "size")) == (json_int_t) size);
    json_decref (read);
    write_pair (span_make (data, size), buffer, capacity);
    free (buffer);
    return 0;
}
