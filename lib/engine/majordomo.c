#include "majordomo_state.h"

#include "fault.h"
#include "memory.h"

#include <assert.h>

/*  A step never does more than this without giving the loop its turn. */
#define STEP_WORK 1024

/*  A connection that ended: its pipe goes a moment after the event, so busy workers are probed a moment later, and once
 *  more for the machine that was slow. Never more often than every PROBE_GAP_MS. */
#define PROBE_DELAY_MS 2
#define PROBE_GAP_MS   50

/*  Tags of SENDs: an attempt's token, or one of these. No token is 0 or all ones. */
#define TAG_CLIENT 0
#define TAG_WORKER UINT64_MAX

keel_majordomo_t *
keel_majordomo_new (const keel_majordomo_config_t *config, uint64_t seed)
{
    keel_majordomo_t *self = memory_new (sizeof (keel_majordomo_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->drain_until = self->probe_due = KEEL_NEVER;
    self->probed_at = INT64_MIN / 2;
    for (note_t note = 0; note < NOTES; note++)
        self->notes[note].said_at = INT64_MIN / 2;
    self->dispatch = dispatch_new (&config->dispatch, seed);
    if (!self->dispatch) {
        memory_free (self);
        return NULL;
    }
    return self;
}

void
keel_majordomo_destroy (keel_majordomo_t **self)
{
    if (!*self)
        return;
    dispatch_destroy (&(*self)->dispatch);
    memory_free ((*self)->report);
    memory_free (*self);
    *self = NULL;
}

void
keel_majordomo_configure (keel_majordomo_t *self, const keel_majordomo_config_t *config)
{
    self->config = *config;
    dispatch_configure (self->dispatch, &config->dispatch);
}

/* ------------------------------------------------------------------ what is said in the log */

/*  Of bytes that it names. All of them escaped, and the words, fit in a line. */
#define NOTE_BYTES 100

/*  Says it unless it was said within the last second; then only counts it. who: bytes of a peer, made readable. */
static void
note (keel_majordomo_t *self, note_t about, const char *words, span_t who, keel_actions_t *out)
{
    note_state_t *state = &self->notes[about];
    if (self->now - state->said_at < 1000) {
        state->unsaid++;
        return;
    }
    char buffer[KEEL_ACTION_TEXT];
    text_t line = text_over (buffer, sizeof (buffer));
    text_add (&line, words);
    text_add (&line, " ");
    text_add_bytes (&line, who.size > NOTE_BYTES ? span_make (who.data, NOTE_BYTES) : who);
    if (state->unsaid) {
        text_add (&line, " (and ");
        text_add_number (&line, state->unsaid);
        text_add (&line, " more like it)");
    }
    state->said_at = self->now;
    state->unsaid = 0;
    keel_actions_log (out, KEEL_LOG_WARNING, buffer);
}

/*  Routing ids are mostly binary: in hex, as mmi.workers gives them. */
static void
note_peer (keel_majordomo_t *self, note_t about, const char *words, span_t id, keel_actions_t *out)
{
    static const char digits[] = "0123456789abcdef";
    char hex[64];
    size_t size = id.size < sizeof (hex) / 2 ? id.size : sizeof (hex) / 2;
    for (size_t n = 0; n < size; n++) {
        hex[2 * n] = digits[id.data[n] >> 4];
        hex[2 * n + 1] = digits[id.data[n] & 15];
    }
    note (self, about, words, span_make (hex, 2 * size), out);
}

/* ------------------------------------------------------------------ to workers */

static void
send_control (uint16_t listener, span_t id, bool led, uint8_t version, mdp_kind_t kind, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, listener, id);
    span_t *head = keel_actions_head (out);
    size_t count = 0;
    if (led)
        head[count++] = SPAN_OF ("");
    count += mdp_encode_control (head + count, version, kind);
    keel_actions_add_head (out, action, count);
    action->tag = TAG_WORKER;
}

static void
send_heartbeat (keel_majordomo_t *self, dispatch_worker_t *worker, keel_actions_t *out)
{
    send_control (worker->listener, worker->id, worker->led, worker->version, MDP_HEARTBEAT, out);
    dispatch_sent (self->dispatch, worker, self->now);
    self->counters.heartbeats_sent++;
}

/*  In the form that the peer itself used. */
static void
send_disconnect (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    send_control (ask->peer->listener, ask->peer->id, ask->envelope->count > 0, ask->command->version, MDP_DISCONNECT,
                  out);
    self->counters.disconnects_sent++;
}

static void
dismiss (keel_majordomo_t *self, dispatch_worker_t *worker, keel_actions_t *out)
{
    send_control (worker->listener, worker->id, worker->led, worker->version, MDP_DISCONNECT, out);
    self->counters.disconnects_sent++;
    dispatch_lose (self->dispatch, worker, DISPATCH_DISMISSED, 0, self->now);
}

/*  body: the request's frames, lent or kept. */
static void
send_request (const dispatch_request_t *request, const span_t body[], size_t body_count, keel_actions_t *out)
{
    const dispatch_worker_t *worker = request->worker;
    keel_action_t *action = keel_actions_send (out, worker->listener, worker->id);
    span_t *head = keel_actions_head (out);
    size_t count = 0;
    if (worker->led)
        head[count++] = SPAN_OF ("");
    count += mdp_encode_worker_request (head + count, worker->version,
                                        span_make (request->token_text, sizeof (request->token_text)));
    keel_actions_add_head (out, action, count);
    action->body = body;
    action->body_count = body_count;
    action->tag = request->token;
}

static void
send_kept_request (const dispatch_request_t *request, keel_actions_t *out)
{
    size_t skip = request->envelope_count;
    send_request (request, body_frames (request->body) + skip, body_count (request->body) - skip, out);
}

/* ------------------------------------------------------------------ to clients */

/*  Opens an answer to a request that dispatch keeps: its envelope and the reply's head. */
static keel_action_t *
open_reply (const dispatch_request_t *request, mdp_kind_t kind, span_t service, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, request->client->listener, request->client->id);
    span_t *head = keel_actions_head (out);
    size_t count = request->envelope_count;
    memcpy (head, body_frames (request->body), count * sizeof (span_t));
    count += mdp_encode_client_reply (head + count, request->version, kind, service);
    keel_actions_add_head (out, action, count);
    action->tag = TAG_CLIENT;
    return action;
}

