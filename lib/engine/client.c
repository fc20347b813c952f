/*  A client's requests begin, are tried, and end. One small machine a request, one current link for all of them. */
#include "client_state.h"

#include "fault.h"
#include "mdp.h"
#include "memory.h"

#include <assert.h>

/*  What handling one request may append: CLOSE, CONNECT, SEND or DELIVER; and a spare. */
#define ACTIONS_EACH 4

static void
set_now (keel_mdclient_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

/* ------------------------------------------------------------------ life */

keel_mdclient_t *
keel_mdclient_new (const keel_mdclient_config_t *config)
{
    assert (config->endpoints > 0 && (config->version == 1 || config->version == 2));
    keel_mdclient_t *self = memory_new (sizeof (*self) + config->endpoints * sizeof (link_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->random.state = config->seed;
    self->now = self->heard_ms = INT64_MIN;
    self->turn_at = KEEL_NEVER;
    if (!requests_init (&self->requests, random_next (&self->random)))
        keel_mdclient_destroy (&self);
    return self;
}

void
keel_mdclient_destroy (keel_mdclient_t **self)
{
    if (*self)
        requests_clear (&(*self)->requests);
    memory_free (*self);
    *self = NULL;
}

keel_mdclient_config_t *
keel_mdclient_config (keel_mdclient_t *self)
{
    return &self->config;
}

void
keel_mdclient_hold (keel_mdclient_t *self, bool held)
{
    self->held = held;
}

void
keel_mdclient_use (keel_mdclient_t *self, int64_t now, uint16_t endpoint)
{
    assert (endpoint < self->config.endpoints);
    set_now (self, now);
    if (self->current == endpoint)
        return;
    if (self->links[self->current].open)
        mdclient_handle_disconnected (self, self->current);
    self->current = endpoint;
}

size_t
keel_mdclient_outstanding (const keel_mdclient_t *self)
{
    return self->requests.table.count;
}

uint64_t
keel_mdclient_counter (const keel_mdclient_t *self, keel_mdclient_counter_t counter)
{
    return self->counters[counter];
}

/* ------------------------------------------------------------------ requests begin and end */

keel_submit_t
keel_mdclient_submit (keel_mdclient_t *self, int64_t now, span_t service, const span_t body[], size_t body_count,
                      uint64_t *id)
{
    size_t limit = self->config.stock ? 1 : self->config.outstanding;
    assert (mdp_service_valid (service) && body_count > 0);
    set_now (self, now);
    if (self->requests.table.count >= limit)
        return KEEL_SUBMIT_FULL;
    request_t *request = requests_add (&self->requests, now, service, body, body_count);
    if (!request)
        return KEEL_SUBMIT_NO_MEMORY;
    if (self->requests.table.count == 1)
        self->links[self->current].quiet_ms = now;
    mdclient_count (self, KEEL_MDCLIENT_REQUESTS);
    *id = request->pending.serial;
    return KEEL_SUBMIT_OK;
}

/*  Copies of requests that nobody waits for must not stay in a link that has no connection. */
void
mdclient_end (keel_mdclient_t *self, request_t *request)
{
    requests_remove (&self->requests, request);
    if (self->requests.table.count > 0)
        return;
    for (uint16_t n = 0; n < self->config.endpoints; n++)
        self->links[n].spent |= self->links[n].open && (!self->links[n].heard || self->links[n].lost);
}

void
keel_mdclient_set_tag (keel_mdclient_t *self, uint64_t id, uint64_t tag)
{
    requests_find (&self->requests, id)->tag = tag;
}

bool
keel_mdclient_cancel (keel_mdclient_t *self, uint64_t id)
{
    request_t *request = requests_find (&self->requests, id);
    if (!request)
        return false;
    mdclient_count (self, KEEL_MDCLIENT_CANCELLED);
    if (self->config.stock)
        self->links[self->current].spent = self->links[self->current].open;
    mdclient_end (self, request);
    return true;
}

static void
fail (keel_mdclient_t *self, request_t *request, unsigned code, keel_actions_t *out)
{
    keel_actions_deliver (out, KEEL_DELIVER_FAILED, request->tag)->code = code;
    mdclient_count (self, KEEL_MDCLIENT_FAILED);
    mdclient_end (self, request);
}

/* ------------------------------------------------------------------ sending */

/*  Less than what is left of the try: the notice has to travel, too. */
static uint32_t
ttl_of (const keel_mdclient_t *self, const request_t *request)
{
    if (self->config.ttl_ms)
        return (uint32_t) self->config.ttl_ms;
    int64_t left = request->try_due - self->now;
    int64_t margin = left / 4 < 1000 ? left / 4 : 1000;
    return (uint32_t) (left - margin);
}

static void
begin_try (keel_mdclient_t *self, request_t *request)
{
    request->tries++;
    request->try_ms = self->now;
    request->try_due = self->now + self->config.timeout_ms;
}

/*  [options][""] unless stock; a stock 0.1 broker wants the delimiter, a stock 0.2 one none. */
static size_t
encode_envelope (const keel_mdclient_t *self, request_t *request, span_t head[])
{
    size_t size = 0;
    if (!self->config.stock) {
        envelope_options_t options = {true, self->config.notices, ttl_of (self, request), request_wire_id (request)};
        options_encode (&options, request->options);
        head[size++] = span_make (request->options, OPTIONS_SIZE);
    }
    if (!self->config.stock || self->config.version == 1)
        head[size++] = SPAN_OF ("");
    return size;
}

static void
send_request (keel_mdclient_t *self, request_t *request, keel_actions_t *out)
{
    if (!self->links[self->current].open)
        mdclient_open_link (self, self->current, out);
    if (!request->continues)
        begin_try (self, request);
    if (request->sending++ > 0)
        mdclient_count (self, KEEL_MDCLIENT_RETRIES);
    keel_action_t *send = keel_actions_send (out, self->current, SPAN_OF (""));
    span_t *head = keel_actions_head (out);
    size_t size = encode_envelope (self, request, head);
    size += mdp_encode_client_request (head + size, self->config.version, request_service (request));
    keel_actions_add_head (out, send, size);
    send->body = body_frames (request->body) + 1;
    send->body_count = body_count (request->body) - 1;
    send->tag = request_wire_id (request);
    request->state = REQUEST_SENT;
    request->link = self->current;
    request->continues = false;
    request->heard |= self->links[self->current].heard;
    requests_set_due (&self->requests, request, KEEL_FAULT (CLIENT_TIMELESS) ? KEEL_NEVER : request->try_due);
    mdclient_note_sent (self, request);
}

void
mdclient_try_again (keel_mdclient_t *self, request_t *request)
{
    request->state = REQUEST_WAITS;
    request->continues = false;
    requests_set_due (&self->requests, request, self->now + backoff_next (&request->backoff, &self->random));
}

static void
end_try (keel_mdclient_t *self, request_t *request, keel_actions_t *out)
{
    bool heard = request->heard || self->heard_ms >= request->made_ms;
    mdclient_blame_link (self, request, out);
    if ((!request->source || KEEL_FAULT (CLIENT_PARTLY_AGAIN)) && mdclient_tries_left (self, request))
        mdclient_try_again (self, request);
    else if (request->refused)
        fail (self, request, KEEL_MDCLIENT_REFUSED, out);
    else
        fail (self, request, heard ? KEEL_MDCLIENT_TIMEOUT : KEEL_MDCLIENT_NO_BROKER, out);
}

static void
handle_due (keel_mdclient_t *self, request_t *request, keel_actions_t *out)
{
    uint16_t number;
    bool late = request->continues && self->now >= request->try_due;
    if (request->state == REQUEST_LOST)
        fail (self, request, KEEL_MDCLIENT_HALFWAY, out);
    else if (request->state == REQUEST_SENT || late)
        end_try (self, request, out);
    else if (mdclient_link_to_close (self, true, &number))
        mdclient_close_link (self, number, out);
    else
        send_request (self, request, out);
}

static void
work (keel_mdclient_t *self, keel_actions_t *out)
{
    request_t *request;
    uint16_t number;
    mdclient_search (self);
    while (keel_actions_room_for (out, ACTIONS_EACH) && mdclient_link_to_close (self, false, &number))
        mdclient_close_link (self, number, out);
    while (!self->held && keel_actions_room_for (out, ACTIONS_EACH) && (request = requests_first (&self->requests)) && request->pending.node.due <= self->now)
        handle_due (self, request, out);
    if (keel_actions_room_for (out, ACTIONS_EACH))
        mdclient_send_probe (self, out);
    while (keel_actions_room_for (out, ACTIONS_EACH) && mdclient_link_to_close (self, false, &number))
        mdclient_close_link (self, number, out);
}

/* ------------------------------------------------------------------ the contract */

int
keel_mdclient_step (keel_mdclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (out->capacity - out->count >= KEEL_MDCLIENT_ACTIONS);
    set_now (self, event->now);
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        mdclient_handle_message (self, event, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
    case KEEL_EVENT_FULL:
        mdclient_handle_unsent (self, event);
        break;
    case KEEL_EVENT_DISCONNECTED:
        mdclient_handle_disconnected (self, event->peer.listener);
        break;
    case KEEL_EVENT_REFUSED:
        mdclient_handle_refused (self, event->peer.listener);
        break;
    default:
        break;
    }
    work (self, out);
    return 0;
}

int64_t
keel_mdclient_next_due (const keel_mdclient_t *self)
{
    const request_t *first = requests_first (&self->requests);
    uint16_t number;
    if (mdclient_link_to_close (self, false, &number))
        return self->now;
    int64_t due = mdclient_search_due (self);
    return first && !self->held && first->pending.node.due < due ? first->pending.node.due : due;
}
