#include "model.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

static void *
make (size_t size)
{
    void *block = calloc (1, size);
    assert (block);
    return block;
}

/* ------------------------------------------------------------------ records */

bool
model_exists (const model_service_t *service)
{
    return service->workers || service->waiting || service->held || service->failing || service->draining;
}

model_service_t *
model_service (const model_t *self, span_t name)
{
    model_service_t *service;
    DL_FOREACH (self->services, service)
    if (span_equal (name, span_text (service->name)))
        return service;
    return NULL;
}

static void
begin_service (model_service_t *service)
{
    service->left_at = INT64_MIN;
    service->failed = 0;
    memset (&service->answered, 0, sizeof (service->answered));
    memset (&service->waited, 0, sizeof (service->waited));
}

model_service_t *
model_make_service (model_t *self, span_t name)
{
    model_service_t *service = model_service (self, name);
    if (service) {
        if (!model_exists (service)) /* a new one of that name */
            begin_service (service);
        return service;
    }
    service = make (sizeof (*service));
    begin_service (service);
    memcpy (service->name, name.data, name.size);
    DL_APPEND (self->services, service);
    return service;
}

size_t
model_service_count (const model_t *self)
{
    size_t count = 0;
    model_service_t *service;
    DL_FOREACH (self->services, service)
    count += model_exists (service);
    return count;
}

size_t
model_request_count (const model_t *self)
{
    return self->waiting + self->held + self->abandoned + self->failing;
}

model_worker_t *
model_worker (const model_t *self, uint16_t listener, span_t id)
{
    model_worker_t *worker;
    DL_FOREACH (self->workers, worker)
    if (worker->listener == listener && span_is (id, worker->id, worker->id_size))
        return worker;
    return NULL;
}

model_client_t *
model_client (const model_t *self, uint16_t listener, span_t id)
{
    model_client_t *client;
    DL_FOREACH (self->clients, client)
    if (client->listener == listener && span_is (id, client->id, client->id_size))
        return client;
    return NULL;
}

model_client_t *
model_make_client (model_t *self, uint16_t listener, span_t id)
{
    model_client_t *client = model_client (self, listener, id);
    if (client)
        return client;
    client = make (sizeof (*client));
    client->listener = listener;
    client->id_size = id.size;
    memcpy (client->id, id.data, id.size);
    DL_APPEND (self->clients, client);
    return client;
}

static void
release_client (model_t *self, model_request_t *request)
{
    model_client_t *client = request->client;
    request->client = NULL;
    if (--client->outstanding > 0)
        return;
    DL_DELETE (self->clients, client);
    free (client);
}

model_flow_t *
model_flow (const model_service_t *service, const model_client_t *client)
{
    model_flow_t *flow;
    DL_FOREACH (service->flows, flow)
    if (flow->client == client)
        return flow;
    return NULL;
}

model_request_t *
model_held (const model_worker_t *worker, uint64_t token)
{
    model_request_t *request;
    DL_FOREACH (worker->held, request)
    if (request->token == token)
        return request;
    return NULL;
}

static void
free_requests (model_request_t *list)
{
    model_request_t *request, *next;
    DL_FOREACH_SAFE (list, request, next)
    free (request);
}

static void
free_service (model_service_t *service)
{
    model_flow_t *flow, *next;
    DL_FOREACH_SAFE (service->flows, flow, next)
    {
        free_requests (flow->queue);
        free (flow);
    }
    free (service);
}

void
model_clear (model_t *self)
{
    model_service_t *service, *service_next;
    model_worker_t *worker, *worker_next;
    model_client_t *client, *client_next;
    DL_FOREACH_SAFE (self->services, service, service_next)
    free_service (service);
    DL_FOREACH_SAFE (self->workers, worker, worker_next)
    {
        free_requests (worker->held);
        free (worker);
    }
    DL_FOREACH_SAFE (self->clients, client, client_next)
    free (client);
    free_requests (self->failed);
}

/* ------------------------------------------------------------------ turns */

static int64_t
other_flows (const model_service_t *service)
{
    int64_t count = -1;
    model_flow_t *flow;
    DL_FOREACH (service->flows, flow)
    count++;
    return count;
}

/*  Each flow that waits bears one grant to each of those that waited before it; whoever is taken back goes first, but for
 *  older ones of its client. */
