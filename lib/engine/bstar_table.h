/*  The transition table of Binary Star (PROTOCOLS.md section 7), by itself, so that a model of it can be held against it.
 *
 *  An input is an event whose guards have been looked at: "a vote while the peer has been silent for the failover timeout".
 */
#ifndef KEEL_BSTAR_TABLE_H
#define KEEL_BSTAR_TABLE_H

#include "bstar_state.h"

/*  name, why a node moved, for the log */
#define BSTAR_INPUT_MAP(X)                                                                                             \
    X (PEER_PRIMARY, "the peer is waiting")                                                                            \
    X (PEER_BACKUP, "the peer is waiting")                                                                             \
    X (PEER_ABOVE, "the peer is active")  /* its epoch is above ours */                                                \
    X (PEER_EQUAL, "the peer is active")  /* the same epoch: a peer that knows none */                                 \
    X (PEER_BELOW, "the peer is active")  /* its epoch is below ours */                                                \
    X (PEER_PASSIVE, "the peer is passive")                                                                            \
    X (PEER_IDLE, "the peer was passive, too, for the whole failover timeout")                                         \
    X (PEER_YIELDS, "the peer hands over")                                                                             \
    X (VOTE_HEARD, "a vote while the peer was heard")                                                                  \
    X (VOTE_SILENT, "the peer is silent, and somebody asks")                                                           \
    X (PROMOTED, "the operator promoted it")                                                                           \
    X (HANDED_OVER, "the peer is to take over")                                                                        \
    X (REFUSED, "it cannot serve")                                                                                     \
    X (SAME_ROLE, "the peer has the same role")

typedef enum {
#define X(name, why) BSTAR_##name,
    BSTAR_INPUT_MAP (X)
#undef X
        BSTAR_INPUTS
} bstar_input_t;

/*  What a node of that role in that state becomes. Total: mostly the same state. */
bstar_state_t bstar_next (bstar_role_t role, bstar_state_t state, bstar_input_t input);
/*  "PEER_PRIMARY", and why a node moved; static. */
const char *bstar_input_name (bstar_input_t input);
const char *bstar_input_why (bstar_input_t input);
/*  The smallest epoch above seen that belongs to the role, odd for the primary and even for the backup; 0: there is none. */
uint64_t bstar_next_epoch (bstar_role_t role, uint64_t seen);

#endif
