/*  Binary Star: which of two servers serves. Section 7 of PROTOCOLS.md as an engine; the table itself is bstar_table.h.
 *
 *  Both publish their state; a vote is an application that asks. Each activation takes an epoch that no other ever has, and that
 *  is stored before anybody is served. Who is to become active:
 *
 *      step (VOTE)  ->  STORE 7           the caller stores it at once, and before anything else says how that went:
 *      step (STORED) -> ROLE active 7, PUBLISH "3 7 p"
 *
 *  What keeps a node from serving that is chosen: its epoch cannot be stored, or the application refuses. Then it is
 *  passive, yields to its peer, and tries again after the failover timeout, doubling up to ten times that.
 *
 *  A handover to a peer that is silent waits for it, for the failover timeout: it may just be restarting.
 *
 *  A node that finds itself to have been frozen knows only what was true before. For one publishing interval it does not become
 *  active, so that it hears first what has happened meanwhile.
 */
#ifndef KEEL_ENGINE_BSTAR_H
#define KEEL_ENGINE_BSTAR_H

#include "bstar_state.h"
#include "event.h"
#include "text.h"

typedef struct keel_star keel_star_t;

typedef struct {
    bstar_role_t role;   /* PRIMARY or BACKUP */
    int64_t failover_ms; /* at least 4 */
    uint64_t epoch;      /* as it was stored; 0: none ever */
} keel_star_config_t;

/*  Counters by name; mmi.stats gives them, and SIGUSR1. */
#define KEEL_STAR_COUNTER_MAP(X)                                                                                       \
    X (peer_states)      /* that arrived */                                                                            \
    X (peer_malformed)   /* of them, dropped: no states */                                                             \
    X (peer_ended)       /* connections to the peer that ended: at least so many. Oversized frames end one, too */     \
    X (peer_conflicts)   /* of them, from a peer of our own role */                                                    \
    X (peer_both_active) /* of them, from an active peer while we were active */                                       \
    X (votes)            /* while not active */                                                                        \
    X (votes_rejected)   /* of them, that did not make it active */                                                    \
    X (activations)                                                                                                    \
    X (demotions)        /* steps out of active: the sum of these and of handovers */                                  \
    X (handovers)                                                                                                      \
    X (refusals)         /* activations that the application refused */                                                \
    X (store_failures)   /* epochs that could not be stored */                                                         \
    X (freezes)

typedef struct {
#define X(name) uint64_t name;
    KEEL_STAR_COUNTER_MAP (X)
#undef X
} keel_star_counters_t;

typedef enum {
    KEEL_STAR_TICK,
    KEEL_STAR_PEER,         /* frames: what the peer published */
    KEEL_STAR_PEER_ENDED,   /* a connection to it has ended */
    KEEL_STAR_VOTE,         /* an application asks; the peer's states that have arrived came before it */
    KEEL_STAR_PROMOTE,      /* the operator: become active now */
    KEEL_STAR_HANDOVER,     /* the operator: let the peer take over */
    KEEL_STAR_DRAINED,      /* after DRAIN: nothing is held any more */
    KEEL_STAR_REFUSED,      /* the application cannot serve as it was told to with that epoch */
    KEEL_STAR_LEAVE,        /* the process ends: an active one hands over */
    KEEL_STAR_STORED,       /* after STORE, before anything else */
    KEEL_STAR_STORE_FAILED, /* likewise */
} keel_star_event_kind_t;

typedef struct {
    keel_star_event_kind_t kind;
    int64_t now; /* msec, monotonic */
    const span_t *frames;
    size_t count;
    uint64_t epoch; /* REFUSED */
} keel_star_event_t;

typedef enum {
    KEEL_STAR_PUBLISH, /* text */
    KEEL_STAR_STORE,   /* epoch, durably; then STORED or STORE_FAILED */
    KEEL_STAR_ROLE,    /* active or passive now, with the epoch: serve, or stop serving */
    KEEL_STAR_DRAIN,   /* take nothing new, finish what is held, then DRAINED */
    KEEL_STAR_LOG,     /* text */
} keel_star_action_kind_t;

typedef struct {
    keel_star_action_kind_t kind;
    bstar_state_t state; /* ROLE */
    uint64_t epoch;      /* STORE, ROLE */
    keel_log_level_t level;
    char text[160]; /* PUBLISH, LOG */
} keel_star_action_t;

/*  What one step says at most. */
#define KEEL_STAR_ACTIONS 8

typedef struct {
    keel_star_action_t items[KEEL_STAR_ACTIONS];
    size_t count;
} keel_star_actions_t;

/*  NULL without memory. */
keel_star_t *keel_star_new (const keel_star_config_t *config);
void keel_star_destroy (keel_star_t **self);

/*  Clears out, and fills it. 0 always. */
int keel_star_step (keel_star_t *self, const keel_star_event_t *event, keel_star_actions_t *out);
int64_t keel_star_next_due (const keel_star_t *self);

bstar_role_t keel_star_role (const keel_star_t *self);
bstar_state_t keel_star_state (const keel_star_t *self);
/*  Of the present activation; of one that is not active, the highest it knows. */
uint64_t keel_star_epoch (const keel_star_t *self);
/*  Between HANDOVER and the end of being active, or of the wish. */
bool keel_star_leaving (const keel_star_t *self);
/*  The last state that the peer published, and how long ago, msec; -1: none was ever heard. */
int64_t keel_star_peer (const keel_star_t *self, int64_t now, bstar_word_t *word);
/*  Silent for the failover timeout, or never heard? */
bool keel_star_silent (const keel_star_t *self, int64_t now);
/*  Why the operator cannot have that now; NULL: he can. Static. */
const char *keel_star_refuses_promote (const keel_star_t *self, int64_t now);
const char *keel_star_refuses_handover (const keel_star_t *self, int64_t now);

const keel_star_counters_t *keel_star_counters (const keel_star_t *self);

/* ---- bstar_report.c */

/*  One JSON object: role, state, epoch, peer, counters. */
void keel_star_report (const keel_star_t *self, text_t *json, int64_t now);
/*  For a status line: "active, epoch 7; primary; peer passive, heard 0 s ago". */
void keel_star_describe (const keel_star_t *self, text_t *line, int64_t now);

#endif
