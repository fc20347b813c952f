#include "liveness.h"

#include "event.h"
#include "fault.h"

#include <utlist.h>

static int64_t
patience (const liveness_t *self, bool lenient)
{
    const liveness_config_t *config = &self->config;
    if (lenient && KEEL_FAULT (BUSY_FOR_EVER))
        return INT64_MAX / 2;
    return lenient && config->busy_timeout_ms ? config->busy_timeout_ms : config->interval_ms * config->liveness;
}

static void
leave_list (liveness_t *self, liveness_peer_t *peer)
{
    if (peer->lenient)
        DL_DELETE2 (self->lenient, peer, heard_prev, heard_next);
    else
        DL_DELETE2 (self->strict, peer, heard_prev, heard_next);
}

/*  Puts the peer at the end of the list whose rule it is held to. */
static void
join_list (liveness_t *self, liveness_peer_t *peer)
{
    peer->lenient = peer->busy && !peer->beats_while_busy && self->config.busy_timeout_ms > 0;
    if (peer->lenient)
        DL_APPEND2 (self->lenient, peer, heard_prev, heard_next);
    else
        DL_APPEND2 (self->strict, peer, heard_prev, heard_next);
}

/*  The same, as heard of now. */
static void
enter_list (liveness_t *self, liveness_peer_t *peer, int64_t now)
{
    peer->heard_at = now;
    join_list (self, peer);
}

static int
by_silence (const liveness_peer_t *one, const liveness_peer_t *other)
{
    return (one->heard_at > other->heard_at) - (one->heard_at < other->heard_at);
}

/*  Whoever is held to the other rule now changes lists. */
static void
regroup (liveness_t *self)
{
    for (liveness_peer_t *peer = self->sent; peer; peer = peer->sent_next) {
        leave_list (self, peer);
        join_list (self, peer);
    }
    DL_SORT2 (self->strict, by_silence, heard_prev, heard_next);
    DL_SORT2 (self->lenient, by_silence, heard_prev, heard_next);
}

void
liveness_configure (liveness_t *self, liveness_config_t config)
{
    bool turned = (config.busy_timeout_ms > 0) != (self->config.busy_timeout_ms > 0);
    self->config = config;
    if (turned)
        regroup (self);
}

void
liveness_add (liveness_t *self, liveness_peer_t *peer, int64_t now)
{
    peer->busy = peer->beats_while_busy = false;
    peer->sent_at = now;
    DL_APPEND2 (self->sent, peer, sent_prev, sent_next);
    enter_list (self, peer, now);
}

void
liveness_remove (liveness_t *self, liveness_peer_t *peer)
{
    leave_list (self, peer);
    DL_DELETE2 (self->sent, peer, sent_prev, sent_next);
}

void
liveness_heard (liveness_t *self, liveness_peer_t *peer, int64_t now)
{
    if (KEEL_FAULT (PURGE_STOPS)) {
        peer->heard_at = now;
        return;
    }
    leave_list (self, peer);
    enter_list (self, peer, now);
}

void
liveness_sent (liveness_t *self, liveness_peer_t *peer, int64_t now)
{
    peer->sent_at = now;
    DL_DELETE2 (self->sent, peer, sent_prev, sent_next);
    DL_APPEND2 (self->sent, peer, sent_prev, sent_next);
}

void
liveness_busy (liveness_t *self, liveness_peer_t *peer, int64_t now)
{
    peer->busy = true;
    if (peer->beats_while_busy || self->config.busy_timeout_ms == 0)
        return; /* the strict rule goes on */
    leave_list (self, peer);
    enter_list (self, peer, now);
}

void
liveness_idle (liveness_t *self, liveness_peer_t *peer, int64_t now)
{
    leave_list (self, peer);
    peer->busy = false;
    enter_list (self, peer, now);
}

void
liveness_beat (liveness_t *self, liveness_peer_t *peer, int64_t work_sent_at, int64_t now)
{
    if (peer->busy && work_sent_at != KEEL_NEVER && now - work_sent_at > self->config.interval_ms)
        peer->beats_while_busy = true;
    liveness_heard (self, peer, now);
}

void
liveness_forgive (liveness_t *self, int64_t ms, int64_t now)
{
    for (liveness_peer_t *peer = self->sent; peer; peer = peer->sent_next)
        peer->heard_at = peer->heard_at + ms < now ? peer->heard_at + ms : now;
}

static int64_t
expiry (const liveness_t *self, const liveness_peer_t *peer)
{
    return peer ? peer->heard_at + patience (self, peer->lenient) : KEEL_NEVER;
}

bool
liveness_over (const liveness_t *self, const liveness_peer_t *peer, int64_t now)
{
    return expiry (self, peer) <= now;
}

liveness_peer_t *
liveness_expired (const liveness_t *self, int64_t now)
{
    if (liveness_over (self, self->strict, now))
        return self->strict;
    return liveness_over (self, self->lenient, now) ? self->lenient : NULL;
}

liveness_peer_t *
liveness_waiting (const liveness_t *self, int64_t now)
{
    return self->sent && self->sent->sent_at + self->config.interval_ms <= now ? self->sent : NULL;
}

int64_t
liveness_due (const liveness_t *self)
{
    int64_t due = self->sent ? self->sent->sent_at + self->config.interval_ms : KEEL_NEVER;
    int64_t strict = expiry (self, self->strict);
    int64_t lenient = expiry (self, self->lenient);
    due = strict < due ? strict : due;
    return lenient < due ? lenient : due;
}
