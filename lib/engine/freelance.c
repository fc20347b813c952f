/*  A Freelance client's requests: they wait for a server, are with one, and end. */
#include "freelance_state.h"

#include "fault.h"
#include "memory.h"

#include <assert.h>
#include <utlist.h>

/*  What handling one thing that is due may append. */
#define ACTIONS_EACH 4

#define ROUNDS_LONGER 16 /* so often is a try made twice as long */

/* ------------------------------------------------------------------ life */

keel_flclient_t *
keel_flclient_new (const keel_flclient_config_t *config)
{
    keel_flclient_t *self = memory_new (sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    self->random.state = config->seed;
    self->pool = pool_new ();
    self->heard_ms = -1;
    if (!pending_init (&self->requests, random_next (&self->random), UINT64_MAX) || !self->pool)
        keel_flclient_destroy (&self);
    return self;
}

asked_t *
flclient_request_at (const keel_flclient_t *self, size_t slot)
{
    return (asked_t *) (void *) self->requests.slots[slot];
}

/*  The request is over, answered or not. */
static void
end (keel_flclient_t *self, asked_t *request)
{
    pending_remove (&self->requests, &request->pending);
    if (request->waits)
        DL_DELETE (self->waiting, request);
    if (request->place != NOWHERE)
        self->servers[request->place].load--;
    body_release (&request->body);
    pool_give (self->pool, request, sizeof (asked_t));
}

void
keel_flclient_destroy (keel_flclient_t **self_p)
{
    keel_flclient_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t n = 0; self->requests.slots && n < self->requests.capacity; n++)
        if (self->requests.slots[n])
            end (self, flclient_request_at (self, n));
    pending_clear (&self->requests);
    pool_destroy (&self->pool);
    memory_free (self);
}

keel_flclient_config_t *
keel_flclient_config (keel_flclient_t *self)
{
    return &self->config;
}

size_t
keel_flclient_outstanding (const keel_flclient_t *self)
{
    return self->requests.count;
}

uint64_t
keel_flclient_counter (const keel_flclient_t *self, keel_flclient_counter_t counter)
{
    return self->counters[counter];
}

