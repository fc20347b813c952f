/*  The port's sockets: how they are opened, adopted, watched and closed, and what is heard of their connections. */
#include "bound.h"
#include "port_zmq_inside.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ROUTER_READ_HWM  1000
#define KEEPALIVE_IDLE_S 30
#define BIND_TRIES       8
#define PIPE_SPARE       64 /* for heartbeats and the like, between the messages that config.pipe counts */

#define HANDSHAKE_FAILED                                                                                               \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

static int
watch_as (port_t *self, int fd, uint64_t name)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
    return epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
}

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

void
port_read_monitor (port_t *self, link_t *link)
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
    port_read_monitor (self, link); /* libzmq signals only a reader that has found nothing */
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
