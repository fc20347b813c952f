/*  One small machine a request (client_requests.h), one current link for all of them. */
#include "client.h"

#include "client_requests.h"
#include "mdp.h"
#include "memory.h"
#include "mmi.h"

#include <assert.h>

/*  What handling one request may append: CLOSE, CONNECT, SEND or DELIVER; and a spare. */
#define ACTIONS_EACH 4

typedef struct {
    bool open;
    bool heard;  /* since it was opened, or since its connection ended */
    bool silent; /* a whole try passed in silence, and nothing was heard since */
    bool
        lost; /* its connection ended: to be closed before the next sending, so that answers that are in can still be read */
    bool spent;       /* to be closed by the next step */
    int64_t since_ms; /* when it was opened, or its connection ended */
    int64_t heard_ms; /* when it was last heard */
} link_t;

struct keel_mdclient {
    keel_mdclient_config_t config;
    int64_t now;
    requests_t requests;
    random_t random;
    uint16_t current; /* the link that new requests take */
    int64_t heard_ms; /* when any broker was heard last */
    uint64_t counters[KEEL_MDCLIENT_COUNTERS];
    link_t links[];
};

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

size_t
keel_mdclient_outstanding (const keel_mdclient_t *self)
{
    return self->requests.count;
}

uint64_t
keel_mdclient_counter (const keel_mdclient_t *self, keel_mdclient_counter_t counter)
{
    return self->counters[counter];
}

static void
count (keel_mdclient_t *self, keel_mdclient_counter_t counter)
{
    self->counters[counter]++;
}

