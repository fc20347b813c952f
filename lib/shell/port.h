/*  A port: carries messages between peers and an engine. The one thing above it that knows libzmq is port_zmq.c.
 *
 *  It listens for peers (a ROUTER an endpoint, each with its own listener number) or connects to one (an endpoint a
 *  link: a DEALER, or a ROUTER where the protocol wants one). Everything that arrives, messages and failures alike, comes out of port_receive as an event; SEND actions
 *  go in. Nothing blocks but port_wait. One thread.
 */
#ifndef KEEL_PORT_H
#define KEEL_PORT_H

#include "event.h"

typedef struct port port_t;

typedef struct {
    size_t frames;      /* most frames in a message, the envelope included; a message of more is cut */
    int64_t frame_bytes; /* a peer that sends a larger frame is disconnected */
    int pipe;           /* messages that may always wait for one peer; from here to about twice as many, EVENT_FULL */
    int linger_ms;      /* how long closing waits for what is still to be sent */
} port_config_t;

/*  The values of DESIGN.md, configuration; frames: 1024 of a body, and what may stand before it. */
#define PORT_CONFIG_DEFAULT                                                                                            \
    (port_config_t)                                                                                                    \
    {                                                                                                                  \
        .frames = 1024 + KEEL_ACTION_SPANS, .frame_bytes = 64 << 20, .pipe = 10000, .linger_ms = 1000                                      \
    }

#define PORT_IDENTITY_MAX 255

/*  NULL with errno set. The config is copied. */
port_t *port_new (const port_config_t *config);
/*  After every engine that may keep bodies of its frames. Waits up to linger_ms for what is still to be sent. */
void port_destroy (port_t **self);

/*  0, or -1 with errno: EADDRINUSE somebody has it (also an ipc path where somebody answers), EADDRNOTAVAIL, EACCES,
 *  ENODEV; EINVAL and EPROTONOSUPPORT: it is no endpoint.
 *  admin: its peers are administrators. listener: [out] its number, 0, 1, ... */
int port_listen (port_t *self, const char *endpoint, bool admin, uint16_t *listener);
/*  The same over a socket that listens there already, and is held by somebody else too: fd is the port's from now on, whatever is
 *  returned. Its file, if it has one, stays when the port is done. */
int port_adopt (port_t *self, const char *endpoint, int fd, bool admin, uint16_t *listener);
/*  An adopted listener accepts nobody any more: who connects now waits for the next one that adopts it. Who is connected stays. Nothing
 *  happens to one that was not adopted. */
void port_leave (port_t *self, uint16_t listener);
/*  The endpoint as it was given but for the real port where that was a wildcard. Valid until the port is destroyed. */
const char *port_endpoint (const port_t *self, uint16_t listener);

/*  The same, with an identity for peers that are ROUTERs to know it by: 1 to PORT_IDENTITY_MAX bytes, not a zero first.
 *  NULL: the endpoint itself, with the real port; none where that is a wildcard of ipc. */
int port_listen_as (port_t *self, const char *endpoint, const char *identity, uint16_t *listener);

/*  Connects to one endpoint; gives a number like port_listen. Returns at once: libzmq connects, and reconnects, by itself;
 *  messages sent meanwhile wait. -1 with errno: EINVAL, EPROTONOSUPPORT. */
int port_connect (port_t *self, const char *endpoint, uint16_t *link);
/*  The same from a ROUTER, to a ROUTER. One link has one peer, whatever identity that has or has not: ids are not used. */
int port_connect_router (port_t *self, const char *endpoint, uint16_t *link);
/*  Closes a listener or link; what waits in it is thrown away unless linger. Its number may be given again, and its
 *  failures that were not received yet are forgotten. */
void port_close (port_t *self, uint16_t link, bool linger);

/*  The next event, without waiting: first failures of earlier sends (UNREACHABLE, FULL), then connections that ended or, of
 *  links, cannot be made (DISCONNECTED, REFUSED; libzmq goes on trying), then messages, socket by socket. A connection to a
 *  listener that ended before its peer had spoken ZMTP is nobody's, and not told of. A socket that was found empty is looked at
 *  again after the next port_wait, a send to it, or a turn of another. Its spans are lent until the next call.
 *  Sets all but event->now. */
bool port_receive (port_t *self, keel_event_t *event);

/*  Carries out a SEND. On a link the id is not used. A failure becomes an event. */
void port_send (port_t *self, const keel_action_t *action);

/*  Sleeps until something may be received, a watched fd is readable, or timeout_ms (-1: no limit) has passed.
 *  True: a watched fd may be readable. */
bool port_wait (port_t *self, int64_t timeout_ms);
/*  Has port_wait look at fd for reading too. 0, or -1 with errno. */
int port_watch (port_t *self, int fd);
/*  An epoll descriptor that is readable when port_wait would not sleep, provided that since the last send port_wait (self, 0)
 *  was called and then port_receive until it returned false. */
int port_fd (const port_t *self);

#endif
