/*  What mdctl top shows, as figures: what happened between two snapshots.
 *
 *  Pure: no clock, no terminal. Counters that went back began anew, so nothing is ever negative.
 */
#ifndef MDCTL_TOP_FIGURES_H
#define MDCTL_TOP_FIGURES_H

#include "mdctl_top_snapshot.h"

/*  A rate that is not known is below 0. */
typedef struct {
    double in, out, failed; /* a second */
    top_delays_t answered, waited;
} top_flow_t;

typedef struct {
    const top_service_t *now; /* the snapshot's */
    top_flow_t flow;
} top_row_t;

typedef struct {
    const top_snapshot_t *now;
    int64_t interval_ms; /* between the two, by the broker's clock; 0: nothing is known of what happened */
    top_flow_t flow;     /* all services together */
    double drops[TOP_DROPS];
    top_row_t *rows; /* one a service, by name */
} top_figures_t;

/*  before NULL, or of another broker or another life of it: only what is so now is known. now outlives the figures. NULL without
 *  memory. */
top_figures_t *top_figures_new (const top_snapshot_t *before, const top_snapshot_t *now);
void top_figures_destroy (top_figures_t **self);

/*  Of so many of 100 requests that took least, the longest, usec: within its bucket as if they were spread evenly. -1: there were
 *  none. */
double top_percentile (const top_delays_t *delays, unsigned percent);

typedef enum { TOP_BY_RATE, TOP_BY_QUEUE, TOP_BY_AGE, TOP_BY_NAME, TOP_ORDERS } top_order_t;

/*  rate, queue, age, name. */
const char *top_order_name (top_order_t order);
/*  TOP_ORDERS: there is no such order. */
top_order_t top_order_named (const char *name);
/*  The greatest first; equal ones, and all of TOP_BY_NAME, by name. */
void top_sort (top_figures_t *self, top_order_t order);

#endif
