/*  Clients and workers: what all of them have. Each kind is a role. */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include "network.h"

typedef struct {
    bool worker;
    void (*start) (world_t *world, peer_t *peer); /* its process begins */
    void (*event) (world_t *world, peer_t *peer, const keel_event_t *event);
    void (*wake) (world_t *world, peer_t *peer); /* its time may have come */
    int64_t (*due) (const world_t *world, const peer_t *peer);
    void (*leave) (world_t *world, peer_t *peer); /* says goodbye, in its own way */
    void (*stop) (world_t *world, peer_t *peer);  /* its process ends, whatever it was doing */
    bool (*done) (const world_t *world, const peer_t *peer); /* all of its requests ended; it is registered */
} role_t;

struct peer {
    const role_t *role;
    uint16_t number;
    char name[8];
    bool running;
    bool fixed_id; /* a routing id of its own */
    bool admin;
    uint16_t listener; /* of a broker, that it connects to */
    bool lossy; /* something for it may have been dropped */
    uint8_t version;
    int64_t frozen_until;
    int64_t slow_until;
    int64_t read_at; /* not before */
    int64_t wake_at; /* KEEL_NEVER: not in the agenda */
    link_t links[LINKS_MAX];
    void *self;
};

extern const role_t client_role, lazy_client_role, raw_client_role, worker_role, raw_worker_role;

void peer_start (world_t *world, peer_t *peer);
void peer_stop (world_t *world, peer_t *peer);
void peer_event (world_t *world, peer_t *peer, const keel_event_t *event);
/*  Puts its clock in the agenda. */
void peer_plan (world_t *world, peer_t *peer);
void peer_wake (world_t *world, peer_t *peer);

/*  When it may read next: now, unless it is frozen or slow. */
int64_t peer_reads_at (const world_t *world, const peer_t *peer);

/*  Which services there are, by number; those past plan.services have no worker. */
span_t service_name (int64_t number);
/*  -1: none of these. */
int64_t service_number (span_t name);

/*  At most so many actions of a peer's engine. */
#define PEER_ACTIONS 16

/*  Carries out what an engine wants: CONNECT, CLOSE and SEND. look: is shown each action first; DELIVER is for it. SENDs that
 *  failed come as events of the role's, last. */
void peer_carry_out (world_t *world, peer_t *peer, const keel_actions_t *out,
                     void (*look) (world_t *world, peer_t *peer, const keel_action_t *action));

#endif
