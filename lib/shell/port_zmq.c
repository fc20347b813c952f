/*  The port over libzmq: the one file that turns zmq_msg_t into spans and back.
 *
 *  A received frame lies in a slot of `lent` until the next message; a SEND that names it moves it out, so a body passes
 *  through a broker without being copied. What is kept (body.h) shares libzmq's buffer by reference count.
 *
 *  Waiting is by epoll over each socket's ZMQ_FD. That descriptor is edge-triggered: a send may eat the edge of an
 *  arrival. Hence ZMQ_EVENTS is read before a sleep from every socket that was sent to since it was last found empty. The
 *  others are not looked at before epoll names them: a look is a system call, and few of many links are busy. Epoll is asked
 *  before each sleep, and whenever one of them has used up its turn.
 */
#include "port_zmq_inside.h"

#include "memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TURN        64 /* messages from one socket before the next has its turn */
#define WAIT_EVENTS 64

/* ------------------------------------------------------------------ holds */

static void
release_kept (hold_t *hold)
{
    frame_t *frame = (frame_t *) hold;
    zmq_msg_close (&frame->message);
    pool_give (frame->port->kept, frame, sizeof (frame_t));
}

static hold_t *
keep_frame (hold_t *hold)
{
    frame_t *frame = (frame_t *) hold;
    frame_t *kept = pool_take (frame->port->kept, sizeof (frame_t));
    if (!kept)
        return NULL;
    kept->hold = (hold_t){keep_frame, release_kept};
    kept->port = frame->port;
    zmq_msg_init (&kept->message);
    zmq_msg_copy (&kept->message, &frame->message);
    return &kept->hold;
}

/*  Lets go of the lent message's buffers: a large one would otherwise stay until the next message. */
static void
close_lent (port_t *self)
{
    for (size_t n = 0; n < self->lent_count; n++) {
        zmq_msg_close (&self->lent[n].message);
        zmq_msg_init (&self->lent[n].message);
    }
    self->lent_count = 0;
}

/* ------------------------------------------------------------------ life */

