#include "worker_loop.h"

#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

#include <utlist.h>

#define BATCH        64
#define ACTIONS_ROOM 16
#define BODY_FRAMES  16 /* of an answer; more are allocated */

void
worker_item_destroy (worker_item_t **self_p)
{
    zmsg_destroy (&(*self_p)->body);
    free (*self_p);
    *self_p = NULL;
}

void
worker_items_destroy (worker_item_t **list)
{
    while (*list) {
        worker_item_t *item = *list;
        DL_DELETE (*list, item);
        worker_item_destroy (&item);
    }
}

/*  Throws out of the inbox what is not to be begun any more. */
static void
discard_void (keel_worker_t *self)
{
    worker_item_t *item, *next;
    DL_FOREACH_SAFE (self->inbox, item, next)
    if (!worker_engine_waits (self->engine, item->id)) {
        DL_DELETE (self->inbox, item);
        worker_item_destroy (&item);
    }
}

/* ------------------------------------------------------------------ actions */

static zmsg_t *
body_of (const keel_action_t *action)
{
    zmsg_t *body = zmsg_new ();
    for (size_t n = 0; n < action->body_count; n++)
        zmsg_addmem (body, action->body[n].data, action->body[n].size);
    return body;
}

static void
deliver (keel_worker_t *self, const keel_action_t *action)
{
    worker_item_t *item = zmalloc (sizeof (worker_item_t));
    assert (item); /* czmq, too, ends the process when memory does */
    item->id = action->tag;
    item->body = body_of (action);
    DL_APPEND (self->inbox, item);
    pthread_cond_broadcast (self->changed);
}

/*  Of an endpoint that cannot be opened: descriptors are short, say. The engine tries again. */
static void
complain (keel_worker_t *self, uint16_t endpoint, int why)
{
    char text[KEEL_ACTION_TEXT];
    text_t line = text_over (text, sizeof (text));
    if (!self->log || !seldom_may (&self->complaints, clock_now_ms (), 1))
        return;
    text_add (&line, "cannot connect");
    text_add_pair_text (&line, "reason", strerror (why));
    seldom_add (&self->complaints, &line);
    text_add_pair_text (&line, "broker", self->endpoints[endpoint]);
    self->log (LOG_ERR, text, self->log_arg);
}

static void
link_open (keel_worker_t *self, uint16_t endpoint)
{
    self->linked = endpoint;
    self->open = port_connect (self->port, self->endpoints[endpoint], &self->link) == 0;
    if (!self->open)
        complain (self, endpoint, errno);
}

static void
link_close (keel_worker_t *self, bool linger)
{
    if (self->open)
        port_close (self->port, self->link, linger);
    self->open = self->refused = false;
}

static void
link_send (keel_worker_t *self, keel_action_t *action)
{
    action->listener = self->link;
    if (self->open)
        port_send (self->port, action);
    else {
        self->refused = true;
        self->refused_tag = action->tag;
    }
}

static void
carry_out (keel_worker_t *self)
{
    for (size_t n = 0; n < self->actions->count; n++) {
        keel_action_t *action = &self->actions->items[n];
        switch (action->kind) {
        case KEEL_ACTION_SEND:
            link_send (self, action);
            break;
        case KEEL_ACTION_CONNECT:
            link_open (self, action->listener);
            break;
        case KEEL_ACTION_CLOSE:
            link_close (self, action->linger);
            break;
        case KEEL_ACTION_DELIVER:
            deliver (self, action);
            break;
        case KEEL_ACTION_LOG:
            if (self->log)
                self->log (LOG_ERR + (int) action->level, action->text, self->log_arg);
            break;
        default:
            break;
        }
    }
    keel_actions_clear (self->actions);
}

/* ------------------------------------------------------------------ events */

static void
step (keel_worker_t *self, keel_event_t *event)
{
    event->now = clock_now_ms ();
    event->peer.listener = self->linked;
    worker_engine_step (self->engine, event, self->actions);
    carry_out (self);
}

static void
step_plain (keel_worker_t *self, keel_event_kind_t kind)
{
    keel_event_t event = {.kind = kind};
    step (self, &event);
}

/*  False: nothing is left to be read. */
static bool
receive (keel_worker_t *self)
{
    keel_event_t event;
    for (int n = 0; n < BATCH; n++) {
        if (!port_receive (self->port, &event))
            return false;
        if (self->open && event.peer.listener == self->link)
            step (self, &event);
    }
    return true;
}

/*  The answer's frames as spans; `few` is used when they fit. */
static span_t *
spans_of (zmsg_t *body, span_t few[BODY_FRAMES], size_t *count)
{
    size_t frames = zmsg_size (body);
    span_t *spans = frames <= BODY_FRAMES ? few : zmalloc (frames * sizeof (span_t));
    assert (spans);
    *count = 0;
    for (zframe_t *frame = zmsg_first (body); frame; frame = zmsg_next (body))
        spans[(*count)++] = span_make (zframe_data (frame), zframe_size (frame));
    if (*count == 0)
        spans[(*count)++] = SPAN_OF ("");
    return spans;
}

