#include "mdbench_clients.h"

#include "mdbench_body.h"
#include "mdbench_errand.h"
#include "mdbench_poller.h"
#include "mdbench_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURN       256                 /* replies to one client before the next has its turn */
#define FRAMES_MAX (WIRE_HEAD_MAX + 4) /* of a reply; those behind are not looked at */

/*  A request that is outstanding. */
typedef struct {
    uint64_t sequence; /* 0: none is */
    int64_t sent_ns;
    errand_t errand; /* with --titanic */
} slot_t;

typedef struct {
    void *socket;
    uint32_t number;
    uint32_t unused_count;
    uint32_t *unused; /* slots */
    slot_t *slots;
    uint64_t sequence; /* of the request that was sent last */
    uint64_t highest;  /* that was answered */
} client_t;

/*  When something was, on all clocks. */
typedef struct {
    int64_t now_ns;
    int64_t clients_cpu_ns;
    int64_t workers_cpu_ns;
    int64_t process_cpu_ns;
} moment_t;

struct clients {
    const mdbench_settings_t *settings;
    const workers_t *workers;
    daemon_t *daemon;
    bodies_t bodies;
    char (*names)[MDBENCH_SERVICE_SIZE];
    wire_client_t *services;
    errands_t errands;
    uint8_t options[WIRE_OPTIONS_SIZE];
    client_t *clients;
    poller_t poller;
    zmq_msg_t frames[FRAMES_MAX]; /* of the reply at hand */
    size_t frame_count;

    uint64_t total; /* requests to send */
    bool measuring;
    moment_t begin;
    int64_t first_reply_ns;
    int64_t last_reply_ns;
    int64_t next_look_ns;
    clients_result_t result;
};

/* ------------------------------------------------------------------ measuring */

static int64_t
cpu_ns (clockid_t clock)
{
    struct timespec used;
    clock_gettime (clock, &used);
    return (int64_t) used.tv_sec * 1000000000 + used.tv_nsec;
}

static moment_t
moment_now (const clients_t *self)
{
    return (moment_t){poller_now_ns (), cpu_ns (CLOCK_THREAD_CPUTIME_ID), workers_cpu_ns (self->workers),
                      cpu_ns (CLOCK_PROCESS_CPUTIME_ID)};
}

static uint64_t
ended (const clients_result_t *result)
{
    return result->answered + result->failed + result->spoilt;
}

static void
begin_measuring (clients_t *self)
{
    self->begin = moment_now (self);
    self->measuring = true;
}

static void
end_measuring (clients_t *self)
{
    clients_result_t *result = &self->result;
    const moment_t end = moment_now (self);
    if (!self->measuring)
        return;
    self->measuring = false;
    result->elapsed_ns = end.now_ns - self->begin.now_ns;
    result->clients_cpu_ns = end.clients_cpu_ns - self->begin.clients_cpu_ns;
    result->workers_cpu_ns = end.workers_cpu_ns - self->begin.workers_cpu_ns;
    result->process_cpu_ns = end.process_cpu_ns - self->begin.process_cpu_ns;
}

/* ------------------------------------------------------------------ requests */

static uint64_t
service_number (const clients_t *self, const body_id_t *id)
{
    return (id->sequence + id->client) % (uint64_t) self->settings->services;
}

static wire_client_t *
service_of (const clients_t *self, const body_id_t *id)
{
    return &self->services[service_number (self, id)];
}

/*  What the options frame carries: enough to tell which request a failure notice is about. */
static uint64_t
correlation_of (const body_id_t *id)
{
    return (uint64_t) id->slot << 32 | (uint32_t) id->sequence;
}

static int
send_plainly (const clients_t *self, void *socket, const body_id_t *id)
{
    const wire_client_t *service = service_of (self, id);
    if (wire_send (socket, service->request, service->count, true) != 0)
        return -1;
    return wire_send_body (socket, &self->bodies, id);
}

/*  By way of Titanic: what its errand is at. */
static int
send_errand (const clients_t *self, const client_t *client, const body_id_t *id)
{
    const char *target = self->names[service_number (self, id)];
    return errands_send (&self->errands, &client->slots[id->slot].errand, client->socket, span_text (target), id);
}

/*  Sends what is next for that slot. */
static void
send_next (clients_t *self, client_t *client, const body_id_t *id)
{
    if (self->settings->options)
        wire_set_id (self->options, correlation_of (id));
    if ((self->settings->titanic ? send_errand (self, client, id) : send_plainly (self, client->socket, id)) != 0)
        self->result.state = RUN_BROKEN;
}

