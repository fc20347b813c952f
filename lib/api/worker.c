#include "worker_loop.h"

#include "clock.h"
#include "endpoint.h"
#include "mdp.h"
#include "mmi.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utlist.h>

#define HEARTBEAT_MS     2500
#define HEARTBEAT_MAX_MS 86400000
#define LIVENESS         3
#define LIVENESS_MAX     1000
#define THREADS_MAX      1024
#define ENDPOINTS_MAX    64

/* ------------------------------------------------------------------ life */

/*  Cuts endpoint_text at its commas. 0, or -1: one of them is no endpoint. */
static int
split_endpoints (keel_worker_t *self)
{
    char *rest = self->endpoint_text;
    char *one;
    while ((one = strsep (&rest, ",")) != NULL) {
        if (self->config.endpoint_count == ENDPOINTS_MAX || endpoint_check (one, ENDPOINT_CONNECT))
            return -1;
        self->endpoints[self->config.endpoint_count++] = one;
    }
    return 0;
}

static void
open_locks (keel_worker_t *self)
{
    pthread_condattr_t attributes;
    self->mutex = &self->own_mutex;
    self->changed = &self->own_changed;
    pthread_mutex_init (self->mutex, NULL);
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (self->changed, &attributes);
    pthread_condattr_destroy (&attributes);
}

static void
configure (keel_worker_t *self, const worker_speech_t *speech)
{
    self->config.speech = speech;
    self->config.service = self->service;
    self->config.endpoints = (const char *const *) self->endpoints;
    self->config.version = 2;
    self->config.credit = 1;
    self->config.heartbeat_ms = HEARTBEAT_MS;
    self->config.liveness = LIVENESS;
}

int
worker_open (keel_worker_t *self, const worker_speech_t *speech, const char *endpoints, const char *service)
{
    *self = (keel_worker_t){.interrupt = -1, .wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK)};
    open_locks (self);
    self->whole = self;
    self->member_count = 1;
    self->endpoint_text = strdup (endpoints ? endpoints : "");
    self->endpoints = calloc (ENDPOINTS_MAX, sizeof (char *));
    self->service = strdup (service);
    int why = 0;
    if (self->wake < 0 || !self->endpoint_text || !self->endpoints || !self->service)
        why = ENOMEM;
    else if (split_endpoints (self) != 0)
        why = EINVAL;
    if (why) {
        worker_close (self);
        errno = why;
        return -1;
    }
    configure (self, speech);
    return 0;
}

void
worker_close (keel_worker_t *self)
{
    worker_members_end (self);
    worker_items_destroy (&self->inbox);
    worker_items_destroy (&self->outbox);
    if (self->wake >= 0)
        close (self->wake);
    pthread_cond_destroy (self->changed);
    pthread_mutex_destroy (self->mutex);
    free (self->endpoint_text);
    free (self->endpoints);
    free (self->service);
}

keel_worker_t *
keel_worker_new (const char *endpoints, const char *service)
{
    span_t name = span_text (service ? service : "");
    if (!mdp_service_valid (name) || mmi_is_reserved (name)) {
        errno = EINVAL;
        return NULL;
    }
    keel_worker_t *self = calloc (1, sizeof (keel_worker_t));
    if (self && worker_open (self, &worker_speaks_mdp, endpoints, service) == 0)
        return self;
    free (self);
    return NULL;
}

void
keel_worker_destroy (keel_worker_t **self_p)
{
    keel_worker_t *self = *self_p;
    *self_p = NULL;
    if (self)
        worker_close (self);
    free (self);
}

/* ------------------------------------------------------------------ settings */

/*  0, or what a setter returns instead. */
static int
may_set (keel_worker_t *self, int64_t value, int64_t maximum)
{
    pthread_mutex_lock (self->mutex);
    bool started = self->started;
    pthread_mutex_unlock (self->mutex);
    if (started)
        return KEEL_E_STATE;
    return value >= 1 && value <= maximum ? 0 : KEEL_E_INVALID;
}

int
keel_worker_set_heartbeat (keel_worker_t *self, int64_t interval_ms)
{
    int rc = may_set (self, interval_ms, HEARTBEAT_MAX_MS);
    if (rc == 0)
        self->config.heartbeat_ms = interval_ms;
    return rc;
}

int
keel_worker_set_liveness (keel_worker_t *self, int intervals)
{
    int rc = may_set (self, intervals, LIVENESS_MAX);
    if (rc == 0)
        self->config.liveness = intervals;
    return rc;
}

