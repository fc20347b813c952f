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
#include "port.h"

#include "bound.h"
#include "memory.h"
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

#define LINKS_MAX        256
#define TURN             64 /* messages from one socket before the next has its turn */
#define WAIT_EVENTS      64
#define ID_MAX           255
#define ROUTER_READ_HWM  1000
#define KEEPALIVE_IDLE_S 30
#define BIND_TRIES       8
#define PIPE_SPARE       64 /* for heartbeats and the like, between the messages that config.pipe counts */

#define HANDSHAKE_FAILED                                                                                               \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/*  What stands behind a span: the hold comes first, so the one is the other. */
typedef struct {
    hold_t hold;
    port_t *port;
    zmq_msg_t message;
} frame_t;

typedef struct {
    void *socket; /* NULL: free slot */
    void *monitor;
    char *endpoint;
    int fd; /* adopted: what it listens on */
    bool adopted;
    bool listens;
    bool router;
    bool admin;
    bool usable;       /* a link's connection: what is sent leaves over it */
    bool disconnected; /* to be reported */
    bool refused;      /* likewise */
    bool stranger;     /* the connection that ends next had no peer yet */
    bool unsettled;    /* something may be there: not found empty since it was sent to, or since its ZMQ_FD was readable */
} link_t;

typedef struct {
    keel_event_kind_t kind;
    uint16_t listener;
    uint8_t id_size;
    uint8_t id[ID_MAX];
    uint64_t tag;
} failure_t;

struct port {
    port_config_t config;
    void *context;
    int epoll;
    pool_t *kept;
    link_t links[LINKS_MAX];
    uint16_t link_count; /* slots in use or once in use */
    uint16_t current;    /* whose turn it is */
    unsigned turn;       /* messages of this turn */
    unsigned reports;    /* links to be reported */
    unsigned monitors;   /* made so far; names them */
    bool others_ready;   /* a watched fd may be readable; to be said by port_wait */
    zmq_msg_t id;        /* routing id of the lent message */
    frame_t *lent;       /* config.frames slots */
    span_t *spans;
    size_t lent_count;
    failure_t *failures; /* a queue: first .. count */
    size_t failure_first;
    size_t failure_count;
    size_t failure_capacity;
    char lent_id[ID_MAX]; /* of the failure that was given last */
};

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

static int
watch_as (port_t *self, int fd, uint64_t name)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
    return epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
}

/*  What epoll tells us of an fd: a link's socket, its monitor, or somebody else's. */
enum { WATCH_SOCKET, WATCH_MONITOR, WATCH_OTHER };

static int
watch_socket (port_t *self, void *socket, uint64_t kind, uint16_t number)
{
    int fd;
    size_t size = sizeof (fd);
    if (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) != 0)
        return -1;
    return watch_as (self, fd, kind << 32 | number);
}

int
port_watch (port_t *self, int fd)
{
    return watch_as (self, fd, (uint64_t) WATCH_OTHER << 32);
}

int
port_fd (const port_t *self)
{
    return self->epoll;
}

/* ------------------------------------------------------------------ endpoints */

static void
report (port_t *self, link_t *link, bool ended)
{
    self->reports += !link->disconnected && !link->refused;
    link->disconnected |= ended;
    link->refused = !link->disconnected;
}

/*  Ends of connections; which of several it was is not said. A handshake that failed comes before the end of its connection:
 *  nobody was behind it, as with a port scanner or a health check. */
static void
take_of_listener (port_t *self, link_t *link, uint16_t number)
{
    bool failed = number != ZMQ_EVENT_DISCONNECTED;
    if (!failed && !link->stranger)
        report (self, link, true);
    link->stranger = failed;
}

/*  The end of its connection, and attempts to make one. An attempt after an end says nothing more. A connection over which
 *  nothing could be sent yet was an attempt: somebody who takes connections for a server that is not there. */