static void
set_now (keel_mdclient_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

/* ------------------------------------------------------------------ requests begin and end */

keel_submit_t
keel_mdclient_submit (keel_mdclient_t *self, int64_t now, span_t service, const span_t body[], size_t body_count,
                      uint64_t *id)
{
    size_t limit = self->config.stock ? 1 : self->config.outstanding;
    assert (mdp_service_valid (service) && body_count > 0);
    set_now (self, now);
    if (self->requests.count >= limit)
        return KEEL_SUBMIT_FULL;
    request_t *request = requests_add (&self->requests, now, service, body, body_count);
    if (!request)
        return KEEL_SUBMIT_NO_MEMORY;
    count (self, KEEL_MDCLIENT_REQUESTS);
    *id = request->serial;
    return KEEL_SUBMIT_OK;
}

/*  Copies of requests that nobody waits for must not stay in a link that has no connection. */
static void
end (keel_mdclient_t *self, request_t *request)
{
    requests_remove (&self->requests, request);
    if (self->requests.count > 0)
        return;
    for (uint16_t n = 0; n < self->config.endpoints; n++)
        self->links[n].spent |= self->links[n].open && (!self->links[n].heard || self->links[n].lost);
}

bool
keel_mdclient_cancel (keel_mdclient_t *self, uint64_t id)
{
    request_t *request = requests_find (&self->requests, id);
    if (!request)
        return false;
    count (self, KEEL_MDCLIENT_CANCELLED);
    if (self->config.stock)
        self->links[self->current].spent = self->links[self->current].open;
    end (self, request);
    return true;
}

static void
fail (keel_mdclient_t *self, request_t *request, unsigned code, keel_actions_t *out)
{
    keel_actions_deliver (out, KEEL_DELIVER_FAILED, request->serial)->code = code;
    count (self, KEEL_MDCLIENT_FAILED);
    end (self, request);
}

/* ------------------------------------------------------------------ links */

static void
open_link (keel_mdclient_t *self, uint16_t number, keel_actions_t *out)
{
    self->links[number] = (link_t){.open = true, .since_ms = self->now, .heard_ms = INT64_MIN};
    keel_actions_connect (out, number);
}

static bool
tries_left (const keel_mdclient_t *self, const request_t *request)
{
    return request->tries <= self->config.retries;
}

/*  What was sent over it goes on over another link, in the same try; the last try of a request whose broker was there does
 *  not: it may be running. */
static void
close_link (keel_mdclient_t *self, uint16_t number, keel_actions_t *out)
{
    link_t *link = &self->links[number];
    keel_actions_close (out, number, false);
    for (size_t n = 0; n < self->requests.capacity; n++) {
        request_t *request = self->requests.slots[n];
        if (!request || request->state != REQUEST_SENT || request->link != number || request->source)
            continue;
        if (link->heard && !tries_left (self, request))
            continue;
        request->state = REQUEST_WAITS;
        request->continues = true;
        requests_set_due (&self->requests, request, self->now);
    }
    *link = (link_t){0};
}

static void
move_on (keel_mdclient_t *self, uint16_t from)
{
    if (self->current != from || self->config.endpoints == 1)
        return;
    self->current = (uint16_t) ((from + 1) % self->config.endpoints);
    count (self, KEEL_MDCLIENT_FAILOVERS);
}

/*  A try is over. Was its link silent all the while? One silent try may be a slow service, whose answer can still come;
 *  a second one, or one on a link never heard, and it is given up. */
static void
blame_link (keel_mdclient_t *self, const request_t *request, keel_actions_t *out)
{
    link_t *link = &self->links[request->link];
    bool silent = link->open && link->since_ms <= request->try_ms && link->heard_ms <= request->try_ms;
    if (!silent && !self->config.stock)
        return;
    bool close = link->open && (self->config.stock || !link->heard || link->silent);
    link->silent = true;
    move_on (self, request->link);
    if (close)
        close_link (self, request->link, out);
}

static bool
link_to_close (const keel_mdclient_t *self, bool before_sending, uint16_t *number)
{
    for (uint16_t n = 0; n < self->config.endpoints; n++)
        if (self->links[n].spent || (before_sending && self->links[n].lost)) {
            *number = n;
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------ sending */

/*  Less than what is left of the try: the notice has to travel, too. */
static uint32_t
ttl_of (const keel_mdclient_t *self, const request_t *request)
{
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
        options_t options = {true, self->config.notices, ttl_of (self, request), request_wire_id (request)};
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
        open_link (self, self->current, out);
    if (!request->continues)
        begin_try (self, request);
    if (request->sending++ > 0)
        count (self, KEEL_MDCLIENT_RETRIES);
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
    requests_set_due (&self->requests, request, request->try_due);
}

/*  A new try, a little later. */
static void
try_again (keel_mdclient_t *self, request_t *request)
{
    request->state = REQUEST_WAITS;
    request->continues = false;
    requests_set_due (&self->requests, request, self->now + backoff_next (&request->backoff, &self->random));
}

static void
end_try (keel_mdclient_t *self, request_t *request, keel_actions_t *out)
{
    bool heard = request->heard || self->heard_ms >= request->made_ms;
    blame_link (self, request, out);
    if (!request->source && tries_left (self, request))
        try_again (self, request);
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
    else if (link_to_close (self, true, &number))
        close_link (self, number, out);
    else
        send_request (self, request, out);
}

static bool
has_room (const keel_actions_t *out)
{
    return out->capacity - out->count >= ACTIONS_EACH &&
           out->span_capacity - out->span_count >= ACTIONS_EACH * KEEL_ACTION_SPANS;
}

static void
work (keel_mdclient_t *self, keel_actions_t *out)
{
    request_t *request;
    uint16_t number;
    while (has_room (out) && link_to_close (self, false, &number))
        close_link (self, number, out);
    while (has_room (out) && (request = requests_first (&self->requests)) && request->node.due <= self->now)
        handle_due (self, request, out);
    while (has_room (out) && link_to_close (self, false, &number))
        close_link (self, number, out);
}

/* ------------------------------------------------------------------ answers */

/*  The code of [code][reason][service]; 0 when it has none. */
static unsigned
notice_code (const mdp_command_t *notice)
{
    const span_t *code = &notice->body[0];
    unsigned value = 0;
    if (code->size != 3 || code->data[0] < '4' || code->data[0] > '5')
        return 0;
    for (size_t n = 0; n < 3; n++) {
        if (code->data[n] < '0' || code->data[n] > '9')
            return 0;
        value = value * 10 + (unsigned) (code->data[n] - '0');
    }
    return value;
}

static void
handle_notice (keel_mdclient_t *self, request_t *request, const mdp_command_t *notice, keel_actions_t *out)
{
    unsigned code = notice_code (notice);
    count (self, code ? KEEL_MDCLIENT_NOTICES : KEEL_MDCLIENT_MALFORMED);
    if (!code)
        return;
    if (code == 503 && !request->source && tries_left (self, request)) {
        move_on (self, request->link);
        try_again (self, request);
        return;
    }
    keel_action_t *action = keel_actions_deliver (out, KEEL_DELIVER_FAILED, request->serial);
    action->code = code;
    action->body = notice->body;
    action->body_count = notice->body_count;
    count (self, KEEL_MDCLIENT_FAILED);
    end (self, request);
}

static void
handle_answer (keel_mdclient_t *self, request_t *request, uint32_t sending, const mdp_command_t *answer,
               keel_actions_t *out)
{
    bool final = answer->kind == MDP_FINAL;
    keel_action_t *action =
        keel_actions_deliver (out, final ? KEEL_DELIVER_FINAL : KEEL_DELIVER_PARTIAL, request->serial);
    action->body = answer->body;
    action->body_count = answer->body_count;
    count (self, final ? KEEL_MDCLIENT_REPLIES : KEEL_MDCLIENT_PARTIALS);
    if (final) {
        end (self, request);
        return;
    }
    request->source = sending;
    if (request->state == REQUEST_LOST)
        return;
    request->state = REQUEST_SENT;
    request->continues = false;
    request->try_due = self->now + self->config.timeout_ms;
    requests_set_due (&self->requests, request, request->try_due);
}

/*  The request that an envelope belongs to, and its sending; NULL: none. */
static request_t *
find_request (const keel_mdclient_t *self, const envelope_t *envelope, uint32_t *sending)
{
    if (self->config.stock) {
        request_t *only = requests_first (&self->requests);
        *sending = only ? only->sending : 0;
        return envelope->count <= 1 ? only : NULL;
    }
    options_t options = envelope_options (envelope);
    *sending = (uint32_t) (options.id & (((uint64_t) 1 << SENDING_BITS) - 1));
    return options.present ? requests_find (&self->requests, options.id >> SENDING_BITS) : NULL;
}

/*  Does an answer to that sending still count? A notice speaks for the last sending only: another is on its way. */
static bool
is_awaited (const request_t *request, uint32_t sending, bool notice)
{
    if (!request || sending < 1 || sending > request->sending)
        return false;
    if (request->source)
        return sending == request->source;
    return !notice || (request->state == REQUEST_SENT && sending == request->sending);
}

static void
take_answer (keel_mdclient_t *self, const envelope_t *envelope, const mdp_command_t *answer, keel_actions_t *out)
{
    uint32_t sending;
    request_t *request = find_request (self, envelope, &sending);
    bool same = request && span_equal (answer->service, request_service (request));
    bool notice = !same && span_equal (answer->service, SPAN_OF (MMI_ERROR));
    if ((!same && !notice) || !is_awaited (request, sending, notice)) {
        count (self, KEEL_MDCLIENT_LATE);
        return;
    }
    if (notice)
        handle_notice (self, request, answer, out);
    else
        handle_answer (self, request, sending, answer, out);
}

/*  Any word shows that there is a broker: the other requests know it, too, and stay with it. */
static void
note_heard (keel_mdclient_t *self, uint16_t number)
{
    link_t *link = &self->links[number];
    link->heard = true;
    link->silent = false;
    link->heard_ms = self->heard_ms = self->now;
    if (!link->lost && !self->links[self->current].heard)
        self->current = number;
}

static void
handle_message (keel_mdclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t answer;
    uint16_t number = event->peer.listener;
    if (number >= self->config.endpoints || !self->links[number].open)
        return;
    verdict_t verdict = event->cut ? VERDICT_FRAMES : envelope_decode (event->frames, event->count, &envelope);
    if (verdict == VERDICT_OK)
        verdict = mdp_decode_at_client (event->frames + envelope.count, event->count - envelope.count, &answer);
    if (verdict != VERDICT_OK) {
        count (self, KEEL_MDCLIENT_MALFORMED);
        return;
    }
    note_heard (self, number);
    take_answer (self, &envelope, &answer, out);
}

/* ------------------------------------------------------------------ what goes wrong with links */

/*  A SEND was not taken: again soon, in the same try. */
static void
handle_unsent (keel_mdclient_t *self, const keel_event_t *event)
{
    uint16_t number = event->peer.listener;
    request_t *request = requests_find (&self->requests, event->tag >> SENDING_BITS);
    if (number < self->config.endpoints && event->kind == KEEL_EVENT_UNREACHABLE && self->links[number].open) {
        self->links[number].lost = true;
        move_on (self, number);
    }
    if (!request || request_wire_id (request) != event->tag || request->state != REQUEST_SENT || request->source)
        return;
    int64_t due = self->now + backoff_next (&request->backoff, &self->random);
    count (self, KEEL_MDCLIENT_UNSENT);
    request->state = REQUEST_WAITS;
    request->continues = true;
    requests_set_due (&self->requests, request, due < request->try_due ? due : request->try_due);
}

/*  What becomes of a request whose connection ended. False: it stays with the link, which libzmq connects again. */
static bool
leave_link (keel_mdclient_t *self, request_t *request)
{
    if (request->source) {
        request->state = REQUEST_LOST;
        requests_set_due (&self->requests, request, self->now + backoff_next (&request->backoff, &self->random));
        return true;
    }
    if (tries_left (self, request))
        try_again (self, request);
    return request->state == REQUEST_WAITS;
}

/*  Answers that came before the end may still be read: the link is closed only before the next sending. */
static void
handle_disconnected (keel_mdclient_t *self, uint16_t number)
{
    if (number >= self->config.endpoints || !self->links[number].open)
        return;
    link_t *link = &self->links[number];
    bool kept = false;
    count (self, KEEL_MDCLIENT_DISCONNECTS);
    for (size_t n = 0; n < self->requests.capacity; n++) {
        request_t *request = self->requests.slots[n];
        if (request && request->state == REQUEST_SENT && request->link == number)
            kept |= !leave_link (self, request);
    }
    link->heard = link->silent = false;
    link->since_ms = self->now;
    link->lost = !kept;
    move_on (self, number);
}

/* ------------------------------------------------------------------ the contract */

int
keel_mdclient_step (keel_mdclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (out->capacity - out->count >= KEEL_MDCLIENT_ACTIONS);
    set_now (self, event->now);
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        handle_message (self, event, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
    case KEEL_EVENT_FULL:
        handle_unsent (self, event);
        break;
    case KEEL_EVENT_DISCONNECTED:
        handle_disconnected (self, event->peer.listener);
        break;
    case KEEL_EVENT_TICK:
    case KEEL_EVENT_DRAIN:
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
    if (link_to_close (self, false, &number))
        return self->now;
    return first ? first->node.due : KEEL_NEVER;
}
