/*  A broker: whatever peers connect to. Its incarnations, its clock, and what became of the messages it sent. */
#ifndef SIM_BROKER_H
#define SIM_BROKER_H

#include "network.h"
#include "oracle.h"

typedef struct {
    keel_event_t event;
    uint8_t id[ID_SIZE]; /* the engine's own may be gone by then */
} failure_t;

typedef struct broker broker_t;

/*  What runs in its process. */
typedef struct {
    void (*open) (world_t *world, broker_t *broker);
    void (*close) (world_t *world, broker_t *broker);
    /*  What it says goes to broker->out, which is empty. */
    void (*step) (world_t *world, broker_t *broker, const keel_event_t *event);
    int64_t (*due) (const broker_t *broker);
    bool (*rests) (const broker_t *broker);   /* it holds nothing */
    bool (*drained) (const broker_t *broker); /* told to finish, it has */
} host_t;

/*  A queue over dispatch with its oracle, of any personality; a scripted server that is no more than a REP socket. */
extern const host_t queue_host, server_host;

struct broker {
    uint16_t number;
    bool running;
    bool draining; /* told to finish, to be ended */
    uint64_t life;
    const host_t *host;
    void *self;       /* the host's */
    queue_t *queue;   /* NULL: it is none */
    oracle_t *oracle; /* likewise */
    keel_actions_t *out;
    int64_t frozen_until;
    int64_t wake_at;
    unsigned idle_ticks; /* at one time, without anything happening */
    failure_t *failures;
    size_t failure_count;
    size_t failure_capacity;
};

void broker_start (world_t *world, broker_t *broker);
/*  Its process is gone, with all it held. */
void broker_die (world_t *world, broker_t *broker);
/*  One event, and the failures of what it sent. */
void broker_event (world_t *world, broker_t *broker, keel_event_t event);
void broker_wake (world_t *world, broker_t *broker);
void broker_drain (world_t *world, broker_t *broker);
bool broker_rests (const broker_t *broker);

#endif