int
keel_worker_set_concurrency (keel_worker_t *self, int requests)
{
    int rc = may_set (self, requests, MDP_CREDIT_MAX);
    if (rc == 0)
        self->config.credit = (uint16_t) requests;
    return rc;
}

int
keel_worker_set_version (keel_worker_t *self, int version)
{
    int rc = may_set (self, version, 2);
    if (rc == 0)
        self->config.version = (uint8_t) version;
    return rc;
}

int
keel_worker_set_all (keel_worker_t *self, bool all)
{
    int rc = may_set (self, 1, 1);
    if (rc == 0)
        self->all = all;
    return rc;
}

int
keel_worker_set_log (keel_worker_t *self, keel_worker_log_fn *log, void *arg)
{
    int rc = may_set (self, 1, 1);
    if (rc == 0) {
        self->log = log;
        self->log_arg = arg;
    }
    return rc;
}

/* ------------------------------------------------------------------ requests */

/*  The mutex is held. */
static int
start (keel_worker_t *self)
{
    if (self->stopping)
        return KEEL_E_STATE;
    return self->started ? 0 : worker_members_start (self);
}

/*  As start, but a worker of one request at a time that is to stop still has to answer one that has come: it does not leave
 *  before. The mutex is held. */
static int
start_or_finish (keel_worker_t *self)
{
    return self->started && self->config.speech->single ? 0 : start (self);
}

/*  The next request of a member that may be begun, begun; or NULL. */
static worker_item_t *
take_of_member (keel_worker_t *self)
{
    while (self->inbox) {
        worker_item_t *item = self->inbox;
        DL_DELETE (self->inbox, item);
        if (worker_engine_begin (self->engine, item->id))
            return item;
        worker_item_destroy (&item);
    }
    return NULL;
}

/*  Of all members, in turn. */
static worker_item_t *
take_request (keel_worker_t *self)
{
    worker_item_t *item = NULL;
    for (unsigned n = 0; n < self->member_count && !item; n++) {
        unsigned number = (self->turn + n) % self->member_count;
        item = take_of_member (worker_member (self, number));
        if (!item)
            continue;
        item->id |= (uint64_t) number << WORKER_MEMBER_BIT;
        self->turn = number + 1;
    }
    return item;
}

static struct timespec
time_of (int64_t due_ms)
{
    return (struct timespec){.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};
}

/*  Waits for the inbox until due; KEEL_NEVER: without end. The mutex is held. */
static int
wait_request (keel_worker_t *self, int64_t due, worker_item_t **item)
{
    const struct timespec until = time_of (due);
    while (!(*item = take_request (self))) {
        if (self->stopping)
            return KEEL_E_STATE;
        if (due == KEEL_NEVER)
            pthread_cond_wait (self->changed, self->mutex);
        else if (clock_now_ms () >= due)
            return KEEL_E_TIMEOUT;
        else
            pthread_cond_timedwait (self->changed, self->mutex, &until);
    }
    return 0;
}

int
keel_worker_recv (keel_worker_t *self, zmsg_t **request, uint64_t *id, int timeout_ms)
{
    worker_item_t *item = NULL;
    *request = NULL;
    pthread_mutex_lock (self->mutex);
    int rc = start_or_finish (self);
    if (rc == 0)
        rc = wait_request (self, timeout_ms < 0 ? KEEL_NEVER : clock_now_ms () + timeout_ms, &item);
    pthread_mutex_unlock (self->mutex);
    if (rc != 0)
        return rc;
    *request = item->body;
    *id = item->id;
    item->body = NULL;
    worker_item_destroy (&item);
    return 0;
}

/*  Leaves item to the thread. A void one too: the engine counts it. The mutex is held. */
static int
hand_over (keel_worker_t *self, worker_item_t *item)
{
    if (!self->started) {
        worker_item_destroy (&item);
        return KEEL_E_STATE;
    }
    while (self->outbox_count >= WORKER_OUTBOX_MAX)
        pthread_cond_wait (self->changed, self->mutex);
    DL_APPEND (self->outbox, item);
    self->outbox_count++;
    worker_loop_wake (self);
    return worker_engine_holds (self->engine, item->id) ? 0 : KEEL_E_STATE;
}

