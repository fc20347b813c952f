/*  Planted faults of Binary Star, like those of fault.h: in the simulator's own build only. */
#ifndef KEEL_BSTAR_FAULT_H
#define KEEL_BSTAR_FAULT_H

#include <stdbool.h>

#define STAR_FAULT_MAP(X)                                                                                              \
    X (ANY_EPOCH, "any-epoch", "the next epoch is not of the role")                                                    \
    X (OLD_EPOCH, "old-epoch", "the peer's epochs are not heeded")                                                     \
    X (BOTH_STAY, "both-stay", "an active node stays active, whatever the peer's epoch")                               \
    X (ANY_VOTE, "any-vote", "a vote counts while the peer is heard")                                                  \
    X (NO_YIELD, "no-yield", "a handover does not say so")                                                             \
    X (FREEZE_UNSEEN, "freeze-unseen", "a frozen node believes what it knew")                                          \
    X (STORE_UNHEEDED, "store-unheeded", "a node serves though its epoch could not be stored")

typedef enum {
#define X(name, key, text) STAR_FAULT_##name,
    STAR_FAULT_MAP (X)
#undef X
        STAR_FAULTS_COUNT
} star_fault_t;

#ifdef STAR_FAULTS
extern bool star_faults[STAR_FAULTS_COUNT];
#define STAR_FAULT(name) (star_faults[STAR_FAULT_##name])
#else
#define STAR_FAULT(name) false
#endif

#endif