void
model_enqueue (model_t *self, model_request_t *request, bool in_front)
{
    model_service_t *service = request->service;
    model_flow_t *flow = model_flow (service, request->client), *other;
    model_request_t *next;
    if (!in_front)
        request->number = ++self->accepted;
    if (!flow) {
        flow = make (sizeof (*flow));
        flow->client = request->client;
        DL_APPEND (service->flows, flow);
        flow->patience = other_flows (service);
    }
    if (in_front) {
        for (next = flow->queue; next && next->number < request->number;)
            next = next->next;
        DL_PREPEND_ELEM (flow->queue, next, request);
        DL_FOREACH (service->flows, other)
        other->patience++;
    } else {
        DL_APPEND (flow->queue, request);
    }
    request->flow = flow;
    request->state = MODEL_WAITS;
    service->waiting++;
    self->waiting++;
}

static void
dequeue (model_t *self, model_request_t *request)
{
    model_flow_t *flow = request->flow;
    DL_DELETE (flow->queue, request);
    if (!flow->queue) {
        DL_DELETE (request->service->flows, flow);
        free (flow);
    }
    request->flow = NULL;
    request->service->waiting--;
    self->waiting--;
}

static void
pass_turn (model_request_t *request)
{
    model_flow_t *flow;
    DL_FOREACH (request->service->flows, flow)
    if (flow == request->flow)
        flow->patience = other_flows (request->service);
    else
        flow->patience--;
}

/* ------------------------------------------------------------------ requests */

/*  In the first bucket whose bound is above. */
static void
count_delay (delays_t *delays, int64_t ms)
{
    size_t n = 0;
    while (n < DELAYS_BUCKETS - 1 && ms * 1000 >= 1 << n)
        n++;
    delays->counts[n]++;
}

static void
count_failure (model_t *self, model_service_t *service, unsigned code)
{
    service->failed++;
    dispatch_counters_t *counters = &self->counters;
    counters->failed++;
    ++*(code == 404   ? &counters->failed_404
        : code == 502 ? &counters->failed_502
        : code == 503 ? &counters->failed_503
                      : &counters->failed_504);
}

void
model_fail (model_t *self, model_request_t *request, unsigned code)
{
    if (request->flow)
        dequeue (self, request);
    request->state = MODEL_FAILED;
    request->code = code;
    request->service->failing++;
    self->failing++;
    count_failure (self, request->service, code);
    DL_APPEND (self->failed, request);
}

void
model_forget_failed (model_t *self, const model_service_t *service)
{
    model_request_t *request, *next;
    DL_FOREACH_SAFE (self->failed, request, next)
    {
        if (service && request->service != service)
            continue;
        DL_DELETE (self->failed, request);
        request->service->failing--;
        self->failing--;
        release_client (self, request);
        free (request);
    }
}

static void
expire_flow (model_t *self, const model_service_t *service, model_flow_t *flow)
{
    model_request_t *request, *next;
    size_t left = 0;
    DL_FOREACH (flow->queue, request)
    left++;
    for (request = flow->queue; left-- > 0; request = next) { /* the flow goes with its last one */
        next = request->next;
        bool staffed = service->workers || service->left_at >= request->accepted_at; /* at any time since it came */
        if (self->draining || request->due <= self->now)
            model_fail (self, request, self->draining ? 503 : staffed ? 504 : 404);
    }
}

void
model_expire (model_t *self)
{
    model_service_t *service;
    DL_FOREACH (self->services, service)
    {
        model_flow_t *flow, *next;
        DL_FOREACH_SAFE (service->flows, flow, next)
        expire_flow (self, service, flow);
    }
}

static void
enter_list (model_t *self, model_worker_t *worker)
{
    worker->heard_at = self->now;
    worker->heard_order = ++self->order;
    worker->lenient = worker->slots > 0 && !worker->beats && self->config.heartbeat.busy_timeout_ms > 0;
}

void
model_grant (model_t *self, model_request_t *request, model_worker_t *worker, uint64_t token)
{
    pass_turn (request);
    dequeue (self, request);
    request->state = MODEL_HELD;
    request->worker = worker;
    request->token = token;
    request->sent_at = worker->sent_at = self->now;
    request->attempts++;
    if (!request->came_back)
        count_delay (&request->service->waited, self->now - request->accepted_at);
    DL_APPEND (worker->held, request);
    if (worker->slots++ == 0 && !worker->beats && self->config.heartbeat.busy_timeout_ms > 0)
        enter_list (self, worker);
    if (worker->slots < worker->credit)
        worker->ready_order = ++self->order;
    request->service->held++;
    self->held++;
    self->counters.attempts++;
}