static void
send_reply (const dispatch_request_t *request, mdp_kind_t kind, const span_t body[], size_t body_count,
            keel_actions_t *out)
{
    keel_action_t *action = open_reply (request, kind, request->service->name, out);
    action->body = body;
    action->body_count = body_count;
}

static void
add_notice_body (keel_actions_t *out, keel_action_t *action, unsigned code, span_t service)
{
    span_t *head = keel_actions_head (out);
    head[0] = mmi_code (code);
    head[1] = mmi_reason (code);
    head[2] = service;
    keel_actions_add_head (out, action, 3);
}

static void
send_notice (keel_majordomo_t *self, const dispatch_request_t *request, unsigned code, keel_actions_t *out)
{
    if (!request->notices && !KEEL_FAULT (ALL_NOTICES))
        return;
    keel_action_t *action = open_reply (request, MDP_FINAL, SPAN_OF (MMI_ERROR), out);
    add_notice_body (out, action, code, request->service->name);
    self->counters.notices++;
}

/*  To a request that was not taken in: everything in it is lent. */
static void
send_refusal (keel_majordomo_t *self, const majordomo_ask_t *ask, unsigned code, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, ask->peer->listener, ask->peer->id);
    span_t *head = keel_actions_head (out);
    size_t count = ask->envelope->count;
    memcpy (head, ask->envelope->frames, count * sizeof (span_t));
    count += mdp_encode_client_reply (head + count, ask->command->version, MDP_FINAL, SPAN_OF (MMI_ERROR));
    keel_actions_add_head (out, action, count);
    add_notice_body (out, action, code, ask->command->service);
    action->tag = TAG_CLIENT;
    self->counters.notices++;
}

