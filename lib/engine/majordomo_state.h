/*  What majordomo.c and majordomo_mmi.c share. */
#ifndef KEEL_MAJORDOMO_STATE_H
#define KEEL_MAJORDOMO_STATE_H

#include "envelope.h"
#include "fault.h"
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

/*  Tags of SENDs: an attempt's token, or one of these. No token is 0 or all ones. */
#define TAG_CLIENT 0
#define TAG_WORKER UINT64_MAX

/* ---- majordomo_out.c */

/*  Says it in the log unless it was said within the last second; then only counts it. who: bytes of a peer, made readable. */
void majordomo_note (keel_majordomo_t *self, note_t about, const char *words, span_t who, keel_actions_t *out);
/*  The same with a routing id, in hex as mmi.workers gives them. */
void majordomo_note_peer (keel_majordomo_t *self, note_t about, const char *words, span_t id, keel_actions_t *out);

void majordomo_send_heartbeat (keel_majordomo_t *self, dispatch_worker_t *worker, keel_actions_t *out);
/*  In the form that the peer itself used. */
void majordomo_send_disconnect (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out);
/*  Tells a worker DISCONNECT and forgets it. */
void majordomo_dismiss (keel_majordomo_t *self, dispatch_worker_t *worker, keel_actions_t *out);
/*  A request to the worker that holds it. body: its frames, lent; or those that are kept. */
void majordomo_send_request (const dispatch_request_t *request, const span_t body[], size_t body_count,
                             keel_actions_t *out);
void majordomo_send_kept_request (const dispatch_request_t *request, keel_actions_t *out);
/*  kind: MDP_PARTIAL or MDP_FINAL. */
void majordomo_send_reply (const dispatch_request_t *request, mdp_kind_t kind, const span_t body[], size_t body_count,
                           keel_actions_t *out);
/*  Nothing when it did not ask for notices. */
void majordomo_send_notice (keel_majordomo_t *self, const dispatch_request_t *request, unsigned code,
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
