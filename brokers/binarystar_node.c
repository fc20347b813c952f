#include "binarystar_node.h"

#include "clock.h"
#include "exit_codes.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ life */

node_t *
node_new (const binarystar_settings_t *settings)
{
    const keel_star_proxy_config_t config = binarystar_engine_config (settings);
    node_t *self = calloc (1, sizeof (node_t));
    if (!self || !(self->proxy = keel_star_proxy_new (&config))) {
        free (self);
        return NULL;
    }
    self->settings = settings;
    return self;
}

/*  The peer is told first, and then the command runs to its end: it is what lets go of what only one may have. */
void
node_destroy (node_t *self)
{
    member_close (&self->member);
    transitions_destroy (&self->transitions);
    keel_star_proxy_destroy (&self->proxy);
    free (self);
}

/* ------------------------------------------------------------------ serving or not */

static void
serve (node_t *self)
{
    self->linked = port_connect (self->port, self->settings->backend, &self->server) == 0;
    self->hurt = !self->linked;
    if (self->linked)
        keel_star_proxy_serve (self->proxy, self->server);
    else
        log_event (KEEL_LOG_ERROR, "cannot connect", "reason", strerror (errno), "server", self->settings->backend,
                   NULL);
}

static void
stop (node_t *self)
{
    keel_star_proxy_stop (self->proxy);
    if (self->linked)
        port_close (self->port, self->server, false);
    self->linked = false;
}

/*  What waits for nothing is done at once. */
static void
role_changed (void *arg, bstar_state_t state, uint64_t epoch)
{
    node_t *self = arg;
    bool active = state == BSTAR_ACTIVE;
    const char *line = active ? self->settings->on_active : self->settings->on_passive;
    self->active = active;
    self->leaving = false;
    self->epoch = epoch;
    if (!active)
        stop (self);
    if (line)
        transitions_add (self->transitions, &(transition_t){.line = line,
                                                            .state = state,
                                                            .role = keel_star_role (pair_star (self->member.pair)),
                                                            .epoch = epoch});
    else if (active)
        serve (self);
}

static void
drain (void *arg)
{
    node_t *self = arg;
    self->leaving = true;
    keel_star_proxy_drain (self->proxy, clock_now_ms ());
}

static void
heed_transitions (node_t *self)
{
    transition_t ended;
    bool good;
    while (transitions_take (self->transitions, &ended, &good)) {
        if (ended.state != BSTAR_ACTIVE || !self->active || ended.epoch != self->epoch)
            continue;
        if (good)
            serve (self);
        self->hurt |= !good;
    }
}

/*  What came up while the pair spoke. */
static void
settle (node_t *self)
{
    if (self->hurt) {
        self->hurt = false;
        pair_refuse (self->member.pair, self->epoch);
    }
    if (self->leaving && keel_star_proxy_drained (self->proxy))
        pair_tell (self->member.pair, KEEL_STAR_DRAINED);
}

/* ------------------------------------------------------------------ its turns */

int
node_open (void *engine, const options_t *options, port_t *port)
{
    node_t *self = engine;
    self->port = port;
    self->transitions = transitions_new ();
    if (!self->transitions || port_watch (port, transitions_fd (self->transitions)) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    return member_open (&self->member, &self->settings->pair, options, port, role_changed, drain, self);
}

int
node_step (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    node_t *self = engine;
    pair_t *pair = self->member.pair;
    self->stopping |= event->kind == KEEL_EVENT_DRAIN;
    if (event->kind == KEEL_EVENT_TICK)
        pair_turn (pair);
    else if (event->kind == KEEL_EVENT_MESSAGE && !self->active && !self->stopping)
        pair_vote (pair);
    keel_star_proxy_step (self->proxy, event, out);
    settle (self);
    return 0;
}

int64_t
node_next_due (const void *engine)
{
    const node_t *self = engine;
    return member_next_due (&self->member, keel_star_proxy_next_due (self->proxy));
}

void
node_attend (void *engine)
{
    node_t *self = engine;
    heed_transitions (self);
    pair_turn (self->member.pair);
    settle (self);
}

void
node_role (const void *engine, text_t *line, int64_t now)
{
    member_describe (&((const node_t *) engine)->member, line, now);
}

void
node_hand_over (void *engine)
{
    node_t *self = engine;
    member_hand_over (&self->member);
    settle (self);
}