port_t *
port_new (const port_config_t *config)
{
    port_t *self = memory_new (sizeof (port_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    self->context = zmq_ctx_new ();
    self->kept = pool_new ();
    self->lent = memory_new (config->frames * sizeof (frame_t));
    self->spans = memory_new (config->frames * sizeof (span_t));
    zmq_msg_init (&self->id);
    if (self->epoll < 0 || !self->context || !self->kept || !self->lent || !self->spans)
        goto fail;
    zmq_ctx_set (self->context, ZMQ_IPV6, 1);
    for (size_t n = 0; n < config->frames; n++) {
        self->lent[n].hold = (hold_t){keep_frame, NULL};
        self->lent[n].port = self;
        zmq_msg_init (&self->lent[n].message);
    }
    return self;

fail:
    port_destroy (&self);
    errno = ENOMEM;
    return NULL;
}

void
port_destroy (port_t **self_p)
{
    port_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->lent && self->spans)
        close_lent (self);
    zmq_msg_close (&self->id);
    for (uint16_t n = 0; n < self->link_count; n++) {
        port_close (self, n, true);
        free (self->links[n].endpoint);
    }
    if (self->context)
        zmq_ctx_term (self->context);
    if (self->epoll >= 0)
        close (self->epoll);
    pool_destroy (&self->kept);
    memory_free (self->lent);
    memory_free (self->spans);
    memory_free (self->failures);
    memory_free (self);
}

/* ------------------------------------------------------------------ in */

/*  Reads and forgets what is left of a message. */
static void
skip_rest (void *socket)
{
    zmq_msg_t scratch;
    zmq_msg_init (&scratch);
    while (zmq_msg_recv (&scratch, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more (&scratch))
        continue;
    zmq_msg_close (&scratch);
}

static bool
receive_frames (port_t *self, void *socket, keel_event_t *event)
{
    size_t count = 0;
    bool more = true;
    while (more && count < self->config.frames) {
        frame_t *frame = &self->lent[count];
        int size = zmq_msg_recv (&frame->message, socket, ZMQ_DONTWAIT);
        if (size < 0)
            break;
        self->spans[count++] = (span_t){zmq_msg_data (&frame->message), (size_t) size, &frame->hold};
        more = zmq_msg_more (&frame->message);
    }
    if (count > self->lent_count)
        self->lent_count = count;
    if (count == 0)
        return false;
    event->cut = more;
    if (more)
        skip_rest (socket);
    event->frames = self->spans;
    event->count = count;
    return true;
}

static bool
receive_message (port_t *self, uint16_t number, keel_event_t *event)
{
    link_t *link = &self->links[number];
    if (!link->socket || !link->unsettled)
        return false;
    link->unsettled = false;
    *event = (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .peer = {.listener = number, .admin = link->admin}};
    event->peer.id = event->peer.user = SPAN_OF ("");
    if (link->router) {
        int size = zmq_msg_recv (&self->id, link->socket, ZMQ_DONTWAIT);
        if (size < 0)
            return false;
        event->peer.id = span_make (zmq_msg_data (&self->id), (size_t) size);
    }
    bool received = receive_frames (self, link->socket, event);
    link->unsettled = received;
    return received;
}

static void
next_turn (port_t *self)
{
    self->current = (uint16_t) (self->current + 1 < self->link_count ? self->current + 1 : 0);
    self->turn = 0;
}

static bool
receive_failure (port_t *self, keel_event_t *event)
{
    const failure_t *failure = &self->failures[self->failure_first++];
    memcpy (self->lent_id, failure->id, failure->id_size);
    *event = (keel_event_t){.kind = failure->kind, .tag = failure->tag};
    event->peer.listener = failure->listener;
    event->peer.id = span_make (self->lent_id, failure->id_size);
    event->peer.user = SPAN_OF ("");
    if (self->failure_first == self->failure_count)
        self->failure_first = self->failure_count = 0;
    return true;
}

/*  The end of a connection, or that there is none. */
static bool
receive_report (port_t *self, keel_event_t *event)
{
    uint16_t number = 0;
    while (!self->links[number].disconnected && !self->links[number].refused)
        number++;
    link_t *link = &self->links[number];
    *event = (keel_event_t){.kind = link->refused ? KEEL_EVENT_REFUSED : KEEL_EVENT_DISCONNECTED};
    event->peer.listener = number;
    event->peer.id = event->peer.user = SPAN_OF ("");
    link->disconnected = link->refused = false;
    self->reports--;
    return true;
}

/*  Waits, and notes what epoll names. True: a watched fd may be readable. */
static bool
look (port_t *self, int timeout_ms)
{
    struct epoll_event ready[WAIT_EVENTS];
    int count = epoll_wait (self->epoll, ready, WAIT_EVENTS, timeout_ms);
    bool others = count < 0; /* a signal came: the caller looks at what it watches */
    for (int n = 0; n < count; n++) {
        uint64_t kind = ready[n].data.u64 >> 32;
        link_t *link = &self->links[ready[n].data.u64 & 0xffff];
        others |= kind == WATCH_OTHER;
        link->unsettled |= kind == WATCH_SOCKET && link->socket;
        if (kind == WATCH_MONITOR && link->monitor)
            port_read_monitor (self, link);
    }
    return others;
}

bool
port_receive (port_t *self, keel_event_t *event)
{
    if (self->failure_count)
        return receive_failure (self, event);
    if (self->reports)
        return receive_report (self, event);
    bool passed_over = self->turn >= TURN; /* whoever has used up its turn comes after all others */
    if (passed_over && self->link_count > 1)
        self->others_ready |= look (self, 0);
    for (uint16_t tried = 0; tried < self->link_count; tried++) {
        if (self->turn++ < TURN && receive_message (self, self->current, event))
            return true;
        next_turn (self);
    }
    if (passed_over && receive_message (self, self->current, event))
        return true;
    next_turn (self); /* another one is first after a sleep */
    return false;
}

/* ------------------------------------------------------------------ out */

static bool
is_lent (const port_t *self, const frame_t *frame)
{
    return frame >= self->lent && frame < self->lent + self->config.frames;
}

static int
send_held (port_t *self, void *socket, const span_t *span, int flags)
{
    frame_t *frame = (frame_t *) span->hold;
    if (is_lent (self, frame))
        return zmq_msg_send (&frame->message, socket, flags);
    zmq_msg_t shared;
    zmq_msg_init (&shared);
    zmq_msg_copy (&shared, &frame->message);
    int rc = zmq_msg_send (&shared, socket, flags);
    if (rc < 0)
        zmq_msg_close (&shared);
    return rc;
}

static int
send_span (port_t *self, void *socket, const span_t *span, int flags)
{
    if (span->hold)
        return send_held (self, socket, span, flags);
    return zmq_send (socket, span->data, span->size, flags);
}

static void
note_failure (port_t *self, const keel_action_t *action, int why)
{
    if (self->failure_count == self->failure_capacity) {
        size_t capacity = self->failure_capacity ? self->failure_capacity * 2 : 64;
        failure_t *grown = memory_new (capacity * sizeof (failure_t));
        if (!grown)
            return; /* whoever waits for this peer finds it out by its silence */
        if (self->failures)
            memcpy (grown, self->failures, self->failure_count * sizeof (failure_t));
        memory_free (self->failures);
        self->failures = grown;
        self->failure_capacity = capacity;
    }
    failure_t *failure = &self->failures[self->failure_count++];
    failure->kind = why == EAGAIN ? KEEL_EVENT_FULL : KEEL_EVENT_UNREACHABLE;
    failure->listener = action->listener;
    failure->tag = action->tag;
    failure->id_size = (uint8_t) (action->id.size > ID_MAX ? ID_MAX : action->id.size);
    memcpy (failure->id, action->id.data, failure->id_size);
}

static const span_t *
frame_of (const keel_action_t *action, size_t n)
{
    return n < action->head_count ? &action->head[n] : &action->body[n - action->head_count];
}

/*  Looks at the socket's mailbox too: arrivals, and what peers have read. */
static bool
has_input (void *socket)
{
    int events = 0;
    size_t size = sizeof (events);
    return zmq_getsockopt (socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

/*  The id or, on a link, the first frame. A pipe is full only if it still is after a look at what the peer has read: when
 *  in a hurry, libzmq does not look by itself. */
static int
send_first (port_t *self, const link_t *link, const keel_action_t *action, int flags)
{
    span_t id = link->listens || !link->router ? action->id : span_text (link->endpoint);
    for (bool looked = false;; looked = true) {
        int rc = link->router ? zmq_send (link->socket, id.data, id.size, flags)
                              : send_span (self, link->socket, frame_of (action, 0), flags);
        if (rc >= 0 || errno != EAGAIN || looked)
            return rc;
        has_input (link->socket);
    }
}

void
port_send (port_t *self, const keel_action_t *action)
{
    link_t *link = &self->links[action->listener];
    const size_t count = action->head_count + action->body_count;
    assert (action->listener < self->link_count);
    link->unsettled = true;
    if (!link->socket || count == 0) {
        note_failure (self, action, ENOTCONN);
        return;
    }
    size_t n = link->router ? 0 : 1;
    if (send_first (self, link, action, ZMQ_DONTWAIT | (n < count ? ZMQ_SNDMORE : 0)) < 0) {
        note_failure (self, action, errno);
        return;
    }
    /*  Only the first can be refused: libzmq takes the others of a message once it took that. */
    for (; n < count; n++)
        send_span (self, link->socket, frame_of (action, n), ZMQ_DONTWAIT | (n + 1 < count ? ZMQ_SNDMORE : 0));
}

/* ------------------------------------------------------------------ waiting */

static bool
must_not_sleep (port_t *self)
{
    if (self->failure_count || self->reports)
        return true;
    for (uint16_t n = 0; n < self->link_count; n++) {
        link_t *link = &self->links[n];
        if (link->unsettled && has_input (link->socket))
            return true;
        link->unsettled = false;
    }
    return false;
}

bool
port_wait (port_t *self, int64_t timeout_ms)
{
    close_lent (self);
    if (timeout_ms != 0 && (self->others_ready || must_not_sleep (self)))
        timeout_ms = 0;
    self->others_ready |= look (self, timeout_ms < 0 || timeout_ms > 3600000 ? 3600000 : (int) timeout_ms);
    bool others = self->others_ready;
    self->others_ready = false;
    return others;
}
