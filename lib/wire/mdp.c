#include "mdp.h"

#include <assert.h>

#define HEADER_SIZE 6

static const uint8_t command_bytes[] = {0, 1, 2, 3, 4, 5, 6};

static span_t
command_frame (uint8_t number)
{
    return span_make (&command_bytes[number], 1);
}

/*  Numbers of the worker's commands, by kind; 0: the version has none. */
static const uint8_t worker_numbers[3][MDP_DISCONNECT + 1] = {
    [1] = {[MDP_READY] = 1, [MDP_REQUEST] = 2, [MDP_FINAL] = 3, [MDP_HEARTBEAT] = 4, [MDP_DISCONNECT] = 5},
    [2] = {[MDP_READY] = 1, [MDP_REQUEST] = 2, [MDP_PARTIAL] = 3, [MDP_FINAL] = 4, [MDP_HEARTBEAT] = 5, [MDP_DISCONNECT] = 6},
};

static bool
header_of (span_t frame, mdp_command_t *command)
{
    const uint8_t *byte = frame.data;
    if (frame.size != HEADER_SIZE || memcmp (byte, "MDP", 3) != 0 || (byte[3] != 'C' && byte[3] != 'W') ||
        byte[4] != '0' || (byte[5] != '1' && byte[5] != '2'))
        return false;
    command->role = byte[3] == 'C' ? MDP_CLIENT : MDP_WORKER;
    command->version = (uint8_t) (byte[5] - '0');
    return true;
}

bool
mdp_is_header (span_t frame)
{
    mdp_command_t command;
    return header_of (frame, &command);
}

static span_t
header_frame (mdp_role_t role, uint8_t version)
{
    static const char *const headers[2][2] = {{"MDPC01", "MDPC02"}, {"MDPW01", "MDPW02"}};
    assert (version == 1 || version == 2);
    return span_make (headers[role == MDP_WORKER][version - 1], HEADER_SIZE);
}

bool
mdp_service_valid (span_t service)
{
    if (service.size < 1 || service.size > MDP_SERVICE_MAX)
        return false;
    for (size_t n = 0; n < service.size; n++)
        if (service.data[n] <= ' ' || service.data[n] > '~')
            return false;
    return true;
}

/*  [service][body]+ */
static verdict_t
decode_addressed (const span_t frames[], size_t count, mdp_command_t *command)
{
    if (count < 1)
        return VERDICT_SHORT;
    command->service = frames[0];
    command->body = frames + 1;
    command->body_count = count - 1;
    if (!mdp_service_valid (frames[0]))
        return VERDICT_SERVICE;
    return command->body_count ? VERDICT_OK : VERDICT_BODY;
}

/*  [token][""][body]+ */
static verdict_t
decode_tokened (const span_t frames[], size_t count, mdp_command_t *command)
{
    if (count < 2)
        return VERDICT_SHORT;
    if (frames[1].size > 0)
        return VERDICT_DELIMITER;
    command->token = frames[0];
    command->body = frames + 2;
    command->body_count = count - 2;
    return command->body_count ? VERDICT_OK : VERDICT_BODY;
}

static bool
decode_credit (span_t frame, uint32_t *credit)
{
    uint32_t value = 0;
    if (frame.size < 1 || frame.size > 5)
        return false;
    for (size_t n = 0; n < frame.size; n++) {
        if (frame.data[n] < '0' || frame.data[n] > '9')
            return false;
        value = value * 10 + (uint32_t) (frame.data[n] - '0');
    }
    *credit = value;
    return value >= 1 && value <= MDP_CREDIT_MAX;
}

/*  [service]([credit]) */
static verdict_t
decode_ready (const span_t frames[], size_t count, mdp_command_t *command)
{
    if (count < 1)
        return VERDICT_SHORT;
    command->service = frames[0];
    command->credit = 1;
    if (!mdp_service_valid (frames[0]))
        return VERDICT_SERVICE;
    if (count > 2 || (count == 2 && !decode_credit (frames[1], &command->credit)))
        return VERDICT_CREDIT;
    return VERDICT_OK;
}

/*  The kind of a worker's command byte, as either side sends it. */
static verdict_t
decode_worker_kind (const span_t frames[], size_t count, mdp_command_t *command)
{
    if (count < 2)
        return VERDICT_SHORT;
    if (frames[1].size != 1 || frames[1].data[0] == 0)
        return VERDICT_COMMAND;
    for (mdp_kind_t kind = MDP_REQUEST; kind <= MDP_DISCONNECT; kind++)
        if (worker_numbers[command->version][kind] == frames[1].data[0]) {
            command->kind = kind;
            return VERDICT_OK;
        }
    return VERDICT_COMMAND;
}

