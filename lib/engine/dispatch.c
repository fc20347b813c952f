#include "dispatch_parts.h"

#include "fault.h"
#include "token.h"

#include <assert.h>
#include <utlist.h>

/*  One that comes back is put behind at most so many, and the oldest is sought among so many: work stays bounded when very
 *  many workers are lost at once, or very many clients wait. */
#define LOOK_MOST 1000

/* ------------------------------------------------------------------ life */

dispatch_t *
dispatch_new (const dispatch_config_t *config, uint64_t seed)
{
    dispatch_t *self = memory_new (sizeof (dispatch_t));
    if (!self)
        return NULL;
    self->pool = pool_new ();
    if (!self->pool || !tables_open_flows (self)) {
        pool_destroy (&self->pool);
        memory_free (self);
        return NULL;
    }
    random_t random = {seed};
    for (size_t n = 0; n < sizeof (self->hash_key); n++)
        self->hash_key[n] = (uint8_t) random_next (&random);
    self->serial = (uint32_t) random_next (&random);
    dispatch_configure (self, config);
    return self;
}

void
dispatch_configure (dispatch_t *self, const dispatch_config_t *config)
{
    self->config = *config;
    liveness_configure (&self->liveness, config->heartbeat);
}

static void
drop_partials (dispatch_t *self, dispatch_request_t *request)
{
    dispatch_partial_t *partial, *after;
    DL_FOREACH_SAFE (request->partials, partial, after) {
        body_release (&partial->body);
        pool_give (self->pool, partial, sizeof (*partial));
    }
    request->partials = NULL;
    self->gauges.bytes -= request->partial_bytes;
    request->partial_frames = request->partial_bytes = 0;
}

static void
free_request (dispatch_t *self, dispatch_request_t *request)
{
    drop_partials (self, request);
    if (request->joined)
        pool_give (self->pool, request->joined, request->joined_count * sizeof (span_t));
    self->gauges.bytes -= request->cost;
    body_release (&request->body);
    tables_free_request (self, request);
}

void
dispatch_begin (dispatch_t *self, int64_t now_us)
{
    self->now_us = now_us;
    while (self->ended_requests) {
        dispatch_request_t *request = self->ended_requests;
        self->ended_requests = request->next;
        free_request (self, request);
    }
    while (self->ended_workers) {
        dispatch_worker_t *worker = self->ended_workers;
        self->ended_workers = worker->next;
        tables_free_worker (self, worker);
    }
    while (self->ended_services) {
        dispatch_service_t *service = self->ended_services;
        self->ended_services = service->next;
        tables_free_service (self, service);
    }
    tables_evict_clients (self);
}

void
dispatch_retire (dispatch_t *self, dispatch_request_t *request)
{
    request->state = DISPATCH_ENDED;
    request->next = self->ended_requests;
    self->ended_requests = request;
}

/*  A service record with no worker and no request is removed, unless an administrator drains it. */
void
dispatch_collect (dispatch_t *self, dispatch_service_t *service)
{
    if (service->workers || service->waiting || service->held || service->ending || service->draining)
        return;
    assert (!service->runnable && !service->flows);
    tables_forget_service (self, service);
    service->next = self->ended_services;
    self->ended_services = service;
}

static void
release_client (dispatch_t *self, dispatch_request_t *request)
{
    dispatch_client_t *client = request->client;
    request->client = NULL;
    if (--client->outstanding == 0) {
        DL_APPEND (self->idle_clients, client);
        self->idle_client_count++;
    }
}

static void
engage_client (dispatch_t *self, dispatch_client_t *client)
{
    if (client->outstanding++ == 0) {
        DL_DELETE (self->idle_clients, client);
        self->idle_client_count--;
    }
}

/* ------------------------------------------------------------------ what may run */

static void
update_runnable (dispatch_t *self, dispatch_service_t *service)
{
    bool runnable = service->flows && service->ready;
    if (runnable == service->runnable)
        return;
    service->runnable = runnable;
    if (runnable)
        DL_APPEND (self->runnable, service);
    else
        DL_DELETE (self->runnable, service);
}

static void
add_ready (dispatch_service_t *service, dispatch_worker_t *worker)
{
    if (KEEL_FAULT (MOST_RECENT))
        DL_PREPEND2 (service->ready, worker, ready_prev, ready_next);
    else
        DL_APPEND2 (service->ready, worker, ready_prev, ready_next);
}

