/*  How a worker speaks: what the engine (worker.h) needs of a protocol, so that one engine serves several.
 *
 *  A dialect is a table of codec functions and of what the protocol has. The functions are pure, and write frames that
 *  borrow; `scratch` is the engine's, for what has to be written first, and lasts until the next step.
 */
#ifndef KEEL_WORKER_SPEECH_H
#define KEEL_WORKER_SPEECH_H

#include "span.h"
#include "verdict.h"

#define WORKER_SCRATCH 8

/*  An address, at most: of the Pirates, an envelope with its delimiter. */
#define WORKER_ADDRESS_FRAMES 10
#define WORKER_FRAME_MAX      255

typedef enum {
    WORKER_HEARS_REQUEST,
    WORKER_HEARS_HEARTBEAT,
    WORKER_HEARS_DISCONNECT,
} worker_word_kind_t;

/*  What a worker hears. All borrowed. */
typedef struct {
    worker_word_kind_t kind;
    const span_t
        *address; /* REQUEST: whose it is; goes back with the answer. At most WORKER_ADDRESS_FRAMES frames, each of
                              at most WORKER_FRAME_MAX bytes */
    size_t address_count;
    const span_t *body; /* REQUEST: one frame or more */
    size_t body_count;
} worker_word_t;

/*  Of worker.h. */
typedef struct worker_engine_config worker_engine_config_t;

typedef struct {
    int variant; /* the functions' own, where they serve several protocols that are much alike */
    bool beats;  /* heartbeats go both ways, and silence ends a session; without, silence means nothing */
    bool single; /* one request at a time: what was delivered is answered before anything is given back */
    /*  Nothing can be given back but by ending the connection: the worker comes back over a fresh one, after a pause. A
     *  request that comes while one is held is as good as unsent, as it is to a REQ socket. */
    bool rejoins;

    verdict_t (*decode) (const worker_engine_config_t *config, const span_t frames[], size_t count,
                         worker_word_t *word);

    /*  Each writes a whole message, or what stands before its body, and returns the number of frames; 0: the protocol has
     *  no such word. */
    size_t (*ready) (const worker_engine_config_t *config, char scratch[WORKER_SCRATCH], span_t out[]);
    size_t (*heartbeat) (const worker_engine_config_t *config, span_t out[]);
    size_t (*disconnect) (const worker_engine_config_t *config, span_t out[]);
    /*  last: the answer, or its last part. */
    size_t (*answer) (const worker_engine_config_t *config, bool last, const span_t address[], size_t count,
                      span_t out[]);
} worker_speech_t;

extern const worker_speech_t worker_speaks_mdp;
/*  The Pirates know no services, no credit but 1, no DISCONNECT, and no answers in parts. */
extern const worker_speech_t worker_speaks_ppp;
extern const worker_speech_t worker_speaks_simple;

#endif
