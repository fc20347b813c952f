/*  What the parts of the oracle share. */
#ifndef SIM_ORACLE_STATE_H
#define SIM_ORACLE_STATE_H

#include "oracle.h"

#include "dialect.h"
#include "dispatch_tables.h"
#include "mmi.h"
#include "model.h"
#include "world.h"

#define EXPECTED_MAX 4
#define FRAMES_MAX   4096

/*  Something that the event itself must make the broker say, in the same step. */
typedef struct {
    uint16_t listener;
    uint8_t id[MODEL_ID];
    size_t id_size;
    mdp_role_t role;
    mdp_kind_t kind;
    uint8_t version;
    uint64_t envelope; /* digests; those of clients only */
    uint64_t body;
    bool any_body;
    unsigned code; /* the first frame of the body; 0: any */
    char service[256];
} expected_t;

/*  What a Pirates' queue must have counted besides what dispatch counts. */
typedef struct {
    uint64_t malformed;
    uint64_t answers_dropped;
    uint64_t strangers;
    uint64_t heartbeats_received;
    uint64_t ready_repeated;
    uint64_t ready_late;
    uint64_t ready_refused;
} oracle_pirates_t;

struct oracle {
    world_t *world;
    uint16_t broker;
    queue_t *queue;
    queue_config_t config;
    oracle_pirates_t pirates;
    model_t model;
    const keel_event_t *event;
    dispatch_counters_t before;
    size_t bytes_before;
    bool settled; /* the step before had nothing left to do */
    int64_t drain_until;
    expected_t expected[EXPECTED_MAX];
    size_t expected_count;
    size_t grants_seen; /* actions up to here are accounted for */
    span_t frames[FRAMES_MAX];
};

#define FAIL(self, ...) world_fail ((self)->world, __VA_ARGS__)

/*  Of frames and their sizes. seed: of those before them; 0: none. */
uint64_t oracle_digest (uint64_t seed, const span_t frames[], size_t count);

/*  Something that must be said in this step. */
expected_t *oracle_expect (oracle_t *self, uint16_t listener, span_t id, mdp_role_t role, mdp_kind_t kind,
                           uint8_t version);

/*  The frames of an action side by side in self->frames, decoded. */
bool oracle_read (oracle_t *self, const keel_action_t *action, envelope_t *envelope, mdp_command_t *command);
/*  A request goes to a worker: may it? */
void oracle_grant (oracle_t *self, model_request_t *request, const keel_action_t *action, const mdp_command_t *command);

/*  A READY that is in order: may it be taken, and was it? False: it was refused. */
bool oracle_register (oracle_t *self, const mdp_command_t *command);
/*  An answer, or a part of one, of a registered worker. */
void oracle_take_answer (oracle_t *self, model_worker_t *worker, const mdp_command_t *command);
/*  It is registered, and its session was ended: it must be time for it to leave. */
void oracle_take_dismissal (oracle_t *self, model_worker_t *worker);

/* ---- oracle_pirates.c */

/*  What a Pirate's worker says; and what anybody says that is malformed. */
void oracle_take_from_pirate (oracle_t *self, const mdp_command_t *command);
void oracle_take_malformed_pirate (oracle_t *self, verdict_t verdict, const mdp_command_t *command);
/*  After a step: whoever is gone without a word, and the counters. */
void oracle_check_pirates (oracle_t *self);

/*  Has the model take the event; out: what the engine says to it. */
void oracle_take_event (oracle_t *self, const keel_actions_t *out);
/*  Holds what the engine says against the model. */
void oracle_check_actions (oracle_t *self, const keel_actions_t *out);

#endif
