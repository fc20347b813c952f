/*  The Pirates' workers: a keel_worker_t each, which speaks otherwise. */
#include "worker_loop.h"

#include <keel/pirate.h>

struct keel_ppworker {
    keel_worker_t worker;
};

struct keel_spworker {
    keel_worker_t worker;
};

/* ------------------------------------------------------------------ the Paranoid Pirate's */

keel_ppworker_t *
keel_ppworker_new (const char *endpoints)
{
    keel_ppworker_t *self = calloc (1, sizeof (keel_ppworker_t));
    if (self && worker_open (&self->worker, &worker_speaks_ppp, endpoints, "") == 0)
        return self;
    free (self);
    return NULL;
}

void
keel_ppworker_destroy (keel_ppworker_t **self_p)
{
    keel_ppworker_t *self = *self_p;
    *self_p = NULL;
    if (self)
        worker_close (&self->worker);
    free (self);
}

int
keel_ppworker_set_heartbeat (keel_ppworker_t *self, int64_t interval_ms)
{
    return keel_worker_set_heartbeat (&self->worker, interval_ms);
}

int
keel_ppworker_set_liveness (keel_ppworker_t *self, int intervals)
{
    return keel_worker_set_liveness (&self->worker, intervals);
}

int
keel_ppworker_set_log (keel_ppworker_t *self, keel_worker_log_fn *log, void *arg)
{
    return keel_worker_set_log (&self->worker, log, arg);
}

int
keel_ppworker_run (keel_ppworker_t *self, keel_worker_handler_fn *handler, void *arg)
{
    return keel_worker_run (&self->worker, handler, arg);
}

void
keel_ppworker_stop (keel_ppworker_t *self)
{
    keel_worker_stop (&self->worker);
}

int
keel_ppworker_recv (keel_ppworker_t *self, zmsg_t **request, uint64_t *id, int timeout_ms)
{
    return keel_worker_recv (&self->worker, request, id, timeout_ms);
}

int
keel_ppworker_reply (keel_ppworker_t *self, uint64_t id, zmsg_t **body)
{
    return keel_worker_reply (&self->worker, id, body);
}

int
keel_ppworker_fail (keel_ppworker_t *self, uint64_t id)
{
    return keel_worker_fail (&self->worker, id);
}

uint64_t
keel_ppworker_counter (keel_ppworker_t *self, const char *name)
{
    return keel_worker_counter (&self->worker, name);
}

/* ------------------------------------------------------------------ the Simple Pirate's */

keel_spworker_t *
keel_spworker_new (const char *endpoints)
{
    keel_spworker_t *self = calloc (1, sizeof (keel_spworker_t));
    if (self && worker_open (&self->worker, &worker_speaks_simple, endpoints, "") == 0)
        return self;
    free (self);
    return NULL;
}

void
keel_spworker_destroy (keel_spworker_t **self_p)
{
    keel_spworker_t *self = *self_p;
    *self_p = NULL;
    if (self)
        worker_close (&self->worker);
    free (self);
}

int
keel_spworker_set_log (keel_spworker_t *self, keel_worker_log_fn *log, void *arg)
{
    return keel_worker_set_log (&self->worker, log, arg);
}

int
keel_spworker_run (keel_spworker_t *self, keel_worker_handler_fn *handler, void *arg)
{
    return keel_worker_run (&self->worker, handler, arg);
}

void
keel_spworker_stop (keel_spworker_t *self)
{
    keel_worker_stop (&self->worker);
}

uint64_t
keel_spworker_counter (keel_spworker_t *self, const char *name)
{
    return keel_worker_counter (&self->worker, name);
}
