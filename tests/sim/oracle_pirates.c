/*  What is different about the Pirates' queues: their workers have fewer words, and are told nothing. */
#include "oracle_state.h"

#include "pirate_queue_state.h"
#include "token.h"

#include <utlist.h>

static model_worker_t *
sender (const oracle_t *self)
{
    return model_worker (&self->model, self->event->peer.listener, self->event->peer.id);
}

static void
enlist (oracle_t *self)
{
    const mdp_command_t ready = {.service = SPAN_OF (DIALECT_SERVICE), .credit = 1, .version = DIALECT_VERSION};
    self->pirates.ready_refused += !oracle_register (self, &ready);
}

/*  Paranoid: a new session. Simple: a REQ socket has no second READY to say; it changes nothing. */
static void
take_ready (oracle_t *self, model_worker_t *worker)
{
    self->pirates.ready_repeated += worker != NULL;
    if (worker && self->world->plan.kind == WORLD_SIMPLE)
        return;
    if (worker) {
        self->model.counters.workers_ended++;
        model_lose (&self->model, worker, 0);
    }
    enlist (self);
}

static void
take_latecomer (oracle_t *self)
{
    self->pirates.ready_late++;
    enlist (self);
}

/*  Simple: whoever answers is a worker that was given up, and free again. */
static void
take_from_stranger (oracle_t *self, const mdp_command_t *command)
{
    uint64_t token;
    if (self->world->plan.kind != WORLD_SIMPLE || !token_decode (command->token, &token)) {
        self->pirates.strangers++;
        return;
    }
    self->pirates.answers_dropped++;
    take_latecomer (self);
}

void
oracle_take_from_pirate (oracle_t *self, const mdp_command_t *command)
{
    model_worker_t *worker = sender (self);
    uint64_t token;
    self->pirates.heartbeats_received += command->kind == MDP_HEARTBEAT;
    if (command->kind == MDP_READY) {
        take_ready (self, worker);
    } else if (!worker) {
        take_from_stranger (self, command);
    } else if (command->kind == MDP_HEARTBEAT) {
        model_beat (&self->model, worker);
    } else {
        self->pirates.answers_dropped += !token_decode (command->token, &token) || !model_held (worker, token);
        oracle_take_answer (self, worker, command);
    }
}

/*  An answer of too many frames fails its request, and frees the worker. */
void
oracle_take_malformed_pirate (oracle_t *self, verdict_t verdict, const mdp_command_t *command)
{
    uint64_t token;
    self->pirates.malformed++;
    if (verdict != VERDICT_FRAMES || command->role != MDP_WORKER || !token_decode (command->token, &token))
        return;
    model_worker_t *worker = sender (self);
    if (!worker && self->world->plan.kind == WORLD_SIMPLE)
        take_latecomer (self);
    model_request_t *request = worker ? model_held (worker, token) : NULL;
    if (!request)
        return;
    model_abandon (&self->model, request);
    model_answer (&self->model, request);
}

/* ------------------------------------------------------------------ after a step */

/*  They have no word for goodbye: whom the engine does not know any more, it has dismissed. */
static void
take_dismissals (oracle_t *self)
{
    model_worker_t *worker, *next;
    DL_FOREACH_SAFE (self->model.workers, worker, next)
    {
        const keel_peer_t peer = {.listener = worker->listener, .id = span_make (worker->id, worker->id_size)};
        if (!dispatch_worker (self->queue->dispatch, &peer))
            oracle_take_dismissal (self, worker);
    }
}

static void
check_count (oracle_t *self, const char *name, uint64_t real, uint64_t right)
{
    if (real != right)
        FAIL (self, "counter %s is %llu and should be %llu", name, (unsigned long long) real,
              (unsigned long long) right);
}

void
oracle_check_pirates (oracle_t *self)
{
    const keel_pirate_queue_t *engine = (const keel_pirate_queue_t *) self->queue;
    take_dismissals (self);
#define CHECK(where, name) check_count (self, #name, engine->where.name, self->pirates.name)
    CHECK (queue.counters, malformed);
    CHECK (queue.counters, answers_dropped);
    CHECK (queue.counters, strangers);
    CHECK (queue.counters, heartbeats_received);
    CHECK (counters, ready_repeated);
    CHECK (counters, ready_late);
    CHECK (counters, ready_refused);
#undef CHECK
}
