#include "tsp.h"

#include "mdp.h"
#include "mmi.h"

static const span_t names[] = {
#define X(name, text) {(const uint8_t *) text, sizeof (text) - 1, NULL},
    TSP_SERVICE_MAP (X)
#undef X
};

static const span_t statuses[] = {
#define X(name, text) {(const uint8_t *) text, sizeof (text) - 1, NULL},
    TSP_VERDICT_MAP (X)
#undef X
};

span_t
tsp_service_name (tsp_service_t service)
{
    return names[service];
}

bool
tsp_is_reserved (span_t service)
{
    return span_starts (service, TSP_PREFIX) || mmi_is_reserved (service);
}

span_t
tsp_verdict_status (tsp_verdict_t verdict)
{
    return statuses[verdict];
}

/* ------------------------------------------------------------------ requests */

/*  [service][body]+ */
static tsp_verdict_t
decode_target (const span_t frames[], size_t count, tsp_command_t *command)
{
    if (count < 1)
        return TSP_VERDICT_SHORT;
    command->service = frames[0];
    command->body = frames + 1;
    command->body_count = count - 1;
    if (!mdp_service_valid (frames[0]))
        return TSP_VERDICT_SERVICE;
    if (tsp_is_reserved (frames[0]))
        return TSP_VERDICT_RESERVED;
    return command->body_count ? TSP_VERDICT_OK : TSP_VERDICT_BODY;
}

tsp_verdict_t
tsp_decode_request (tsp_service_t kind, const span_t frames[], size_t count, tsp_command_t *command)
{
    *command = (tsp_command_t){.kind = kind};
    if (kind == TSP_REQUEST)
        return decode_target (frames, count, command);
    if (count < 1 || !tsp_uuid_decode (frames[0], &command->uuid))
        return TSP_VERDICT_UUID;
    return kind == TSP_SUBMIT ? decode_target (frames + 1, count - 1, command) : TSP_VERDICT_OK;
}

/* ------------------------------------------------------------------ answers */

/*  200, 300, 400 or 500; then nothing, or a space and text. */
static bool
decode_status (span_t frame, tsp_answer_t *answer)
{
    if (frame.size < 3 || frame.data[0] < '2' || frame.data[0] > '5' || memcmp (frame.data + 1, "00", 2) != 0)
        return false;
    if (frame.size > 3 && frame.data[3] != ' ')
        return false;
    answer->code = (unsigned) (frame.data[0] - '0') * 100;
    answer->text = frame.size > 4 ? span_make (frame.data + 4, frame.size - 4) : SPAN_OF ("");
    return true;
}

tsp_verdict_t
tsp_decode_answer (tsp_service_t kind, const span_t frames[], size_t count, tsp_answer_t *answer)
{
    *answer = (tsp_answer_t){0};
    if (count < 1)
        return TSP_VERDICT_SHORT;
    if (!decode_status (frames[0], answer))
        return TSP_VERDICT_STATUS;
    if (answer->code != 200 || kind == TSP_CLOSE)
        return TSP_VERDICT_OK;
    if (kind == TSP_REPLY) {
        answer->body = frames + 1;
        answer->body_count = count - 1;
        return count > 1 ? TSP_VERDICT_OK : TSP_VERDICT_BODY;
    }
    if (count < 2)
        return TSP_VERDICT_SHORT;
    return tsp_uuid_decode (frames[1], &answer->uuid) ? TSP_VERDICT_OK : TSP_VERDICT_UUID;
}

/* ------------------------------------------------------------------ uuids */

/*  One more than the value of a hexadecimal digit; 0: it is none. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['A'] = 11, 12, 13, 14, 15, 16, ['a'] = 11, 12, 13, 14, 15, 16,
};

bool
tsp_uuid_decode (span_t frame, tsp_uuid_t *uuid)
{
    if (frame.size != TSP_UUID_TEXT)
        return false;
    for (size_t n = 0; n < TSP_UUID_SIZE; n++) {
        unsigned high = hex_digits[frame.data[2 * n]];
        unsigned low = hex_digits[frame.data[2 * n + 1]];
        if (!high || !low)
            return false;
        uuid->bytes[n] = (uint8_t) ((high - 1) << 4 | (low - 1));
    }
    return true;
}

void
tsp_uuid_encode (const tsp_uuid_t *uuid, char text[TSP_UUID_TEXT])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t n = 0; n < TSP_UUID_SIZE; n++) {
        text[2 * n] = digits[uuid->bytes[n] >> 4];
        text[2 * n + 1] = digits[uuid->bytes[n] & 15];
    }
}

static void
put_number (uint8_t out[], size_t size, uint64_t number)
{
    for (size_t n = size; n-- > 0; number >>= 8)
        out[n] = (uint8_t) number;
}

tsp_uuid_t
tsp_uuid_make (uint64_t wall_ms, uint16_t counter, uint64_t random)
{
    tsp_uuid_t uuid;
    put_number (uuid.bytes, 6, wall_ms);
    put_number (uuid.bytes + 6, 2, 0x7000u | (counter & 0xfffu));
    put_number (uuid.bytes + 8, 8, (uint64_t) 2 << 62 | random >> 2);
    return uuid;
}

uint64_t
tsp_uuid_time (const tsp_uuid_t *uuid)
{
    uint64_t wall_ms = 0;
    for (size_t n = 0; n < 6; n++)
        wall_ms = wall_ms << 8 | uuid->bytes[n];
    return wall_ms;
}
