/*  A broker: the majordomo engine, its incarnation, and the oracle that watches it. */
#ifndef SIM_BROKER_H
#define SIM_BROKER_H

#include "network.h"
#include "oracle.h"

typedef struct {
    keel_event_t event;
    uint8_t id[ID_SIZE]; /* the engine's own may be gone by then */
} failure_t;

typedef struct {
    uint16_t number;
    bool running;
    bool draining; /* told to finish, to be ended */
    uint64_t life;
    keel_majordomo_t *engine;
    keel_actions_t *out;
    oracle_t *oracle;
    int64_t frozen_until;
    int64_t wake_at;
    unsigned idle_ticks; /* at one time, without anything happening */
    failure_t *failures;
    size_t failure_count;
    size_t failure_capacity;
} broker_t;

void broker_start (world_t *world, broker_t *broker);
/*  Its process is gone, with all it held. */
void broker_die (world_t *world, broker_t *broker);
/*  One event, and the failures of what it sent. */
void broker_event (world_t *world, broker_t *broker, keel_event_t event);
void broker_wake (world_t *world, broker_t *broker);
void broker_drain (world_t *world, broker_t *broker);
bool broker_rests (const broker_t *broker);

#endif
