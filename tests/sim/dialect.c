#include "dialect.h"

#include "pirate.h"
#include "plan.h"

static pirate_t
pirate_of (int64_t kind)
{
    return kind == WORLD_SIMPLE ? PIRATE_SIMPLE : PIRATE_PARANOID;
}

/* ------------------------------------------------------------------ what is heard */

static mdp_kind_t
kind_of (const pirate_command_t *said, bool request)
{
    if (said->kind == PIRATE_MESSAGE)
        return request ? MDP_REQUEST : MDP_FINAL;
    return said->kind == PIRATE_READY ? MDP_READY : MDP_HEARTBEAT;
}

/*  to_broker: it goes there. */
static verdict_t
decode_pirate (int64_t kind, uint16_t listener, bool to_broker, const span_t frames[], size_t count,
               envelope_t *envelope, mdp_command_t *command)
{
    pirate_command_t said;
    bool client = kind == WORLD_LAZY || listener == 0;
    verdict_t verdict = client      ? pirate_decode_plain (frames, count, &said)
                        : to_broker ? pirate_decode_at_queue (pirate_of (kind), frames, count, &said)
                                    : pirate_decode_at_worker (pirate_of (kind), frames, count, &said);
    *envelope = said.envelope;
    *command = (mdp_command_t){.role = client ? MDP_CLIENT : MDP_WORKER,
                               .version = DIALECT_VERSION,
                               .kind = kind_of (&said, client == to_broker),
                               .credit = 1,
                               .body = said.body,
                               .body_count = said.body_count};
    if (client || said.kind == PIRATE_READY)
        command->service = SPAN_OF (DIALECT_SERVICE);
    else if (said.kind == PIRATE_MESSAGE && envelope->count == 2)
        command->token = envelope->frames[0];
    return verdict;
}

verdict_t
dialect_at_broker (int64_t kind, uint16_t listener, const span_t frames[], size_t count, envelope_t *envelope,
                   mdp_command_t *command)
{
    if (kind != WORLD_MAJORDOMO)
        return decode_pirate (kind, listener, true, frames, count, envelope, command);
    *command = (mdp_command_t){.role = MDP_NOBODY};
    verdict_t verdict = envelope_decode (frames, count, envelope);
    if (verdict == VERDICT_OK)
        verdict = mdp_decode_at_broker (frames + envelope->count, count - envelope->count, command);
    return verdict == VERDICT_OK && command->role == MDP_WORKER && envelope->count > 1 ? VERDICT_ENVELOPE : verdict;
}

verdict_t
dialect_at_peer (int64_t kind, uint16_t listener, const span_t frames[], size_t count, envelope_t *envelope,
                 mdp_command_t *command)
{
    if (kind != WORLD_MAJORDOMO)
        return decode_pirate (kind, listener, false, frames, count, envelope, command);
    verdict_t verdict = envelope_decode (frames, count, envelope);
    if (verdict != VERDICT_OK)
        return verdict;
    const span_t *rest = frames + envelope->count;
    count -= envelope->count;
    verdict = mdp_decode_at_worker (rest, count, command);
    return verdict == VERDICT_OK ? verdict : mdp_decode_at_client (rest, count, command);
}

/* ------------------------------------------------------------------ what is said */

size_t
dialect_request (int64_t kind, uint8_t version, span_t service, span_t out[])
{
    return kind == WORLD_MAJORDOMO ? mdp_encode_client_request (out, version, service) : 0;
}

size_t
dialect_ready (int64_t kind, uint8_t version, span_t service, span_t credit, span_t out[])
{
    if (kind == WORLD_MAJORDOMO)
        return mdp_encode_ready (out, version, service, credit);
    return pirate_encode_ready (out, pirate_of (kind));
}

size_t
dialect_control (int64_t kind, uint8_t version, mdp_kind_t what, span_t out[])
{
    if (kind == WORLD_MAJORDOMO)
        return mdp_encode_control (out, version, what);
    return kind == WORLD_PARANOID && what == MDP_HEARTBEAT ? pirate_encode_heartbeat (out) : 0;
}

size_t
dialect_answer (int64_t kind, uint8_t version, mdp_kind_t what, span_t token, span_t out[])
{
    const span_t envelope[] = {token, SPAN_OF ("")};
    if (kind == WORLD_MAJORDOMO)
        return mdp_encode_worker_reply (out, version, what, token);
    return pirate_encode_envelope (out, pirate_of (kind), envelope, 2);
}
