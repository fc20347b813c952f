/*  The Freelance server's class: a port, a queue, and handlers' threads that use them in turn (helm.h).
 *
 *  A handler's thread that has nothing to do leads: it sleeps at the port, and works itself on the first request that it reads.
 *  So a request passes through one thread. While all of them work, the thread that called run stands in: it answers PINGs
 *  and lets requests wait.
 */
#include <keel/flserver.h>

#include "endpoint.h"
#include "flp.h"
#include "frames.h"
#include "helm.h"
#include "interrupt.h"

#include <errno.h>
#include <signal.h>

#include <utlist.h>

#define CONCURRENCY_MOST 1024
#define QUEUE_MOST       100000                 /* requests that wait */
#define QUEUE_BYTES      ((size_t) 256 << 20)   /* and their bytes */
#define FRAME_COSTS      128                    /* what a frame costs besides its bytes, about */
#define BATCH            64
#define TAG_ANSWER       1  /* of a SEND that is no PONG */

typedef struct request {
    struct request *prev;
    struct request *next;
    zmsg_t *body;
    size_t bytes;
    uint16_t listener;
    uint8_t id_size;
    size_t control_size;
    uint8_t frames[]; /* routing id and control frame */
} request_t;

struct keel_flserver {
    helm_t helm;
    port_t *port;
    char *advertise;
    unsigned concurrency;
    keel_flserver_handler_fn *handler;
    void *arg;
    int interrupt;
    bool bound;
    uint16_t listener; /* that was bound last */
    bool running;
    bool stopping;
    unsigned threads; /* handlers' that are left */
    request_t *queue;
    size_t queued;
    size_t queued_bytes;
    keel_flserver_counters_t counters;
};

static int64_t tend (void *server);

/* ------------------------------------------------------------------ life */

keel_flserver_t *
keel_flserver_new (void)
{
    keel_flserver_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->concurrency = 1;
    self->interrupt = -1;
    self->port = port_new (&PORT_CONFIG_DEFAULT);
    if (!self->port || !helm_open (&self->helm, self->port, tend, self)) {
        keel_flserver_destroy (&self);
        errno = ENOMEM;
    }
    return self;
}

static void
end_request (request_t *request)
{
    zmsg_destroy (&request->body);
    free (request);
}

static request_t *
take_request (keel_flserver_t *self)
{
    request_t *request = self->queue;
    if (!request)
        return NULL;
    DL_DELETE (self->queue, request);
    self->queued--;
    self->queued_bytes -= request->bytes;
    return request;
}

void
keel_flserver_destroy (keel_flserver_t **self_p)
{
    keel_flserver_t *self = *self_p;
    request_t *request;
    *self_p = NULL;
    if (!self)
        return;
    while ((request = take_request (self)))
        end_request (request);
    helm_close (&self->helm);
    port_destroy (&self->port);
    free (self->advertise);
    free (self);
}

/* ------------------------------------------------------------------ settings */

int
keel_flserver_set_advertise (keel_flserver_t *self, const char *endpoint)
{
    if (endpoint && (strlen (endpoint) > PORT_IDENTITY_MAX || endpoint_check (endpoint, ENDPOINT_CONNECT)))
        return KEEL_E_INVALID;
    char *copy = endpoint ? strdup (endpoint) : NULL;
    if (endpoint && !copy)
        return KEEL_E_MEMORY;
    free (self->advertise);
    self->advertise = copy;
    return 0;
}

int
keel_flserver_bind (keel_flserver_t *self, const char *endpoint)
{
    int rc = 0;
    if (!endpoint || endpoint_check (endpoint, ENDPOINT_BIND))
        return KEEL_E_INVALID;
    helm_lock (&self->helm);
    if (self->running)
        rc = KEEL_E_STATE;
    else if (port_listen_as (self->port, endpoint, self->advertise, &self->listener) != 0)
        rc = KEEL_E_ADDRESS;
    self->bound |= rc == 0;
    int why = errno;
    helm_unlock (&self->helm);
    errno = why;
    return rc;
}

const char *
keel_flserver_endpoint (const keel_flserver_t *self)
{
    return self->bound ? port_endpoint (self->port, self->listener) : NULL;
}

