/*  What bstar.c and bstar_report.c share. */
#ifndef KEEL_BSTAR_INSIDE_H
#define KEEL_BSTAR_INSIDE_H

#include "bstar.h"
#include "bstar_table.h"
#include "seldom.h"

struct keel_star {
    keel_star_config_t config;
    int64_t interval_ms; /* between publications */
    bstar_state_t state;
    uint64_t epoch;  /* of the last activation */
    uint64_t stored; /* durably */
    uint64_t seen;   /* the highest of ours and the peer's */
    uint64_t storing; /* 0: nothing */
    bool activating;  /* once that is stored */
    bstar_input_t reason; /* for that */
    bool yields;
    bool leaving;
    int64_t wish_until; /* a handover is wished for, if the peer is heard until then; KEEL_NEVER: none is */
    bool conflict; /* the peer had our role when it was heard last */
    bool started;
    int64_t now;
    int64_t started_at;
    int64_t publish_at;
    int64_t thawed_at; /* not active before */
    int64_t retry_at;  /* likewise */
    int64_t pause_ms;  /* between activations that fail; 0: none did */

    bool heard; /* the peer, ever */
    bool said_silent;
    int64_t heard_at;
    int64_t idle_since; /* since then both were passive, if they are */
    bstar_word_t peer;
    /*  Of lines in the log, which a peer or a client may bring about. */
    seldom_t said_state;
    bstar_input_t unsaid_why; /* of the last state that was held back */
    seldom_t said_peer;
    seldom_t said_conflict;
    seldom_t said_trouble;
    keel_star_counters_t counters;
};

/*  The peer has our role, as far as we hear it. */
bool keel_star_in_conflict (const keel_star_t *self, int64_t now);

#endif
