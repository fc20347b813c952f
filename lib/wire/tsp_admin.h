/*  What an operator says to Titanic on its admin endpoint (a ROUTER; ask with REQ or DEALER), and what it answers.
 *
 *      question        [extra]* [""] [command] [argument]*
 *      answer          the same envelope, then [200] [JSON], or [4xx or 5xx] [reason]
 *
 *      list    [service] [state] [older-than] [limit]
 *                      {"requests": [{"uuid", "service", "state", "created", "age", "attempts", "frames", "bytes"}...],
 *                       "more": false}
 *                      oldest first. Each argument may be an empty frame, or left out with all behind it: any service,
 *                      any state, of any age, 100 at most. older-than: msec. limit: 1 to 1000. "more": there are others.
 *      show    [uuid]  {"uuid", "service", "state", "created", "age", "attempts", "frames", "bytes", "running", "reason"}
 *                      reason: of a dead one. running: it is with the broker now.
 *      requeue [uuid]  {"requeued": 1}: a dead request is pending again, its attempts count from 0
 *      requeue "service" [name]
 *                      {"requeued": N, "more": false}: all dead ones of the service. "more": ask again.
 *      purge   [uuid]  {"purged": 1}: removed, with its reply, in whatever state; as if it were closed
 *      purge   "service" [name] ([state])
 *                      {"purged": N, "more": false}: all of the service in that state; without one, in any
 *      stats           every counter and gauge
 *      backup  [path]  {"path"}: a hot copy of the store in a new directory of that absolute path, which can be served
 *                      as it is
 *
 *  A state is pending, done (it has a reply) or dead. Times are msec; created: since 1970. 400: the question is malformed;
 *  404: there is no such request, or it is not dead; 500: what else went wrong. Decoding borrows.
 */
#ifndef KEEL_WIRE_TSP_ADMIN_H
#define KEEL_WIRE_TSP_ADMIN_H

#include "tsp.h"

#define TSP_LIST_DEFAULT 100
#define TSP_LIST_MOST    1000

#define TSP_STATE_MAP(X)                                                                                               \
    X (PENDING, "pending")                                                                                             \
    X (DONE, "done")                                                                                                   \
    X (DEAD, "dead")

typedef enum {
#define X(name, text) TSP_STATE_##name,
    TSP_STATE_MAP (X)
#undef X
        TSP_STATE_ANY
} tsp_state_t;

#define TSP_ADMIN_MAP(X)                                                                                               \
    X (LIST, "list")                                                                                                   \
    X (SHOW, "show")                                                                                                   \
    X (REQUEUE, "requeue")                                                                                             \
    X (PURGE, "purge")                                                                                                 \
    X (STATS, "stats")                                                                                                 \
    X (BACKUP, "backup")

typedef enum {
#define X(name, text) TSP_ADMIN_##name,
    TSP_ADMIN_MAP (X)
#undef X
        TSP_ADMIN_UNKNOWN
} tsp_admin_kind_t;

typedef struct {
    tsp_admin_kind_t kind;
    span_t service;       /* LIST; REQUEUE and PURGE of a service. Empty: any, or one of a uuid */
    tsp_uuid_t uuid;      /* SHOW; REQUEUE and PURGE without a service */
    tsp_state_t state;    /* LIST, PURGE */
    uint64_t older_ms;    /* LIST */
    uint32_t limit;       /* LIST */
    span_t path;          /* BACKUP */
} tsp_admin_t;

/*  NULL: well formed; else the reason of a 400, static. frames: behind the envelope. */
const char *tsp_admin_decode (const span_t frames[], size_t count, tsp_admin_t *question);

/*  Its word, terminated and static; state is not ANY. */
const char *tsp_state_text (tsp_state_t state);

#endif
