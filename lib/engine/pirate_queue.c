#include "pirate_queue_state.h"

#include "fault.h"
#include "memory.h"
#include "token.h"

#include <assert.h>

/*  The one service; requests have no name for it. */
#define SERVICE SPAN_OF ("workers")

/*  Longer than any process lives, and small enough to be added to any time. */
#define FOR_EVER (INT64_MAX / 8)

/*  A queue that was away for so long has heard no answer meanwhile: Simple, where no interval says what is long. It then has
 *  so long to read those that came. */
#define ABSENCE_MS 2500

/* ------------------------------------------------------------------ what is said */

static void
send_request (pirate_t pirate, const dispatch_request_t *request, const span_t body[], size_t count, keel_actions_t *out)
{
    const span_t envelope[] = {span_make (request->token_text, sizeof (request->token_text)), SPAN_OF ("")};
    keel_action_t *action = keel_actions_send (out, request->worker->listener, request->worker->id);
    keel_actions_add_head (out, action, pirate_encode_envelope (keel_actions_head (out), pirate, envelope, 2));
    action->body = body;
    action->body_count = count;
    action->tag = request->token;
}

static void
send_simple_request (const dispatch_request_t *request, const span_t body[], size_t count, keel_actions_t *out)
{
    send_request (PIRATE_SIMPLE, request, body, count, out);
}

static void
send_paranoid_request (const dispatch_request_t *request, const span_t body[], size_t count, keel_actions_t *out)
{
    send_request (PIRATE_PARANOID, request, body, count, out);
}

static void
send_heartbeat (const dispatch_worker_t *worker, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, worker->listener, worker->id);
    keel_actions_add_head (out, action, pirate_encode_heartbeat (keel_actions_head (out)));
    action->tag = TAG_WORKER;
}

/*  In the envelope of the request, which dispatch keeps. */
static void
send_answer (const dispatch_request_t *request, const pirate_command_t *answer, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, request->client->listener, request->client->id);
    memcpy (keel_actions_head (out), body_frames (request->body), request->envelope_count * sizeof (span_t));
    keel_actions_add_head (out, action, request->envelope_count);
    action->body = answer->body;
    action->body_count = answer->body_count;
    action->tag = TAG_CLIENT;
}

/*  Neither has a word to say goodbye with, and a client that gets no answer tries again: that is the pattern. */
static const queue_words_t simple_words = {.request = send_simple_request};
static const queue_words_t paranoid_words = {.request = send_paranoid_request, .heartbeat = send_heartbeat};

/* ------------------------------------------------------------------ from clients */

static void
take_from_client (keel_pirate_queue_t *self, const keel_peer_t *peer, const pirate_command_t *command,
                  keel_actions_t *out)
{
    envelope_options_t options = envelope_options (&command->envelope);
    const dispatch_wish_t wish = {
        .service = SERVICE,
        .ttl_ms = options.ttl_ms,
        .envelope = command->envelope.frames,
        .envelope_count = command->envelope.count,
        .body = command->body,
        .body_count = command->body_count,
    };
    queue_take_request (&self->queue, peer, &wish, out);
}

/* ------------------------------------------------------------------ from workers */

static void
enlist (keel_pirate_queue_t *self, const keel_peer_t *peer, keel_actions_t *out)
{
    queue_t *queue = &self->queue;
    dispatch_worker_t *worker;
    if (dispatch_register (queue->dispatch, peer, SERVICE, 1, queue->now, &worker) == 0)
        return;
    self->counters.ready_refused++;
    queue_note (queue, NOTE_READY_REFUSED, &(note_line_t){"READY refused", .worker = peer->id}, out);
}

static void
take_ready (keel_pirate_queue_t *self, const keel_peer_t *peer, dispatch_worker_t *worker, keel_actions_t *out)
{
    self->counters.ready_repeated += worker != NULL;
    if (worker && self->pirate == PIRATE_SIMPLE) {
        worker->credit += KEEL_FAULT (READY_TWICE);
        return;
    }
    if (worker && KEEL_FAULT (SECOND_READY)) {
        dispatch_heard (self->queue.dispatch, worker, self->queue.now);
        return;
    }
    if (worker)
        dispatch_lose (self->queue.dispatch, worker, DISPATCH_DISMISSED, 0, self->queue.now);
    enlist (self, peer, out);
}

