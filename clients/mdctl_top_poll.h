/*  Asks a broker for all that mdctl top shows, without waiting for it. */
#ifndef MDCTL_TOP_POLL_H
#define MDCTL_TOP_POLL_H

#include "mdctl_top_snapshot.h"

#include <keel/client.h>

#define TOP_ASKS 3

typedef struct {
    keel_client_t *client; /* borrowed */
    bool waits[TOP_ASKS];  /* for the answer of that id */
    uint64_t ids[TOP_ASKS];
    json_t *answers[TOP_ASKS];
    size_t open;      /* answers to come; 0: nothing was asked */
    uint64_t moves;   /* of the client, when it was asked */
    int64_t asked_at; /* msec */
} top_poll_t;

/*  What has come of it. */
typedef enum {
    TOP_POLL_OPEN,
    TOP_POLL_DONE,
    TOP_POLL_FAILED,
} top_poll_state_t;

/*  What it failed with: as keel_client_request returns, minus a code of the broker's, or one of these. */
#define TOP_POLL_STRANGE -50 /* an answer that none of Keel's brokers gives */

void top_poll_open (top_poll_t *self, keel_client_t *client);
/*  Nothing is asked now. 0, or what it failed with. */
int top_poll_ask (top_poll_t *self, int64_t now);
/*  Takes what has come, for at most so long. DONE: *snapshot, which the caller destroys. FAILED: *problem; nothing is asked any
 *  more. */
top_poll_state_t top_poll_take (top_poll_t *self, int timeout_ms, top_snapshot_t **snapshot, int *problem);
void top_poll_close (top_poll_t *self);

#endif