void
dispatch_set_ready (dispatch_t *self, dispatch_worker_t *worker, bool ready)
{
    dispatch_service_t *service = worker->service;
    if (worker->ready)
        DL_DELETE2 (service->ready, worker, ready_prev, ready_next);
    if (ready)
        add_ready (service, worker);
    worker->ready = ready;
    update_runnable (self, service);
}

/* ------------------------------------------------------------------ waiting */

/*  Of two that came back. */
static bool
goes_before (const dispatch_request_t *other, const dispatch_request_t *request)
{
    return other->came_back && other->number < request->number;
}

/*  Requests that come back keep their order, also when they come from several workers: before all that were never sent, and
 *  after those that were accepted earlier. */
static void
put_in_front (dispatch_flow_t *flow, dispatch_request_t *request)
{
    dispatch_service_t *service = flow->service;
    dispatch_request_t *next = flow->queue;
    for (int n = 0; n < LOOK_MOST && next && goes_before (next, request); n++)
        next = next->next;
    DL_PREPEND_ELEM (flow->queue, next, request);
    dispatch_flow_t *later = service->flows;
    for (int n = 0; n < LOOK_MOST && later != flow && goes_before (later->queue, flow->queue); n++)
        later = later->next;
    if (later == flow)
        return; /* never further behind than it was */
    DL_DELETE (service->flows, flow);
    DL_PREPEND_ELEM (service->flows, later, flow);
}

/*  False without memory. */
static bool
enqueue (dispatch_t *self, dispatch_request_t *request, bool in_front)
{
    dispatch_service_t *service = request->service;
    dispatch_flow_t *flow = tables_flow (self, service, request->client);
    if (!flow)
        return false;
    if (!flow->queue) {
        DL_APPEND (service->flows, flow);
        service->flow_count++;
    }
    if (in_front)
        put_in_front (flow, request);
    else
        DL_APPEND (flow->queue, request);
    request->flow = flow;
    request->state = DISPATCH_WAITING;
    heap_add (&self->deadlines, &request->deadline);
    service->waiting++;
    self->gauges.waiting++;
    update_runnable (self, service);
    return true;
}

static void
dequeue (dispatch_t *self, dispatch_request_t *request)
{
    dispatch_flow_t *flow = request->flow;
    dispatch_service_t *service = request->service;
    DL_DELETE (flow->queue, request);
    if (!flow->queue) {
        DL_DELETE (service->flows, flow);
        service->flow_count--;
        tables_free_flow (self, flow);
    }
    request->flow = NULL;
    heap_remove (&self->deadlines, &request->deadline);
    service->waiting--;
    self->gauges.waiting--;
    update_runnable (self, service);
}

static void
count_failure (dispatch_t *self, dispatch_service_t *service, unsigned code)
{
    service->failed++;
    self->counters.failed++;
    switch (code) {
    case 404:
        self->counters.failed_404++;
        break;
    case 502:
        self->counters.failed_502++;
        break;
    case 503:
        self->counters.failed_503++;
        break;
    default:
        assert (code == 504);
        self->counters.failed_504++;
    }
}

/*  Of a request that stands nowhere; its client is told by whoever takes it from the failed. */
static void
fail (dispatch_t *self, dispatch_request_t *request, unsigned code)
{
    drop_partials (self, request);
    request->state = DISPATCH_FAILED;
    request->code = (uint16_t) code;
    request->service->ending++;
    count_failure (self, request->service, code);
    DL_APPEND (self->failed, request);
}

static void
fail_waiting (dispatch_t *self, dispatch_request_t *request, unsigned code)
{
    dequeue (self, request);
    fail (self, request, code);
}

dispatch_request_t *
dispatch_failed (const dispatch_t *self)
{
    return self->failed;
}

void
dispatch_end (dispatch_t *self, dispatch_request_t *request)
{
    assert (request->state == DISPATCH_FAILED);
    DL_DELETE (self->failed, request);
    if (!KEEL_FAULT (OUTSTANDING_LEAK))
        release_client (self, request);
    dispatch_retire (self, request);
    request->service->ending--;
    dispatch_collect (self, request->service);
}

static dispatch_request_t *
request_of_deadline (heap_node_t *node)
{
    return (dispatch_request_t *) (void *) ((uint8_t *) node - offsetof (dispatch_request_t, deadline));
}

/*  Had its service a worker at any time since it came? */
static bool
was_staffed (const dispatch_request_t *request)
{
    const dispatch_service_t *service = request->service;
    return service->workers || service->left_at >= request->accepted_us / 1000;
}