static int
put (keel_worker_t *self, uint64_t id, worker_deed_t deed, zmsg_t **body)
{
    worker_item_t *item = zmalloc (sizeof (worker_item_t));
    assert (item);
    *item = (worker_item_t){.id = id, .deed = deed, .body = body ? *body : NULL};
    if (body)
        *body = NULL;
    pthread_mutex_lock (self->mutex);
    int rc = hand_over (worker_member_of (self, &item->id), item);
    pthread_mutex_unlock (self->mutex);
    return rc;
}

int
keel_worker_partial (keel_worker_t *self, uint64_t id, zmsg_t **body)
{
    if (self->config.version == 1) {
        zmsg_destroy (body);
        return KEEL_E_INVALID;
    }
    return put (self, id, WORKER_PARTIAL, body);
}

int
keel_worker_reply (keel_worker_t *self, uint64_t id, zmsg_t **body)
{
    return put (self, id, WORKER_REPLY, body);
}

int
keel_worker_fail (keel_worker_t *self, uint64_t id)
{
    return put (self, id, WORKER_FAIL, NULL);
}

uint64_t
keel_worker_counter (keel_worker_t *self, const char *name)
{
    static const char *const names[] = {
#define X(id, key, text) key,
        WORKER_ENGINE_COUNTER_MAP (X)
#undef X
    };
    uint64_t value = 0;
    pthread_mutex_lock (self->mutex);
    for (int n = 0; self->started && n < WORKER_ENGINE_COUNTERS; n++)
        for (unsigned member = 0; strcmp (name, names[n]) == 0 && member < self->member_count; member++)
            value += worker_engine_counter (worker_member (self, member)->engine, (worker_engine_counter_t) n);
    pthread_mutex_unlock (self->mutex);
    return value;
}

/* ------------------------------------------------------------------ run */

typedef struct {
    keel_worker_t *worker;
    keel_worker_handler_fn *handler;
    void *arg;
} service_t;

static void *
serve (void *arg)
{
    service_t *service = arg;
    zmsg_t *request;
    uint64_t id;
    while (keel_worker_recv (service->worker, &request, &id, -1) == 0) {
        zmsg_t *answer = service->handler (request, service->arg);
        if (answer)
            keel_worker_reply (service->worker, id, &answer);
        else
            keel_worker_fail (service->worker, id);
    }
    return NULL;
}

/*  Returns how many were started; signals are blocked in them. */
static unsigned
start_threads (service_t *service, pthread_t threads[], unsigned wanted)
{
    unsigned count = 0;
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    while (count < wanted && pthread_create (&threads[count], NULL, serve, service) == 0)
        count++;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return count;
}

/*  Returns when all has been answered and the broker told. */
static void
wait_gone (keel_worker_t *self)
{
    pthread_mutex_lock (self->mutex);
    for (unsigned n = 0; n < self->member_count; n++)
        while (!worker_member (self, n)->gone)
            pthread_cond_wait (self->changed, self->mutex);
    pthread_mutex_unlock (self->mutex);
}

static int
run_threads (keel_worker_t *self, service_t *service)
{
    const unsigned wanted = self->config.credit;
    pthread_t threads[THREADS_MAX];
    unsigned count = start_threads (service, threads, wanted);
    if (count < wanted)
        keel_worker_stop (self);
    for (unsigned n = 0; n < count; n++)
        pthread_join (threads[n], NULL);
    if (count > 0)
        wait_gone (self); /* without threads, what has come would keep it */
    return count < wanted ? KEEL_E_MEMORY : 0;
}

int
keel_worker_run (keel_worker_t *self, keel_worker_handler_fn *handler, void *arg)
{
    service_t service = {self, handler, arg};
    if (self->config.credit > THREADS_MAX)
        return KEEL_E_INVALID;
    pthread_mutex_lock (self->mutex);
    int rc = start (self);
    for (unsigned n = 0; n < self->member_count && rc == 0; n++)
        worker_member (self, n)->interrupt = interrupt_open (worker_member (self, n)->wake);
    pthread_mutex_unlock (self->mutex);
    if (rc != 0)
        return rc;
    rc = run_threads (self, &service);
    pthread_mutex_lock (self->mutex);
    for (unsigned n = 0; n < self->member_count; n++) {
        keel_worker_t *member = worker_member (self, n);
        if (member->interrupt >= 0)
            interrupt_close (member->interrupt);
        member->interrupt = -1;
    }
    pthread_mutex_unlock (self->mutex);
    return rc;
}

void
keel_worker_stop (keel_worker_t *self)
{
    pthread_mutex_lock (self->mutex);
    worker_members_stop (self);
    pthread_mutex_unlock (self->mutex);
}
