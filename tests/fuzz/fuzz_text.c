/*  JSON that engines write: whatever bytes a peer chose, jansson reads it back. */
#include "input.h"

#include "text.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

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
    free (buffer);
    return 0;
}