/* ------------------------------------------------------------------ from clients */

static void
take_request (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    options_t options = envelope_options (ask->envelope);
    dispatch_wish_t wish = {
        .service = ask->command->service,
        .ttl_ms = options.ttl_ms,
        .notices = options.notices,
        .version = ask->command->version,
        .envelope = ask->envelope->frames,
        .envelope_count = ask->envelope->count,
        .body = ask->command->body,
        .body_count = ask->command->body_count,
    };
    dispatch_request_t *request;
    unsigned code = dispatch_accept (self->dispatch, ask->peer, &wish, self->now, &request);
    if (code) {
        note (self, NOTE_REFUSED, code == 429 ? "request refused (429), client over limits/outstanding, service"
                                              : "request refused (503), service", wish.service, out);
        if (options.notices)
            send_refusal (self, ask, code, out);
    } else if (dispatch_place (self->dispatch, request, self->now)) {
        send_request (request, wish.body, wish.body_count, out);
    }
}

/* ------------------------------------------------------------------ from workers */

static void
refuse_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    self->counters.ready_refused++;
    note (self, NOTE_READY_REFUSED, "READY refused, service", ask->command->service, out);
    send_disconnect (self, ask, out);
}

/*  An unexpected command of a registered worker: its session is over. */
static void
break_session (keel_majordomo_t *self, dispatch_worker_t *worker, const majordomo_ask_t *ask, keel_actions_t *out)
{
    self->counters.sessions_broken++;
    send_disconnect (self, ask, out);
    dispatch_lose (self->dispatch, worker, DISPATCH_DISMISSED, 0, self->now);
}

static void
take_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    dispatch_worker_t *worker;
    if (mmi_is_reserved (ask->command->service) ||
        dispatch_register (self->dispatch, ask->peer, ask->command->service, ask->command->credit, self->now,
                           &worker) != 0) {
        refuse_ready (self, ask, out);
        return;
    }
    worker->version = ask->command->version;
    worker->led = ask->envelope->count > 0;
}

/*  PARTIAL: at once to a 0.2 client; held for the one REPLY of a 0.1 client. */
static void
take_partial (keel_majordomo_t *self, dispatch_request_t *request, const mdp_command_t *command, keel_actions_t *out)
{
    self->counters.partials++;
    if (request->version == 2) {
        send_reply (request, MDP_PARTIAL, command->body, command->body_count, out);
        request->answered_partly = true;
    } else if (!dispatch_hold_partial (self->dispatch, request, command->body, command->body_count)) {
        send_notice (self, request, 502, out);
        dispatch_abandon (self->dispatch, request, 502);
    }
}

static void
take_final (keel_majordomo_t *self, dispatch_request_t *request, const mdp_command_t *command, keel_actions_t *out)
{
    if (!request->partials) {
        send_reply (request, MDP_FINAL, command->body, command->body_count, out);
        dispatch_answer (self->dispatch, request, self->now);
    } else if (dispatch_join_partials (self->dispatch, request, command->body, command->body_count)) {
        send_reply (request, MDP_FINAL, request->joined, request->joined_count, out);
        dispatch_answer (self->dispatch, request, self->now);
    } else {
        send_notice (self, request, 502, out);
        dispatch_abandon (self->dispatch, request, 502);
        dispatch_answer (self->dispatch, request, self->now); /* the worker is free */
    }
}

static void
take_answer (keel_majordomo_t *self, dispatch_worker_t *worker, const mdp_command_t *command, keel_actions_t *out)
{
    uint64_t token;
    dispatch_request_t *request = NULL;
    dispatch_heard (self->dispatch, worker, self->now);
    if (mdp_token_decode (command->token, &token))
        request = dispatch_attempt (self->dispatch, worker, token);
    if (!request) {
        self->counters.answers_dropped++;
    } else if (request->state == DISPATCH_ABANDONED) {
        self->counters.answers_abandoned++;
        if (command->kind == MDP_FINAL)
            dispatch_answer (self->dispatch, request, self->now);
    } else if (command->kind == MDP_PARTIAL) {
        take_partial (self, request, command, out);
    } else {
        take_final (self, request, command, out);
    }
}

