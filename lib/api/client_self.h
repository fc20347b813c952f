/*  The inside of the client class: an engine (engine/client.h) that decides, a port that carries, an inbox. */
#ifndef KEEL_CLIENT_SELF_H
#define KEEL_CLIENT_SELF_H

#include "client_inbox.h"

#include "client.h"
#include "port.h"

#define NO_LINK (-1)

typedef struct {
    char *name;
    int link; /* the port's number, or NO_LINK */
} place_t;

struct keel_client {
    keel_mdclient_t *engine;
    keel_actions_t *actions;
    port_t *port;
    place_t *places; /* by the engine's index */
    uint16_t place_count;
    inbox_t inbox;
    bool unread; /* the port may have messages that its descriptor does not tell of */
    int alarm;   /* eventfd in the port's epoll: recv has something to do; -1: nobody asked for a descriptor */
    int timer;   /* timerfd likewise */
    keel_client_counters_t counters;
    char error[INBOX_REASON];
};

/*  Lets the engine do what is due. */
void client_work (keel_client_t *self);
/*  Waits until the inbox has something. 0, KEEL_E_TIMEOUT, KEEL_E_STATE nothing is in flight, KEEL_E_INTERRUPTED,
 *  KEEL_E_MEMORY. */
int client_await (keel_client_t *self, int64_t deadline);

/*  Around each call, once there is a descriptor. Before: the alarm would keep port_wait awake. After: has recv
 *  something to do, and when will it have? */
void client_quiet_alarm (keel_client_t *self);
void client_set_alarm (keel_client_t *self);

#endif
