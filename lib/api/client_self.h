/*  The inside of the client class: links with an MDP client's engine (engine/client_spread.h), and a descriptor to poll. */
#ifndef KEEL_CLIENT_SELF_H
#define KEEL_CLIENT_SELF_H

#include "client_spread.h"
#include "links.h"

struct keel_client {
    keel_mdspread_t *engine;
    links_t links;
    int alarm; /* eventfd in the port's epoll: recv has something to do; -1: nobody asked for a descriptor */
    int timer; /* timerfd likewise */
    keel_client_counters_t counters;
    char error[INBOX_REASON];
};

/*  Around each call, once there is a descriptor. Before: the alarm would keep port_wait awake. After: has recv
 *  something to do, and when will it have? */
void client_quiet_alarm (keel_client_t *self);
void client_set_alarm (keel_client_t *self);

#endif
