/*  mdbroker as one of a pair: the broker's engine and the pair's, side by side.
 *
 *  While it is passive each message is looked at for a vote first; one that makes it active is then served. An active one, or one
 *  that has no peer, does nothing of that.
 */
#ifndef MDBROKER_PAIR_H
#define MDBROKER_PAIR_H

#include "mdbroker_settings.h"
#include "member.h"

typedef struct {
    keel_majordomo_t *majordomo;
    const mdbroker_settings_t *settings;
    member_t member;
    bool serving;
    bool leaving;  /* hands over, and finishes first what workers hold */
    bool stopping; /* for good */
} mdbroker_t;

/*  NULL without memory. settings: borrowed. */
mdbroker_t *mdbroker_new (const mdbroker_settings_t *settings, uint64_t seed);
void mdbroker_destroy (mdbroker_t *self);

/*  In the place of keel_majordomo_step. */
int mdbroker_pair_step (mdbroker_t *self, const keel_event_t *event, keel_actions_t *out);

/*  As broker_kind_t has them; nothing where it is not one of a pair. */
int mdbroker_pair_open (void *engine, const options_t *options, port_t *port);
void mdbroker_pair_attend (void *engine);
void mdbroker_pair_role (const void *engine, text_t *line, int64_t now);
void mdbroker_pair_hand_over (void *engine);

#endif
