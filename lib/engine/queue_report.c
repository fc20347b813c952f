/*  A queue's gauges and counters as JSON. */
#include "queue.h"

text_t
queue_open_report (queue_t *self)
{
    if (!self->report)
        self->report = memory_new (QUEUE_REPORT_BYTES);
    return self->report ? text_over (self->report, QUEUE_REPORT_BYTES) : (text_t){.full = true, .capacity = 1};
}

static void
add_gauges (queue_t *self, text_t *json, int64_t now)
{
    dispatch_gauges_t gauges = dispatch_gauges (self->dispatch);
    text_add_json_number (json, "uptime_ms", (uint64_t) (self->started ? now - self->started_at : 0));
    text_add_json_number (json, "services", gauges.services);
    text_add_json_number (json, "workers", gauges.workers);
    text_add_json_number (json, "clients", gauges.clients);
    text_add_json_number (json, "waiting", gauges.waiting);
    text_add_json_number (json, "held", gauges.held);
    text_add_json_number (json, "bytes", gauges.bytes);
    text_add_json_key (json, "draining");
    text_add (json, dispatch_draining (self->dispatch) && !self->suspended ? "true" : "false");
}

void
queue_report_stats (queue_t *self, text_t *json, int64_t now)
{
    const dispatch_counters_t *requests = dispatch_counters (self->dispatch);
    const queue_counters_t *counters = &self->counters;
    text_add (json, "{");
    add_gauges (self, json, now);
#define X(name) text_add_json_number (json, #name, requests->name);
    DISPATCH_COUNTER_MAP (X)
#undef X
#define X(name) text_add_json_number (json, #name, counters->name);
    QUEUE_COUNTER_MAP (X)
#undef X
    verdict_report (json, counters->verdicts);
}

void
queue_describe (const dispatch_gauges_t *gauges, text_t *line)
{
    text_add_number (line, gauges->held);
    text_add (line, " requests with workers, ");
    text_add_number (line, gauges->waiting);
    text_add (line, " waiting, ");
    text_add_number (line, gauges->workers);
    text_add (line, " workers");
}