static void
set_now (keel_flclient_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

/* ------------------------------------------------------------------ requests begin and end */

static void
wait (keel_flclient_t *self, asked_t *request)
{
    if (request->waits)
        return;
    request->waits = true;
    DL_APPEND (self->waiting, request);
}

static void
wait_no_more (keel_flclient_t *self, asked_t *request)
{
    request->waits = false;
    DL_DELETE (self->waiting, request);
}

void
flclient_set_due (keel_flclient_t *self, asked_t *request)
{
    int64_t due = request->try_due < request->deadline ? request->try_due : request->deadline;
    if (KEEL_FAULT (FREELANCE_ENDLESS))
        due = request->try_due;
    pending_set_due (&self->requests, &request->pending, due);
}

keel_submit_t
keel_flclient_submit (keel_flclient_t *self, int64_t now, const span_t body[], size_t count, uint64_t tag, uint64_t *id)
{
    assert (count > 0);
    set_now (self, now);
    if (self->requests.count >= self->config.outstanding)
        return KEEL_SUBMIT_FULL;
    asked_t *request = pending_reserve (&self->requests) ? pool_take (self->pool, sizeof (asked_t)) : NULL;
    if (!request)
        return KEEL_SUBMIT_NO_MEMORY;
    *request = (asked_t){.tag = tag, .place = NOWHERE, .try_due = KEEL_NEVER, .made_ms = now};
    request->deadline = now + self->config.timeout_ms;
    request->body = body_new (self->pool, NULL, 0, body, count);
    if (!request->body) {
        pool_give (self->pool, request, sizeof (asked_t));
        return KEEL_SUBMIT_NO_MEMORY;
    }
    pending_add (&self->requests, &request->pending, request->deadline);
    flp_encode_control (request->pending.serial, request->control);
    wait (self, request);
    flclient_count (self, KEEL_FLCLIENT_REQUESTS);
    *id = request->pending.serial;
    return KEEL_SUBMIT_OK;
}

bool
keel_flclient_cancel (keel_flclient_t *self, uint64_t id, uint64_t *tag)
{
    asked_t *request = (asked_t *) (void *) pending_find (&self->requests, id);
    if (!request)
        return false;
    *tag = request->tag;
    flclient_count (self, KEEL_FLCLIENT_CANCELLED);
    end (self, request);
    return true;
}

static void
fail (keel_flclient_t *self, asked_t *request, keel_actions_t *out)
{
    bool heard = self->living || self->heard_ms >= request->made_ms;
    keel_action_t *deliver = keel_actions_deliver (out, KEEL_DELIVER_FAILED, request->tag);
    deliver->code = heard ? KEEL_FLCLIENT_TIMEOUT : KEEL_FLCLIENT_NO_SERVER;
    flclient_count (self, KEEL_FLCLIENT_FAILED);
    end (self, request);
}

/* ------------------------------------------------------------------ sending */

void
flclient_send_on (keel_flclient_t *self, asked_t *request)
{
    if (request->place != NOWHERE)
        self->servers[request->place].load--;
    request->place = NOWHERE;
    request->try_due = KEEL_NEVER;
    flclient_set_due (self, request);
    wait (self, request);
}

void
flclient_ask_also (keel_flclient_t *self)
{
    for (size_t n = 0; self->config.policy == KEEL_FLCLIENT_SHOTGUN && n < self->requests.capacity; n++)
        if (self->requests.slots[n])
            wait (self, flclient_request_at (self, n));
}

/*  Its tries take twice as long as those of the round before. */
static void
begin_round (asked_t *request)
{
    request->tried = 0;
    if (request->round < ROUNDS_LONGER)
        request->round++;
}

static void
count_sending (keel_flclient_t *self, const asked_t *request)
{
    if (request->try_due != KEEL_NEVER)
        flclient_count (self, KEEL_FLCLIENT_COPIES);
    else if (request->sent)
        flclient_count (self, KEEL_FLCLIENT_RETRIES);
}

/*  Of several servers each has the whole try. */
static void
send_to (keel_flclient_t *self, asked_t *request, uint16_t place, keel_actions_t *out)
{
    keel_action_t *send = keel_actions_send (out, place, SPAN_OF (""));
    *keel_actions_head (out) = span_make (request->control, FLP_CONTROL_SIZE);
    keel_actions_add_head (out, send, 1);
    send->body = body_frames (request->body);
    send->body_count = body_count (request->body);
    send->tag = request->pending.serial;
    count_sending (self, request);
    request->tried |= place_bit (place);
    request->sent |= place_bit (place);
    request->try_due = self->now + (self->config.try_ms << request->round);
    flclient_set_due (self, request);
}

/*  The first of those that wait, to a server or to one of several. */
static void
send_waiting (keel_flclient_t *self, asked_t *request, places_t ready, keel_actions_t *out)
{
    places_t untried = ready & ~request->tried;
    bool shotgun = self->config.policy == KEEL_FLCLIENT_SHOTGUN;
    if (!untried && request->try_due == KEEL_NEVER) {
        begin_round (request);
        untried = ready;
    }
    if (!untried) {
        wait_no_more (self, request); /* all have it */
        return;
    }
    uint16_t place = flclient_choose (self, untried);
    send_to (self, request, place, out);
    if (!shotgun) {
        request->place = place;
        self->servers[place].load++;
    }
    if (!shotgun || untried == place_bit (place))
        wait_no_more (self, request);
}

static void
handle_due (keel_flclient_t *self, asked_t *request, keel_actions_t *out)
{
    if (self->now >= request->deadline && !KEEL_FAULT (FREELANCE_ENDLESS)) {
        fail (self, request, out);
        return;
    }
    if (request->place != NOWHERE)
        flclient_avoid (self, request->place);
    flclient_send_on (self, request);
}

/* ------------------------------------------------------------------ what comes */

static void
take_answer (keel_flclient_t *self, uint16_t place, const flp_command_t *answer, keel_actions_t *out)
{
    asked_t *request = (asked_t *) (void *) pending_find (&self->requests, answer->number);
    if (KEEL_FAULT (FREELANCE_ANY_ANSWER) && !request)
        request = (asked_t *) (void *) pending_first (&self->requests);
    if (!request) {
        flclient_count (self, KEEL_FLCLIENT_LATE);
        return;
    }
    if (!(request->sent & place_bit (place)) && !KEEL_FAULT (FREELANCE_UNASKED)) {
        flclient_count (self, KEEL_FLCLIENT_UNASKED);
        return;
    }
    flclient_trust (self, place);
    keel_action_t *deliver = keel_actions_deliver (out, KEEL_DELIVER_FINAL, request->tag);
    deliver->body = answer->body;
    deliver->body_count = answer->body_count;
    flclient_count (self, KEEL_FLCLIENT_REPLIES);
    end (self, request);
}

/*  Takes a PONG for the answer to the request that is due first. */
static void
plant_pong (keel_flclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    asked_t *request = (asked_t *) (void *) pending_first (&self->requests);
    if (!request || !request->sent)
        return;
    keel_action_t *deliver = keel_actions_deliver (out, KEEL_DELIVER_FINAL, request->tag);
    deliver->body = event->frames;
    deliver->body_count = event->count;
    end (self, request);
}

static void
handle_message (keel_flclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    flp_command_t command;
    uint16_t place = event->peer.listener;
    verdict_t verdict = event->cut ? VERDICT_FRAMES : flp_decode_at_client (event->frames, event->count, &command);
    if (verdict != VERDICT_OK) {
        flclient_count (self, KEEL_FLCLIENT_MALFORMED);
        return;
    }
    flclient_note_heard (self, place);
    if (command.kind == FLP_REQUEST)
        take_answer (self, place, &command, out);
    else {
        flclient_count (self, KEEL_FLCLIENT_PONGS);
        if (KEEL_FAULT (FREELANCE_PONG))
            plant_pong (self, event, out);
    }
}

/*  A SEND was not taken: a request of that number goes elsewhere, without blame. */
static void
handle_unsent (keel_flclient_t *self, const keel_event_t *event)
{
    uint16_t place = event->peer.listener;
    asked_t *request = (asked_t *) (void *) pending_find (&self->requests, event->tag);
    flclient_count (self, KEEL_FLCLIENT_UNSENT);
    if (request && request->place == place)
        flclient_send_on (self, request);
    else if (request && (request->tried & place_bit (place)) && self->config.policy == KEEL_FLCLIENT_SHOTGUN)
        wait (self, request);
    if (request)
        request->tried &= ~place_bit (place);
    if (event->kind == KEEL_EVENT_UNREACHABLE)
        flclient_lose (self, place);
    else
        self->servers[place].blocked_ms = self->now + BLOCKED_MS;
}

static void
handle_event (keel_flclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    uint16_t place = event->peer.listener;
    if (event->kind == KEEL_EVENT_TICK || event->kind == KEEL_EVENT_DRAIN)
        return;
    if (place >= self->places || (self->servers[place].state != SERVER_OPEN && self->servers[place].state != SERVER_LOST))
        return;
    if (event->kind == KEEL_EVENT_MESSAGE)
        handle_message (self, event, out);
    else if (event->kind == KEEL_EVENT_REFUSED)
        flclient_count (self, KEEL_FLCLIENT_REFUSED);
    else if (event->kind == KEEL_EVENT_DISCONNECTED) {
        flclient_count (self, KEEL_FLCLIENT_DISCONNECTS);
        flclient_lose (self, place);
    } else
        handle_unsent (self, event);
}

/* ------------------------------------------------------------------ the contract */

/*  Each action's spans are valid until the next step: what ends in this one was delivered, and is borrowed from no more. */
static void
work (keel_flclient_t *self, keel_actions_t *out)
{
    pending_t *first;
    places_t ready;
    for (uint16_t place = 0; place < self->places; place++)
        while (keel_actions_room_for (out, ACTIONS_EACH) && self->servers[place].state != SERVER_NONE && self->servers[place].due <= self->now)
            flclient_serve_due (self, place, out);
    if (self->died)
        flclient_leave_the_dead (self); /* only now: several may have died at once */
    while (keel_actions_room_for (out, ACTIONS_EACH) && (first = pending_first (&self->requests)) && first->node.due <= self->now)
        handle_due (self, (asked_t *) (void *) first, out);
    if (KEEL_FAULT (FREELANCE_RESENDS) && (first = pending_first (&self->requests)))
        flclient_send_on (self, (asked_t *) (void *) first);
    while (keel_actions_room_for (out, ACTIONS_EACH) && self->waiting && (ready = flclient_ready (self)))
        send_waiting (self, self->waiting, ready, out);
}

int
keel_flclient_step (keel_flclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (out->capacity - out->count >= KEEL_FLCLIENT_ACTIONS);
    set_now (self, event->now);
    handle_event (self, event, out);
    work (self, out);
    return 0;
}

int64_t
keel_flclient_next_due (const keel_flclient_t *self)
{
    const pending_t *first = pending_first (&self->requests);
    int64_t due = flclient_servers_due (self);
    if (self->waiting && flclient_ready (self))
        return self->now;
    if (KEEL_FAULT (FREELANCE_OVERSLEEP))
        return due;
    return first && first->node.due < due ? first->node.due : due;
}