static void
free_slot (model_t *self, model_request_t *request)
{
    model_worker_t *worker = request->worker;
    DL_DELETE (worker->held, request);
    if (request->state == MODEL_HELD) {
        request->service->held--;
        self->held--;
    } else {
        self->abandoned--;
    }
    if (worker->slots == worker->credit)
        worker->ready_order = ++self->order;
    if (--worker->slots == 0)
        enter_list (self, worker);
}

void
model_answer (model_t *self, model_request_t *request)
{
    free_slot (self, request);
    if (request->state == MODEL_HELD) {
        self->counters.answered++;
        count_delay (&request->service->answered, self->now - request->accepted_at);
        release_client (self, request);
    }
    free (request);
}

void
model_abandon (model_t *self, model_request_t *request)
{
    request->state = MODEL_ABANDONED;
    request->service->held--;
    self->held--;
    self->abandoned++;
    count_failure (self, request->service, 502);
    release_client (self, request);
}

/* ------------------------------------------------------------------ workers */

model_worker_t *
model_register (model_t *self, const keel_peer_t *peer, span_t service, uint32_t credit, uint8_t version)
{
    model_worker_t *worker = make (sizeof (*worker));
    worker->listener = peer->listener;
    worker->id_size = peer->id.size;
    memcpy (worker->id, peer->id.data, peer->id.size);
    worker->service = model_make_service (self, service);
    worker->service->workers++;
    worker->credit = credit < self->config.credit ? credit : self->config.credit;
    worker->version = version;
    worker->sent_at = self->now;
    DL_APPEND (self->workers, worker);
    worker->ready_order = ++self->order;
    enter_list (self, worker);
    self->worker_count++;
    self->counters.workers_registered++;
    return worker;
}

static void
requeue (model_t *self, model_request_t *request, bool delivered)
{
    unsigned most = self->config.max_attempts;
    self->counters.requeued++;
    request->worker = NULL;
    request->came_back = true;
    request->part_count = request->part_bytes = 0;
    request->parts = 0;
    if (!delivered) {
        self->counters.attempts_undelivered++;
        request->attempts--;
    }
    if (request->seen_partly)
        model_fail (self, request, 502);
    else if (self->draining)
        model_fail (self, request, 503);
    else if (most && request->attempts >= most)
        model_fail (self, request, 502);
    else if (request->due <= self->now)
        model_fail (self, request, 504);
    else
        model_enqueue (self, request, true);
}

void
model_lose (model_t *self, model_worker_t *worker, uint64_t undelivered)
{
    while (worker->held) {
        model_request_t *request = worker->held->prev;
        bool held = request->state == MODEL_HELD;
        free_slot (self, request);
        if (held)
            requeue (self, request, request->token != undelivered);
        else
            free (request);
    }
    worker->service->workers--;
    worker->service->left_at = self->now;
    self->worker_count--;
    DL_DELETE (self->workers, worker);
    free (worker);
}

void
model_heard (model_t *self, model_worker_t *worker)
{
    enter_list (self, worker);
}

void
model_beat (model_t *self, model_worker_t *worker)
{
    if (worker->held && self->now - worker->held->sent_at > self->config.heartbeat.interval_ms)
        worker->beats = true;
    enter_list (self, worker);
}

void
model_forgive (model_t *self, int64_t due, int64_t now)
{
    model_worker_t *worker;
    int64_t late = now - (due < self->now ? self->now : due);
    if (late <= self->absence_ms)
        return;
    DL_FOREACH (self->workers, worker) {
        worker->heard_at += late + self->grace_ms;
        worker->heard_at = worker->heard_at < now ? worker->heard_at : now;
    }
}

int64_t
model_expiry (const model_t *self, const model_worker_t *worker)
{
    const liveness_config_t *config = &self->config.heartbeat;
    return worker->heard_at + (worker->lenient ? config->busy_timeout_ms : config->interval_ms * config->liveness);
}

/*  Those held to the strict rule first, the longest silent first. */
model_worker_t *
model_silent (const model_t *self)
{
    model_worker_t *worker, *first = NULL;
    DL_FOREACH (self->workers, worker)
    {
        if (model_expiry (self, worker) > self->now)
            continue;
        bool earlier =
            !first || (worker->lenient != first->lenient ? first->lenient : worker->heard_order < first->heard_order);
        if (earlier)
            first = worker;
    }
    return first;
}

model_worker_t *
model_ready (const model_t *self, const model_service_t *service)
{
    model_worker_t *worker;
    DL_FOREACH (self->workers, worker)
    if (worker->service == service && worker->slots < worker->credit)
        return worker;
    return NULL;
}
