/*  What a seed stands for: every option of a run, drawn from it and printed first. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "random.h"

#include <stdbool.h>
#include <stdio.h>

/*  What a world is made of. In all but the last a broker is a queue over dispatch. */
enum {
    WORLD_MAJORDOMO,
    WORLD_SIMPLE,   /* Simple Pirate queues, and Lazy Pirate clients */
    WORLD_PARANOID, /* Paranoid Pirate queues, and Lazy Pirate clients */
    WORLD_LAZY,     /* servers that are no more than a REP socket, and Lazy Pirate clients */
};

/*  name, what it is. Times in msec, _pct in percent of the occasions. */
#define PLAN_MAP(X)                                                                                                    \
    X (kind, "of world: 0 Majordomo, 1 Simple Pirate, 2 Paranoid Pirate, 3 Lazy Pirate and bare servers")              \
    X (brokers, "brokers, queues or servers; engine peers know them all")                                              \
    X (services, "services that workers offer")                                                                        \
    X (orphans, "services more that clients ask for, without workers")                                                 \
    X (clients, "client engines")                                                                                      \
    X (raw_clients, "scripted clients: any dialect, any envelope, no retries")                                         \
    X (workers, "worker engines")                                                                                      \
    X (raw_workers, "scripted workers: any dialect")                                                                   \
    X (requests, "requests a client")                                                                                  \
    X (pace, "mean time between two of them")                                                                          \
    X (window, "requests outstanding a client")                                                                        \
    X (cancel_pct, "requests that a client engine's application takes back")                                           \
    X (big_pct, "bodies of more than a page")                                                                          \
    X (work, "mean time a request takes its worker")                                                                   \
    X (partial_pct, "answers in several parts")                                                                        \
    X (give_back_pct, "requests that a worker gives back")                                                             \
    X (swallow_pct, "requests that a scripted worker or server forgets")                                               \
    X (mute_pct, "scripted workers that do not heartbeat while busy")                                                  \
    X (rogue_pct, "what scripted workers and servers say besides: late, twice, for others, invented, malformed")       \
    X (mmi_pct, "requests of scripted clients that are for the broker itself")                                         \
    X (garbage_pct, "requests of scripted clients that are malformed")                                                 \
    X (fixed_pct, "scripted peers with a routing id of their own")                                                     \
    X (notices_pct, "requests that want notices")                                                                      \
    X (old_pct, "peers that speak 0.1")                                                                                \
    X (credit, "most credit of a worker")                                                                              \
    X (ttl, "limit request/ttl")                                                                                       \
    X (attempts, "limit max-attempts, 0 none")                                                                         \
    X (queued, "limit queued")                                                                                         \
    X (queued_bytes, "limit queued-bytes")                                                                             \
    X (outstanding, "limit outstanding")                                                                               \
    X (partial_bytes, "limit partial-bytes")                                                                           \
    X (frames, "limit frames")                                                                                         \
    X (services_max, "limit services")                                                                                 \
    X (workers_max, "limit workers")                                                                                   \
    X (pipe, "limit pipe")                                                                                             \
    X (choke_pct, "messages of peers that their socket does not take")                                                 \
    X (actions, "actions a step of the broker")                                                                        \
    X (heartbeat, "interval")                                                                                          \
    X (liveness, "intervals")                                                                                          \
    X (busy, "busy-timeout")                                                                                           \
    X (drain, "drain/timeout")                                                                                         \
    X (timeout, "a try of a client engine")                                                                            \
    X (retries, "tries more")                                                                                          \
    X (delay, "most delay of a message")                                                                               \
    X (tick_late, "most lateness of a broker's clock")                                                                 \
    X (notice, "most time until an ended connection is noticed")                                                       \
    X (unseen_pct, "ended connections that no event tells of")                                                         \
    X (chaos, "mean time between two misfortunes, 0 none")                                                             \
    X (drop, "weight: a connection is lost")                                                                           \
    X (stall, "weight: a connection passes nothing for a while")                                                       \
    X (crash, "weight: a peer dies and comes back")                                                                    \
    X (leave, "weight: a peer says goodbye and comes back")                                                            \
    X (freeze, "weight: a peer stands still for a while")                                                              \
    X (slow, "weight: a peer reads slowly for a while")                                                                \
    X (broker_crash, "weight: a broker dies and comes back")                                                           \
    X (broker_freeze, "weight: a broker stands still for a while")                                                     \
    X (broker_drain, "weight: a broker is told to finish, and comes back")                                             \
    X (outage, "most time of any of these")

typedef struct {
#define X(name, text) int64_t name;
    PLAN_MAP (X)
#undef X
} plan_t;

/*  pirates: one of their worlds, instead of Majordomo's. */
plan_t plan_draw (random_t *random, bool pirates);
void plan_print (const plan_t *self, FILE *out);

/*  Helpers to draw with. */
static inline int64_t
draw_between (random_t *random, int64_t low, int64_t high)
{
    return low + (int64_t) random_below (random, (uint64_t) (high - low + 1));
}

static inline bool
draw_chance (random_t *random, int64_t percent)
{
    return (int64_t) random_below (random, 100) < percent;
}

/*  Around mean: mostly less, sometimes several times as much. */
static inline int64_t
draw_around (random_t *random, int64_t mean)
{
    int64_t scale = draw_chance (random, 10) ? 6 : 2;
    return mean > 0 ? draw_between (random, 0, mean * scale) : 0;
}

#endif