static void
take_of_link (port_t *self, link_t *link, uint16_t number)
{
    if (number != ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        report (self, link, number == ZMQ_EVENT_DISCONNECTED && link->usable);
    link->usable = number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
}

static void
read_monitor (port_t *self, link_t *link)
{
    zmq_msg_t message;
    uint16_t number = 0;
    zmq_msg_init (&message);
    while (zmq_msg_recv (&message, link->monitor, ZMQ_DONTWAIT) >= 0) {
        if (zmq_msg_more (&message))
            memcpy (&number, zmq_msg_data (&message), sizeof (number));
        else if (link->listens)
            take_of_listener (self, link, number);
        else
            take_of_link (self, link, number);
    }
    zmq_msg_close (&message);
}

static int
open_monitor (port_t *self, link_t *link, uint16_t number)
{
    char name[64];
    snprintf (name, sizeof (name), "inproc://keel.monitor.%u", self->monitors++);
    int events = ZMQ_EVENT_DISCONNECTED;
    events |= link->listens ? HANDSHAKE_FAILED : ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (zmq_socket_monitor (link->socket, name, events) != 0)
        return -1;
    link->monitor = zmq_socket (self->context, ZMQ_PAIR);
    if (!link->monitor || zmq_connect (link->monitor, name) != 0)
        return -1;
    read_monitor (self, link); /* libzmq signals only a reader that has found nothing */
    return watch_socket (self, link->monitor, WATCH_MONITOR, number);
}

static void
set_option (void *socket, int option, int value)
{
    int rc = zmq_setsockopt (socket, option, &value, sizeof (value));
    assert (rc == 0);
    (void) rc;
}

static void
set_options (port_t *self, const link_t *link)
{
    /*  libzmq hears of what was read only every half pipe: twice as long, it always takes what it should. */
    set_option (link->socket, ZMQ_SNDHWM, 2 * (self->config.pipe + PIPE_SPARE));
    set_option (link->socket, ZMQ_RCVHWM, link->listens ? ROUTER_READ_HWM : self->config.pipe);
    set_option (link->socket, ZMQ_LINGER, self->config.linger_ms);
    set_option (link->socket, ZMQ_TCP_KEEPALIVE, 1);
    set_option (link->socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
    zmq_setsockopt (link->socket, ZMQ_MAXMSGSIZE, &self->config.frame_bytes, sizeof (self->config.frame_bytes));
    if (link->router)
        set_option (link->socket, ZMQ_ROUTER_MANDATORY, 1);
    if (link->adopted)
        set_option (link->socket, ZMQ_USE_FD, link->fd);
    if (link->listens)
        set_option (link->socket, ZMQ_BACKLOG, 4096);
    else {
        set_option (link->socket, ZMQ_RECONNECT_IVL, 50);
        set_option (link->socket, ZMQ_RECONNECT_IVL_MAX, 1000);
    }
}

/*  The identity by which a listener is known, or the name by which a connecting ROUTER reaches its one peer. */
static int
name_socket (const link_t *link, const char *identity)
{
    return zmq_setsockopt (link->socket, link->listens ? ZMQ_ROUTING_ID : ZMQ_CONNECT_ROUTING_ID, identity,
                           strlen (identity));
}

static link_t *
unused_link (port_t *self, uint16_t *number)
{
    for (uint16_t n = 0; n < LINKS_MAX; n++)
        if (!self->links[n].socket) {
            *number = n;
            return &self->links[n];
        }
    errno = EMFILE;
    return NULL;
}

/*  shape: what kind of link. identity: NULL for none. */
static int
open_link (port_t *self, link_t shape, const char *endpoint, const char *identity, uint16_t *number)
{
    link_t *link = unused_link (self, number);
    if (!link)
        return -1;
    free (link->endpoint);
    *link = shape;
    link->unsettled = true;
    link->socket = zmq_socket (self->context, link->router ? ZMQ_ROUTER : ZMQ_DEALER);
    if (!link->socket)
        return -1;
    if (*number >= self->link_count)
        self->link_count = (uint16_t) (*number + 1);
    set_options (self, link);
    int rc = open_monitor (self, link, *number);
    if (rc == 0 && identity)
        rc = name_socket (link, identity);
    if (rc == 0)
        rc = link->listens ? zmq_bind (link->socket, endpoint) : zmq_connect (link->socket, endpoint);
    if (rc == 0)
        rc = watch_socket (self, link->socket, WATCH_SOCKET, *number);
    if (rc == 0 && !(link->endpoint = bound_endpoint (link->socket, endpoint)))
        rc = -1;
    if (rc != 0) {
        int why = errno;
        port_close (self, *number, false);
        errno = why;
    }
    return rc;
}

static int
open_listener (port_t *self, const char *endpoint, const char *identity, uint16_t *listener)
{
    if (bound_is_taken (endpoint)) {
        errno = EADDRINUSE;
        return -1;
    }
    return open_link (self, (link_t){.listens = true, .router = true}, endpoint, identity, listener);
}

int
port_listen (port_t *self, const char *endpoint, bool admin, uint16_t *listener)
{
    if (open_listener (self, endpoint, NULL, listener) != 0)
        return -1;
    self->links[*listener].admin = admin;
    return 0;
}

/*  Once it is bound, libzmq closes fd with the socket. */
int
port_adopt (port_t *self, const char *endpoint, int fd, bool admin, uint16_t *listener)
{
    const link_t shape = {.listens = true, .router = true, .adopted = true, .fd = fd, .admin = admin};
    return open_link (self, shape, endpoint, NULL, listener);
}

void
port_leave (port_t *self, uint16_t listener)
{
    link_t *link = &self->links[listener];
    if (link->socket && link->adopted)
        bound_close_door (link->fd);
}

/*  A TCP port that nobody has at any address; 0 with errno. */
static unsigned
free_port (void)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {.sin6_family = AF_INET6}};
    socklen_t size = sizeof (address.v6);
    int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        address.v4 = (struct sockaddr_in){.sin_family = AF_INET};
        size = sizeof (address.v4);
    }
    if (fd < 0)
        return 0;
    bool bound = bind (fd, &address.any, size) == 0 && getsockname (fd, &address.any, &size) == 0;
    unsigned port = address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port;
    close (fd);
    return bound ? ntohs ((uint16_t) port) : 0;
}