int
keel_flserver_set_concurrency (keel_flserver_t *self, int requests)
{
    if (requests < 1 || requests > CONCURRENCY_MOST)
        return KEEL_E_INVALID;
    helm_lock (&self->helm);
    int rc = self->running ? KEEL_E_STATE : 0;
    if (rc == 0)
        self->concurrency = (unsigned) requests;
    helm_unlock (&self->helm);
    return rc;
}

keel_flserver_counters_t
keel_flserver_counters (keel_flserver_t *self)
{
    helm_lock (&self->helm);
    keel_flserver_counters_t counters = self->counters;
    helm_unlock (&self->helm);
    return counters;
}

/* ------------------------------------------------------------------ what comes */

static void
pong (keel_flserver_t *self, const keel_event_t *event)
{
    const span_t word = flp_pong ();
    const keel_action_t send = {
        .kind = KEEL_ACTION_SEND, .listener = event->peer.listener, .id = event->peer.id, .head = &word, .head_count = 1};
    self->counters.pings++;
    port_send (self->port, &send);
}

static size_t
cost_of (const flp_command_t *command)
{
    size_t cost = sizeof (request_t) + command->control.size + command->body_count * FRAME_COSTS;
    for (size_t n = 0; n < command->body_count; n++)
        cost += command->body[n].size;
    return cost;
}

/*  A copy; NULL without memory. */
static request_t *
copy_request (const keel_event_t *event, const flp_command_t *command)
{
    request_t *request = malloc (sizeof (*request) + event->peer.id.size + command->control.size);
    if (!request)
        return NULL;
    *request = (request_t){.body = zmsg_new (), .bytes = cost_of (command), .listener = event->peer.listener};
    request->id_size = (uint8_t) event->peer.id.size;
    request->control_size = command->control.size;
    memcpy (request->frames, event->peer.id.data, event->peer.id.size);
    memcpy (request->frames + event->peer.id.size, command->control.data, command->control.size);
    for (size_t n = 0; request->body && n < command->body_count; n++)
        zmsg_addmem (request->body, command->body[n].data, command->body[n].size);
    return request;
}

static void
queue_request (keel_flserver_t *self, const keel_event_t *event, const flp_command_t *command)
{
    request_t *request = NULL;
    self->counters.requests++;
    if (self->stopping) {
        self->counters.refused++;
        return;
    }
    if (self->queued < QUEUE_MOST && self->queued_bytes + cost_of (command) <= QUEUE_BYTES)
        request = copy_request (event, command);
    if (!request || !request->body) {
        free (request);
        self->counters.overflow++;
        return;
    }
    DL_APPEND (self->queue, request);
    self->queued++;
    self->queued_bytes += request->bytes;
}

/*  A server that stops answers no PINGs any more: clients are to look for another. */
static void
take_message (keel_flserver_t *self, const keel_event_t *event)
{
    flp_command_t command;
    if (event->cut || flp_decode_at_server (event->frames, event->count, &command) != VERDICT_OK)
        self->counters.malformed++;
    else if (command.kind == FLP_REQUEST)
        queue_request (self, event, &command);
    else if (!self->stopping)
        pong (self, event);
}

static void
take_event (keel_flserver_t *self, const keel_event_t *event)
{
    if (event->kind == KEEL_EVENT_MESSAGE)
        take_message (self, event);
    else if (event->tag == TAG_ANSWER) {
        self->counters.answered--; /* it was not, after all */
        if (event->kind == KEEL_EVENT_FULL)
            self->counters.clients_full++;
        else
            self->counters.clients_gone++;
    }
}

static void
stop (keel_flserver_t *self)
{
    self->stopping = true;
    helm_wake_all (&self->helm);
    helm_rouse (&self->helm);
}

/*  until_one: until there is a request. False: there may be more; whoever sleeps at the port was told. */
static bool
read_port (keel_flserver_t *self, bool until_one)
{
    keel_event_t event;
    helm_glance (&self->helm);
    if (self->interrupt >= 0 && !self->stopping && interrupt_seen (self->interrupt))
        stop (self);
    for (int n = 0; n < BATCH && !(until_one && self->queue); n++) {
        if (!port_receive (self->port, &event))
            return true;
        take_event (self, &event);
    }
    helm_expect (&self->helm, 0);
    return false;
}

