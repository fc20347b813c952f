#include "mdbench_workers.h"

#include "mdbench_poller.h"
#include "mdbench_wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN      256  /* messages from one worker's socket before the next has its turn */
#define LINGER_MS 1000 /* for the DISCONNECTs */

typedef struct {
    void *socket;
    bool dismissed; /* is to READY again, at the next heartbeat */
    char name[MDBENCH_SERVICE_SIZE];
    wire_worker_t wire;
} worker_t;

/*  The workers of one thread. */
typedef struct {
    workers_t *all;
    worker_t *workers;
    size_t count;
    poller_t poller;
    pthread_t thread;
    clockid_t clock;
    bool runs;
    int64_t next_heartbeat_ns;
    workers_tally_t tally;
} group_t;

struct workers {
    const mdbench_settings_t *settings;
    char credit[8];
    atomic_bool stopping;
    size_t group_count;
    group_t *groups;
};

/* ------------------------------------------------------------------ messages */

/*  Sends back frame and what follows it. */
static void
move_on (void *socket, zmq_msg_t *frame)
{
    bool more;
    do {
        more = zmq_msg_more (frame);
        if (zmq_msg_send (frame, socket, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0) {
            wire_skip (socket, frame);
            return;
        }
    } while (more && zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0);
}

/*  The frame after this one; false: there is none. */
static bool
next_frame (void *socket, zmq_msg_t *frame)
{
    return zmq_msg_more (frame) && zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0;
}

static void
answer (group_t *self, worker_t *worker, zmq_msg_t *token)
{
    if (wire_send (worker->socket, worker->wire.reply, worker->wire.reply_count, true) == 0) {
        move_on (worker->socket, token);
        self->tally.answered++;
    } else
        wire_skip (worker->socket, token);
}

/*  frame: the first of a message. The head of a reply is that of a request but for its last frame. */
static void
take_command (group_t *self, worker_t *worker, zmq_msg_t *frame)
{
    const wire_worker_t *wire = &worker->wire;
    bool good = true;
    for (size_t n = 0; good && n + 1 < wire->reply_count; n++)
        good = wire_same (frame, wire->reply[n]) && next_frame (worker->socket, frame);
    if (good && wire_same (frame, SPAN_OF ("\2")) && next_frame (worker->socket, frame)) {
        answer (self, worker, frame);
        return;
    }
    if (good && wire_same (frame, wire->disconnect[wire->control_count - 1])) {
        worker->dismissed = true;
        self->tally.dismissed++;
    } else if (!good || !wire_same (frame, wire->heartbeat[wire->control_count - 1]))
        self->tally.odd++;
    wire_skip (worker->socket, frame);
}

/*  Without MDP: all of it goes back, but for a heartbeat. */
static void
take_plain (group_t *self, worker_t *worker, zmq_msg_t *frame)
{
    if (worker->wire.control_count && !zmq_msg_more (frame))
        return;
    move_on (worker->socket, frame);
    self->tally.answered++;
}

static void
serve (group_t *self, uint32_t number, zmq_msg_t *frame)
{
    worker_t *worker = &self->workers[number];
    for (int n = 0; n < TURN; n++) {
        if (!poller_receive (&self->poller, worker->socket, frame))
            return;
        if (self->all->settings->plain)
            take_plain (self, worker, frame);
        else
            take_command (self, worker, frame);
    }
    poller_again (&self->poller, number);
}

/* ------------------------------------------------------------------ the thread */

static void
beat (group_t *self, uint32_t number)
{
    worker_t *worker = &self->workers[number];
    const wire_worker_t *wire = &worker->wire;
    if (worker->dismissed)
        wire_send (worker->socket, wire->ready, wire->ready_count, false);
    else
        wire_send (worker->socket, wire->heartbeat, wire->control_count, false);
    worker->dismissed = false;
    poller_again (&self->poller, number);
}

static void
beat_all (group_t *self)
{
    const int64_t now = poller_now_ns ();
    if (now < self->next_heartbeat_ns)
        return;
    self->next_heartbeat_ns = now + self->all->settings->heartbeat_ms * 1000000;
    for (uint32_t n = 0; n < self->count; n++)
        beat (self, n);
}

static void *
run (void *argument)
{
    group_t *self = argument;
    uint32_t ready[POLLER_READY];
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    self->next_heartbeat_ns = poller_now_ns () + self->all->settings->heartbeat_ms * 1000000;
    while (!atomic_load_explicit (&self->all->stopping, memory_order_relaxed)) {
        const size_t count = poller_wait (&self->poller, ready);
        for (size_t n = 0; n < count; n++)
            serve (self, ready[n], &frame);
        beat_all (self);
    }
    zmq_msg_close (&frame);
    return NULL;
}

/* ------------------------------------------------------------------ life */

static int
open_worker (group_t *self, void *context, size_t number, const char *endpoint)
{
    const mdbench_settings_t *settings = self->all->settings;
    const uint32_t place = (uint32_t) self->count++;
    worker_t *worker = &self->workers[place];
    worker->socket = zmq_socket (context, ZMQ_DEALER);
    if (!worker->socket)
        return -1;
    size_t size = mdbench_service_name (settings, number % (size_t) settings->services, worker->name);
    wire_worker (&worker->wire, settings, span_make (worker->name, size),
                 span_make (self->all->credit, strlen (self->all->credit)));
    zmq_setsockopt (worker->socket, ZMQ_SNDHWM, &(int){0}, sizeof (int));
    zmq_setsockopt (worker->socket, ZMQ_RCVHWM, &(int){0}, sizeof (int));
    zmq_setsockopt (worker->socket, ZMQ_LINGER, &(int){LINGER_MS}, sizeof (int));
    if (zmq_connect (worker->socket, endpoint) != 0 || poller_add (&self->poller, worker->socket, place) != 0)
        return -1;
    return wire_send (worker->socket, worker->wire.ready, worker->wire.ready_count, false);
}

/*  Group n has the workers n, n + group_count, ... */
static int
open_group (workers_t *all, size_t n, void *context, const char *endpoint)
{
    const size_t workers = (size_t) all->settings->workers;
    const size_t count = (workers - n + all->group_count - 1) / all->group_count;
    group_t *self = &all->groups[n];
    self->all = all;
    self->workers = calloc (count, sizeof (worker_t));
    if (poller_open (&self->poller, count, all->settings->spin_us) != 0 || !self->workers)
        return -1;
    for (size_t number = n; number < workers; number += all->group_count)
        if (open_worker (self, context, number, endpoint) != 0)
            return -1;
    int error = pthread_create (&self->thread, NULL, run, self);
    if (error) {
        errno = error;
        return -1;
    }
    self->runs = true;
    pthread_getcpuclockid (self->thread, &self->clock);
    return 0;
}

workers_t *
workers_start (void *context, const mdbench_settings_t *settings, const char *endpoint)
{
    const int64_t threads = settings->worker_threads < settings->workers ? settings->worker_threads : settings->workers;
    workers_t *self = calloc (1, sizeof (workers_t));
    if (!self)
        return NULL;
    self->settings = settings;
    snprintf (self->credit, sizeof (self->credit), "%d", (int) settings->credit);
    self->groups = calloc ((size_t) threads, sizeof (group_t));
    if (self->groups)
        self->group_count = (size_t) threads;
    int rc = self->groups ? 0 : -1;
    for (size_t n = 0; rc == 0 && n < self->group_count; n++)
        rc = open_group (self, n, context, endpoint);
    if (rc != 0) {
        int why = errno;
        workers_stop (&self, &(workers_tally_t){0});
        errno = why;
    }
    return self;
}

static void
close_group (group_t *self)
{
    if (self->runs)
        pthread_join (self->thread, NULL);
    for (size_t n = 0; n < self->count; n++) {
        worker_t *worker = &self->workers[n];
        if (!worker->socket)
            continue;
        if (!self->all->settings->plain)
            wire_send (worker->socket, worker->wire.disconnect, worker->wire.control_count, false);
        zmq_close (worker->socket);
    }
    if (self->all)
        poller_close (&self->poller);
    free (self->workers);
}

void
workers_stop (workers_t **self_p, workers_tally_t *tally)
{
    workers_t *self = *self_p;
    *tally = (workers_tally_t){0};
    if (!self)
        return;
    atomic_store (&self->stopping, true);
    for (size_t n = 0; n < self->group_count; n++) {
        const group_t *group = &self->groups[n];
        close_group (&self->groups[n]);
        tally->answered += group->tally.answered;
        tally->dismissed += group->tally.dismissed;
        tally->odd += group->tally.odd;
    }
    free (self->groups);
    free (self);
    *self_p = NULL;
}

int64_t
workers_cpu_ns (const workers_t *self)
{
    int64_t sum = 0;
    for (size_t n = 0; self && n < self->group_count; n++) {
        struct timespec used;
        if (clock_gettime (self->groups[n].clock, &used) == 0)
            sum += (int64_t) used.tv_sec * 1000000000 + used.tv_nsec;
    }
    return sum;
}