static void
send_request (clients_t *self, client_t *client, int64_t now_ns)
{
    const body_id_t id = {client->number, client->unused[client->unused_count - 1], ++client->sequence};
    client->slots[id.slot] = (slot_t){id.sequence, now_ns, errand_begin ()};
    send_next (self, client, &id);
    if (self->result.state == RUN_BROKEN)
        return;
    client->unused_count--;
    self->result.sent++;
}

/*  One each in turn, so that a count smaller than all windows is shared out. */
static void
fill_windows (clients_t *self)
{
    for (int64_t round = 0; round < self->settings->window; round++)
        for (int64_t n = 0; n < self->settings->clients; n++)
            if (self->result.sent < self->total && self->result.state == RUN_GOES_ON)
                send_request (self, &self->clients[n], poller_now_ns ());
    for (int64_t n = 0; n < self->settings->clients; n++)
        poller_again (&self->poller, (uint32_t) n);
}

/* ------------------------------------------------------------------ replies */

static bool
receive_reply (clients_t *self, const client_t *client)
{
    if (!poller_receive (&self->poller, client->socket, &self->frames[0]))
        return false;
    self->frame_count = 1;
    while (zmq_msg_more (&self->frames[self->frame_count - 1]) && self->frame_count < FRAMES_MAX)
        zmq_msg_recv (&self->frames[self->frame_count++], client->socket, ZMQ_DONTWAIT);
    wire_skip (client->socket, &self->frames[self->frame_count - 1]);
    return true;
}

/*  The slot is free for another request. */
static void
end_request (clients_t *self, client_t *client, uint32_t slot, uint64_t *as)
{
    (*as)++;
    client->slots[slot].sequence = 0;
    client->unused[client->unused_count++] = slot;
    if (!self->measuring && !self->result.elapsed_ns && ended (&self->result) >= (uint64_t) self->settings->warmup)
        begin_measuring (self);
}

/*  Answered rightly. */
static void
end_well (clients_t *self, client_t *client, uint32_t slot, int64_t now_ns)
{
    clients_result_t *result = &self->result;
    if (self->measuring) {
        result->measured++;
        histogram_add (&result->latency, (uint64_t) (now_ns - client->slots[slot].sent_ns));
    }
    end_request (self, client, slot, &result->answered);
}

static bool
is_outstanding (const client_t *client, const clients_t *self, uint32_t slot, uint64_t sequence)
{
    return slot < self->settings->window && client->slots[slot].sequence == sequence && sequence;
}

static void
lend_frames (clients_t *self, span_t frames[FRAMES_MAX])
{
    for (size_t n = 0; n < self->frame_count; n++)
        frames[n] = span_make (zmq_msg_data (&self->frames[n]), zmq_msg_size (&self->frames[n]));
}

/*  Frames that are no reply of ours: a notice, or nonsense. */
static void
judge_odd (clients_t *self, client_t *client)
{
    clients_result_t *result = &self->result;
    span_t frames[FRAMES_MAX];
    uint64_t id;
    lend_frames (self, frames);
    if (!wire_is_notice (&self->services[0], frames, self->frame_count, &id)) {
        result->wrong++;
        return;
    }
    const uint32_t slot = (uint32_t) (id >> 32);
    const span_t *code = &frames[self->services[0].count];
    if (slot >= self->settings->window || (uint32_t) client->slots[slot].sequence != (uint32_t) id) {
        result->misplaced++;
        return;
    }
    if (result->failed == 0)
        snprintf (result->notice, sizeof (result->notice), "%.*s %.*s", (int) code[0].size, (const char *) code[0].data,
                  (int) code[1].size, (const char *) code[1].data);
    end_request (self, client, slot, &result->failed);
}

/*  An answer of Titanic may have as many frames, but not for that service. */
static bool
is_notice (clients_t *self)
{
    span_t frames[FRAMES_MAX];
    uint64_t id;
    lend_frames (self, frames);
    return wire_is_notice (&self->services[0], frames, self->frame_count, &id);
}

static bool
is_intact (clients_t *self, const body_id_t *id)
{
    const wire_client_t *service = service_of (self, id);
    if (self->settings->options)
        wire_set_id (self->options, correlation_of (id));
    for (size_t n = 0; n < service->count; n++)
        if (!wire_same (&self->frames[n], service->reply[n]))
            return false;
    return bodies_match (&self->bodies, id, zmq_msg_data (&self->frames[service->count]));
}

/*  Replies of one service's worker come in order. Which service it was only the sequence says, so it is looked at only
 *  where there is but one. */
