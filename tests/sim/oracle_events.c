#include "oracle_state.h"
#include "token.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

/*  A request costs less. */
#define BYTES_MOST 20000

static void
expect_disconnect (oracle_t *self, uint8_t version)
{
    oracle_expect (self, self->event->peer.listener, self->event->peer.id, MDP_WORKER, MDP_DISCONNECT, version);
}

/*  The Pirates have no word for failure. */
static bool
wants_notices (const oracle_t *self, const envelope_t *envelope)
{
    return self->world->plan.kind == WORLD_MAJORDOMO && envelope_options (envelope).notices;
}

/*  To the sender of the event. */
static expected_t *
expect_answer (oracle_t *self, const envelope_t *envelope, const mdp_command_t *command, span_t service, unsigned code)
{
    expected_t *expected =
        oracle_expect (self, self->event->peer.listener, self->event->peer.id, MDP_CLIENT, MDP_FINAL, command->version);
    expected->envelope = oracle_digest (0, envelope->frames, envelope->count);
    expected->code = code;
    expected->any_body = true;
    memcpy (expected->service, service.data, service.size);
    return expected;
}

/* ------------------------------------------------------------------ the event: a client's request */

/*  The first that is sent to anybody, if it is a request to a worker. */
static const keel_action_t *
first_grant (oracle_t *self, const keel_actions_t *out, mdp_command_t *command)
{
    envelope_t envelope;
    size_t n = 0;
    while (n < out->count && out->items[n].kind != KEEL_ACTION_SEND)
        n++;
    if (n == out->count || !oracle_read (self, &out->items[n], &envelope, command) || command->role != MDP_WORKER ||
        command->kind != MDP_REQUEST)
        return NULL;
    self->grants_seen = n + 1;
    return &out->items[n];
}

/*  Is that SEND this request's first attempt, as the engine sees it? */
static bool
is_first_attempt (const oracle_t *self, const keel_action_t *action)
{
    const keel_peer_t peer = {.listener = action->listener, .id = action->id};
    const dispatch_worker_t *holder = dispatch_worker (self->queue->dispatch, &peer);
    const dispatch_request_t *request = holder ? dispatch_attempt (self->queue->dispatch, holder, action->tag) : NULL;
    return request && request->attempts == 1 && request->accepted_us == self->model.now * 1000;
}

/*  A worker is ready and nobody waits: it must go out at once, before all else, unless somebody is over their time, who
 *  may be that worker, or give something back that comes first. */
static void
check_placed (oracle_t *self, model_request_t *request, const keel_actions_t *out)
{
    mdp_command_t command;
    const keel_action_t *action = first_grant (self, out, &command);
    bool ours = action && ledger_ticket (command.body[0]) == request->ticket;
    if (model_silent (&self->model))
        ours = ours && is_first_attempt (self, action);
    else if (!ours)
        FAIL (self, "t%lld waits, though a worker has credit and nobody else waits", (long long) request->ticket);
    if (ours)
        oracle_grant (self, request, action, &command);
    else
        self->grants_seen = 0;
}

static void
accept (oracle_t *self, const envelope_t *envelope, const mdp_command_t *command, const keel_actions_t *out)
{
    model_t *model = &self->model;
    const keel_peer_t *peer = &self->event->peer;
    envelope_options_t options = envelope_options (envelope);
    model_request_t *request = calloc (1, sizeof (*request));
    assert (request);
    request->ticket = ledger_ticket (command->body[0]);
    request->client = model_make_client (model, peer->listener, peer->id);
    request->client->outstanding++;
    request->service = model_make_service (model, command->service);
    request->version = command->version;
    request->notices = wants_notices (self, envelope);
    request->envelope = oracle_digest (0, envelope->frames, envelope->count);
    request->body = oracle_digest (0, command->body, command->body_count);
    request->accepted_at = model->now;
    request->due = model->now + (options.ttl_ms ? (int64_t) options.ttl_ms : model->config.ttl_ms);
    bool at_once = request->service->waiting == 0 && model_ready (model, request->service);
    model_enqueue (model, request, false);
    model->counters.accepted++;
    if (at_once)
        check_placed (self, request, out);
}

/*  The code that a request must be refused with; 0: none. */
static unsigned
refusal (oracle_t *self, span_t name)
{
    const model_t *model = &self->model;
    const keel_peer_t *peer = &self->event->peer;
    const model_service_t *service = model_service (model, name);
    bool exists = service && model_exists (service);
    const model_client_t *client = model_client (model, peer->listener, peer->id);
    if (model->draining || (service && service->draining) || model_request_count (model) >= model->config.queued)
        return 503;
    if (!exists && model_service_count (model) >= model->config.services)
        return 503;
    return client && client->outstanding >= model->config.outstanding ? 429 : 0;
}

