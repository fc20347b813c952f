#include "mdctl_top_figures.h"

#include <stdlib.h>
#include <string.h>

/*  A broker's clock and ours run alike, but for this. */
#define SLACK_MS 50

/* ------------------------------------------------------------------ what happened between */

/*  The time between them by the broker's clock; 0: they are not of one life of one broker, for which its clock went on as ours did. */
static int64_t
interval_between (const top_snapshot_t *before, const top_snapshot_t *now)
{
    if (!before || now->uptime_ms <= before->uptime_ms || strcmp (now->role, before->role) != 0)
        return 0;
    int64_t passed = (int64_t) (now->uptime_ms - before->uptime_ms);
    int64_t least = now->asked_at - before->heard_at - SLACK_MS, most = now->heard_at - before->asked_at + SLACK_MS;
    return passed >= least && passed <= most ? passed : 0;
}

/*  What a counter grew by; one that is less than it was began anew. */
static uint64_t
growth (uint64_t before, uint64_t now)
{
    return now >= before ? now - before : now;
}

static double
rate_of (uint64_t count, int64_t interval_ms)
{
    return interval_ms ? (double) count * 1000 / (double) interval_ms : -1;
}

static bool
went_on (const top_delays_t *before, const top_delays_t *now)
{
    for (size_t n = 0; n < TOP_BUCKETS; n++)
        if (now->counts[n] < before->counts[n])
            return false;
    return true;
}

static top_delays_t
delays_between (const top_delays_t *before, const top_delays_t *now)
{
    top_delays_t result = *now;
    for (size_t n = 0; n < TOP_BUCKETS && went_on (before, now); n++)
        result.counts[n] -= before->counts[n];
    return result;
}

/*  All that a service ever accepted. */
static uint64_t
accepted (const top_service_t *service)
{
    return service->answered + service->failed + service->waiting + service->held;
}

/*  before: all zero for a service that is new. */
static top_flow_t
flow_between (const top_service_t *before, const top_service_t *now, int64_t interval_ms)
{
    return (top_flow_t){
        .in = rate_of (growth (accepted (before), accepted (now)), interval_ms),
        .out = rate_of (growth (before->answered, now->answered), interval_ms),
        .failed = rate_of (growth (before->failed, now->failed), interval_ms),
        .answered = delays_between (&before->answered_us, &now->answered_us),
        .waited = delays_between (&before->waited_us, &now->waited_us),
    };
}

static void
sum_delays (top_delays_t *sum, const top_delays_t *delays)
{
    for (size_t n = 0; n < TOP_BUCKETS; n++)
        sum->counts[n] += delays->counts[n];
}

/*  Both lists stand by name, so one walk finds what belongs together. */
static void
fill_rows (top_figures_t *self, const top_snapshot_t *before)
{
    static const top_service_t none;
    const top_snapshot_t *now = self->now;
    for (size_t n = 0, old = 0; n < now->count; n++) {
        const top_service_t *service = &now->services[n], *was = &none;
        while (before && old < before->count && strcmp (before->services[old].name, service->name) < 0)
            old++;
        if (before && old < before->count && strcmp (before->services[old].name, service->name) == 0)
            was = &before->services[old++];
        self->rows[n].now = service;
        self->rows[n].flow = (top_flow_t){.in = -1, .out = -1, .failed = -1};
        if (self->interval_ms)
            self->rows[n].flow = flow_between (was, service, self->interval_ms);
        sum_delays (&self->flow.answered, &self->rows[n].flow.answered);
        sum_delays (&self->flow.waited, &self->rows[n].flow.waited);
    }
}

static uint64_t
total_of_drop (const top_snapshot_t *self, const char *name)
{
    for (size_t n = 0; self && n < self->drop_count; n++)
        if (strcmp (self->drops[n].name, name) == 0)
            return self->drops[n].total;
    return 0;
}

static void
fill_drops (top_figures_t *self, const top_snapshot_t *before)
{
    for (size_t n = 0; n < self->now->drop_count; n++) {
        const top_drop_t *drop = &self->now->drops[n];
        self->drops[n] = rate_of (growth (total_of_drop (before, drop->name), drop->total), self->interval_ms);
    }
}

top_figures_t *
top_figures_new (const top_snapshot_t *before, const top_snapshot_t *now)
{
    static const top_snapshot_t none;
    top_figures_t *self = calloc (1, sizeof (*self));
    top_row_t *rows = calloc (now->count + 1, sizeof (top_row_t));
    if (!self || !rows) {
        free (self);
        free (rows);
        return NULL;
    }
    self->now = now;
    self->rows = rows;
    self->interval_ms = interval_between (before, now);
    const top_snapshot_t *was = self->interval_ms ? before : &none;
    self->flow.in = rate_of (growth (was->accepted, now->accepted), self->interval_ms);
    self->flow.out = rate_of (growth (was->answered, now->answered), self->interval_ms);
    self->flow.failed = rate_of (growth (was->failed, now->failed), self->interval_ms);
    fill_rows (self, was);
    fill_drops (self, was);
    return self;
}

void
top_figures_destroy (top_figures_t **self_p)
{
    if (*self_p)
        free ((*self_p)->rows);
    free (*self_p);
    *self_p = NULL;
}

double
top_percentile (const top_delays_t *delays, unsigned percent)
{
    double total = 0, below = 0;
    size_t n = 0;
    for (size_t bucket = 0; bucket < TOP_BUCKETS; bucket++)
        total += (double) delays->counts[bucket];
    if (total <= 0)
        return -1;
    double wanted = total * percent / 100;
    for (; below + (double) delays->counts[n] < wanted && n < TOP_BUCKETS - 1; n++)
        below += (double) delays->counts[n];
    if (n == 0)
        return 0;
    double least = (double) (1u << (n - 1));
    double part = delays->counts[n] ? (wanted - below) / (double) delays->counts[n] : 1;
    return least + least * (part < 1 ? part : 1);
}

/* ------------------------------------------------------------------ in which order */

static const char *const orders[TOP_ORDERS] = {"rate", "queue", "age", "name"};

const char *
top_order_name (top_order_t order)
{
    return orders[order];
}

top_order_t
top_order_named (const char *name)
{
    top_order_t order = 0;
    while (order < TOP_ORDERS && strcmp (orders[order], name) != 0)
        order++;
    return order;
}

static int
by_name (const void *one, const void *other)
{
    return strcmp (((const top_row_t *) one)->now->name, ((const top_row_t *) other)->now->name);
}

static int
by_rate (const void *one, const void *other)
{
    double a = ((const top_row_t *) one)->flow.out, b = ((const top_row_t *) other)->flow.out;
    return a > b ? -1 : a < b ? 1 : by_name (one, other);
}

static int
by_queue (const void *one, const void *other)
{
    uint64_t a = ((const top_row_t *) one)->now->waiting, b = ((const top_row_t *) other)->now->waiting;
    return a > b ? -1 : a < b ? 1 : by_name (one, other);
}

static int
by_age (const void *one, const void *other)
{
    uint64_t a = ((const top_row_t *) one)->now->oldest_ms, b = ((const top_row_t *) other)->now->oldest_ms;
    return a > b ? -1 : a < b ? 1 : by_name (one, other);
}

void
top_sort (top_figures_t *self, top_order_t order)
{
    static int (*const compare[TOP_ORDERS]) (const void *, const void *) = {by_rate, by_queue, by_age, by_name};
    qsort (self->rows, self->now->count, sizeof (top_row_t), compare[order]);
}
