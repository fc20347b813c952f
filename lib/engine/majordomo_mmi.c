/*  mmi. services: what a broker says about itself. RFC 8 and PROTOCOLS.md section 3. */
#include "majordomo_state.h"

#include "memory.h"

/*  What an entry and a list's end take at most. */
#define REPORT_MARGIN 4096

static bool
is_nearly_full (const text_t *text)
{
    return text->full || text->capacity - text->size < REPORT_MARGIN;
}

/*  json NULL: the code alone. */
static void
answer (const majordomo_ask_t *ask, unsigned code, const text_t *json, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, ask->peer->listener, ask->peer->id);
    span_t *head = keel_actions_head (out);
    size_t count = ask->envelope->count;
    memcpy (head, ask->envelope->frames, count * sizeof (span_t));
    count += mdp_encode_client_reply (head + count, ask->command->version, MDP_FINAL, ask->command->service);
    head[count++] = mmi_code (code);
    if (json)
        head[count++] = span_make (json->data, json->size);
    keel_actions_add_head (out, action, count);
}

/*  JSON that did not fit, for want of memory: the broker is at its limit and says so. */
static void
answer_report (const majordomo_ask_t *ask, const text_t *json, keel_actions_t *out)
{
    if (json->full)
        answer (ask, 503, NULL, out);
    else
        answer (ask, 200, json, out);
}

static void
add_text (text_t *json, const char *key, const char *value)
{
    text_add_json_key (json, key);
    text_add_json_string (json, span_text (value));
}

static void
add_flag (text_t *json, const char *key, bool value)
{
    text_add_json_key (json, key);
    text_add (json, value ? "true" : "false");
}

static void
add_id (text_t *json, span_t id)
{
    text_add_json_key (json, "id");
    text_add (json, "\"");
    text_add_hex (json, id);
    text_add (json, "\"");
}

static void
add_comma (text_t *json)
{
    if (json->size && json->data[json->size - 1] != '[')
        text_add (json, ",");
}

/*  Closes a list of which left entries did not fit. */
static void
close_list (text_t *json, size_t left)
{
    text_add (json, "]");
    text_add_json_number (json, "left_out", left);
    text_add (json, "}");
}

/* ------------------------------------------------------------------ reports */

static void
add_service (keel_majordomo_t *self, text_t *json, const dispatch_service_t *service)
{
    text_add_json_key (json, "service");
    text_add_json_string (json, service->name);
    text_add_json_number (json, "workers", service->workers);
    text_add_json_number (json, "waiting", service->waiting);
    text_add_json_number (json, "held", service->held);
    add_flag (json, "draining", service->draining);
    text_add_json_number (json, "answered", delays_total (&service->answered));
    text_add_json_number (json, "failed", service->failed);
    text_add_json_number (json, "oldest_ms", (uint64_t) dispatch_oldest_ms (self->queue.dispatch, service));
    delays_report (&service->answered, json, "answered_us");
    delays_report (&service->waited, json, "waited_us");
}

static text_t
report_services (keel_majordomo_t *self)
{
    text_t json = queue_open_report (&self->queue);
    size_t left = dispatch_gauges (self->queue.dispatch).services;
    const dispatch_service_t *service = NULL;
    text_add (&json, "{\"services\":[");
    while (!is_nearly_full (&json) && (service = dispatch_next_service (self->queue.dispatch, service))) {
        add_comma (&json);
        text_add (&json, "{");
        add_service (self, &json, service);
        text_add (&json, "}");
        left--;
    }
    close_list (&json, left);
    return json;
}

static void
add_worker (keel_majordomo_t *self, text_t *json, const dispatch_worker_t *worker)
{
    text_add (json, "{");
    add_id (json, worker->id);
    text_add_json_number (json, "listener", worker->listener);
    text_add_json_key (json, "service");
    text_add_json_string (json, worker->service->name);
    add_text (json, "mdp", worker->version == 1 ? "0.1" : "0.2");
    text_add_json_number (json, "credit", worker->credit);
    text_add_json_number (json, "held", worker->held_count);
    text_add_json_number (json, "silent_ms", (uint64_t) (self->queue.now - worker->liveness.heard_at));
    add_flag (json, "beats_while_busy", worker->liveness.beats_while_busy);
    text_add (json, "}");
}

static text_t
report_workers (keel_majordomo_t *self)
{
    text_t json = queue_open_report (&self->queue);
    size_t left = dispatch_gauges (self->queue.dispatch).workers;
    const dispatch_worker_t *worker = NULL;
    text_add (&json, "{\"workers\":[");
    while (!is_nearly_full (&json) && (worker = dispatch_next_worker (self->queue.dispatch, worker))) {
        add_comma (&json);
        add_worker (self, &json, worker);
        left--;
    }
    close_list (&json, left);
    return json;
}

