#include "star_proxy.h"

#include "memory.h"

#include <assert.h>

#define REPORT_BYTES 4096
/*  Tags of SENDs. */
#define TAG_REQUEST 1
#define TAG_ANSWER  2

struct keel_star_proxy {
    keel_star_proxy_config_t config;
    bool serving;
    bool draining;
    bool stopping; /* EVENT_DRAIN came: for good */
    uint16_t server;
    uint64_t outstanding;
    int64_t now;
    int64_t drain_until; /* KEEL_NEVER: not draining */
    keel_star_proxy_counters_t counters;
    char report[REPORT_BYTES];
};

/* ------------------------------------------------------------------ life */

keel_star_proxy_t *
keel_star_proxy_new (const keel_star_proxy_config_t *config)
{
    keel_star_proxy_t *self = memory_new (sizeof (keel_star_proxy_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->drain_until = KEEL_NEVER;
    return self;
}

void
keel_star_proxy_destroy (keel_star_proxy_t **self)
{
    memory_free (*self);
    *self = NULL;
}

void
keel_star_proxy_configure (keel_star_proxy_t *self, const keel_star_proxy_config_t *config)
{
    self->config = *config;
}

/* ------------------------------------------------------------------ serving or not */

void
keel_star_proxy_serve (keel_star_proxy_t *self, uint16_t server)
{
    self->serving = true;
    self->draining = self->stopping;
    self->server = server;
    if (!self->stopping)
        self->drain_until = KEEL_NEVER;
}

void
keel_star_proxy_drain (keel_star_proxy_t *self, int64_t now)
{
    if (self->draining)
        return;
    self->draining = true;
    self->drain_until = now + self->config.drain_timeout_ms;
}

/*  What the server has will not be heard of any more. */
static void
lose_outstanding (keel_star_proxy_t *self)
{
    self->counters.requests_lost += self->outstanding;
    self->outstanding = 0;
}

void
keel_star_proxy_stop (keel_star_proxy_t *self)
{
    lose_outstanding (self);
    self->serving = false;
}

/* ------------------------------------------------------------------ events */

static void
take_request (keel_star_proxy_t *self, const keel_event_t *event, keel_actions_t *out)
{
    self->counters.requests++;
    if (!self->serving || self->draining) {
        self->counters.requests_dropped++;
        return;
    }
    if (event->cut || event->count > self->config.frames) {
        self->counters.requests_malformed++;
        return;
    }
    keel_action_t *action = keel_actions_send (out, self->server, SPAN_OF (""));
    *keel_actions_head (out) = event->peer.id;
    keel_actions_add_head (out, action, 1);
    action->body = event->frames;
    action->body_count = event->count;
    action->tag = TAG_REQUEST;
    self->outstanding++;
}

/*  A server may say nothing to a request, or more than one thing; the books do not go below nothing. */
static void
take_answer (keel_star_proxy_t *self, const keel_event_t *event, keel_actions_t *out)
{
    self->counters.answers++;
    self->outstanding -= self->outstanding > 0;
    if (event->cut || event->count < 2) {
        self->counters.answers_malformed++;
        return;
    }
    keel_action_t *action = keel_actions_send (out, 0, event->frames[0]);
    action->body = event->frames + 1;
    action->body_count = event->count - 1;
    action->tag = TAG_ANSWER;
}

static void
take_unsent (keel_star_proxy_t *self, const keel_event_t *event)
{
    if (event->tag == TAG_REQUEST) {
        self->counters.requests_unsent++;
        self->outstanding -= self->outstanding > 0;
    } else if (event->kind == KEEL_EVENT_FULL) {
        self->counters.answers_full++;
    } else {
        self->counters.answers_unreachable++;
    }
}

static bool
is_from_server (const keel_star_proxy_t *self, const keel_event_t *event)
{
    return self->serving && event->peer.listener == self->server;
}

int
keel_star_proxy_step (keel_star_proxy_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (event->now >= self->now);
    self->now = event->now;
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        if (is_from_server (self, event))
            take_answer (self, event, out);
        else
            take_request (self, event, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
    case KEEL_EVENT_FULL:
        take_unsent (self, event);
        break;
    case KEEL_EVENT_DISCONNECTED:
        if (is_from_server (self, event))
            lose_outstanding (self);
        break;
    case KEEL_EVENT_DRAIN:
        self->stopping = true;
        keel_star_proxy_drain (self, event->now);
        break;
    default: /* time, and what is for others */
        break;
    }
    return 0;
}

int64_t
keel_star_proxy_next_due (const keel_star_proxy_t *self)
{
    return self->draining && self->outstanding && self->now < self->drain_until ? self->drain_until : KEEL_NEVER;
}

bool
keel_star_proxy_drained (const keel_star_proxy_t *self)
{
    return self->draining && (!self->outstanding || self->now >= self->drain_until);
}

uint64_t
keel_star_proxy_outstanding (const keel_star_proxy_t *self)
{
    return self->outstanding;
}

const char *
keel_star_proxy_stats (keel_star_proxy_t *self, const keel_star_t *star, int64_t now)
{
    text_t json = text_over (self->report, sizeof (self->report));
    text_add (&json, "{");
    text_add_json_key (&json, "serving");
    text_add (&json, self->serving ? "true" : "false");
    text_add_json_number (&json, "outstanding", self->outstanding);
#define X(name) text_add_json_number (&json, #name, self->counters.name);
    KEEL_STAR_PROXY_COUNTER_MAP (X)
#undef X
    if (star) {
        text_add_json_key (&json, "pair");
        keel_star_report (star, &json, now);
    }
    text_add (&json, "}");
    return json.full ? "{}" : json.data;
}
