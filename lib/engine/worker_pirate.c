/*  A worker of the Pirates' queues: PPP (RFC 6), and the Simple Pirate's, which speaks as a REQ socket does. */
#include "pirate.h"
#include "worker.h"

_Static_assert(PIRATE_EXTRA_MAX + 1 <= WORKER_ADDRESS_FRAMES, "an envelope is an address");
_Static_assert(ENVELOPE_EXTRA_SIZE_MAX <= WORKER_FRAME_MAX, "an envelope is an address");

static pirate_t
pirate_of (const worker_engine_config_t *config)
{
    return (pirate_t) config->speech->variant;
}

static verdict_t
decode (const worker_engine_config_t *config, const span_t frames[], size_t count, worker_word_t *word)
{
    pirate_command_t command;
    verdict_t verdict = pirate_decode_at_worker (pirate_of (config), frames, count, &command);
    *word = (worker_word_t){.kind = command.kind == PIRATE_HEARTBEAT ? WORKER_HEARS_HEARTBEAT : WORKER_HEARS_REQUEST,
                            .address = command.envelope.frames,
                            .address_count = command.envelope.count,
                            .body = command.body,
                            .body_count = command.body_count};
    return verdict;
}

static size_t
ready (const worker_engine_config_t *config, char scratch[WORKER_SCRATCH], span_t out[])
{
    (void) scratch;
    return pirate_encode_ready (out, pirate_of (config));
}

static size_t
heartbeat (const worker_engine_config_t *config, span_t out[])
{
    return config->speech->beats ? pirate_encode_heartbeat (out) : 0;
}

static size_t
disconnect (const worker_engine_config_t *config, span_t out[])
{
    (void) config;
    (void) out;
    return 0;
}

static size_t
answer (const worker_engine_config_t *config, bool last, const span_t address[], size_t count, span_t out[])
{
    (void) last;
    return pirate_encode_envelope (out, pirate_of (config), address, count);
}

#define FUNCTIONS .decode = decode, .ready = ready, .heartbeat = heartbeat, .disconnect = disconnect, .answer = answer

const worker_speech_t worker_speaks_ppp = {.variant = PIRATE_PARANOID, .beats = true, .single = true, FUNCTIONS};

const worker_speech_t worker_speaks_simple = {.variant = PIRATE_SIMPLE, .single = true, .rejoins = true, FUNCTIONS};
