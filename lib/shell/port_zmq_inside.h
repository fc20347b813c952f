/*  The port over libzmq, inside: what port_zmq.c, which carries messages, and port_zmq_links.c, which opens, watches and closes
 *  sockets, have in common. */
#ifndef KEEL_PORT_ZMQ_INSIDE_H
#define KEEL_PORT_ZMQ_INSIDE_H

#include "pool.h"
#include "port.h"

#include <zmq.h>

#define LINKS_MAX 256
#define ID_MAX    255

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
    bool unsettled;    /* something may be there: not found empty since it was sent to, or its ZMQ_FD was readable */
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

/*  What epoll tells us of an fd: a link's socket, its monitor, or somebody else's. */
enum { WATCH_SOCKET, WATCH_MONITOR, WATCH_OTHER };

/*  What libzmq has told of the connections of a link. */
void port_read_monitor (port_t *self, link_t *link);

#endif
