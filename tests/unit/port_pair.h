/*  Two ports in one process, `here` listens and `there` connects, in a folder of their own. What is awaited has a deadline,
 *  and a wait that slept through an arrival runs into it. */
#ifndef KEEL_PORT_PAIR_H
#define KEEL_PORT_PAIR_H

#include "unit.h"

#include "port.h"

#define PATIENCE_MS 10000

typedef struct {
    char folder[64];
    char ipc[96];
    port_t *here;
    port_t *there;
    uint16_t listener; /* here's */
    uint16_t link;     /* there's */
    uint8_t id_bytes[255];
    span_t id; /* there's routing id: whom here heard last */
} port_pair_t;

/*  Both ports with that configuration and no link. */
void pair_open (port_pair_t *self, const port_config_t *config);
/*  Small limits and no linger: a test changes what it is about. */
port_config_t pair_config (void);
void pair_close (port_pair_t *self);
/*  here listens, there connects to that, and here hears "hello" of it. NULL: the ipc endpoint. */
void pair_join (port_pair_t *self, const char *endpoint);

/*  The next event of that port; REFUSED, which comes again and again, only for pair_refused. */
void pair_await (port_t *port, keel_event_t *event);
/*  ... which is of that kind. */
void pair_expect (port_t *port, keel_event_kind_t kind, keel_event_t *event);
void pair_refused (port_t *port, uint16_t link);
/*  ... which is a message of that one frame. */
void pair_expect_text (port_t *port, const char *text);

/*  SENDs: over a link or, with an id, to a peer. */
void pair_send (port_t *port, uint16_t link, span_t id, const span_t frames[], size_t count, uint64_t tag);
void pair_say (port_pair_t *self, const char *text);

#endif
