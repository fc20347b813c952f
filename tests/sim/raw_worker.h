/*  What a scripted worker is, and what it can say; raw_worker.c is its life, raw_mischief.c what it should not do. */
#ifndef SIM_RAW_WORKER_H
#define SIM_RAW_WORKER_H

#include "mdp.h"
#include "network.h"
#include "token.h"

#define HELD_MAX 64

typedef struct {
    char token[TOKEN_SIZE];
    uint32_t ticket;
    int64_t due;
    unsigned parts; /* still to be sent before the last */
    unsigned next_part;
} work_t;

typedef struct {
    uint16_t link;
    span_t service;
    uint32_t credit;
    bool mute; /* while busy */
    bool said_ready;
    int64_t ready_at;
    int64_t heard_at;
    int64_t said_at;
    work_t held[HELD_MAX];
    size_t count;
    char known[TOKEN_SIZE]; /* a token that it held once */
    bool knows;
} raw_worker_t;

sent_t raw_say (world_t *world, peer_t *peer, const span_t head[], size_t head_count, const span_t body[],
                size_t body_count);
/*  Nothing where the protocol has no such word. */
void raw_say_control (world_t *world, peer_t *peer, mdp_kind_t kind);
/*  What it held is void; self->said_ready: it left. */
void raw_say_ready (world_t *world, peer_t *peer);
/*  An answer that nobody may get. */
sent_t raw_say_forbidden (world_t *world, peer_t *peer, const char token[], uint32_t ticket);
/*  Its session is over: all it holds is void. */
void raw_begin_again (world_t *world, peer_t *peer, int64_t in);
/*  The same, over a fresh link. */
void raw_reconnect (world_t *world, peer_t *peer);

/* ---- raw_mischief.c */

/*  After an answer: done. */
void raw_misbehave (world_t *world, peer_t *peer, const work_t *done);
/*  While busy, before an answer: work, which it holds. False: it does not hold that any more. */
bool raw_fidget (world_t *world, peer_t *peer, const work_t *work);

#endif
