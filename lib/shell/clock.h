/*  The one clock: monotonic, so that a change of the wall clock expires nothing. */
#ifndef KEEL_CLOCK_H
#define KEEL_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms (void);
int64_t clock_now_us (void);

#endif
