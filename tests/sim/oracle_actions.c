#include "oracle_state.h"
#include "token.h"

#include <assert.h>
#include <utlist.h>

/* ------------------------------------------------------------------ digests */

uint64_t
oracle_digest (uint64_t seed, const span_t frames[], size_t count)
{
    uint64_t hash = seed ? seed : 0xcbf29ce484222325u;
    for (size_t n = 0; n < count; n++) {
        hash = (hash ^ frames[n].size) * 0x100000001b3u;
        for (size_t at = 0; at < frames[n].size; at++)
            hash = (hash ^ frames[n].data[at]) * 0x100000001b3u;
    }
    return hash;
}

/* ------------------------------------------------------------------ what must be said */

expected_t *
oracle_expect (oracle_t *self, uint16_t listener, span_t id, mdp_role_t role, mdp_kind_t kind, uint8_t version)
{
    assert (self->expected_count < EXPECTED_MAX);
    expected_t *expected = &self->expected[self->expected_count++];
    *expected = (expected_t){.listener = listener, .id_size = id.size, .role = role, .kind = kind, .version = version};
    memcpy (expected->id, id.data, id.size);
    return expected;
}

static bool
is_expected (const expected_t *expected, const keel_action_t *action, const envelope_t *envelope,
             const mdp_command_t *command)
{
    if (expected->listener != action->listener || !span_is (action->id, expected->id, expected->id_size) ||
        expected->role != command->role || expected->kind != command->kind || expected->version != command->version)
        return false;
    if (expected->role == MDP_WORKER)
        return true;
    return span_equal (command->service, span_text (expected->service)) &&
           expected->envelope == oracle_digest (0, envelope->frames, envelope->count) &&
           (expected->any_body || expected->body == oracle_digest (0, command->body, command->body_count)) &&
           (!expected->code || span_equal (command->body[0], mmi_code (expected->code)));
}

