#include "oracle_state.h"

#include <stdlib.h>
#include <utlist.h>

oracle_t *
oracle_new (world_t *world, uint16_t broker, queue_t *queue, const queue_config_t *config)
{
    oracle_t *self = calloc (1, sizeof (oracle_t));
    if (!self)
        return NULL;
    self->world = world;
    self->broker = broker;
    self->queue = queue;
    self->config = *config;
    self->model.config = config->dispatch;
    self->model.absence_ms = config->absence_ms;
    self->model.grace_ms = config->grace_ms;
    self->drain_until = KEEL_NEVER;
    self->settled = true;
    return self;
}

void
oracle_destroy (oracle_t **self)
{
    model_clear (&(*self)->model);
    free (*self);
    *self = NULL;
}

static void
check_told (oracle_t *self, const model_service_t *service)
{
    const model_request_t *request;
    DL_FOREACH (self->model.failed, request)
    if ((!service || request->service == service) && request->notices && !request->told)
        FAIL (self, "t%lld failed with %u, and its client was not told", (long long) request->ticket, request->code);
}

/*  A broker that told the last failure of a service, and has nothing else of it, has forgotten the service: the next one of that name
 *  counts from 0, even if the broker has not told all of the others yet. */
static void
forget_services (oracle_t *self)
{
    const model_service_t *service;
    DL_FOREACH (self->model.services, service)
    if (service->failing && !dispatch_service (self->queue->dispatch, span_text (service->name))) {
        check_told (self, service);
        model_forget_failed (&self->model, service);
    }
}

void
oracle_before (oracle_t *self, const keel_event_t *event)
{
    self->event = event;
    self->before = *dispatch_counters (self->queue->dispatch);
    self->bytes_before = dispatch_gauges (self->queue->dispatch).bytes;
    self->expected_count = 0;
    self->grants_seen = 0;
    model_forgive (&self->model, queue_next_due (self->queue), event->now);
    self->model.now = event->now;
    forget_services (self);
}

bool
oracle_is_registered (const oracle_t *self, uint16_t listener, span_t id)
{
    return model_worker (&self->model, listener, id);
}

bool
oracle_rests (const oracle_t *self)
{
    return model_request_count (&self->model) == 0;
}

/* ------------------------------------------------------------------ silence */

static void
lose_silent (oracle_t *self)
{
    uint64_t count = dispatch_counters (self->queue->dispatch)->workers_expired - self->before.workers_expired;
    while (count-- > 0) {
        model_worker_t *worker = model_silent (&self->model);
        if (!worker) {
            FAIL (self, "a worker was expired before its time");
            return;
        }
        const keel_peer_t peer = {.listener = worker->listener, .id = span_make (worker->id, worker->id_size)};
        if (dispatch_worker (self->queue->dispatch, &peer))
            FAIL (self, "the wrong worker was expired");
        self->model.counters.workers_expired++;
        model_lose (&self->model, worker, 0);
    }
}

/* ------------------------------------------------------------------ after a step */

static void
check_counters (oracle_t *self)
{
    const dispatch_counters_t *real = dispatch_counters (self->queue->dispatch);
    const dispatch_counters_t *model = &self->model.counters;
    dispatch_gauges_t gauges = dispatch_gauges (self->queue->dispatch);
#define X(name)                                                                                                        \
    if (real->name != model->name)                                                                                     \
        FAIL (self, "counter %s is %llu and should be %llu", #name, (unsigned long long) real->name,                   \
              (unsigned long long) model->name);
    DISPATCH_COUNTER_MAP (X)
#undef X
    if (gauges.waiting != self->model.waiting || gauges.held != self->model.held ||
        gauges.workers != self->model.worker_count)
        FAIL (self, "%zu wait, %zu are held, %zu workers: should be %zu, %zu, %zu", gauges.waiting, gauges.held,
              gauges.workers, self->model.waiting, self->model.held, self->model.worker_count);
    if (real->accepted != real->answered + real->failed + gauges.waiting + gauges.held)
        FAIL (self, "accepted %llu: the sums do not add up", (unsigned long long) real->accepted);
}

/*  What was counted for each service. */
static void
check_services (oracle_t *self)
{
    dispatch_t *dispatch = self->queue->dispatch;
    const model_service_t *service;
    DL_FOREACH (self->model.services, service)
    {
        const dispatch_service_t *real = dispatch_service (dispatch, span_text (service->name));
        if (!real || !model_exists (service))
            continue;
        if (real->failed != service->failed ||
            memcmp (&real->answered, &service->answered, sizeof (delays_t)) != 0 ||
            memcmp (&real->waited, &service->waited, sizeof (delays_t)) != 0)
            FAIL (self, "%s: other answers, failures or delays were counted than there were", service->name);
    }
}

