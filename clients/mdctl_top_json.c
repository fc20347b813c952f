#include "mdctl_top_json.h"

#include <math.h>

static json_t *
count (uint64_t value)
{
    return json_integer ((json_int_t) (value < INT64_MAX ? value : INT64_MAX));
}

/*  To a tenth. */
static json_t *
rate (double value)
{
    return value < 0 ? json_null () : json_real (round (value * 10) / 10);
}

static json_t *
percentile (const top_delays_t *delays, unsigned percent)
{
    double us = top_percentile (delays, percent);
    return us < 0 ? json_null () : json_integer ((json_int_t) us);
}

static json_t *
percentiles (const top_delays_t *delays)
{
    return json_pack ("{s:o, s:o, s:o}", "p50", percentile (delays, 50), "p90", percentile (delays, 90), "p99",
                      percentile (delays, 99));
}

/*  What services have and the broker has. */
static void
add_flow (json_t *object, const top_flow_t *flow)
{
    json_object_set_new (object, "in_rate", rate (flow->in));
    json_object_set_new (object, "answered_rate", rate (flow->out));
    json_object_set_new (object, "failed_rate", rate (flow->failed));
    json_object_set_new (object, "answered_us", percentiles (&flow->answered));
    json_object_set_new (object, "waited_us", percentiles (&flow->waited));
}

static json_t *
service_of (const top_row_t *row)
{
    json_t *object = json_object ();
    json_object_set_new (object, "service", json_string (row->now->name));
    json_object_set_new (object, "workers", count (row->now->workers));
    json_object_set_new (object, "waiting", count (row->now->waiting));
    json_object_set_new (object, "held", count (row->now->held));
    json_object_set_new (object, "draining", json_boolean (row->now->draining));
    json_object_set_new (object, "oldest_ms", count (row->now->oldest_ms));
    add_flow (object, &row->flow);
    return object;
}

static json_t *
services_of (const top_figures_t *figures)
{
    json_t *list = json_array ();
    for (size_t n = 0; n < figures->now->count; n++)
        json_array_append_new (list, service_of (&figures->rows[n]));
    return list;
}

static json_t *
drops_of (const top_figures_t *figures)
{
    json_t *object = json_object ();
    for (size_t n = 0; n < figures->now->drop_count; n++)
        if (figures->now->drops[n].total)
            json_object_set_new (object, figures->now->drops[n].name,
                                 json_pack ("{s:o, s:o}", "total", count (figures->now->drops[n].total), "rate",
                                            rate (figures->drops[n])));
    return object;
}

static json_t *
pair_of (const top_snapshot_t *now)
{
    return json_pack ("{s:s, s:s, s:o, s:s}", "role", now->role, "state", now->state, "epoch", count (now->epoch),
                      "peer", now->peer);
}

static void
add_gauges (json_t *object, const top_snapshot_t *now)
{
    json_object_set_new (object, "uptime_ms", count (now->uptime_ms));
    json_object_set_new (object, "draining", json_boolean (now->draining));
    json_object_set_new (object, "workers", count (now->workers));
    json_object_set_new (object, "clients", count (now->clients));
    json_object_set_new (object, "waiting", count (now->waiting));
    json_object_set_new (object, "held", count (now->held));
    json_object_set_new (object, "bytes", count (now->bytes));
    if (now->paired)
        json_object_set_new (object, "pair", pair_of (now));
}

json_t *
top_json (const top_figures_t *figures)
{
    json_t *object = json_object ();
    json_object_set_new (object, "keel", json_string (figures->now->keel));
    add_gauges (object, figures->now);
    json_object_set_new (object, "interval_ms",
                         figures->interval_ms ? json_integer (figures->interval_ms) : json_null ());
    add_flow (object, &figures->flow);
    json_object_set_new (object, "dropped", drops_of (figures));
    json_object_set_new (object, "services", services_of (figures));
    json_object_set_new (object, "left_out", count (figures->now->left_out));
    return object;
}