static void
note_order (clients_t *self, client_t *client, uint64_t sequence)
{
    if (sequence > client->highest)
        client->highest = sequence;
    else if (self->settings->services == 1)
        self->result.reordered++;
}

static void
take_answer (clients_t *self, client_t *client, const body_id_t *id, int64_t now_ns)
{
    clients_result_t *result = &self->result;
    if (!is_intact (self, id)) {
        result->wrong++;
        end_request (self, client, id->slot, &result->spoilt);
        return;
    }
    note_order (self, client, id->sequence);
    end_well (self, client, id->slot, now_ns);
}

/*  The answer to one step of an errand. Its request is told by the options frame, as there may be no body. */
static void
judge_errand (clients_t *self, client_t *client, int64_t now_ns)
{
    clients_result_t *result = &self->result;
    span_t frames[FRAMES_MAX];
    uint64_t mark;
    lend_frames (self, frames);
    const uint32_t slot = wire_id (frames[0], &mark) ? (uint32_t) (mark >> 32) : UINT32_MAX;
    if (slot >= self->settings->window || !client->slots[slot].sequence ||
        (uint32_t) client->slots[slot].sequence != (uint32_t) mark) {
        result->misplaced++;
        return;
    }
    const body_id_t id = {client->number, slot, client->slots[slot].sequence};
    char reason[ERRAND_REASON];
    const errand_state_t state =
        errands_take (&self->errands, &client->slots[slot].errand, frames, self->frame_count, &id, reason);
    result->pending += state == ERRAND_PENDING;
    result->wrong += state == ERRAND_WRONG;
    if (state == ERRAND_FAILED && result->failed == 0)
        snprintf (result->notice, sizeof (result->notice), "%s", reason);
    if (state == ERRAND_GOES_ON || state == ERRAND_PENDING)
        send_next (self, client, &id);
    else if (state == ERRAND_DONE)
        end_well (self, client, slot, now_ns);
    else
        end_request (self, client, slot, state == ERRAND_FAILED ? &result->failed : &result->spoilt);
}

static void
judge (clients_t *self, client_t *client, int64_t now_ns)
{
    clients_result_t *result = &self->result;
    zmq_msg_t *last = &self->frames[self->frame_count - 1];
    body_id_t id;
    if (!self->first_reply_ns)
        self->first_reply_ns = now_ns;
    self->last_reply_ns = now_ns;
    if (self->settings->titanic && !is_notice (self))
        judge_errand (self, client, now_ns);
    else if (self->frame_count != self->services[0].count + 1)
        judge_odd (self, client);
    else if (!bodies_identify (&self->bodies, zmq_msg_data (last), zmq_msg_size (last), &id))
        result->wrong++;
    else if (id.client != client->number)
        result->misplaced++;
    else if (is_outstanding (client, self, id.slot, id.sequence))
        take_answer (self, client, &id, now_ns);
    else if (id.sequence && id.sequence <= client->sequence)
        result->duplicated++;
    else
        result->misplaced++;
}

static void
serve (clients_t *self, uint32_t number)
{
    client_t *client = &self->clients[number];
    for (int n = 0; n < TURN && self->result.state == RUN_GOES_ON; n++) {
        if (!receive_reply (self, client))
            return;
        const int64_t now_ns = poller_now_ns ();
        judge (self, client, now_ns);
        while (client->unused_count && self->result.sent < self->total && self->result.state == RUN_GOES_ON)
            send_request (self, client, now_ns);
        if (ended (&self->result) == self->total)
            self->result.state = RUN_COMPLETE;
    }
    poller_again (&self->poller, number);
}

/* ------------------------------------------------------------------ the run */

/*  Once a tick: has it been told to stop, does it get on, is its time over? */
static void
look_around (clients_t *self, int64_t now_ns)
{
    clients_result_t *result = &self->result;
    const mdbench_settings_t *settings = self->settings;
    self->next_look_ns = now_ns + POLLER_TICK_MS * (int64_t) 1000000;
    if (daemon_signal (self->daemon))
        result->state = RUN_INTERRUPTED;
    else if (now_ns - self->last_reply_ns > settings->timeout_ms * 1000000)
        result->state = RUN_SILENT;
    else if (settings->duration_ms && self->measuring &&
             now_ns - self->begin.now_ns >= settings->duration_ms * 1000000) {
        end_measuring (self);
        self->total = result->sent;
        if (ended (result) == self->total)
            result->state = RUN_COMPLETE;
    }
}

