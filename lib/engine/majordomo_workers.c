/*  What workers say: READY, answers, HEARTBEAT, DISCONNECT, and what is none of these. */
#include "majordomo_state.h"
#include "token.h"

static void
refuse_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    self->counters.ready_refused++;
    const note_line_t note = {"READY refused", .service = ask->command->service, .worker = ask->peer->id};
    queue_note (&self->queue, NOTE_READY_REFUSED, &note, out);
    majordomo_send_disconnect (self, ask, out);
}

/*  An unexpected command of a registered worker: its session is over. */
static void
break_session (keel_majordomo_t *self, dispatch_worker_t *worker, const majordomo_ask_t *ask, keel_actions_t *out)
{
    self->counters.sessions_broken++;
    majordomo_send_disconnect (self, ask, out);
    dispatch_lose (self->queue.dispatch, worker, DISPATCH_DISMISSED, 0, self->queue.now);
}

static void
take_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    dispatch_worker_t *worker;
    if (self->passive) {
        self->counters.ready_passive++;
        majordomo_send_disconnect (self, ask, out);
        return;
    }
    if (mmi_is_reserved (ask->command->service) ||
        dispatch_register (self->queue.dispatch, ask->peer, ask->command->service, ask->command->credit, self->queue.now,
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
        majordomo_send_reply (request, MDP_PARTIAL, command->body, command->body_count, out);
        request->answered_partly = true;
    } else if (!dispatch_hold_partial (self->queue.dispatch, request, command->body, command->body_count)) {
        queue_abandon (&self->queue, request, 502, out);
    }
}

static void
take_final (keel_majordomo_t *self, dispatch_request_t *request, const mdp_command_t *command, keel_actions_t *out)
{
    if (!request->partials) {
        majordomo_send_reply (request, MDP_FINAL, command->body, command->body_count, out);
        dispatch_answer (self->queue.dispatch, request, self->queue.now);
    } else if (dispatch_join_partials (self->queue.dispatch, request, command->body, command->body_count)) {
        majordomo_send_reply (request, MDP_FINAL, request->joined, request->joined_count, out);
        dispatch_answer (self->queue.dispatch, request, self->queue.now);
    } else {
        queue_abandon (&self->queue, request, 502, out);
        dispatch_answer (self->queue.dispatch, request, self->queue.now); /* the worker is free */
    }
}

static void
take_answer (keel_majordomo_t *self, dispatch_worker_t *worker, const mdp_command_t *command, keel_actions_t *out)
{
    uint64_t token;
    dispatch_request_t *request = NULL;
    dispatch_heard (self->queue.dispatch, worker, self->queue.now);
    if (token_decode (command->token, &token))
        request = dispatch_attempt (self->queue.dispatch, worker, token);
    if (!request) {
        self->queue.counters.answers_dropped++;
    } else if (request->state == DISPATCH_ABANDONED) {
        self->queue.counters.answers_abandoned++;
        if (command->kind == MDP_FINAL)
            dispatch_answer (self->queue.dispatch, request, self->queue.now);
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
        self->queue.counters.strangers++;
        majordomo_send_disconnect (self, ask, out);
    }
}

void
majordomo_take_from_worker (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    const mdp_command_t *command = ask->command;
    dispatch_worker_t *worker = dispatch_worker (self->queue.dispatch, ask->peer);
    if (command->kind == MDP_HEARTBEAT)
        self->queue.counters.heartbeats_received++;
    if (!worker)
        take_from_stranger (self, ask, out);
    else if (command->kind == MDP_DISCONNECT)
        dispatch_lose (self->queue.dispatch, worker, DISPATCH_LEFT, 0, self->queue.now);
    else if (command->kind == MDP_READY && KEEL_FAULT (SECOND_READY))
        dispatch_heard (self->queue.dispatch, worker, self->queue.now);
    else if (command->kind == MDP_READY || command->version != worker->version)
        break_session (self, worker, ask, out);
    else if (command->kind == MDP_HEARTBEAT)
        dispatch_beat (self->queue.dispatch, worker, self->queue.now);
    else
        take_answer (self, worker, command, out);
}

/*  An answer of too many frames would be as long the next time: its request fails, and the worker is free. */
void
majordomo_take_cut_answer (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    uint64_t token;
    dispatch_worker_t *worker = dispatch_worker (self->queue.dispatch, &event->peer);
    if (!worker || envelope_decode (event->frames, event->count, &envelope) != VERDICT_OK ||
        mdp_decode_at_broker (event->frames + envelope.count, event->count - envelope.count, &command) != VERDICT_OK ||
        (command.kind != MDP_FINAL && command.kind != MDP_PARTIAL) || !token_decode (command.token, &token))
        return;
    dispatch_request_t *request = dispatch_attempt (self->queue.dispatch, worker, token);
    if (request && request->state == DISPATCH_HELD) {
        queue_abandon (&self->queue, request, 502, out);
    }
    if (request && command.kind == MDP_FINAL)
        dispatch_answer (self->queue.dispatch, request, self->queue.now);
}

/*  A READY with no name, or a bad name or credit, is answered: its sender waits for requests. */
void
majordomo_take_bad_ready (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    dispatch_worker_t *worker = dispatch_worker (self->queue.dispatch, ask->peer);
    self->counters.ready_refused++;
    if (worker)
        break_session (self, worker, ask, out);
    else
        majordomo_send_disconnect (self, ask, out);
}
