/*  What majordomo.c and majordomo_mmi.c share. */
#ifndef KEEL_MAJORDOMO_STATE_H
#define KEEL_MAJORDOMO_STATE_H

#include "envelope.h"
#include "fault.h"
#include "majordomo.h"
#include "mdp.h"
#include "mmi.h"

typedef struct {
#define X(name) uint64_t name;
    MAJORDOMO_COUNTER_MAP (X)
#undef X
} majordomo_counters_t;

struct keel_majordomo {
    queue_t queue; /* first: the words are given it */
    size_t frames;
    bool passive;
    bool voted_for; /* serves since this step */
    const keel_star_t *star; /* NULL: not one of a pair */
    keel_star_event_kind_t order;
    majordomo_counters_t counters;
};

/*  A request of a client, decoded. */
typedef struct {
    const keel_peer_t *peer;
    const envelope_t *envelope;
    const mdp_command_t *command;
} majordomo_ask_t;

/* ---- majordomo_out.c */

extern const queue_words_t majordomo_words;

/*  In the form that the peer itself used. */
void majordomo_send_disconnect (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out);
/*  kind: MDP_PARTIAL or MDP_FINAL. */
void majordomo_send_reply (const dispatch_request_t *request, mdp_kind_t kind, const span_t body[], size_t body_count,
                           keel_actions_t *out);
/*  To a request that was not taken in: everything in it is lent. */
void majordomo_send_refusal (keel_majordomo_t *self, const majordomo_ask_t *ask, unsigned code, keel_actions_t *out);

/* ---- majordomo_workers.c */

void majordomo_take_from_worker (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out);
/*  A READY with no name, or a bad name or credit, is answered: its sender waits for requests. */
void majordomo_take_bad_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out);
/*  An answer of too many frames would be as long the next time: its request fails, and the worker is free. */
void majordomo_take_cut_answer (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out);

/* ---- majordomo_mmi.c */

/*  Answers a request for an mmi. service. */
void majordomo_mmi (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out);

#endif