static void
take_from_stranger (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    switch (ask->command->kind) {
    case MDP_READY:
        take_ready (self, ask, out);
        break;
    case MDP_DISCONNECT:
        break;
    default:
        self->counters.strangers++;
        send_disconnect (self, ask, out);
    }
}

static void
take_from_worker (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    const mdp_command_t *command = ask->command;
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, ask->peer);
    if (command->kind == MDP_HEARTBEAT)
        self->counters.heartbeats_received++;
    if (!worker)
        take_from_stranger (self, ask, out);
    else if (command->kind == MDP_DISCONNECT)
        dispatch_lose (self->dispatch, worker, DISPATCH_LEFT, 0, self->now);
    else if (command->kind == MDP_READY && KEEL_FAULT (SECOND_READY))
        dispatch_heard (self->dispatch, worker, self->now);
    else if (command->kind == MDP_READY || command->version != worker->version)
        break_session (self, worker, ask, out);
    else if (command->kind == MDP_HEARTBEAT)
        dispatch_beat (self->dispatch, worker, self->now);
    else
        take_answer (self, worker, command, out);
}

/* ------------------------------------------------------------------ messages */

static verdict_t
decode (const keel_event_t *event, envelope_t *envelope, mdp_command_t *command)
{
    *command = (mdp_command_t){.role = MDP_NOBODY};
    if (event->cut)
        return VERDICT_FRAMES;
    verdict_t verdict = envelope_decode (event->frames, event->count, envelope);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = mdp_decode_at_broker (event->frames + envelope->count, event->count - envelope->count, command);
    /*  Nothing can stand between a worker and its broker: a request could not find its way back. */
    if (verdict == VERDICT_OK && command->role == MDP_WORKER && envelope->count > 1)
        return VERDICT_ENVELOPE;
    return verdict;
}

/*  An answer of too many frames would be as long the next time: its request fails, and the worker is free. */
static void
take_cut_answer (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    uint64_t token;
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (!worker || envelope_decode (event->frames, event->count, &envelope) != VERDICT_OK ||
        mdp_decode_at_broker (event->frames + envelope.count, event->count - envelope.count, &command) != VERDICT_OK ||
        (command.kind != MDP_FINAL && command.kind != MDP_PARTIAL) || !mdp_token_decode (command.token, &token))
        return;
    dispatch_request_t *request = dispatch_attempt (self->dispatch, worker, token);
    if (request && request->state == DISPATCH_HELD) {
        send_notice (self, request, 502, out);
        dispatch_abandon (self->dispatch, request, 502);
    }
    if (request && command.kind == MDP_FINAL)
        dispatch_answer (self->dispatch, request, self->now);
}

/*  A READY with no name, or a bad name or credit, is answered: its sender waits for requests. */
static void
take_bad_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, ask->peer);
    self->counters.ready_refused++;
    if (worker)
        break_session (self, worker, ask, out);
    else
        send_disconnect (self, ask, out);
}

static void
take_malformed (keel_majordomo_t *self, const keel_event_t *event, const majordomo_ask_t *ask, verdict_t verdict,
                keel_actions_t *out)
{
    bool ready = ask->command->role == MDP_WORKER && ask->command->kind == MDP_READY;
    self->counters.malformed++;
    self->counters.verdicts[verdict]++;
    note (self, (note_t) verdict, "malformed message dropped:", span_text (verdict_text (verdict)), out);
    if (verdict == VERDICT_FRAMES)
        take_cut_answer (self, event, out);
    else if (ready && (verdict == VERDICT_SHORT || verdict == VERDICT_SERVICE || verdict == VERDICT_CREDIT))
        take_bad_ready (self, ask, out);
}

