/*  How long who searches for a broker stays with one before it tries the next: the longer it has searched, the longer. From
 *  50 ms on, a fortieth of the time that the search has taken, up to 2 s; jittered to its upper quarter. So a pair that fails over
 *  is found soon after, whatever its failover timeout, and one that is gone for long is not flooded. Where nobody is at all, one need not
 *  stay, unless that is so everywhere.
 */
#ifndef KEEL_SEARCH_H
#define KEEL_SEARCH_H

#include "random.h"

#define SEARCH_FIRST_MS 50
#define SEARCH_LIMIT_MS 2000
#define SEARCH_SHARE    40
#define SEARCH_HOP_MS   5 /* from a broker that is not there */

/*  since_ms: how long it has gone on. */
static inline int64_t
search_pause (int64_t since_ms, random_t *random)
{
    int64_t span = since_ms / SEARCH_SHARE;
    span = span < SEARCH_FIRST_MS ? SEARCH_FIRST_MS : span > SEARCH_LIMIT_MS ? SEARCH_LIMIT_MS : span;
    return span - (int64_t) random_below (random, (uint64_t) (span / 4 + 1));
}

#endif