static text_t
report_stats (keel_majordomo_t *self, int64_t now)
{
    text_t json = queue_open_report (&self->queue);
    queue_report_stats (&self->queue, &json, now);
#define X(name) text_add_json_number (&json, #name, self->counters.name);
    MAJORDOMO_COUNTER_MAP (X)
#undef X
    if (self->star) {
        text_add_json_key (&json, "pair");
        keel_star_report (self->star, &json, now);
    }
    text_add (&json, "}");
    return json;
}

const char *
keel_majordomo_stats (keel_majordomo_t *self, int64_t now)
{
    text_t json = report_stats (self, now);
    return json.full ? "{}" : json.data;
}

/*  Why do requests of this service wait? */
static const char *
reason_to_wait (const dispatch_service_t *service)
{
    if (service->draining)
        return "draining";
    if (!service->workers)
        return "no worker";
    if (!service->ready)
        return "all busy";
    return service->waiting ? "fairness" : "nothing waits";
}

static text_t
report_reasons (keel_majordomo_t *self, const dispatch_service_t *service)
{
    text_t json = queue_open_report (&self->queue);
    text_add (&json, "{");
    add_service (self, &json, service);
    add_text (&json, "reason", reason_to_wait (service));
    text_add_json_number (&json, "clients_waiting", service->flow_count);
    text_add (&json, "}");
    return json;
}

static text_t
report_version (keel_majordomo_t *self)
{
    text_t json = queue_open_report (&self->queue);
    text_add (&json, "{\"keel\":\"" KEEL_VERSION "\",\"mdp\":[\"0.1\",\"0.2\"]}");
    return json;
}

/* ------------------------------------------------------------------ requests */

/*  Those that name a service. */
static void
answer_named (keel_majordomo_t *self, const majordomo_ask_t *ask, mmi_t mmi, keel_actions_t *out)
{
    dispatch_service_t *service = dispatch_service (self->queue.dispatch, ask->command->body[0]);
    if (!service || (mmi == MMI_SERVICE && !service->workers)) {
        answer (ask, 404, NULL, out);
    } else if (mmi == MMI_EXPLAIN) {
        text_t json = report_reasons (self, service);
        answer_report (ask, &json, out);
    } else {
        answer (ask, 200, NULL, out);
        if (mmi == MMI_DRAIN || mmi == MMI_RESUME)
            dispatch_service_drain (self->queue.dispatch, service, mmi == MMI_DRAIN);
    }
}

/*  For pairs: the order is carried out after this step. */
static void
take_order (keel_majordomo_t *self, const majordomo_ask_t *ask, mmi_t mmi, keel_actions_t *out)
{
    bool promote = mmi == MMI_PROMOTE;
    if (!self->star) {
        answer (ask, 501, NULL, out);
    } else if (promote ? keel_star_refuses_promote (self->star, self->queue.now)
                       : keel_star_refuses_handover (self->star, self->queue.now)) {
        answer (ask, 503, NULL, out);
    } else {
        self->order = promote ? KEEL_STAR_PROMOTE : KEEL_STAR_HANDOVER;
        answer (ask, 200, NULL, out);
    }
}

static void
answer_unnamed (keel_majordomo_t *self, const majordomo_ask_t *ask, mmi_t mmi, keel_actions_t *out)
{
    text_t json;
    switch (mmi) {
    case MMI_VERSION:
        json = report_version (self);
        break;
    case MMI_SERVICES:
        json = report_services (self);
        break;
    case MMI_WORKERS:
        json = report_workers (self);
        break;
    case MMI_STATS:
        json = report_stats (self, self->queue.now);
        break;
    default:
        take_order (self, ask, mmi, out);
        return;
    }
    answer_report (ask, &json, out);
}

void
majordomo_mmi (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    mmi_t mmi = mmi_decode (ask->command->service);
    self->counters.mmi_requests++;
    if (mmi == MMI_UNKNOWN) {
        answer (ask, 501, NULL, out);
    } else if (mmi_needs_admin (mmi) && !ask->peer->admin) {
        self->counters.mmi_denied++;
        answer (ask, 403, NULL, out);
    } else if (ask->command->body_count != 1) {
        answer (ask, 400, NULL, out);
    } else if (mmi_names_service (mmi)) {
        answer_named (self, ask, mmi, out);
    } else {
        answer_unnamed (self, ask, mmi, out);
    }
}