/*  An identity holds only for what is bound after it was set, so the real port is chosen here. Somebody else may take it first;
 *  then it is another one's turn. */
static int
listen_as_itself (port_t *self, const char *endpoint, uint16_t *listener)
{
    int rc = -1;
    errno = EADDRINUSE;
    for (int tries = 0; tries < BIND_TRIES && rc != 0 && errno == EADDRINUSE; tries++) {
        char *real = NULL;
        unsigned number = free_port ();
        int size = (int) (strrchr (endpoint, ':') - endpoint);
        if (number == 0 || asprintf (&real, "%.*s:%u", size, endpoint, number) < 0)
            return -1;
        rc = open_listener (self, real, real, listener);
        free (real);
    }
    return rc;
}

int
port_listen_as (port_t *self, const char *endpoint, const char *identity, uint16_t *listener)
{
    if (!identity && strcmp (endpoint, "ipc://*") == 0)
        return open_listener (self, endpoint, NULL, listener);
    if (!identity && bound_is_wildcard (endpoint))
        return listen_as_itself (self, endpoint, listener);
    return open_listener (self, endpoint, identity ? identity : endpoint, listener);
}

const char *
port_endpoint (const port_t *self, uint16_t listener)
{
    return self->links[listener].endpoint;
}

int
port_connect (port_t *self, const char *endpoint, uint16_t *link)
{
    return open_link (self, (link_t){0}, endpoint, NULL, link);
}

int
port_connect_router (port_t *self, const char *endpoint, uint16_t *link)
{
    return open_link (self, (link_t){.router = true}, endpoint, endpoint, link);
}

/*  Takes the fd out of epoll before libzmq closes it. */
static void
close_socket (port_t *self, void *socket, int linger_ms)
{
    int fd;
    size_t size = sizeof (fd);
    if (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) == 0)
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, fd, NULL);
    set_option (socket, ZMQ_LINGER, linger_ms);
    zmq_close (socket);
}

/*  What failed on that link is of no interest to the next one of this number. */
static void
forget_failures (port_t *self, uint16_t number)
{
    size_t kept = 0;
    for (size_t n = self->failure_first; n < self->failure_count; n++)
        if (self->failures[n].listener != number)
            self->failures[kept++] = self->failures[n];
    self->failure_first = 0;
    self->failure_count = kept;
}

void
port_close (port_t *self, uint16_t number, bool linger)
{
    link_t *link = &self->links[number];
    forget_failures (self, number);
    if (link->socket) {
        zmq_socket_monitor (link->socket, NULL, 0);
        close_socket (self, link->socket, linger ? self->config.linger_ms : 0);
    }
    if (link->monitor)
        close_socket (self, link->monitor, 0);
    link->socket = link->monitor = NULL;
    link->unsettled = false;
    self->reports -= link->disconnected || link->refused;
    link->disconnected = link->refused = false;
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
            read_monitor (self, link);
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
