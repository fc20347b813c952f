/*  One node of binarystar: the pair, the proxy before the server, and the commands. */
#ifndef BINARYSTAR_NODE_H
#define BINARYSTAR_NODE_H

#include "binarystar_settings.h"
#include "member.h"
#include "transition.h"

typedef struct {
    keel_star_proxy_t *proxy;
    const binarystar_settings_t *settings;
    member_t member;
    transitions_t *transitions;
    port_t *port;
    uint16_t server; /* the link to it, while linked */
    bool linked;
    bool active;   /* as the pair says; serves once the command is done */
    bool leaving;  /* hands over, and waits for the server's answers */
    bool stopping; /* for good */
    bool hurt;     /* cannot serve: to be told the pair, which does not take that while it speaks */
    uint64_t epoch;
} node_t;

/*  NULL without memory. settings: borrowed. */
node_t *node_new (const binarystar_settings_t *settings);
void node_destroy (node_t *self);

/*  As broker_kind_t has them; engine is the node. */
int node_open (void *engine, const options_t *options, port_t *port);
int node_step (void *engine, const keel_event_t *event, keel_actions_t *out);
int64_t node_next_due (const void *engine);
void node_attend (void *engine);
void node_role (const void *engine, text_t *line, int64_t now);
void node_hand_over (void *engine);

#endif