static bool
is_over (const dispatch_t *self, const heap_node_t *first, int64_t now)
{
    if (self->draining)
        return !KEEL_FAULT (DRAIN_KEEPS);
    return first->due <= now && !KEEL_FAULT (NO_DEADLINE);
}

void
dispatch_expire (dispatch_t *self, int64_t now, size_t count)
{
    heap_node_t *first;
    while (count-- && (first = heap_first (&self->deadlines)) && is_over (self, first, now)) {
        dispatch_request_t *request = request_of_deadline (first);
        fail_waiting (self, request, self->draining ? 503 : was_staffed (request) ? 504 : 404);
    }
}

/* ------------------------------------------------------------------ taking in */

static unsigned
refuse (dispatch_t *self, uint64_t *counter, unsigned code)
{
    self->counters.refused++;
    ++*counter;
    return code;
}

/*  The code to refuse the wish with before anything is made for it; 0: none. */
static unsigned
check_limits (dispatch_t *self, const dispatch_service_t *service)
{
    dispatch_counters_t *counters = &self->counters;
    if (self->draining || (service && service->draining))
        return refuse (self, &counters->refused_draining, 503);
    if (self->request_count >= self->config.queued)
        return refuse (self, &counters->refused_queue, 503);
    if (!service && self->gauges.services >= self->config.services)
        return refuse (self, &counters->refused_services, 503);
    return 0;
}

static dispatch_request_t *
make_request (dispatch_t *self, const dispatch_wish_t *wish)
{
    if (!heap_reserve (&self->deadlines, self->request_count + 1))
        return NULL;
    dispatch_request_t *request = tables_new_request (self);
    if (!request)
        return NULL;
    request->body =
        body_new (self->pool, wish->envelope, wish->envelope_count, wish->body, wish->body_count);
    if (!request->body) {
        tables_free_request (self, request);
        return NULL;
    }
    request->cost = body_cost (request->body) + sizeof (*request);
    self->gauges.bytes += request->cost;
    request->envelope_count = (uint16_t) wish->envelope_count;
    request->version = wish->version;
    request->notices = wish->notices;
    return request;
}

unsigned
dispatch_accept (dispatch_t *self, const keel_peer_t *peer, const dispatch_wish_t *wish, int64_t now,
                 dispatch_request_t **result)
{
    dispatch_service_t *service = dispatch_service (self, wish->service);
    unsigned code = check_limits (self, service);
    if (code)
        return code;
    dispatch_client_t *client = tables_client (self, peer);
    if (client && client->outstanding >= self->config.outstanding)
        return refuse (self, &self->counters.refused_outstanding, 429);
    dispatch_request_t *request = client ? make_request (self, wish) : NULL;
    if (request && self->gauges.bytes > self->config.queued_bytes) {
        free_request (self, request);
        return refuse (self, &self->counters.refused_queue, 503);
    }
    if (request && !service)
        service = tables_service (self, wish->service);
    if (!request || !service) {
        if (request)
            free_request (self, request);
        return refuse (self, &self->counters.refused_memory, 503);
    }
    engage_client (self, client);
    request->client = client;
    request->service = service;
    request->state = DISPATCH_NEW;
    request->number = self->counters.accepted;
    request->accepted_us = self->now_us;
    request->deadline.due = now + (wish->ttl_ms ? (int64_t) wish->ttl_ms : self->config.ttl_ms);
    self->counters.accepted++;
    *result = request;
    return 0;
}

/* ------------------------------------------------------------------ held */

/*  Never 0, so that no token is. */
static uint32_t
next_serial (dispatch_t *self)
{
    return ++self->serial ? self->serial : ++self->serial;
}

/*  Gives request, which stands nowhere, to worker, which has credit. */
static void
hold (dispatch_t *self, dispatch_request_t *request, dispatch_worker_t *worker, int64_t now)
{
    request->token = (uint64_t) next_serial (self) << 32 | (request->token & UINT32_MAX);
    token_encode (request->token, request->token_text);
    request->state = DISPATCH_HELD;
    request->worker = worker;
    request->sent_at = now;
    request->attempts++;
    DL_APPEND (worker->held, request);
    if (worker->held_count++ == 0) {
        DL_APPEND2 (self->busy, worker, busy_prev, busy_next);
        liveness_busy (&self->liveness, &worker->liveness, now);
    }
    liveness_sent (&self->liveness, &worker->liveness, now);
    request->service->held++;
    self->gauges.held++;
    self->counters.attempts++;
    dispatch_set_ready (self, worker, worker->held_count < worker->credit + KEEL_FAULT (CREDIT_EXCEEDED));
}

