/*  The virtual world of one seed: its clock, what happens when, its chance, its trace, and its verdict.
 *
 *  All that happens is an entry of the agenda; one is taken at a time, the earliest first, in order of entry among
 *  equals. Nothing but the seed decides anything, so a run can be repeated.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "broker.h"
#include "ledger.h"
#include "network.h"
#include "peer.h"
#include "plan.h"

#define BROKERS_MAX     2
#define PEERS_MAX       16
#define CONNECTIONS_MAX 512

typedef enum {
    AGENDA_BROKER,         /* its clock */
    AGENDA_BROKER_ENDED,   /* DISCONNECTED of a listener: which = broker * 2 + listener */
    AGENDA_BROKER_RETURN,  /* comes back */
    AGENDA_BROKER_KILL,    /* was draining for long enough */
    AGENDA_PEER,           /* its clock */
    AGENDA_PEER_RETURN,
    AGENDA_CONNECTED,      /* which: the connection, as in those below; serial: its serial */
    AGENDA_TO_BROKER,
    AGENDA_TO_PEER,
    AGENDA_BROKER_NOTICES, /* that a connection has ended */
    AGENDA_PEER_NOTICES,
    AGENDA_CHAOS,
} agenda_kind_t;

typedef struct {
    int64_t at;
    uint64_t order;
    agenda_kind_t kind;
    uint32_t which;
    uint64_t serial;
} entry_t;

struct world {
    uint64_t seed;
    plan_t plan;
    random_t random;
    int64_t now;
    uint64_t steps;
    bool healed; /* nothing goes wrong any more, and nobody misbehaves */
    bool tracing;
    bool failed;
    char why[512];

    entry_t *agenda;
    size_t agenda_count;
    size_t agenda_capacity;
    uint64_t order;

    broker_t brokers[BROKERS_MAX];
    peer_t peers[PEERS_MAX];
    size_t peer_count;
    connection_t connections[CONNECTIONS_MAX];
    uint32_t connections_used; /* all beyond are free */
    uint64_t serial;           /* of connections and sockets */
    ledger_t ledger;
};

void agenda_add (world_t *world, int64_t at, agenda_kind_t kind, uint32_t which, uint64_t serial);
bool agenda_take (world_t *world, entry_t *entry);

/*  The first failure stands; the run ends after the entry that it was found in. */
void world_fail (world_t *world, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void world_trace (const world_t *world, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
#define TRACE(world, ...)                                                                                              \
    do                                                                                                                 \
        if ((world)->tracing)                                                                                          \
            world_trace (world, __VA_ARGS__);                                                                          \
    while (0)

#endif