static bool
take_expected (oracle_t *self, const keel_action_t *action, const envelope_t *envelope, const mdp_command_t *command)
{
    for (size_t n = 0; n < self->expected_count; n++)
        if (is_expected (&self->expected[n], action, envelope, command)) {
            self->expected[n] = self->expected[--self->expected_count];
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------ requests given to workers */

/*  Puts head and body of an action side by side, and decodes. */
bool
oracle_read (oracle_t *self, const keel_action_t *action, envelope_t *envelope, mdp_command_t *command)
{
    size_t count = action->head_count + action->body_count;
    assert (count <= FRAMES_MAX);
    memcpy (self->frames, action->head, action->head_count * sizeof (span_t));
    if (action->body_count)
        memcpy (self->frames + action->head_count, action->body, action->body_count * sizeof (span_t));
    return dialect_at_peer (self->world->plan.kind, action->listener, self->frames, count, envelope, command) == VERDICT_OK;
}

/*  Least recently used first; of those about to be expired the engine may know already, or not yet. */
static void
check_turn (oracle_t *self, const model_request_t *request, const model_worker_t *worker)
{
    const model_t *model = &self->model;
    const model_worker_t *other;
    DL_FOREACH (model->workers, other)
    if (other->service == worker->service && other->slots < other->credit && other->ready_order < worker->ready_order &&
        model_expiry (model, other) > model->now)
        FAIL (self, "t%lld was given to a worker before one that was used less recently", (long long) request->ticket);
}

static void
check_grant (oracle_t *self, const model_request_t *request, const model_worker_t *worker, const mdp_command_t *command)
{
    const model_t *model = &self->model;
    long long ticket = request->ticket;
    if (worker->service != request->service)
        FAIL (self, "t%lld went to a worker of another service", ticket);
    else if (worker->slots >= worker->credit)
        FAIL (self, "t%lld went to a worker that has no credit left: %u of %u", ticket, worker->slots, worker->credit);
    else if (model->config.max_attempts && request->attempts >= model->config.max_attempts)
        FAIL (self, "t%lld got an attempt too many, number %u", ticket, request->attempts + 1);
    else if (request->due <= model->now)
        FAIL (self, "t%lld was given out %lld ms after its deadline", ticket, (long long) (model->now - request->due));
    else if (request->flow->queue != request)
        FAIL (self, "t%lld was given out before an older request of its client", ticket);
    else if (command->version != worker->version)
        FAIL (self, "t%lld was sent in another version than the worker's", ticket);
    else if (oracle_digest (0, command->body, command->body_count) != request->body)
        FAIL (self, "t%lld was given out with another body", ticket);
    const model_flow_t *flow;
    DL_FOREACH (request->service->flows, flow)
    if (flow != request->flow && flow->patience <= 0)
        FAIL (self, "t%lld was given out, but another client's turn was overdue: t%lld waits", ticket,
              (long long) flow->queue->ticket);
}

void
oracle_grant (oracle_t *self, model_request_t *request, const keel_action_t *action, const mdp_command_t *command)
{
    uint64_t token;
    model_worker_t *worker = model_worker (&self->model, action->listener, action->id);
    if (!worker || !token_decode (command->token, &token) || token != action->tag) {
        FAIL (self, "t%lld was sent to somebody who is not registered, or without a token",
              (long long) request->ticket);
        return;
    }
    model_worker_t *other;
    DL_FOREACH (self->model.workers, other)
    if (model_held (other, token))
        FAIL (self, "t%lld was given out under a token in use", (long long) request->ticket);
    check_grant (self, request, worker, command);
    check_turn (self, request, worker);
    if (!self->world->failed)
        model_grant (&self->model, request, worker, token);
}

/*  The engine says which of two sendings of one ticket it means: whose they are. */
static model_request_t *
find_granted (oracle_t *self, const keel_action_t *action, int64_t ticket)
{
    dispatch_t *dispatch = self->queue->dispatch;
    const keel_peer_t peer = {.listener = action->listener, .id = action->id};
    const dispatch_worker_t *holder = dispatch_worker (dispatch, &peer);
    const dispatch_request_t *request = holder ? dispatch_attempt (dispatch, holder, action->tag) : NULL;
    const model_client_t *client =
        request && request->client ? model_client (&self->model, request->client->listener, request->client->id) : NULL;
    model_service_t *service = holder ? model_service (&self->model, holder->service->name) : NULL;
    model_flow_t *flow = service && client ? model_flow (service, client) : NULL;
    model_request_t *waiting;
    DL_FOREACH (flow ? flow->queue : NULL, waiting)
    if (waiting->ticket == ticket)
        return waiting;
    return NULL;
}

static void
explain_unknown_grant (oracle_t *self, int64_t ticket)
{
    const model_worker_t *worker;
    const model_request_t *request;
    DL_FOREACH (self->model.workers, worker)
    DL_FOREACH (worker->held, request)
    if (request->ticket == ticket && request->state == MODEL_HELD)
        FAIL (self, "t%lld is held by two workers at once", (long long) ticket);
    FAIL (self, "t%lld was given out, but nobody waits for it", (long long) ticket);
}

/* ------------------------------------------------------------------ what the broker says */

void
oracle_take_dismissal (oracle_t *self, model_worker_t *worker)
{
    if (!self->model.draining || (worker->slots > 0 && self->model.now < self->drain_until))
        FAIL (self, "a worker was dismissed before its time");
    self->model.counters.workers_ended++;
    model_lose (&self->model, worker, 0);
}

static void
check_to_worker (oracle_t *self, const keel_action_t *action, const envelope_t *envelope, const mdp_command_t *command)
{
    model_worker_t *worker = model_worker (&self->model, action->listener, action->id);
    if (command->kind == MDP_REQUEST) {
        int64_t ticket = ledger_ticket (command->body[0]);
        model_request_t *request = find_granted (self, action, ticket);
        if (request)
            oracle_grant (self, request, action, command);
        else
            explain_unknown_grant (self, ticket);
    } else if (command->kind == MDP_HEARTBEAT && worker) {
        worker->sent_at = self->model.now;
    } else if (command->kind == MDP_DISCONNECT && take_expected (self, action, envelope, command)) {
        return;
    } else if (command->kind == MDP_DISCONNECT && worker) {
        oracle_take_dismissal (self, worker);
    } else {
        FAIL (self, "a command was sent to a worker that is not registered");
    }
}

/*  A notice to one whose request has failed. */
static bool
take_notice (oracle_t *self, const keel_action_t *action, const envelope_t *envelope, const mdp_command_t *command)
{
    model_request_t *request;
    if (!span_equal (command->service, SPAN_OF (MMI_ERROR)) || command->body_count != 3)
        return false;
    uint64_t digested = oracle_digest (0, envelope->frames, envelope->count);
    DL_FOREACH (self->model.failed, request)
    if (!request->told && request->notices && request->envelope == digested && request->version == command->version &&
        request->client->listener == action->listener &&
        span_is (action->id, request->client->id, request->client->id_size) &&
        span_equal (command->body[0], mmi_code (request->code)) &&
        span_equal (command->body[2], span_text (request->service->name))) {
        request->told = true;
        return true;
    }
    return false;
}

void
oracle_check_actions (oracle_t *self, const keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    for (size_t n = self->grants_seen; n < out->count && !self->world->failed; n++) {
        const keel_action_t *action = &out->items[n];
        if (action->kind != KEEL_ACTION_SEND)
            continue;
        if (!oracle_read (self, action, &envelope, &command))
            FAIL (self, "the broker said something malformed");
        else if (command.role == MDP_WORKER)
            check_to_worker (self, action, &envelope, &command);
        else if (!take_expected (self, action, &envelope, &command) && !take_notice (self, action, &envelope, &command))
            FAIL (self, "a client was sent %.*s that it should not get: %.*s", (int) command.service.size,
                  (const char *) command.service.data, (int) command.body[0].size, (const char *) command.body[0].data);
    }
    if (self->expected_count > 0)
        FAIL (self, "an answer is missing: service %s", self->expected[0].service);
}
