/*  What a broker said to mdctl top at one time.
 *
 *  Pure: no clock, no terminal. It is taken with care: names keep only what is printable, and a number that is none is 0.
 */
#ifndef MDCTL_TOP_SNAPSHOT_H
#define MDCTL_TOP_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define TOP_NAME    256
#define TOP_BUCKETS 28 /* of keel-mdp(7): bucket n is for less than 2^n usec */
#define TOP_DROPS   64

typedef struct {
    uint64_t counts[TOP_BUCKETS];
} top_delays_t;

typedef struct {
    char name[TOP_NAME];
    bool draining;
    uint64_t workers, waiting, held, oldest_ms;
    uint64_t answered, failed;
    top_delays_t answered_us, waited_us;
} top_service_t;

typedef struct {
    char name[TOP_NAME];
    uint64_t total;
} top_drop_t;

typedef struct {
    char keel[TOP_NAME];
    bool draining;
    bool paired;
    char role[TOP_NAME], state[TOP_NAME], peer[TOP_NAME], trouble[TOP_NAME]; /* of one of a pair */
    uint64_t epoch;
    uint64_t uptime_ms, service_count, workers, clients, waiting, held, bytes;
    uint64_t accepted, answered, failed;
    top_drop_t drops[TOP_DROPS];
    size_t drop_count;
    top_service_t *services; /* by name */
    size_t count;
    uint64_t left_out;
    int64_t asked_at, heard_at; /* msec, the caller's clock */
} top_snapshot_t;

/*  Takes the answers of mmi.version, mmi.stats and mmi.services, asked and heard at these times. NULL without memory. */
top_snapshot_t *top_snapshot_new (const json_t *version, const json_t *stats, const json_t *services, int64_t asked_at,
                                  int64_t heard_at);
void top_snapshot_destroy (top_snapshot_t **self);

#endif
