/*  herald: tells systemd how a daemon is, from the loop that serves. A status line when it has changed, at most once a second however busy
 *  the loop is; signs of life at the pace that the watchdog wants, so that a loop that hangs is found out. Costs a comparison a turn, and nothing
 *  where there is no systemd.
 */
#ifndef KEEL_HERALD_H
#define KEEL_HERALD_H

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

/*  A longer line is cut. */
#define HERALD_STATUS 512

typedef void herald_describe_fn (const void *arg, text_t *line);

typedef struct {
    herald_describe_fn *describe;
    const void *arg;
    bool heard;          /* is there a systemd? */
    bool stale;          /* something has happened since the status was told */
    uint64_t steps;      /* of the loop, then */
    int64_t watchdog_ms; /* between signs of life; 0: none are wanted */
    int64_t alive_at;
    int64_t status_at;
    char status[HERALD_STATUS]; /* as it was told last */
} herald_t;

/*  describe: writes what is so, for a status line. */
void herald_open (herald_t *self, herald_describe_fn *describe, const void *arg, int64_t now);
/*  Serving; also the end of a reload. */
void herald_ready (herald_t *self);
void herald_stopping (herald_t *self);
/*  Something has happened that is no step of the engine. */
void herald_stir (herald_t *self);
/*  A turn has ended, after so many steps of the engine in all. */
void herald_turn (herald_t *self, int64_t now, uint64_t steps);
/*  How long until there is something to tell, msec; -1: nothing will be. */
int64_t herald_patience (const herald_t *self, int64_t now);

#endif