static void
count_refusal (oracle_t *self, const dispatch_counters_t *now)
{
    dispatch_counters_t *counters = &self->model.counters;
    counters->refused = now->refused;
    counters->refused_outstanding = now->refused_outstanding;
    counters->refused_queue = now->refused_queue;
    counters->refused_services = now->refused_services;
    counters->refused_draining = now->refused_draining;
}

static void
take_request (oracle_t *self, const envelope_t *envelope, const mdp_command_t *command, const keel_actions_t *out)
{
    const dispatch_counters_t *now = dispatch_counters (self->queue->dispatch);
    unsigned code = refusal (self, command->service);
    bool refused = now->refused > self->before.refused;
    bool for_bytes = now->refused_queue > self->before.refused_queue &&
                     self->bytes_before + BYTES_MOST > self->model.config.queued_bytes;
    if (self->settled && refused != (code != 0) && !for_bytes)
        FAIL (self, "t%lld was %s, against the limits", (long long) ledger_ticket (command->body[0]),
              refused ? "refused" : "taken");
    if (!refused) {
        accept (self, envelope, command, out);
        return;
    }
    code = now->refused_outstanding > self->before.refused_outstanding ? 429 : 503;
    count_refusal (self, now);
    if (wants_notices (self, envelope))
        expect_answer (self, envelope, command, SPAN_OF (MMI_ERROR), code);
}

static void
take_mmi (oracle_t *self, const envelope_t *envelope, const mdp_command_t *command)
{
    mmi_t mmi = mmi_decode (command->service);
    model_service_t *asked = command->body_count == 1 ? model_service (&self->model, command->body[0]) : NULL;
    expected_t *expected = expect_answer (self, envelope, command, command->service, 0);
    if (mmi == MMI_UNKNOWN)
        expected->code = 501;
    else if (mmi_needs_admin (mmi) && !self->event->peer.admin)
        expected->code = 403;
    else if (command->body_count != 1)
        expected->code = 400;
    else if (mmi == MMI_SERVICE)
        expected->code = asked && asked->workers ? 200 : 404;
    else if (mmi == MMI_DRAIN || mmi == MMI_RESUME) {
        const dispatch_service_t *service = dispatch_service (self->queue->dispatch, command->body[0]);
        if (asked)
            asked->draining = service && service->draining;
    }
}

/* ------------------------------------------------------------------ the event: a worker's command */

static void
expect_reply (oracle_t *self, const model_request_t *request, mdp_kind_t kind, const mdp_command_t *command)
{
    span_t id = span_make (request->client->id, request->client->id_size);
    expected_t *expected = oracle_expect (self, request->client->listener, id, MDP_CLIENT, kind, request->version);
    expected->envelope = request->envelope;
    expected->body = oracle_digest (request->parts, command->body, command->body_count);
    memcpy (expected->service, request->service->name, sizeof (expected->service));
}

static void
expect_lost_halfway (oracle_t *self, const model_request_t *request)
{
    if (!request->notices)
        return;
    span_t id = span_make (request->client->id, request->client->id_size);
    expected_t *expected = oracle_expect (self, request->client->listener, id, MDP_CLIENT, MDP_FINAL, request->version);
    expected->envelope = request->envelope;
    expected->any_body = true;
    expected->code = 502;
    memcpy (expected->service, MMI_ERROR, sizeof (MMI_ERROR));
}

/*  A part to be held. Whether it is too much is for the engine to say, within reason. */
static void
hold_part (oracle_t *self, model_request_t *request, const mdp_command_t *command)
{
    const dispatch_config_t *config = &self->model.config;
    request->parts = oracle_digest (request->parts, command->body, command->body_count);
    for (size_t n = 0; n < command->body_count; n++)
        request->part_bytes += command->body[n].size;
    const keel_peer_t peer = {.listener = request->worker->listener,
                              .id = span_make (request->worker->id, request->worker->id_size)};
    const dispatch_worker_t *worker = dispatch_worker (self->queue->dispatch, &peer);
    const dispatch_request_t *real = worker ? dispatch_attempt (self->queue->dispatch, worker, request->token) : NULL;
    bool abandoned = real && real->state == DISPATCH_ABANDONED;
    if (!abandoned && request->part_bytes > config->partial_bytes)
        FAIL (self, "parts of %zu bytes are held for t%lld", request->part_bytes, (long long) request->ticket);
    if (abandoned && config->partial_bytes > 1 << 20 && config->queued_bytes > 1 << 20)
        FAIL (self, "t%lld was given up for %zu bytes of parts", (long long) request->ticket, request->part_bytes);
    if (abandoned) {
        expect_lost_halfway (self, request);
        model_abandon (&self->model, request);
    }
}

void
oracle_take_answer (oracle_t *self, model_worker_t *worker, const mdp_command_t *command)
{
    uint64_t token;
    model_heard (&self->model, worker);
    model_request_t *request = token_decode (command->token, &token) ? model_held (worker, token) : NULL;
    if (!request)
        return;
    if (command->kind == MDP_FINAL) {
        if (request->state == MODEL_HELD)
            expect_reply (self, request, MDP_FINAL, command);
        model_answer (&self->model, request);
    } else if (request->state == MODEL_HELD && request->version == 2) {
        expect_reply (self, request, MDP_PARTIAL, command);
        request->seen_partly = true;
    } else if (request->state == MODEL_HELD) {
        hold_part (self, request, command);
    }
}

