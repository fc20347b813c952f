#include "state_link.h"

#include "bound.h"
#include "clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define PIPE         100 /* states that wait to be read; an old one is worth nothing */
#define LINGER_MS    100
#define RECONNECT_MS 50

struct state_link {
    void *context;
    void *pub;
    void *sub;
    void *monitor; /* of sub */
    char *bound;
    char *peer;
    bool connected;
    int64_t connected_at;
    int64_t dialed_at;
    uint64_t ended;
    zmq_msg_t frame; /* lent */
};

static void
set_option (void *socket, int option, int value)
{
    int rc = zmq_setsockopt (socket, option, &value, sizeof (value));
    assert (rc == 0);
    (void) rc;
}

static int
open_monitor (state_link_t *self)
{
    static const char name[] = "inproc://keel.state";
    if (zmq_socket_monitor (self->sub, name, ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED) != 0)
        return -1;
    self->monitor = zmq_socket (self->context, ZMQ_PAIR);
    return self->monitor ? zmq_connect (self->monitor, name) : -1;
}

state_link_t *
state_link_new (void)
{
    state_link_t *self = calloc (1, sizeof (state_link_t));
    if (!self)
        return NULL;
    zmq_msg_init (&self->frame);
    self->context = zmq_ctx_new ();
    if (!self->context)
        goto fail;
    zmq_ctx_set (self->context, ZMQ_IPV6, 1);
    self->pub = zmq_socket (self->context, ZMQ_PUB);
    self->sub = zmq_socket (self->context, ZMQ_SUB);
    if (!self->pub || !self->sub || open_monitor (self) != 0)
        goto fail;
    const int64_t frame_bytes = STATE_LINK_FRAME;
    set_option (self->pub, ZMQ_SNDHWM, PIPE);
    set_option (self->pub, ZMQ_LINGER, LINGER_MS);
    zmq_setsockopt (self->pub, ZMQ_MAXMSGSIZE, &frame_bytes, sizeof (frame_bytes));
    set_option (self->sub, ZMQ_RCVHWM, PIPE);
    set_option (self->sub, ZMQ_LINGER, 0);
    set_option (self->sub, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    zmq_setsockopt (self->sub, ZMQ_MAXMSGSIZE, &frame_bytes, sizeof (frame_bytes));
    zmq_setsockopt (self->sub, ZMQ_SUBSCRIBE, "", 0);
    return self;

fail:
    state_link_destroy (&self);
    errno = ENOMEM;
    return NULL;
}

void
state_link_destroy (state_link_t **self_p)
{
    state_link_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    zmq_msg_close (&self->frame);
    if (self->sub) {
        zmq_socket_monitor (self->sub, NULL, 0);
        zmq_close (self->sub);
    }
    if (self->monitor) {
        set_option (self->monitor, ZMQ_LINGER, 0);
        zmq_close (self->monitor);
    }
    if (self->pub)
        zmq_close (self->pub);
    if (self->context)
        zmq_ctx_term (self->context);
    free (self->bound);
    free (self->peer);
    free (self);
}

int
state_link_bind (state_link_t *self, const char *endpoint)
{
    if (bound_is_taken (endpoint)) {
        errno = EADDRINUSE;
        return -1;
    }
    if (zmq_bind (self->pub, endpoint) != 0)
        return -1;
    self->bound = bound_endpoint (self->pub, endpoint);
    return self->bound ? 0 : -1;
}

const char *
state_link_endpoint (const state_link_t *self)
{
    return self->bound;
}

int
state_link_connect (state_link_t *self, const char *endpoint)
{
    self->peer = strdup (endpoint);
    self->dialed_at = clock_now_ms ();
    return self->peer ? zmq_connect (self->sub, endpoint) : -1;
}

int
state_link_fd (const state_link_t *self)
{
    int fd = -1;
    size_t size = sizeof (fd);
    zmq_getsockopt (self->sub, ZMQ_FD, &fd, &size);
    return fd;
}

/* ------------------------------------------------------------------ messages */

/*  What does not fit into a subscriber's pipe is dropped: the next state is on its way. */
void
state_link_publish (state_link_t *self, const char *text)
{
    zmq_send (self->pub, text, strlen (text), ZMQ_DONTWAIT);
}

/*  An end of a connection that was given up by a redial is none. */
static void
read_monitor (state_link_t *self)
{
    zmq_msg_t message;
    uint16_t number = 0;
    zmq_msg_init (&message);
    while (zmq_msg_recv (&message, self->monitor, ZMQ_DONTWAIT) >= 0) {
        if (zmq_msg_more (&message)) {
            memcpy (&number, zmq_msg_data (&message), sizeof (number));
            continue;
        }
        self->ended += self->connected && number == ZMQ_EVENT_DISCONNECTED;
        self->connected = number == ZMQ_EVENT_CONNECTED;
        self->connected_at = clock_now_ms ();
    }
    zmq_msg_close (&message);
}

bool
state_link_receive (state_link_t *self, span_t *frame, size_t *count)
{
    if (zmq_msg_recv (&self->frame, self->sub, ZMQ_DONTWAIT) < 0) {
        read_monitor (self);
        return false;
    }
    *frame = span_make (zmq_msg_data (&self->frame), zmq_msg_size (&self->frame));
    *count = 1;
    zmq_msg_t rest;
    zmq_msg_init (&rest);
    for (bool more = zmq_msg_more (&self->frame); more; more = zmq_msg_more (&rest)) {
        if (zmq_msg_recv (&rest, self->sub, ZMQ_DONTWAIT) < 0)
            break;
        ++*count;
    }
    zmq_msg_close (&rest);
    return true;
}

void
state_link_redial (state_link_t *self, int64_t now, int64_t period_ms, int64_t settled_ms)
{
    bool young = self->connected ? now - self->connected_at < settled_ms : now - self->dialed_at < period_ms;
    if (young)
        return;
    self->connected = false;
    self->dialed_at = now;
    zmq_disconnect (self->sub, self->peer);
    zmq_connect (self->sub, self->peer);
}

uint64_t
state_link_ended (const state_link_t *self)
{
    return self->ended;
}