void
dispatch_let_go (dispatch_t *self, dispatch_request_t *request, int64_t now)
{
    dispatch_worker_t *worker = request->worker;
    DL_DELETE (worker->held, request);
    request->worker = NULL;
    if (request->state == DISPATCH_HELD) {
        request->service->held--;
        self->gauges.held--;
    }
    if (--worker->held_count == 0) {
        DL_DELETE2 (self->busy, worker, busy_prev, busy_next);
        liveness_idle (&self->liveness, &worker->liveness, now);
        if (self->draining && !worker->leaving) {
            DL_APPEND (self->farewell, worker);
            worker->leaving = true;
        }
    }
}

/*  Is there a worker at hand? One that is over its time is about to be expired: what went to it would come back within
 *  the step, under another token than that which is being sent. */
static bool
can_take (const dispatch_t *self, const dispatch_service_t *service, int64_t now)
{
    return service->ready && !liveness_over (&self->liveness, &service->ready->liveness, now);
}

dispatch_worker_t *
dispatch_place (dispatch_t *self, dispatch_request_t *request, int64_t now)
{
    dispatch_service_t *service = request->service;
    assert (request->state == DISPATCH_NEW);
    if (can_take (self, service, now) && !service->flows) {
        hold (self, request, service->ready, now);
        delays_add (&service->waited, 0);
        return request->worker;
    }
    if (!enqueue (self, request, false))
        fail (self, request, 503);
    return NULL;
}

dispatch_request_t *
dispatch_assign (dispatch_t *self, int64_t now)
{
    dispatch_service_t *service = self->runnable;
    if (!service)
        return NULL;
    dispatch_flow_t *flow = service->flows;
    dispatch_request_t *request = flow->queue;
    dispatch_worker_t *worker = service->ready;
    if (flow->next && !KEEL_FAULT (UNFAIR)) { /* the next flow's turn */
        DL_DELETE (service->flows, flow);
        DL_APPEND (service->flows, flow);
    }
    if (service->next) { /* the next service's turn */
        DL_DELETE (self->runnable, service);
        DL_APPEND (self->runnable, service);
    }
    dequeue (self, request);
    hold (self, request, worker, now);
    if (!request->came_back || KEEL_FAULT (WAITED_AGAIN))
        delays_add (&service->waited, self->now_us - request->accepted_us);
    return request;
}

dispatch_request_t *
dispatch_attempt (const dispatch_t *self, const dispatch_worker_t *worker, uint64_t token)
{
    dispatch_request_t *request = tables_request (self, token);
    if (!request || request->token != token || (request->worker != worker && !KEEL_FAULT (ANY_HOLDER)))
        return NULL;
    bool waits = request->state == DISPATCH_WAITING && KEEL_FAULT (LATE_DELIVERED);
    return request->state == DISPATCH_HELD || request->state == DISPATCH_ABANDONED || waits ? request : NULL;
}

void
dispatch_answer (dispatch_t *self, dispatch_request_t *request, int64_t now)
{
    dispatch_worker_t *worker = request->worker;
    dispatch_let_go (self, request, now);
    if (request->state == DISPATCH_HELD) {
        self->counters.answered++;
        delays_add (&request->service->answered, self->now_us - request->accepted_us);
        release_client (self, request);
    }
    dispatch_retire (self, request);
    if (!worker->ready && !worker->leaving && !KEEL_FAULT (CREDIT_LEAK))
        dispatch_set_ready (self, worker, true);
}

bool
dispatch_hold_partial (dispatch_t *self, dispatch_request_t *request, const span_t frames[], size_t count)
{
    dispatch_partial_t *partial = pool_take (self->pool, sizeof (*partial));
    if (!partial)
        return false;
    partial->body = body_new (self->pool, frames, count, NULL, 0);
    if (!partial->body) {
        pool_give (self->pool, partial, sizeof (*partial));
        return false;
    }
    size_t cost = body_cost (partial->body) + pool_cost (sizeof (*partial));
    DL_APPEND (request->partials, partial);
    request->partial_frames += count;
    request->partial_bytes += cost;
    self->gauges.bytes += cost;
    return request->partial_bytes <= self->config.partial_bytes && self->gauges.bytes <= self->config.queued_bytes;
}

