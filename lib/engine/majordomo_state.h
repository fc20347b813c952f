/*  What majordomo.c and majordomo_mmi.c share. */
#ifndef KEEL_MAJORDOMO_STATE_H
#define KEEL_MAJORDOMO_STATE_H

#include "envelope.h"
#include "majordomo.h"
#include "mdp.h"
#include "mmi.h"
#include "text.h"

/*  JSON of one answer is cut here and says so: a list of everything must not become a way to stop the broker. */
#define REPORT_BYTES (1 << 20)

typedef struct {
#define X(name) uint64_t name;
    MAJORDOMO_COUNTER_MAP (X)
#undef X
    uint64_t verdicts[VERDICTS];
} majordomo_counters_t;

/*  What is said in the log at most once a second. */
typedef enum {
    NOTE_WORKER_LOST = VERDICTS, /* below: one a verdict */
    NOTE_WORKER_FULL,
    NOTE_CLIENT_FULL,
    NOTE_READY_REFUSED,
    NOTE_REFUSED,
    NOTES
} note_t;

typedef struct {
    int64_t said_at;
    uint64_t unsaid;
} note_state_t;

struct keel_majordomo {
    keel_majordomo_config_t config;
    dispatch_t *dispatch;
    majordomo_counters_t counters;
    note_state_t notes[NOTES];
    int64_t started_at;
    int64_t now;
    bool started;
    bool unfinished;      /* the step had more to say than the actions took */
    int64_t drain_until;  /* KEEL_NEVER: not draining */
    int64_t probe_due;    /* KEEL_NEVER: none */
    int64_t probed_at;
    unsigned probes_left;
    uint64_t sweep;
    bool sweeping;
    char *report; /* REPORT_BYTES; made when first asked for */
};

/*  A request of a client, decoded. */
typedef struct {
    const keel_peer_t *peer;
    const envelope_t *envelope;
    const mdp_command_t *command;
} majordomo_ask_t;

/*  Answers a request for an mmi. service. */
void majordomo_mmi (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out);

#endif
