#include "mdbroker_pair.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ life */

mdbroker_t *
mdbroker_new (const mdbroker_settings_t *settings, uint64_t seed)
{
    const keel_majordomo_config_t config = mdbroker_engine_config (settings);
    mdbroker_t *self = calloc (1, sizeof (mdbroker_t));
    if (!self || !(self->majordomo = keel_majordomo_new (&config, seed))) {
        free (self);
        return NULL;
    }
    self->settings = settings;
    return self;
}

void
mdbroker_destroy (mdbroker_t *self)
{
    member_close (&self->member);
    keel_majordomo_destroy (&self->majordomo);
    free (self);
}

/* ------------------------------------------------------------------ what the pair says */

static void
role_changed (void *arg, bstar_state_t state, uint64_t epoch)
{
    mdbroker_t *self = arg;
    (void) epoch; /* workers and clients fence by their broker */
    self->serving = state == BSTAR_ACTIVE;
    self->leaving = false;
    keel_majordomo_set_role (self->majordomo, self->serving ? KEEL_MAJORDOMO_SERVING : KEEL_MAJORDOMO_PASSIVE);
}

static void
drain (void *arg)
{
    mdbroker_t *self = arg;
    self->leaving = true;
    keel_majordomo_set_role (self->majordomo, KEEL_MAJORDOMO_LEAVING);
}

int
mdbroker_pair_open (void *engine, const options_t *options, port_t *port)
{
    mdbroker_t *self = engine;
    const pair_settings_t *settings = &self->settings->pair;
    if (!pair_settings_wanted (settings))
        return 0;
    int rc = member_open (&self->member, settings, options, port, role_changed, drain, self);
    if (rc == 0) {
        keel_majordomo_join (self->majordomo, pair_star (self->member.pair));
        keel_majordomo_set_role (self->majordomo, KEEL_MAJORDOMO_PASSIVE);
    }
    return rc;
}

/* ------------------------------------------------------------------ its turns */

int
mdbroker_pair_step (mdbroker_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pair_t *pair = self->member.pair;
    self->stopping |= event->kind == KEEL_EVENT_DRAIN;
    if (event->kind == KEEL_EVENT_TICK)
        pair_turn (pair);
    else if (!self->serving && !self->stopping && keel_majordomo_is_vote (self->majordomo, event))
        pair_vote (pair);
    keel_majordomo_step (self->majordomo, event, out);
    keel_star_event_kind_t order = keel_majordomo_take_order (self->majordomo);
    if (order != KEEL_STAR_TICK)
        pair_tell (pair, order);
    if (self->leaving && keel_majordomo_has_left (self->majordomo))
        pair_tell (pair, KEEL_STAR_DRAINED);
    return 0;
}

void
mdbroker_pair_attend (void *engine)
{
    mdbroker_t *self = engine;
    if (self->member.pair)
        pair_turn (self->member.pair);
}

void
mdbroker_pair_role (const void *engine, text_t *line, int64_t now)
{
    member_describe (&((const mdbroker_t *) engine)->member, line, now);
}

void
mdbroker_pair_hand_over (void *engine)
{
    member_hand_over (&((mdbroker_t *) engine)->member);
}
