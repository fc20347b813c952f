/*  Liveness: which of many peers have been silent for too long, and which are to hear from us.
 *
 *  A peer is held to one of two rules. Strict: silent for interval x liveness, it is expired. Lenient: it is busy and was
 *  never seen to heartbeat while busy (many workers are single-threaded), so it may be silent for busy_timeout. Within a
 *  rule all have the same patience, so each list is in order of its due times and every operation is O(1).
 *
 *  A heartbeat is due to every peer to which nothing was sent for one interval.
 */
#ifndef KEEL_LIVENESS_H
#define KEEL_LIVENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct liveness_peer liveness_peer_t;

/*  Embedded in a peer. */
struct liveness_peer {
    liveness_peer_t *heard_prev, *heard_next;
    liveness_peer_t *sent_prev, *sent_next;
    int64_t heard_at; /* patience counts from here */
    int64_t sent_at;
    bool busy;
    bool beats_while_busy;
    bool lenient;
};

typedef struct {
    int64_t interval_ms;
    unsigned liveness;
    int64_t busy_timeout_ms; /* 0: as when idle */
} liveness_config_t;

typedef struct {
    liveness_config_t config;
    liveness_peer_t *strict;  /* longest silent first */
    liveness_peer_t *lenient; /* likewise */
    liveness_peer_t *sent;    /* longest not sent to first */
} liveness_t;

/*  Also to change the figures while there are peers: the new patience holds at once. O(n log n) in peers when the busy
 *  timeout is turned on or off. */
void liveness_configure (liveness_t *self, liveness_config_t config);

void liveness_add (liveness_t *self, liveness_peer_t *peer, int64_t now);
void liveness_remove (liveness_t *self, liveness_peer_t *peer);

/*  It said something / something was sent to it. */
void liveness_heard (liveness_t *self, liveness_peer_t *peer, int64_t now);
void liveness_sent (liveness_t *self, liveness_peer_t *peer, int64_t now);
/*  It got work while it had none: under the lenient rule its silence counts from now. It gave back the last of it, and so
 *  was heard. */
void liveness_busy (liveness_t *self, liveness_peer_t *peer, int64_t now);
void liveness_idle (liveness_t *self, liveness_peer_t *peer, int64_t now);
/*  It heartbeated. work_sent_at: when the oldest work it holds went to it; KEEL_NEVER when it holds none. One that comes
 *  later than an interval after that was sent while busy: from then on the strict rule holds. */
void liveness_beat (liveness_t *self, liveness_peer_t *peer, int64_t work_sent_at, int64_t now);

/*  We were not there for so long, and heard nobody: that is not held against them, as if they had been heard so much later,
 *  but not after now. O(n). */
void liveness_forgive (liveness_t *self, int64_t ms, int64_t now);

/*  A peer that is over its time, or NULL; the caller removes it. */
liveness_peer_t *liveness_expired (const liveness_t *self, int64_t now);
/*  A peer that a heartbeat is due to, or NULL; the caller sends one and says so. */
liveness_peer_t *liveness_waiting (const liveness_t *self, int64_t now);
/*  Is this one over its time? */
bool liveness_over (const liveness_t *self, const liveness_peer_t *peer, int64_t now);
/*  When one of the two is next not NULL. */
int64_t liveness_due (const liveness_t *self);

#endif
