/*  The Freelance client's simulator: its engine among servers that crash, freeze, are slow, mute, cut off or rogues, in a world whose
 *  clock, network and misfortunes come from the seed alone.
 *
 *  Each link of the engine is a connection of its own kind: what is sent before it is made waits, as in libzmq; when its server
 *  crashes, what is on the way is lost, and the client is told, or is not. After every step an oracle (oracle.c) compares what the
 *  engine did with a plain model of its own.
 */
#ifndef FREELANCE_WORLD_H
#define FREELANCE_WORLD_H

#include "freelance.h"
#include "heap.h"
#include "random.h"

#include <stdio.h>

#define SERVERS_MOST  6
#define REQUESTS_MOST 1024
#define LINKS_MOST    8192
#define LATE_MOST     200 /* msec that the client's clock may be late */

/*  What a seed has drawn. Chances are of 1000. */
typedef struct {
    unsigned servers;
    keel_flclient_policy_t policy;
    int64_t timeout_ms, try_ms, ping_ms;
    unsigned requests;
    int64_t pace_ms;   /* between two of them, at most */
    int64_t delay_ms;  /* of the network, at most */
    int64_t work_ms;   /* of a healthy server, at most: well below a try */
    unsigned calm;     /* chance of a world without misfortunes */
    unsigned crash, freeze, slow, mute, cut, rogue; /* chances of a misfortune a turn */
    unsigned untold;   /* chance that the client is not told of a lost connection */
    unsigned full;     /* chance that a sending is not taken */
    unsigned late;     /* chance that the client's clock is late */
    unsigned change;   /* chance that a server is removed or added a turn */
    unsigned cancel;   /* chance that a request is given up a turn */
} plan_t;

typedef struct {
    bool up;
    int64_t frozen_until; /* it does nothing */
    int64_t slow_until;   /* its work takes longer than a try */
    int64_t mute_until;   /* it answers PINGs alone */
    int64_t cut_until;    /* nothing passes, in either direction */
    bool rogue;           /* it says more than it should */
    uint64_t life;        /* raised by each crash: what it worked on then is lost */
} server_t;

typedef enum { LINK_CONNECTING, LINK_MADE, LINK_GONE } link_state_t;

typedef struct {
    link_state_t state;
    uint16_t server;
    int64_t to_server; /* when the last message on its way arrives: order is kept */
    int64_t to_client;
    uint64_t life; /* of the server it was made to */
    /* The oracle's. */
    bool heard;
    bool lost; /* the engine was told that it ended */
    int64_t opened_ms;
    int64_t heard_ms;
    int64_t pinged_ms;
} link_t;

typedef struct {
    uint64_t id;
    bool made, ended, cancelled;
    int64_t made_ms, deadline;
    uint32_t sent_count;
    int64_t sent_ms; /* the last sending */
    uint32_t sent_link;
    bool excused; /* that one did not reach its server, or never will */
    uint8_t asked[SERVERS_MOST]; /* over a connection since that server was added */
} request_t;

typedef struct {
    plan_t plan;
    random_t random;
    int64_t now;
    uint64_t order; /* of what happens at the same time */
    heap_t agenda;
    keel_flclient_t *engine;
    keel_actions_t *out;
    server_t servers[SERVERS_MOST];
    int place_of[SERVERS_MOST]; /* the engine's; -1: it is not among its servers */
    int server_at[KEEL_FLCLIENT_SERVERS];
    uint32_t link_at[KEEL_FLCLIENT_SERVERS]; /* 0: none */
    link_t links[LINKS_MOST];
    uint32_t link_count;
    request_t requests[REQUESTS_MOST + 1]; /* from 1, by tag */
    unsigned request_count;
    unsigned ended;
    bool healed;
    int64_t late_ms; /* by how much the step that is carried out is late */
    bool trace;
    char failure[256]; /* "": all is well */
    uint64_t counters[KEEL_FLCLIENT_COUNTERS]; /* the engine's, at the end */
} world_t;

/*  One run. True: all that must hold held; else world->failure says what did not. */
bool world_run (world_t *self, uint64_t seed, bool trace);

void world_fail (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void world_tell (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
static inline bool
world_chance (world_t *self, unsigned of_1000)
{
    return random_below (&self->random, 1000) < of_1000;
}

/*  What the oracle is told. */
void oracle_connect (world_t *world, uint16_t place, uint32_t link);
void oracle_close (world_t *world, uint16_t place);
void oracle_heard (world_t *world, uint32_t link);
void oracle_ping (world_t *world, uint16_t place);
void oracle_send (world_t *world, uint16_t place, unsigned tag);
void oracle_unsent (world_t *world, uint32_t link, unsigned tag);
void oracle_deliver (world_t *world, const keel_action_t *action);
void oracle_settled (world_t *world);
/*  The server whose place it is was removed. */
void oracle_removed (world_t *world, unsigned server);
/*  At the end of all. */
void oracle_done (world_t *world);

#endif