bool
oracle_register (oracle_t *self, const mdp_command_t *command)
{
    model_t *model = &self->model;
    const model_service_t *service = model_service (model, command->service);
    bool exists = service && model_exists (service);
    bool refused = dispatch_counters (self->queue->dispatch)->workers_refused > self->before.workers_refused;
    bool must = model->draining || model->worker_count >= model->config.workers ||
                (!exists && model_service_count (model) >= model->config.services);
    if (refused != must && self->settled)
        FAIL (self, "a worker was %s, against the limits", refused ? "refused" : "taken");
    model->counters.workers_refused += refused;
    if (!refused)
        model_register (model, &self->event->peer, command->service, command->credit, command->version);
    return !refused;
}

static void
take_ready (oracle_t *self, const mdp_command_t *command)
{
    if (mmi_is_reserved (command->service) || !oracle_register (self, command))
        expect_disconnect (self, command->version);
}

static void
break_session (oracle_t *self, model_worker_t *worker, uint8_t version)
{
    self->model.counters.workers_ended++;
    expect_disconnect (self, version);
    model_lose (&self->model, worker, 0);
}

static void
take_from_worker (oracle_t *self, const mdp_command_t *command)
{
    model_worker_t *worker = model_worker (&self->model, self->event->peer.listener, self->event->peer.id);
    if (!worker) {
        if (command->kind == MDP_READY)
            take_ready (self, command);
        else if (command->kind != MDP_DISCONNECT)
            expect_disconnect (self, command->version);
    } else if (command->kind == MDP_DISCONNECT) {
        self->model.counters.workers_left++;
        model_lose (&self->model, worker, 0);
    } else if (command->kind == MDP_READY || command->version != worker->version) {
        break_session (self, worker, command->version);
    } else if (command->kind == MDP_HEARTBEAT) {
        model_beat (&self->model, worker);
    } else {
        oracle_take_answer (self, worker, command);
    }
}

/*  Only a READY is answered. */
static void
take_malformed (oracle_t *self, verdict_t verdict, const mdp_command_t *command)
{
    if (command->role != MDP_WORKER || command->kind != MDP_READY ||
        (verdict != VERDICT_SHORT && verdict != VERDICT_SERVICE && verdict != VERDICT_CREDIT))
        return;
    model_worker_t *worker = model_worker (&self->model, self->event->peer.listener, self->event->peer.id);
    if (worker)
        break_session (self, worker, command->version);
    else
        expect_disconnect (self, command->version);
}

/*  What is well-formed. */
static void
take_command (oracle_t *self, const envelope_t *envelope, const mdp_command_t *command, const keel_actions_t *out)
{
    bool pirates = self->world->plan.kind != WORLD_MAJORDOMO;
    if (command->role == MDP_WORKER && pirates)
        oracle_take_from_pirate (self, command);
    else if (command->role == MDP_WORKER)
        take_from_worker (self, command);
    else if (!pirates && mmi_is_reserved (command->service))
        take_mmi (self, envelope, command);
    else
        take_request (self, envelope, command, out);
}

static void
take_message (oracle_t *self, const keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    const keel_event_t *event = self->event;
    const plan_t *plan = &self->world->plan;
    verdict_t verdict =
        dialect_at_broker (plan->kind, event->peer.listener, event->frames, event->count, &envelope, &command);
    if (verdict == VERDICT_OK && command.body_count > (size_t) plan->frames)
        verdict = VERDICT_FRAMES;
    if (verdict == VERDICT_OK)
        take_command (self, &envelope, &command, out);
    else if (plan->kind == WORLD_MAJORDOMO)
        take_malformed (self, verdict, &command);
    else
        oracle_take_malformed_pirate (self, verdict, &command);
}

static void
take_failed_send (oracle_t *self)
{
    const keel_event_t *event = self->event;
    model_worker_t *worker = model_worker (&self->model, event->peer.listener, event->peer.id);
    if (event->tag == 0 || !worker || (event->kind == KEEL_EVENT_FULL && event->tag == UINT64_MAX))
        return;
    self->model.counters.workers_unreachable++;
    model_lose (&self->model, worker, event->tag);
}

void
oracle_take_event (oracle_t *self, const keel_actions_t *out)
{
    switch (self->event->kind) {
    case KEEL_EVENT_MESSAGE:
        take_message (self, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
    case KEEL_EVENT_FULL:
        take_failed_send (self);
        break;
    case KEEL_EVENT_DRAIN:
        if (!self->model.draining)
            self->drain_until = self->model.now + self->config.drain_timeout_ms;
        self->model.draining = true;
        break;
    default:
        break;
    }
}