static void
take_message (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    majordomo_ask_t ask = {&event->peer, &envelope, &command};
    self->counters.messages++;
    verdict_t verdict = decode (event, &envelope, &command);
    if (verdict != VERDICT_OK)
        take_malformed (self, event, &ask, verdict, out);
    else if (command.role == MDP_WORKER)
        take_from_worker (self, &ask, out);
    else if (mmi_is_reserved (command.service))
        majordomo_mmi (self, &ask, out);
    else
        take_request (self, &ask, out);
}

/* ------------------------------------------------------------------ sends that failed */

static void
take_unreachable (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (event->tag == TAG_CLIENT) {
        self->counters.clients_unreachable++;
        return;
    }
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (!worker)
        return;
    note_peer (self, NOTE_WORKER_LOST, "connection of a worker is gone, id", worker->id, out);
    dispatch_lose (self->dispatch, worker, DISPATCH_UNREACHABLE, event->tag, self->now);
}

/*  A client's message is dropped. A worker loses nothing but heartbeats this way, as its credit is below its pipe; if it
 *  does lose a request, it has not read for long, and is let go. */
static void
take_full (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (event->tag == TAG_CLIENT) {
        self->counters.clients_full++;
        note_peer (self, NOTE_CLIENT_FULL, "answer dropped, its client does not read, id", event->peer.id, out);
        return;
    }
    self->counters.workers_full++;
    note_peer (self, NOTE_WORKER_FULL, "command dropped, its worker does not read, id", event->peer.id, out);
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (worker && event->tag != TAG_WORKER)
        dispatch_lose (self->dispatch, worker, DISPATCH_UNREACHABLE, event->tag, self->now);
}

static void
plan_probes (keel_majordomo_t *self)
{
    self->counters.connections_ended++;
    self->probes_left = 2;
    if (self->probe_due != KEEL_NEVER)
        return;
    int64_t earliest = self->probed_at + PROBE_GAP_MS;
    int64_t due = self->now + PROBE_DELAY_MS;
    self->probe_due = due > earliest ? due : earliest;
}

/* ------------------------------------------------------------------ what a step says besides */

/*  Each of these returns false when there was more than the step could say or do. */

static bool
tell_failed (keel_majordomo_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK; work++) {
        dispatch_request_t *request = dispatch_failed (self->dispatch);
        if (!request)
            return true;
        if (!keel_actions_room (out))
            return false;
        send_notice (self, request, request->code, out);
        dispatch_end (self->dispatch, request);
    }
    return false;
}

static bool
assign (keel_majordomo_t *self, keel_actions_t *out)
{
    if (dispatch_draining (self->dispatch))
        return true;
    while (keel_actions_room (out)) {
        dispatch_request_t *request = dispatch_assign (self->dispatch, self->now);
        if (!request)
            return true;
        send_kept_request (request, out);
    }
    return false;
}

static bool
expire_workers (keel_majordomo_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK && keel_actions_room (out); work++) {
        dispatch_worker_t *worker = dispatch_silent (self->dispatch, self->now);
        if (!worker)
            return true;
        note_peer (self, NOTE_WORKER_LOST, "worker expired, silent for too long, id", worker->id, out);
        dispatch_lose (self->dispatch, worker, DISPATCH_EXPIRED, 0, self->now);
    }
    return false;
}

/*  When one is due, those of the next tenth of an interval go along: a thousand idle workers then wake the broker ten times an
 *  interval and not a thousand times. */
static bool
send_heartbeats (keel_majordomo_t *self, keel_actions_t *out)
{
    if (!dispatch_unsent (self->dispatch, self->now))
        return true;
    int64_t until = self->now + self->config.dispatch.heartbeat.interval_ms / 10;
    while (keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_unsent (self->dispatch, until);
        if (!worker)
            return true;
        send_heartbeat (self, worker, out);
    }
    return false;
}

