/*  For what peers may bring about as often as they like: it is said in the log once a second at most, after a burst where there may be
 *  one, and what is held back is counted and told with the next line.
 *
 *      if (seldom_may (&self->lost, self->now, 1)) {
 *          text_add (&line, "broker lost");
 *          seldom_add (&self->lost, &line);
 */
#ifndef KEEL_SELDOM_H
#define KEEL_SELDOM_H

#include "text.h"

#define SELDOM_MS 1000

/*  All zero at first. */
typedef struct {
    int64_t after_ms; /* up to when what was said counts */
    uint64_t unsaid;
} seldom_t;

/*  burst: so many lines may come at once. */
static inline bool
seldom_has_room (const seldom_t *self, int64_t now, int burst)
{
    return self->after_ms - now <= (burst - 1) * (int64_t) SELDOM_MS;
}

/*  May it be said now? If not, it is counted. */
static inline bool
seldom_may (seldom_t *self, int64_t now, int burst)
{
    if (!seldom_has_room (self, now, burst)) {
        self->unsaid++;
        return false;
    }
    self->after_ms = (self->after_ms > now ? self->after_ms : now) + SELDOM_MS;
    return true;
}

/*  How many were held back, to a line that is said. */
static inline void
seldom_add (seldom_t *self, text_t *line)
{
    if (self->unsaid)
        text_add_pair_number (line, "more", self->unsaid);
    self->unsaid = 0;
}

#endif