const clients_result_t *
clients_run (clients_t *self, daemon_t *daemon)
{
    clients_result_t *result = &self->result;
    const mdbench_settings_t *settings = self->settings;
    uint32_t ready[POLLER_READY];
    self->daemon = daemon;
    self->total = settings->duration_ms ? UINT64_MAX : (uint64_t) (settings->warmup + settings->count);
    if (settings->warmup == 0)
        begin_measuring (self);
    self->last_reply_ns = poller_now_ns (); /* silence counts from here */
    fill_windows (self);
    while (result->state == RUN_GOES_ON) {
        const size_t count = poller_wait (&self->poller, ready);
        for (size_t n = 0; n < count && result->state == RUN_GOES_ON; n++)
            serve (self, ready[n]);
        const int64_t now_ns = poller_now_ns ();
        if (now_ns >= self->next_look_ns && result->state == RUN_GOES_ON)
            look_around (self, now_ns);
    }
    end_measuring (self);
    result->answering_ns = self->first_reply_ns ? self->last_reply_ns - self->first_reply_ns : 0;
    result->lost = result->sent - ended (result);
    return result;
}

bool
clients_result_good (const clients_result_t *result)
{
    return result->state == RUN_COMPLETE &&
           !(result->failed | result->lost | result->duplicated | result->wrong | result->misplaced);
}

/* ------------------------------------------------------------------ life */

static int
open_client (clients_t *self, void *context, uint32_t number, const char *endpoint)
{
    client_t *client = &self->clients[number];
    const uint32_t window = (uint32_t) self->settings->window;
    client->number = number;
    client->slots = calloc (window, sizeof (slot_t));
    client->unused = calloc (window, sizeof (uint32_t));
    client->socket = zmq_socket (context, ZMQ_DEALER);
    if (!client->slots || !client->unused || !client->socket)
        return -1;
    for (uint32_t n = 0; n < window; n++)
        client->unused[client->unused_count++] = window - 1 - n;
    zmq_setsockopt (client->socket, ZMQ_SNDHWM, &(int){0}, sizeof (int));
    zmq_setsockopt (client->socket, ZMQ_RCVHWM, &(int){0}, sizeof (int));
    zmq_setsockopt (client->socket, ZMQ_LINGER, &(int){0}, sizeof (int));
    if (zmq_connect (client->socket, endpoint) != 0)
        return -1;
    return poller_add (&self->poller, client->socket, number);
}

static void
open_services (clients_t *self)
{
    wire_set_id (self->options, 0);
    for (size_t n = 0; n < (size_t) self->settings->services; n++) {
        size_t size = mdbench_service_name (self->settings, n, self->names[n]);
        wire_client (&self->services[n], self->settings, span_make (self->names[n], size), self->options);
    }
    if (self->settings->titanic)
        errands_open (&self->errands, self->settings, &self->bodies, self->options);
}

clients_t *
clients_new (void *context, const mdbench_settings_t *settings, const char *endpoint, const workers_t *workers)
{
    clients_t *self = calloc (1, sizeof (clients_t));
    if (!self)
        return NULL;
    self->settings = settings;
    self->workers = workers;
    self->poller.epoll = -1;
    for (size_t n = 0; n < FRAMES_MAX; n++)
        zmq_msg_init (&self->frames[n]);
    self->names = calloc ((size_t) settings->services, sizeof (*self->names));
    self->services = calloc ((size_t) settings->services, sizeof (wire_client_t));
    self->clients = calloc ((size_t) settings->clients, sizeof (client_t));
    int rc = bodies_open (&self->bodies, (size_t) settings->size);
    if (rc == 0)
        rc = poller_open (&self->poller, (size_t) settings->clients, settings->spin_us);
    if (rc != 0 || !self->names || !self->services || !self->clients)
        goto fail;
    open_services (self);
    for (uint32_t n = 0; n < settings->clients; n++)
        if (open_client (self, context, n, endpoint) != 0)
            goto fail;
    return self;

fail:;
    int why = errno;
    clients_destroy (&self);
    errno = why;
    return NULL;
}

void
clients_destroy (clients_t **self_p)
{
    clients_t *self = *self_p;
    if (!self)
        return;
    for (int64_t n = 0; self->clients && n < self->settings->clients; n++) {
        client_t *client = &self->clients[n];
        if (client->socket)
            zmq_close (client->socket);
        free (client->slots);
        free (client->unused);
    }
    for (size_t n = 0; n < FRAMES_MAX; n++)
        zmq_msg_close (&self->frames[n]);
    poller_close (&self->poller);
    bodies_close (&self->bodies);
    free (self->clients);
    free (self->services);
    free (self->names);
    free (self);
    *self_p = NULL;
}
