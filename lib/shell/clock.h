/*  The clock: monotonic, so that a change of the wall clock expires nothing. Only what must mean the same after a restart is
 *  told by the wall clock. */
#ifndef KEEL_CLOCK_H
#define KEEL_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms (void);
int64_t clock_now_us (void);
/*  msec since 1970. */
int64_t clock_wall_ms (void);

#endif