static void
answer (keel_worker_t *self, const worker_item_t *item)
{
    span_t few[BODY_FRAMES];
    size_t count;
    span_t *spans = spans_of (item->body, few, &count);
    bool last = item->deed != WORKER_PARTIAL;
    worker_engine_answer (self->engine, item->id, last, spans, count, clock_now_ms (), self->actions);
    carry_out (self);
    if (spans != few)
        free (spans);
}

static void
empty_outbox (keel_worker_t *self)
{
    if (!self->outbox)
        return;
    while (self->outbox) {
        worker_item_t *item = self->outbox;
        DL_DELETE (self->outbox, item);
        if (item->deed == WORKER_FAIL) {
            worker_engine_fail (self->engine, item->id, clock_now_ms (), self->actions);
            carry_out (self);
        } else
            answer (self, item);
        worker_item_destroy (&item);
    }
    self->outbox_count = 0;
    pthread_cond_broadcast (self->changed);
}

/*  Tells the others what has become of the session. */
static void
publish (keel_worker_t *self)
{
    uint64_t session = worker_engine_session (self->engine);
    if (session != self->session) {
        self->session = session;
        discard_void (self);
    }
    if (worker_engine_gone (self->engine) && !self->gone) {
        self->gone = true;
        pthread_cond_broadcast (self->changed);
    }
}

/* ------------------------------------------------------------------ the thread */

static void
read_wake (keel_worker_t *self)
{
    uint64_t times;
    if (read (self->wake, &times, sizeof (times)) < 0)
        return; /* nobody woke us */
    if (self->interrupt >= 0 && interrupt_seen (self->interrupt) && !self->stopping)
        worker_members_stop (self->whole);
}

static void
report_refused (keel_worker_t *self)
{
    keel_event_t event = {.kind = KEEL_EVENT_UNREACHABLE, .tag = self->refused_tag};
    self->refused = false;
    step (self, &event);
}

/*  One turn of the loop. Returns how long to wait then, msec; -1: for ever. */
static int64_t
turn (keel_worker_t *self)
{
    empty_outbox (self);
    if (self->stopping && !self->drained) {
        self->drained = true;
        step_plain (self, KEEL_EVENT_DRAIN);
        pthread_cond_broadcast (self->changed);
    }
    bool more = receive (self);
    if (clock_now_ms () >= worker_engine_next_due (self->engine))
        step_plain (self, KEEL_EVENT_TICK);
    if (self->refused)
        report_refused (self);
    publish (self);
    int64_t due = worker_engine_next_due (self->engine);
    int64_t left = due == KEEL_NEVER ? -1 : due - clock_now_ms ();
    return more || (left < 0 && due != KEEL_NEVER) ? 0 : left;
}

static void *
run_loop (void *arg)
{
    keel_worker_t *self = arg;
    pthread_mutex_lock (self->mutex);
    while (!self->quitting) {
        int64_t timeout = turn (self);
        pthread_mutex_unlock (self->mutex);
        bool woken = port_wait (self->port, timeout);
        pthread_mutex_lock (self->mutex);
        if (woken)
            read_wake (self);
    }
    empty_outbox (self);
    worker_engine_quit (self->engine, clock_now_ms (), self->actions);
    carry_out (self);
    pthread_mutex_unlock (self->mutex);
    return NULL;
}

/* ------------------------------------------------------------------ its life */

void
worker_loop_wake (keel_worker_t *self)
{
    const uint64_t one = 1;
    if (write (self->wake, &one, sizeof (one)) < 0)
        return; /* it is as awake as can be */
}

/*  All signals are blocked in it: they are the application's. */
static int
start_thread (keel_worker_t *self)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    int rc = pthread_create (&self->thread, NULL, run_loop, self);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return rc;
}

static uint64_t
random_seed (void)
{
    uint64_t seed;
    if (getrandom (&seed, sizeof (seed), 0) != sizeof (seed))
        seed = (uint64_t) clock_now_us ();
    return seed;
}

int
worker_loop_start (keel_worker_t *self)
{
    self->config.seed = random_seed ();
    port_config_t config = PORT_CONFIG_DEFAULT;
    self->port = port_new (&config);
    self->engine = worker_engine_new (&self->config);
    self->actions = keel_actions_new (ACTIONS_ROOM);
    if (self->port && self->engine && self->actions && port_watch (self->port, self->wake) == 0) {
        self->session = worker_engine_session (self->engine);
        self->started = start_thread (self) == 0;
    }
    if (self->started)
        return 0;
    worker_loop_end (self);
    return KEEL_E_MEMORY;
}

void
worker_loop_end (keel_worker_t *self)
{
    if (self->started) {
        pthread_mutex_lock (self->mutex);
        self->quitting = true;
        pthread_mutex_unlock (self->mutex);
        worker_loop_wake (self);
        pthread_join (self->thread, NULL);
        self->started = false;
    }
    worker_engine_destroy (&self->engine);
    port_destroy (&self->port);
    if (self->actions)
        keel_actions_destroy (&self->actions);
}
