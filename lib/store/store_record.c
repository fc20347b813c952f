#include "store_record.h"

#define FLAG_SUBMITTED 1

void
number_put (uint8_t *out, size_t size, uint64_t number)
{
    for (size_t n = size; n-- > 0; number >>= 8)
        out[n] = (uint8_t) number;
}

uint64_t
number_get (const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t n = 0; n < size; n++)
        number = number << 8 | bytes[n];
    return number;
}

size_t
record_size (const span_t frames[], size_t count)
{
    size_t size = RECORD_HEAD;
    for (size_t n = 0; n < count; n++)
        size += 4 + frames[n].size;
    return size;
}

void
record_put_head (uint8_t *out, const titanic_record_t *record)
{
    number_put (out, 4, record->number);
    number_put (out + 4, 8, record->sequence);
    number_put (out + 12, 6, (uint64_t) record->created);
    number_put (out + 18, 6, (uint64_t) record->since);
    number_put (out + 24, 4, record->attempts);
    number_put (out + 28, 2, record->frame_count);
    out[30] = (uint8_t) record->state;
    out[31] = record->submitted ? FLAG_SUBMITTED : 0;
    out[32] = (uint8_t) record->reason;
}

void
record_put_frames (uint8_t *out, const span_t frames[], size_t count)
{
    out += RECORD_HEAD;
    for (size_t n = 0; n < count; n++) {
        number_put (out, 4, frames[n].size);
        memcpy (out + 4, frames[n].data, frames[n].size);
        out += 4 + frames[n].size;
    }
}

bool
record_get (span_t value, titanic_record_t *record)
{
    if (value.size < RECORD_HEAD || value.data[30] >= TSP_STATE_ANY || value.data[32] >= TITANIC_REASONS)
        return false;
    record->number = (uint32_t) number_get (value.data, 4);
    record->sequence = number_get (value.data + 4, 8);
    record->created = (int64_t) number_get (value.data + 12, 6);
    record->since = (int64_t) number_get (value.data + 18, 6);
    record->attempts = (uint32_t) number_get (value.data + 24, 4);
    record->frame_count = number_get (value.data + 28, 2);
    record->state = (tsp_state_t) value.data[30];
    record->submitted = value.data[31] & FLAG_SUBMITTED;
    record->reason = (titanic_reason_t) value.data[32];
    record->bytes = value.size - RECORD_HEAD - 4 * record->frame_count;
    return true;
}

void
record_get_frames (span_t value, const titanic_record_t *record, span_t frames[])
{
    const uint8_t *at = value.data + RECORD_HEAD;
    for (size_t n = 0; n < record->frame_count; n++) {
        size_t size = number_get (at, 4);
        frames[n] = span_make (at + 4, size);
        at += 4 + size;
    }
}

span_t
index_key (uint8_t out[INDEX_KEY], uint32_t service, tsp_state_t state, uint64_t sequence)
{
    number_put (out, 4, service);
    out[4] = (uint8_t) state;
    number_put (out + 5, 8, sequence);
    return span_make (out, INDEX_KEY);
}

bool
index_key_is (span_t key, uint32_t service, tsp_state_t state, uint64_t *sequence)
{
    if (key.size != INDEX_KEY || number_get (key.data, 4) != service || key.data[4] != state)
        return false;
    *sequence = number_get (key.data + 5, 8);
    return true;
}

span_t
closed_key (uint8_t out[CLOSED_KEY], int64_t at, const tsp_uuid_t *uuid)
{
    number_put (out, 8, (uint64_t) at);
    memcpy (out + 8, uuid->bytes, TSP_UUID_SIZE);
    return span_make (out, CLOSED_KEY);
}