/*  The model keeps what has failed until the broker has told all of it; the broker takes new ones of a client as soon as it has told
 *  the client's. */
static size_t
failed_of (const model_t *model, const model_client_t *client)
{
    size_t count = 0;
    const model_request_t *request;
    DL_FOREACH (model->failed, request)
    count += request->client == client;
    return count;
}

static void
check_limits (oracle_t *self)
{
    const dispatch_config_t *config = &self->model.config;
    dispatch_gauges_t gauges = dispatch_gauges (self->queue->dispatch);
    if (gauges.services > config->services || gauges.workers > config->workers ||
        gauges.waiting + gauges.held > config->queued || gauges.bytes > config->queued_bytes)
        FAIL (self, "over a limit: %zu services, %zu workers, %zu requests, %zu bytes", gauges.services, gauges.workers,
              gauges.waiting + gauges.held, gauges.bytes);
    const model_client_t *client;
    DL_FOREACH (self->model.clients, client)
    if (client->outstanding - failed_of (&self->model, client) > config->outstanding)
        FAIL (self, "a client has %zu requests", client->outstanding);
}

/*  When the broker must do something next. */
static int64_t
earliest_due (const oracle_t *self)
{
    const model_t *model = &self->model;
    int64_t due = model->draining && model->held + model->abandoned > 0 ? self->drain_until : KEEL_NEVER;
    const model_worker_t *worker;
    const model_service_t *service;
    const model_flow_t *flow;
    const model_request_t *request;
    DL_FOREACH (model->workers, worker)
    {
        int64_t beat = worker->sent_at + model->config.heartbeat.interval_ms;
        due = beat < due ? beat : due;
        due = model_expiry (model, worker) < due ? model_expiry (model, worker) : due;
    }
    DL_FOREACH (model->services, service)
    DL_FOREACH (service->flows, flow)
    DL_FOREACH (flow->queue, request)
    due = request->due < due ? request->due : due;
    return due;
}

static void
check_idle_hands (oracle_t *self)
{
    const model_service_t *service;
    DL_FOREACH (self->model.services, service)
    if (service->waiting > 0 && model_ready (&self->model, service))
        FAIL (self, "%zu requests for %s wait, though a worker has credit", service->waiting, service->name);
}

/*  The engine says that it has nothing to do before `due`. */
static void
check_settled (oracle_t *self)
{
    const model_t *model = &self->model;
    const model_worker_t *worker;
    if (earliest_due (self) <= model->now)
        FAIL (self, "something is overdue since %lld: a deadline, a silent worker, or a heartbeat",
              (long long) earliest_due (self));
    check_told (self, NULL);
    if (!model->draining)
        check_idle_hands (self);
    DL_FOREACH (model->workers, worker)
    if (model->draining && worker->slots == 0)
        FAIL (self, "an idle worker is still there while draining");
    check_services (self);
    model_forget_failed (&self->model, NULL);
    if (dispatch_gauges (self->queue->dispatch).services != model_service_count (model))
        FAIL (self, "%zu services: should be %zu", dispatch_gauges (self->queue->dispatch).services,
              model_service_count (model));
}

void
oracle_after (oracle_t *self, const keel_actions_t *out)
{
    int64_t due = queue_next_due (self->queue);
    oracle_take_event (self, out);
    model_expire (&self->model);
    lose_silent (self);
    oracle_check_actions (self, out);
    if (self->world->plan.kind != WORLD_MAJORDOMO)
        oracle_check_pirates (self);
    self->settled = due > self->model.now;
    if (self->world->failed)
        return;
    check_counters (self);
    check_limits (self);
    if (self->settled && due > earliest_due (self))
        FAIL (self, "the broker would sleep until %lld, and is needed at %lld", (long long) due,
              (long long) earliest_due (self));
    if (self->settled)
        check_settled (self);
}

void
oracle_check_empty (oracle_t *self)
{
    const dispatch_t *dispatch = self->queue->dispatch;
    dispatch_begin (self->queue->dispatch, self->model.now * 1000);
    if (dispatch->request_count || dispatch->gauges.bytes || dispatch->busy || dispatch->failed ||
        dispatch->deadlines.count)
        FAIL (self, "something is left behind: %zu requests, %zu bytes", dispatch->request_count,
              dispatch->gauges.bytes);
    if (dispatch->idle_client_count != dispatch->gauges.clients)
        FAIL (self, "%zu clients are not idle, though nothing is outstanding",
              dispatch->gauges.clients - dispatch->idle_client_count);
}
