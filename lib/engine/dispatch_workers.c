/*  dispatch's workers: how they come and go, who is silent, who is to hear from us, who is to leave. */
#include "dispatch_parts.h"

#include "fault.h"

#include <utlist.h>

int
dispatch_register (dispatch_t *self, const keel_peer_t *peer, span_t name, uint32_t credit, int64_t now,
                   dispatch_worker_t **result)
{
    bool known = dispatch_service (self, name);
    if (self->draining || self->gauges.workers >= self->config.workers ||
        (!known && self->gauges.services >= self->config.services))
        goto fail;
    dispatch_service_t *service = tables_service (self, name);
    if (!service)
        goto fail;
    dispatch_worker_t *worker = tables_new_worker (self, peer);
    if (!worker) {
        dispatch_collect (self, service);
        goto fail;
    }
    worker->service = service;
    worker->credit = credit < self->config.credit ? credit : self->config.credit;
    service->workers++;
    liveness_add (&self->liveness, &worker->liveness, now);
    dispatch_set_ready (self, worker, true);
    self->counters.workers_registered++;
    *result = worker;
    return 0;

fail:
    self->counters.workers_refused++;
    return -1;
}

static void
count_loss (dispatch_t *self, dispatch_loss_t loss)
{
    uint64_t *const counters[] = {
        [DISPATCH_LEFT] = &self->counters.workers_left,
        [DISPATCH_EXPIRED] = &self->counters.workers_expired,
        [DISPATCH_UNREACHABLE] = &self->counters.workers_unreachable,
        [DISPATCH_DISMISSED] = &self->counters.workers_ended,
    };
    ++*counters[loss];
}

void
dispatch_lose (dispatch_t *self, dispatch_worker_t *worker, dispatch_loss_t loss, uint64_t undelivered, int64_t now)
{
    dispatch_service_t *service = worker->service;
    count_loss (self, loss);
    dispatch_set_ready (self, worker, false);
    while (worker->held) { /* from the newest, so that the oldest ends up in front */
        dispatch_request_t *request = worker->held->prev;
        bool held = request->state == DISPATCH_HELD;
        dispatch_let_go (self, request, now);
        if (held && !(loss == DISPATCH_DISMISSED && KEEL_FAULT (READY_FORGETS)))
            dispatch_requeue (self, request, request->token != undelivered, now);
        else
            dispatch_retire (self, request);
    }
    if (worker->leaving)
        DL_DELETE (self->farewell, worker);
    liveness_remove (&self->liveness, &worker->liveness);
    tables_forget_worker (self, worker);
    worker->next = self->ended_workers;
    self->ended_workers = worker;
    service->workers--;
    service->left_at = now;
    dispatch_collect (self, service);
}

static dispatch_worker_t *
worker_of (liveness_peer_t *peer)
{
    return peer ? (dispatch_worker_t *) (void *) ((uint8_t *) peer - offsetof (dispatch_worker_t, liveness)) : NULL;
}

/*  When the oldest request it holds went to it; KEEL_NEVER when it holds none. */
static int64_t
held_since (const dispatch_worker_t *worker)
{
    return worker->held ? worker->held->sent_at : KEEL_NEVER;
}

void
dispatch_heard (dispatch_t *self, dispatch_worker_t *worker, int64_t now)
{
    liveness_heard (&self->liveness, &worker->liveness, now);
}

void
dispatch_beat (dispatch_t *self, dispatch_worker_t *worker, int64_t now)
{
    liveness_beat (&self->liveness, &worker->liveness, held_since (worker), now);
    if (KEEL_FAULT (BEAT_READY))
        dispatch_set_ready (self, worker, true);
}

void
dispatch_sent (dispatch_t *self, dispatch_worker_t *worker, int64_t now)
{
    liveness_sent (&self->liveness, &worker->liveness, now);
}

void
dispatch_forgive (dispatch_t *self, int64_t ms, int64_t now)
{
    liveness_forgive (&self->liveness, ms, now);
}

dispatch_worker_t *
dispatch_silent (const dispatch_t *self, int64_t now)
{
    return worker_of (liveness_expired (&self->liveness, now));
}

dispatch_worker_t *
dispatch_unsent (const dispatch_t *self, int64_t now)
{
    return worker_of (liveness_waiting (&self->liveness, now));
}

dispatch_worker_t *
dispatch_sweep (dispatch_t *self, uint64_t sweep)
{
    dispatch_worker_t *worker = self->busy;
    if (!worker || worker->probe == sweep)
        return NULL;
    worker->probe = sweep;
    DL_DELETE2 (self->busy, worker, busy_prev, busy_next);
    DL_APPEND2 (self->busy, worker, busy_prev, busy_next);
    return worker;
}

/* ------------------------------------------------------------------ draining */

void
dispatch_drain (dispatch_t *self)
{
    if (self->draining)
        return;
    self->draining = true;
    for (dispatch_worker_t *worker = self->workers; worker; worker = worker->hh.next)
        if (worker->held_count == 0) {
            DL_APPEND (self->farewell, worker);
            worker->leaving = true;
            dispatch_set_ready (self, worker, false);
        }
}

void
dispatch_resume (dispatch_t *self)
{
    dispatch_worker_t *worker;
    self->draining = false;
    while ((worker = self->farewell)) {
        DL_DELETE (self->farewell, worker);
        worker->leaving = false;
        dispatch_set_ready (self, worker, true);
    }
}

bool
dispatch_draining (const dispatch_t *self)
{
    return self->draining;
}

dispatch_worker_t *
dispatch_busy (const dispatch_t *self)
{
    return self->busy;
}

dispatch_worker_t *
dispatch_farewell (const dispatch_t *self)
{
    return self->farewell;
}