static void
start_sweep (keel_majordomo_t *self)
{
    self->sweep++;
    self->sweeping = true;
    self->probed_at = self->now;
    self->probes_left--;
    self->probe_due = self->probes_left ? self->now + PROBE_GAP_MS : KEEL_NEVER;
}

static bool
probe (keel_majordomo_t *self, keel_actions_t *out)
{
    if (!self->sweeping && self->probe_due <= self->now)
        start_sweep (self);
    while (self->sweeping && keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_sweep (self->dispatch, self->sweep);
        self->sweeping = worker;
        if (worker) {
            send_heartbeat (self, worker, out);
            self->counters.probes++;
        }
    }
    return !self->sweeping;
}

static bool
dismiss_all (keel_majordomo_t *self, keel_actions_t *out)
{
    while (keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_farewell (self->dispatch);
        if (!worker && self->drain_until <= self->now)
            worker = dispatch_busy (self->dispatch);
        if (!worker)
            return true;
        dismiss (self, worker, out);
    }
    return false;
}

static void
settle (keel_majordomo_t *self, keel_actions_t *out)
{
    bool finished = true;
    dispatch_expire (self->dispatch, self->now, STEP_WORK);
    finished &= expire_workers (self, out);
    finished &= assign (self, out);
    finished &= probe (self, out);
    finished &= send_heartbeats (self, out);
    if (dispatch_draining (self->dispatch))
        finished &= dismiss_all (self, out);
    finished &= tell_failed (self, out);
    self->unfinished = !finished;
}

/*  A process that was stopped, or a machine that was paused: the step comes long after it was due, and what workers have
 *  said meanwhile has not been read yet. */
static void
forgive_our_absence (keel_majordomo_t *self, int64_t now)
{
    int64_t due = keel_majordomo_next_due (self);
    if (due < self->now)
        due = self->now;
    if (now - due > self->config.dispatch.heartbeat.interval_ms)
        dispatch_forgive (self->dispatch, now - due);
}

int
keel_majordomo_step (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (event->now >= self->now || !self->started);
    if (self->started)
        forgive_our_absence (self, event->now);
    else
        self->started_at = event->now;
    self->started = true;
    self->now = event->now;
    dispatch_begin (self->dispatch);
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        take_message (self, event, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
        take_unreachable (self, event, out);
        break;
    case KEEL_EVENT_FULL:
        take_full (self, event, out);
        break;
    case KEEL_EVENT_DISCONNECTED:
        plan_probes (self);
        break;
    case KEEL_EVENT_REFUSED: /* it connects to nobody */
        break;
    case KEEL_EVENT_DRAIN:
        if (!dispatch_draining (self->dispatch))
            self->drain_until = self->now + self->config.drain_timeout_ms;
        dispatch_drain (self->dispatch);
        break;
    case KEEL_EVENT_TICK:
        break;
    }
    settle (self, out);
    return 0;
}

int64_t
keel_majordomo_next_due (const keel_majordomo_t *self)
{
    if (self->unfinished)
        return self->now;
    int64_t due = dispatch_due (self->dispatch);
    due = self->probe_due < due ? self->probe_due : due;
    if (dispatch_draining (self->dispatch) && dispatch_busy (self->dispatch) && self->drain_until < due)
        due = self->drain_until;
    return due;
}

bool
keel_majordomo_drained (const keel_majordomo_t *self)
{
    dispatch_gauges_t gauges = dispatch_gauges (self->dispatch);
    return dispatch_draining (self->dispatch) && !gauges.workers && !gauges.waiting && !gauges.held &&
           !dispatch_failed (self->dispatch);
}

dispatch_gauges_t
keel_majordomo_gauges (const keel_majordomo_t *self)
{
    return dispatch_gauges (self->dispatch);
}

const dispatch_counters_t *
keel_majordomo_counters (const keel_majordomo_t *self)
{
    return dispatch_counters (self->dispatch);
}