/*  The token of the attempt that an answer is to; false: its envelope is none that a queue gave. */
static bool
answered_token (const pirate_command_t *answer, uint64_t *token)
{
    return answer->envelope.count == 2 && token_decode (answer->envelope.frames[0], token);
}

/*  A REQ worker that is not registered any more, or of an earlier queue, has answered: it waits for a request now. */
static void
take_latecomer (keel_pirate_queue_t *self, const keel_peer_t *peer, keel_actions_t *out)
{
    self->counters.ready_late++;
    if (!KEEL_FAULT (LATE_STAYS))
        enlist (self, peer, out);
}

static void
take_from_stranger (keel_pirate_queue_t *self, const keel_peer_t *peer, const pirate_command_t *command,
                    keel_actions_t *out)
{
    uint64_t token;
    if (command->kind == PIRATE_MESSAGE && self->pirate == PIRATE_SIMPLE && answered_token (command, &token)) {
        self->queue.counters.answers_dropped++;
        if (KEEL_FAULT (LATE_DELIVERED) && dispatch_attempt (self->queue.dispatch, NULL, token))
            send_answer (dispatch_attempt (self->queue.dispatch, NULL, token), command, out);
        take_latecomer (self, peer, out);
    } else {
        self->queue.counters.strangers++;
    }
}

static void
take_answer (keel_pirate_queue_t *self, dispatch_worker_t *worker, const pirate_command_t *answer, keel_actions_t *out)
{
    queue_t *queue = &self->queue;
    uint64_t token;
    dispatch_request_t *request = NULL;
    dispatch_heard (queue->dispatch, worker, queue->now);
    if (answered_token (answer, &token))
        request = dispatch_attempt (queue->dispatch, worker, token);
    if (!request && KEEL_FAULT (ANY_ENVELOPE))
        request = worker->held;
    if (!request) {
        queue->counters.answers_dropped++;
        return;
    }
    send_answer (request, answer, out);
    dispatch_answer (queue->dispatch, request, queue->now);
}

static void
take_from_worker (keel_pirate_queue_t *self, const keel_peer_t *peer, const pirate_command_t *command,
                  keel_actions_t *out)
{
    queue_t *queue = &self->queue;
    dispatch_worker_t *worker = dispatch_worker (queue->dispatch, peer);
    queue->counters.heartbeats_received += command->kind == PIRATE_HEARTBEAT;
    if (command->kind == PIRATE_READY)
        take_ready (self, peer, worker, out);
    else if (!worker)
        take_from_stranger (self, peer, command, out);
    else if (command->kind == PIRATE_HEARTBEAT)
        dispatch_beat (queue->dispatch, worker, queue->now);
    else
        take_answer (self, worker, command, out);
}

/*  An answer of too many frames would be as long the next time: its request fails, and the worker is free. */
static void
take_cut_answer (keel_pirate_queue_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pirate_command_t command;
    uint64_t token;
    dispatch_worker_t *worker = dispatch_worker (self->queue.dispatch, &event->peer);
    if (pirate_decode_at_queue (self->pirate, event->frames, event->count, &command) != VERDICT_OK ||
        command.kind != PIRATE_MESSAGE || !answered_token (&command, &token))
        return;
    if (!worker && self->pirate == PIRATE_SIMPLE)
        take_latecomer (self, &event->peer, out);
    dispatch_request_t *request = worker ? dispatch_attempt (self->queue.dispatch, worker, token) : NULL;
    if (!request)
        return;
    queue_abandon (&self->queue, request, 502, out);
    if (!KEEL_FAULT (CUT_KEEPS))
        dispatch_answer (self->queue.dispatch, request, self->queue.now);
}

/* ------------------------------------------------------------------ messages */

static verdict_t
decode (const keel_pirate_queue_t *self, const keel_event_t *event, bool client, pirate_command_t *command)
{
    if (event->cut)
        return VERDICT_FRAMES;
    verdict_t verdict = client ? pirate_decode_plain (event->frames, event->count, command)
                               : pirate_decode_at_queue (self->pirate, event->frames, event->count, command);
    return verdict == VERDICT_OK && command->body_count > self->frames ? VERDICT_FRAMES : verdict;
}