static verdict_t
decode_from_worker (const span_t frames[], size_t count, mdp_command_t *command)
{
    verdict_t verdict = decode_worker_kind (frames, count, command);
    if (verdict != VERDICT_OK)
        return verdict;
    switch (command->kind) {
    case MDP_READY:
        return decode_ready (frames + 2, count - 2, command);
    case MDP_PARTIAL:
    case MDP_FINAL:
        return decode_tokened (frames + 2, count - 2, command);
    case MDP_REQUEST:
        return VERDICT_COMMAND;
    default:
        return VERDICT_OK;
    }
}

static verdict_t
decode_from_client (const span_t frames[], size_t count, mdp_command_t *command)
{
    command->kind = MDP_REQUEST;
    if (command->version == 1)
        return decode_addressed (frames + 1, count - 1, command);
    if (count < 2)
        return VERDICT_SHORT;
    if (!span_is (frames[1], "\1", 1))
        return VERDICT_COMMAND;
    return decode_addressed (frames + 2, count - 2, command);
}

static verdict_t
start (const span_t frames[], size_t count, mdp_command_t *command)
{
    *command = (mdp_command_t){.role = MDP_NOBODY};
    if (count < 1)
        return VERDICT_SHORT;
    return header_of (frames[0], command) ? VERDICT_OK : VERDICT_HEADER;
}

verdict_t
mdp_decode_at_broker (const span_t frames[], size_t count, mdp_command_t *command)
{
    verdict_t verdict = start (frames, count, command);
    if (verdict != VERDICT_OK)
        return verdict;
    return command->role == MDP_WORKER ? decode_from_worker (frames, count, command)
                                       : decode_from_client (frames, count, command);
}

verdict_t
mdp_decode_at_client (const span_t frames[], size_t count, mdp_command_t *command)
{
    verdict_t verdict = start (frames, count, command);
    if (verdict != VERDICT_OK)
        return verdict;
    if (command->role != MDP_CLIENT)
        return VERDICT_HEADER;
    command->kind = MDP_FINAL;
    if (command->version == 1)
        return decode_addressed (frames + 1, count - 1, command);
    if (count < 2)
        return VERDICT_SHORT;
    if (span_is (frames[1], "\2", 1))
        command->kind = MDP_PARTIAL;
    else if (!span_is (frames[1], "\3", 1))
        return VERDICT_COMMAND;
    return decode_addressed (frames + 2, count - 2, command);
}

verdict_t
mdp_decode_at_worker (const span_t frames[], size_t count, mdp_command_t *command)
{
    verdict_t verdict = start (frames, count, command);
    if (verdict != VERDICT_OK)
        return verdict;
    if (command->role != MDP_WORKER)
        return VERDICT_HEADER;
    verdict = decode_worker_kind (frames, count, command);
    if (verdict != VERDICT_OK)
        return verdict;
    if (command->kind == MDP_REQUEST)
        return decode_tokened (frames + 2, count - 2, command);
    return command->kind == MDP_HEARTBEAT || command->kind == MDP_DISCONNECT ? VERDICT_OK : VERDICT_COMMAND;
}

size_t
mdp_encode_client_request (span_t out[], uint8_t version, span_t service)
{
    size_t count = 0;
    out[count++] = header_frame (MDP_CLIENT, version);
    if (version == 2)
        out[count++] = command_frame (1);
    out[count++] = service;
    return count;
}

size_t
mdp_encode_client_reply (span_t out[], uint8_t version, mdp_kind_t kind, span_t service)
{
    size_t count = 0;
    out[count++] = header_frame (MDP_CLIENT, version);
    assert (kind == MDP_FINAL || (kind == MDP_PARTIAL && version == 2));
    if (version == 2)
        out[count++] = command_frame (kind == MDP_PARTIAL ? 2 : 3);
    out[count++] = service;
    return count;
}

static size_t
encode_worker (span_t out[], uint8_t version, mdp_kind_t kind)
{
    out[0] = header_frame (MDP_WORKER, version);
    assert (worker_numbers[version][kind]);
    out[1] = command_frame (worker_numbers[version][kind]);
    return 2;
}

size_t
mdp_encode_ready (span_t out[], uint8_t version, span_t service, span_t credit)
{
    size_t count = encode_worker (out, version, MDP_READY);
    out[count++] = service;
    if (credit.size)
        out[count++] = credit;
    return count;
}

size_t
mdp_encode_worker_request (span_t out[], uint8_t version, span_t token)
{
    size_t count = encode_worker (out, version, MDP_REQUEST);
    out[count++] = token;
    out[count++] = SPAN_OF ("");
    return count;
}

size_t
mdp_encode_worker_reply (span_t out[], uint8_t version, mdp_kind_t kind, span_t token)
{
    size_t count = encode_worker (out, version, kind);
    out[count++] = token;
    out[count++] = SPAN_OF ("");
    return count;
}

size_t
mdp_encode_control (span_t out[], uint8_t version, mdp_kind_t kind)
{
    assert (kind == MDP_HEARTBEAT || kind == MDP_DISCONNECT);
    return encode_worker (out, version, kind);
}