bool
dispatch_join_partials (dispatch_t *self, dispatch_request_t *request, const span_t frames[], size_t count)
{
    size_t total = request->partial_frames + count;
    request->joined = pool_take (self->pool, total * sizeof (span_t));
    if (!request->joined)
        return false;
    request->joined_count = total;
    size_t at = 0;
    dispatch_partial_t *partial;
    DL_FOREACH (request->partials, partial) {
        size_t part = body_count (partial->body);
        memcpy (request->joined + at, body_frames (partial->body), part * sizeof (span_t));
        at += part;
    }
    memcpy (request->joined + at, frames, count * sizeof (span_t));
    return true;
}

void
dispatch_abandon (dispatch_t *self, dispatch_request_t *request, unsigned code)
{
    assert (request->state == DISPATCH_HELD);
    drop_partials (self, request);
    request->state = DISPATCH_ABANDONED;
    request->service->held--;
    self->gauges.held--;
    count_failure (self, request->service, code);
    release_client (self, request);
}

void
dispatch_requeue (dispatch_t *self, dispatch_request_t *request, bool delivered, int64_t now)
{
    self->counters.requeued++;
    request->came_back = true;
    if (!KEEL_FAULT (PARTS_KEPT))
        drop_partials (self, request);
    if (!delivered) {
        self->counters.attempts_undelivered++;
        request->attempts -= !KEEL_FAULT (UNDELIVERED_COUNTS);
    }
    if (KEEL_FAULT (NO_REQUEUE))
        return;
    if (request->answered_partly && !KEEL_FAULT (PARTLY_AGAIN))
        fail (self, request, 502);
    else if (self->draining)
        fail (self, request, 503);
    else if (self->config.max_attempts && request->attempts >= self->config.max_attempts && !KEEL_FAULT (NO_LIMIT))
        fail (self, request, 502);
    else if (request->deadline.due <= now)
        fail (self, request, 504);
    else if (!enqueue (self, request, !KEEL_FAULT (REQUEUE_LAST)))
        fail (self, request, 503);
}

/* ------------------------------------------------------------------ services and figures */

dispatch_service_t *
dispatch_next_service (const dispatch_t *self, const dispatch_service_t *service)
{
    return service ? service->hh.next : self->services;
}

dispatch_worker_t *
dispatch_next_worker (const dispatch_t *self, const dispatch_worker_t *worker)
{
    return worker ? worker->hh.next : self->workers;
}

void
dispatch_service_drain (dispatch_t *self, dispatch_service_t *service, bool draining)
{
    service->draining = draining;
    dispatch_collect (self, service);
}

int64_t
dispatch_oldest_ms (const dispatch_t *self, const dispatch_service_t *service)
{
    int64_t since_us = self->now_us;
    const dispatch_flow_t *flow = service->flows;
    for (int n = 0; n < LOOK_MOST && flow; n++, flow = flow->next)
        if (flow->queue->accepted_us < since_us)
            since_us = flow->queue->accepted_us;
    return (self->now_us - since_us) / 1000;
}

const dispatch_counters_t *
dispatch_counters (const dispatch_t *self)
{
    return &self->counters;
}

dispatch_gauges_t
dispatch_gauges (const dispatch_t *self)
{
    return self->gauges;
}

int64_t
dispatch_due (const dispatch_t *self)
{
    int64_t due = liveness_due (&self->liveness);
    const heap_node_t *first = heap_first (&self->deadlines);
    if (first && first->due < due && !KEEL_FAULT (OVERSLEEP))
        due = first->due;
    if (self->failed || self->runnable || self->farewell || (self->draining && first))
        return 0;
    return due;
}

void
dispatch_destroy (dispatch_t **self_p)
{
    dispatch_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    self->draining = true;
    while (self->workers)
        dispatch_lose (self, self->workers, DISPATCH_DISMISSED, 0, 0);
    dispatch_expire (self, 0, SIZE_MAX);
    while (self->failed)
        dispatch_end (self, self->failed);
    for (dispatch_service_t *service = self->services, *next; service; service = next) {
        next = service->hh.next;
        dispatch_service_drain (self, service, false);
    }
    dispatch_begin (self, self->now_us);
    while (self->idle_clients) {
        dispatch_client_t *client = self->idle_clients;
        DL_DELETE (self->idle_clients, client);
        tables_free_client (self, client);
    }
    tables_close_flows (self);
    tables_free_chunks (self);
    heap_clear (&self->deadlines);
    pool_destroy (&self->pool);
    memory_free (self);
}