/*  What the stand-in does, while all handlers' threads work. */
static int64_t
tend (void *server)
{
    keel_flserver_t *self = server;
    bool all = read_port (self, false);
    if (self->queue)
        helm_wake_one (&self->helm);
    return all ? KEEL_NEVER : 0;
}

/* ------------------------------------------------------------------ requests */

static void
answer (keel_flserver_t *self, const request_t *request, zmsg_t *body)
{
    span_t few[FRAMES_FEW];
    const span_t empty = SPAN_OF ("");
    const span_t control = span_make (request->frames + request->id_size, request->control_size);
    keel_action_t send = {.kind = KEEL_ACTION_SEND,
                          .listener = request->listener,
                          .id = span_make (request->frames, request->id_size),
                          .head = &control,
                          .head_count = 1,
                          .tag = TAG_ANSWER};
    span_t *frames = frames_of (body, few, &send.body_count);
    send.body = frames ? frames : &empty;
    send.body_count += !frames;
    self->counters.answered++;
    port_send (self->port, &send);
    frames_free (frames, few);
}

static void
work_on (keel_flserver_t *self, request_t *request)
{
    zmsg_t *body = request->body;
    request->body = NULL;
    helm_unlock (&self->helm);
    body = self->handler (body, self->arg);
    helm_lock (&self->helm);
    if (body)
        answer (self, request, body);
    else
        self->counters.failed++;
    zmsg_destroy (&body);
    end_request (request);
    if (helm_watched (&self->helm))
        read_port (self, false);
}

/*  A thread with nothing to do: it reads the port, or sleeps until there is something to read. */
static void
look_for_work (keel_flserver_t *self)
{
    if (self->helm.led)
        helm_follow (&self->helm, KEEL_NEVER);
    else if (read_port (self, true) && !self->queue && !self->stopping) {
        helm_lead (&self->helm, KEEL_NEVER);
        read_port (self, true);
    }
}

/*  Whoever goes to work lets another one have the port, if one is idle. */
static void *
serve (void *server)
{
    keel_flserver_t *self = server;
    request_t *request;
    helm_lock (&self->helm);
    while (!self->stopping || self->queue)
        if ((request = take_request (self))) {
            helm_wake_one (&self->helm);
            work_on (self, request);
        } else
            look_for_work (self);
    helm_wake_all (&self->helm);
    if (--self->threads == 0)
        helm_quit (&self->helm);
    helm_unlock (&self->helm);
    return NULL;
}

/* ------------------------------------------------------------------ run */

/*  Returns how many were started; signals are blocked in them. The mutex is held. */
static unsigned
start_threads (keel_flserver_t *self, pthread_t threads[])
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    while (self->threads < self->concurrency && pthread_create (&threads[self->threads], NULL, serve, self) == 0)
        self->threads++;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return self->threads;
}

/*  The mutex is held. */
static int
run (keel_flserver_t *self)
{
    pthread_t threads[CONCURRENCY_MOST];
    unsigned count = start_threads (self, threads);
    int rc = count == self->concurrency ? 0 : KEEL_E_MEMORY;
    if (rc != 0)
        stop (self);
    if (count > 0)
        helm_stand_in (&self->helm);
    helm_unlock (&self->helm);
    for (unsigned n = 0; n < count; n++)
        pthread_join (threads[n], NULL);
    helm_lock (&self->helm);
    return rc;
}

int
keel_flserver_run (keel_flserver_t *self, keel_flserver_handler_fn *handler, void *arg)
{
    int rc = KEEL_E_STATE;
    helm_lock (&self->helm);
    if (self->bound && !self->running && !self->stopping) {
        self->handler = handler;
        self->arg = arg;
        self->running = true;
        self->interrupt = interrupt_open (self->helm.wake);
        rc = run (self);
        if (self->interrupt >= 0)
            interrupt_close (self->interrupt);
        self->interrupt = -1;
        self->stopping = true;
        self->running = false;
    }
    helm_unlock (&self->helm);
    return rc;
}

void
keel_flserver_stop (keel_flserver_t *self)
{
    helm_lock (&self->helm);
    stop (self);
    helm_unlock (&self->helm);
}
