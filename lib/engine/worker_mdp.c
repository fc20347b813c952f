/*  A worker's MDP, 0.1 and 0.2. */
#include "mdp.h"
#include "text.h"
#include "worker.h"

#define TOKEN_AT 2 /* behind header and command */

static verdict_t
decode (const worker_engine_config_t *config, const span_t frames[], size_t count, worker_word_t *word)
{
    static const worker_word_kind_t kinds[] = {[MDP_REQUEST] = WORKER_HEARS_REQUEST,
                                               [MDP_HEARTBEAT] = WORKER_HEARS_HEARTBEAT,
                                               [MDP_DISCONNECT] = WORKER_HEARS_DISCONNECT};
    mdp_command_t command;
    size_t skip = count && frames[0].size == 0 ? 1 : 0;
    verdict_t verdict = mdp_decode_at_worker (frames + skip, count - skip, &command);
    if (verdict != VERDICT_OK)
        return verdict;
    if (command.version != config->version)
        return VERDICT_HEADER;
    *word = (worker_word_t){.kind = kinds[command.kind], .body = command.body, .body_count = command.body_count};
    if (command.kind != MDP_REQUEST)
        return VERDICT_OK;
    word->address = frames + skip + TOKEN_AT;
    word->address_count = 1;
    return command.token.size > WORKER_FRAME_MAX ? VERDICT_ENVELOPE : VERDICT_OK;
}

/*  The delimiter of 0.1. */
static size_t
lead (const worker_engine_config_t *config, span_t out[])
{
    out[0] = SPAN_OF ("");
    return config->version == 1 ? 1 : 0;
}

static size_t
control (const worker_engine_config_t *config, mdp_kind_t kind, span_t out[])
{
    size_t frames = lead (config, out);
    return frames + mdp_encode_control (out + frames, config->version, kind);
}

static size_t
heartbeat (const worker_engine_config_t *config, span_t out[])
{
    return control (config, MDP_HEARTBEAT, out);
}

static size_t
disconnect (const worker_engine_config_t *config, span_t out[])
{
    return control (config, MDP_DISCONNECT, out);
}

/*  A credit of 1 is not said: READY has no such frame then. */
static size_t
ready (const worker_engine_config_t *config, char scratch[WORKER_SCRATCH], span_t out[])
{
    text_t text = text_over (scratch, WORKER_SCRATCH);
    if (config->credit > 1)
        text_add_number (&text, config->credit);
    size_t frames = lead (config, out);
    return frames + mdp_encode_ready (out + frames, config->version, span_text (config->service), span_text (scratch));
}

static size_t
answer (const worker_engine_config_t *config, bool last, const span_t address[], size_t count, span_t out[])
{
    (void) count;
    size_t frames = lead (config, out);
    return frames + mdp_encode_worker_reply (out + frames, config->version, last ? MDP_FINAL : MDP_PARTIAL, address[0]);
}

const worker_speech_t worker_speaks_mdp = {
    .beats = true,
    .decode = decode,
    .ready = ready,
    .heartbeat = heartbeat,
    .disconnect = disconnect,
    .answer = answer,
};