static void
take_message (keel_pirate_queue_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pirate_command_t command;
    bool client = event->peer.listener < self->frontends;
    self->queue.counters.messages++;
    verdict_t verdict = decode (self, event, client, &command);
    if (verdict != VERDICT_OK)
        queue_drop (&self->queue, verdict, out);
    if (verdict == VERDICT_FRAMES && !client)
        take_cut_answer (self, event, out);
    if (verdict != VERDICT_OK)
        return;
    if (client)
        take_from_client (self, &event->peer, &command, out);
    else
        take_from_worker (self, &event->peer, &command, out);
}

int
keel_pirate_queue_step (keel_pirate_queue_t *self, const keel_event_t *event, keel_actions_t *out)
{
    queue_begin (&self->queue, event);
    if (event->kind == KEEL_EVENT_MESSAGE)
        take_message (self, event, out);
    else if (event->kind == KEEL_EVENT_DISCONNECTED && event->peer.listener < self->frontends)
        self->queue.counters.connections_ended++; /* no worker's */
    else
        queue_take_event (&self->queue, event, out);
    queue_settle (&self->queue, out);
    return 0;
}

/* ------------------------------------------------------------------ life and figures */

static queue_config_t
queue_config (const keel_pirate_queue_config_t *config)
{
    queue_config_t queue = {.dispatch = config->dispatch,
                            .drain_timeout_ms = config->drain_timeout_ms,
                            .absence_ms = config->dispatch.heartbeat.interval_ms};
    if (config->pirate == PIRATE_SIMPLE) {
        queue.dispatch.heartbeat.interval_ms = FOR_EVER;
        queue.dispatch.heartbeat.liveness = 1;
        queue.absence_ms = queue.grace_ms = ABSENCE_MS;
    }
    return queue;
}

keel_pirate_queue_t *
keel_pirate_queue_new (const keel_pirate_queue_config_t *config, uint64_t seed)
{
    keel_pirate_queue_t *self = memory_new (sizeof (keel_pirate_queue_t));
    if (!self)
        return NULL;
    const queue_config_t queue = queue_config (config);
    self->pirate = config->pirate;
    self->frontends = config->frontends;
    self->frames = config->frames;
    if (!queue_open (&self->queue, &queue, self->pirate == PIRATE_SIMPLE ? &simple_words : &paranoid_words, seed)) {
        memory_free (self);
        return NULL;
    }
    return self;
}

void
keel_pirate_queue_destroy (keel_pirate_queue_t **self)
{
    if (!*self)
        return;
    queue_close (&(*self)->queue);
    memory_free (*self);
    *self = NULL;
}

void
keel_pirate_queue_configure (keel_pirate_queue_t *self, const keel_pirate_queue_config_t *config)
{
    assert (config->pirate == self->pirate && config->frontends == self->frontends);
    const queue_config_t queue = queue_config (config);
    self->frames = config->frames;
    queue_configure (&self->queue, &queue);
}

int64_t
keel_pirate_queue_next_due (const keel_pirate_queue_t *self)
{
    return queue_next_due (&self->queue);
}

bool
keel_pirate_queue_drained (const keel_pirate_queue_t *self)
{
    return queue_drained (&self->queue);
}

dispatch_gauges_t
keel_pirate_queue_gauges (const keel_pirate_queue_t *self)
{
    return dispatch_gauges (self->queue.dispatch);
}

const dispatch_counters_t *
keel_pirate_queue_counters (const keel_pirate_queue_t *self)
{
    return dispatch_counters (self->queue.dispatch);
}

const char *
keel_pirate_queue_stats (keel_pirate_queue_t *self, int64_t now)
{
    text_t json = queue_open_report (&self->queue);
    queue_report_stats (&self->queue, &json, now);
#define X(name) text_add_json_number (&json, #name, self->counters.name);
    PIRATE_QUEUE_COUNTER_MAP (X)
#undef X
    text_add (&json, "}");
    return json.full ? "{}" : json.data;
}
