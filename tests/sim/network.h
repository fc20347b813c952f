/*  The network: connections between the sockets of peers and the listeners of brokers.
 *
 *  A connection carries messages in order, each way, with a delay, and loses none while it lasts; when it is lost, so
 *  is what is under way. It can pass nothing for a while (a partition that TCP outlives). A pipe holds so many unread
 *  messages; what comes then is FULL. Each side notices an end later, the broker perhaps much later; until then its
 *  messages disappear. A peer's socket connects again by itself, under a new routing id unless it has one of its own.
 */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "event.h"

typedef struct world world_t;
typedef struct peer peer_t;
typedef struct message message_t;
typedef struct connection connection_t;

#define ID_SIZE     16
#define LINKS_MAX   2
#define LISTENERS   2 /* of each broker; the second is for administrators, or a Pirate queue's backend */

struct message {
    message_t *next;
    int64_t at; /* it arrives, if nothing holds it up */
    size_t count;
    span_t *frames;
};

typedef struct {
    message_t *first, *last;
    size_t count;
    int64_t last_at;
    bool armed; /* an entry of the agenda is for it */
} pipe_t;

struct connection {
    bool used;
    bool up;          /* the broker knows it */
    bool cut;         /* nothing passes any more */
    bool attached;    /* its socket sends over it */
    bool broker_sees; /* the broker sends over it */
    uint64_t serial;
    uint64_t socket; /* of the peer */
    uint16_t peer;
    uint16_t link; /* of the peer */
    uint16_t broker;
    uint16_t listener;
    uint8_t id[ID_SIZE];
    size_t id_size;
    int64_t stalled_until;
    size_t vanished; /* sent by the broker since it was cut */
    pipe_t to_broker, to_peer;
};

typedef struct {
    bool open;
    uint64_t socket;
    uint32_t connection;
} link_t;

typedef enum {
    SENT,
    SENT_FULL,
    SENT_UNREACHABLE,
} sent_t;

/*  A peer's side. */
void link_open (world_t *world, peer_t *peer, uint16_t link);
void link_close (world_t *world, peer_t *peer, uint16_t link, bool linger);
sent_t link_send (world_t *world, peer_t *peer, uint16_t link, const span_t head[], size_t head_count,
                  const span_t body[], size_t body_count);
/*  Its process is gone. */
void network_peer_died (world_t *world, peer_t *peer);

/*  A broker's side. */
sent_t network_send_to_peer (world_t *world, uint16_t broker, const keel_action_t *action);
void network_broker_died (world_t *world, uint16_t broker);

/*  Misfortunes. */
void network_cut (world_t *world, connection_t *connection);

/*  Entries of the agenda. */
void network_connected (world_t *world, connection_t *connection);
void network_to_broker (world_t *world, connection_t *connection);
void network_to_peer (world_t *world, connection_t *connection);
void network_broker_notices (world_t *world, connection_t *connection);
void network_peer_notices (world_t *world, connection_t *connection);

void network_clear (world_t *world);

/*  The peer behind a routing id, for the trace; NULL: nobody. */
const peer_t *network_owner (const world_t *world, uint16_t broker, uint16_t listener, span_t id);

#endif
