#include "world.h"

#include <assert.h>
#include <stdlib.h>

#define DIAL_AGAIN_MS 50

/* ------------------------------------------------------------------ messages and pipes */

static message_t *
message_new (const span_t head[], size_t head_count, const span_t body[], size_t body_count)
{
    size_t count = head_count + body_count, bytes = 0;
    for (size_t n = 0; n < count; n++)
        bytes += n < head_count ? head[n].size : body[n - head_count].size;
    message_t *self = malloc (sizeof (message_t) + count * sizeof (span_t) + bytes);
    assert (self);
    *self = (message_t){.count = count, .frames = (span_t *) (void *) (self + 1)};
    uint8_t *at = (uint8_t *) (self->frames + count);
    for (size_t n = 0; n < count; n++) {
        const span_t *frame = n < head_count ? &head[n] : &body[n - head_count];
        memcpy (at, frame->data, frame->size);
        self->frames[n] = span_make (at, frame->size);
        at += frame->size;
    }
    return self;
}

static message_t *
pipe_take (pipe_t *pipe)
{
    message_t *message = pipe->first;
    pipe->first = message->next;
    if (!pipe->first)
        pipe->last = NULL;
    pipe->count--;
    return message;
}

static void
pipe_add (pipe_t *pipe, message_t *message, int64_t at)
{
    message->at = pipe->last_at = at > pipe->last_at ? at : pipe->last_at;
    message->next = NULL;
    if (pipe->last)
        pipe->last->next = message;
    else
        pipe->first = message;
    pipe->last = message;
    pipe->count++;
}

static void
pipe_clear (pipe_t *pipe)
{
    while (pipe->first)
        free (pipe_take (pipe));
}

/*  What has not arrived is lost. */
static void
pipe_lose (pipe_t *pipe, int64_t now)
{
    message_t *list = pipe->first, *next;
    pipe->first = pipe->last = NULL;
    pipe->count = 0;
    for (; list; list = next) {
        next = list->next;
        if (list->at <= now)
            pipe_add (pipe, list, list->at);
        else
            free (list);
    }
    pipe->last_at = now;
}

static int64_t
draw_delay (world_t *world)
{
    return world->plan.delay ? draw_between (&world->random, 0, world->plan.delay) : 0;
}

static uint32_t
index_of (const world_t *world, const connection_t *connection)
{
    return (uint32_t) (connection - world->connections);
}

static void
arm (world_t *world, connection_t *connection, pipe_t *pipe, int64_t not_before)
{
    if (pipe->armed || !pipe->first)
        return;
    pipe->armed = true;
    int64_t at = pipe->first->at > not_before ? pipe->first->at : not_before;
    agenda_kind_t kind = pipe == &connection->to_broker ? AGENDA_TO_BROKER : AGENDA_TO_PEER;
    agenda_add (world, at, kind, index_of (world, connection), connection->serial);
}

/* ------------------------------------------------------------------ connections */

static connection_t *
connection_new (world_t *world)
{
    uint32_t n = 0;
    while (n < CONNECTIONS_MAX && world->connections[n].used)
        n++;
    assert (n < CONNECTIONS_MAX);
    if (n == world->connections_used)
        world->connections_used++;
    connection_t *self = &world->connections[n];
    *self = (connection_t){.used = true, .serial = ++world->serial};
    return self;
}

/*  Nobody can send or read by it any more. */
static void
let_go (connection_t *self)
{
    if (self->attached || self->broker_sees || self->to_broker.first || self->to_peer.first)
        return;
    self->used = false;
}

static bool
socket_is_open (const world_t *world, const connection_t *self)
{
    const link_t *link = &world->peers[self->peer].links[self->link];
    return link->open && link->socket == self->socket;
}

static void
dial (world_t *world, connection_t *self, int64_t in)
{
    agenda_add (world, world->now + in, AGENDA_CONNECTED, index_of (world, self), self->serial);
}

static void
connect_link (world_t *world, peer_t *peer, uint16_t link)
{
    connection_t *self = connection_new (world);
    self->attached = true;
    self->socket = peer->links[link].socket;
    self->peer = peer->number;
    self->link = link;
    self->broker = (uint16_t) (link % world->plan.brokers);
    self->listener = peer->listener;
    self->id_size = 5;
    memcpy (self->id + 1, &self->serial, 4);
    if (peer->fixed_id)
        self->id_size = (size_t) snprintf ((char *) self->id, ID_SIZE, "%s", peer->name);
    peer->links[link].connection = index_of (world, self);
    dial (world, self, draw_delay (world));
}

/*  Does the broker still believe in an older connection of that id? */
static bool
id_is_taken (const world_t *world, const connection_t *self)
{
    for (uint32_t n = 0; n < world->connections_used; n++) {
        const connection_t *other = &world->connections[n];
        if (other != self && other->used && other->broker_sees && other->broker == self->broker &&
            other->listener == self->listener && other->id_size == self->id_size &&
            memcmp (other->id, self->id, self->id_size) == 0)
            return true;
    }
    return false;
}

static void
tell_refused (world_t *world, const connection_t *self)
{
    peer_t *peer = &world->peers[self->peer];
    if (peer->frozen_until <= world->now)
        peer_event (world, peer, &(keel_event_t){.kind = KEEL_EVENT_REFUSED, .peer = {.listener = self->link}});
}

void
network_connected (world_t *world, connection_t *self)
{
    const broker_t *broker = &world->brokers[self->broker];
    if (self->up || self->cut)
        return;
    if (!self->attached && !self->to_broker.first) {
        let_go (self);
        return;
    }
    if (!broker->running || broker->frozen_until > world->now || id_is_taken (world, self)) {
        dial (world, self, DIAL_AGAIN_MS);
        if (!broker->running && self->attached && draw_chance (&world->random, 50))
            tell_refused (world, self);
        return;
    }
    self->up = self->broker_sees = true;
    for (message_t *message = self->to_broker.first; message; message = message->next)
        message->at = world->now;
    self->to_broker.last_at = world->now;
    arm (world, self, &self->to_broker, 0);
    if (!self->attached)
        agenda_add (world, world->now + draw_delay (world), AGENDA_BROKER_NOTICES, index_of (world, self),
                    self->serial);
}

static int64_t
draw_notice (world_t *world)
{
    bool crowded = world->connections_used > CONNECTIONS_MAX / 2;
    bool late = !world->healed && !crowded && draw_chance (&world->random, 30);
    return late ? draw_between (&world->random, 0, world->plan.notice) : draw_between (&world->random, 0, 2);
}

static void
notice_later (world_t *world, connection_t *self, agenda_kind_t who, int64_t in)
{
    agenda_add (world, world->now + in, who, index_of (world, self), self->serial);
}

void
network_cut (world_t *world, connection_t *self)
{
    if (!self->up || self->cut)
        return;
    TRACE (world, "network: the connection of %s to b%u is lost", world->peers[self->peer].name, self->broker);
    self->cut = true;
    world->peers[self->peer].lossy = true;
    pipe_lose (&self->to_broker, world->now);
    pipe_lose (&self->to_peer, world->now);
    notice_later (world, self, AGENDA_BROKER_NOTICES, draw_notice (world));
    if (self->attached)
        notice_later (world, self, AGENDA_PEER_NOTICES, draw_notice (world));
}

void
network_broker_notices (world_t *world, connection_t *self)
{
    const broker_t *broker = &world->brokers[self->broker];
    if (!self->broker_sees)
        return;
    int64_t read_all = self->to_broker.first ? self->to_broker.last_at : world->now;
    int64_t earliest = broker->frozen_until > self->stalled_until ? broker->frozen_until : self->stalled_until;
    if (earliest > world->now || read_all > world->now) {
        notice_later (world, self, AGENDA_BROKER_NOTICES, (earliest > read_all ? earliest : read_all) - world->now);
        return;
    }
    self->broker_sees = false;
    if (!socket_is_open (world, self))
        pipe_clear (&self->to_peer);
    if (world->healed || !draw_chance (&world->random, world->plan.unseen_pct))
        agenda_add (world, world->now + draw_between (&world->random, 0, 2), AGENDA_BROKER_ENDED,
                    (uint32_t) (self->broker * LISTENERS + self->listener), broker->life);
    let_go (self);
}

/*  What has arrived can still be read; what is sent from now on goes over a new connection. */
void
network_peer_notices (world_t *world, connection_t *self)
{
    peer_t *peer = &world->peers[self->peer];
    if (!self->attached || !socket_is_open (world, self))
        return;
    if (peer->frozen_until > world->now) {
        notice_later (world, self, AGENDA_PEER_NOTICES, peer->frozen_until - world->now);
        return;
    }
    self->attached = false;
    let_go (self);
    connect_link (world, peer, self->link);
    /*  Under a routing id of its own a peer goes on unknown to the broker, whatever was lost: it has to know. So has a
     *  worker whose protocol has no heartbeats. */
    bool must_know = peer->fixed_id || (peer->role->worker && world->plan.kind == WORLD_SIMPLE);
    if (!must_know && !world->healed && draw_chance (&world->random, world->plan.unseen_pct))
        return;
    peer_event (world, peer, &(keel_event_t){.kind = KEEL_EVENT_DISCONNECTED, .peer = {.listener = self->link}});
}

/* ------------------------------------------------------------------ a peer's side */

void
link_open (world_t *world, peer_t *peer, uint16_t link)
{
    assert (!peer->links[link].open);
    peer->links[link] = (link_t){.open = true, .socket = ++world->serial};
    connect_link (world, peer, link);
}

void
link_close (world_t *world, peer_t *peer, uint16_t link, bool linger)
{
    connection_t *self = &world->connections[peer->links[link].connection];
    assert (peer->links[link].open);
    peer->links[link].open = false;
    self->attached = false;
    pipe_clear (&self->to_peer);
    if (!self->up && !linger)
        pipe_clear (&self->to_broker);
    if (self->up && !self->cut)
        notice_later (world, self, AGENDA_BROKER_NOTICES, draw_delay (world));
    let_go (self);
}

static bool
is_choked (world_t *world)
{
    return world->plan.choke_pct > 0 && !world->healed && draw_chance (&world->random, world->plan.choke_pct);
}

sent_t
link_send (world_t *world, peer_t *peer, uint16_t link, const span_t head[], size_t head_count, const span_t body[],
           size_t body_count)
{
    if (!peer->links[link].open)
        return SENT_UNREACHABLE;
    connection_t *self = &world->connections[peer->links[link].connection];
    if ((int64_t) self->to_broker.count >= world->plan.pipe || is_choked (world))
        return SENT_FULL;
    if (self->cut)
        return SENT; /* and lost */
    pipe_add (&self->to_broker, message_new (head, head_count, body, body_count), world->now + draw_delay (world));
    if (self->up)
        arm (world, self, &self->to_broker, 0);
    return SENT;
}

void
network_peer_died (world_t *world, peer_t *peer)
{
    for (uint16_t link = 0; link < LINKS_MAX; link++) {
        if (!peer->links[link].open)
            continue;
        connection_t *self = &world->connections[peer->links[link].connection];
        peer->links[link].open = false;
        self->attached = false;
        pipe_clear (&self->to_peer);
        if (!self->up)
            pipe_clear (&self->to_broker);
        network_cut (world, self);
        let_go (self);
    }
}

/* ------------------------------------------------------------------ a broker's side */

static connection_t *
find_connection (world_t *world, uint16_t broker, uint16_t listener, span_t id)
{
    for (uint32_t n = 0; n < world->connections_used; n++) {
        connection_t *self = &world->connections[n];
        if (self->used && self->broker_sees && self->broker == broker && self->listener == listener &&
            span_is (id, self->id, self->id_size))
            return self;
    }
    return NULL;
}

const peer_t *
network_owner (const world_t *world, uint16_t broker, uint16_t listener, span_t id)
{
    for (uint32_t n = world->connections_used; n-- > 0;) {
        const connection_t *self = &world->connections[n];
        if (self->used && self->broker == broker && self->listener == listener && span_is (id, self->id, self->id_size))
            return &world->peers[self->peer];
    }
    return NULL;
}

sent_t
network_send_to_peer (world_t *world, uint16_t broker, const keel_action_t *action)
{
    connection_t *self = find_connection (world, broker, action->listener, action->id);
    if (!self)
        return SENT_UNREACHABLE;
    if ((int64_t) (self->to_peer.count + self->vanished) >= world->plan.pipe) {
        world->peers[self->peer].lossy = true;
        return SENT_FULL;
    }
    if (self->cut || !socket_is_open (world, self)) {
        self->vanished++;
        return SENT;
    }
    pipe_add (&self->to_peer, message_new (action->head, action->head_count, action->body, action->body_count),
              world->now + draw_delay (world));
    arm (world, self, &self->to_peer, 0);
    return SENT;
}

void
network_broker_died (world_t *world, uint16_t broker)
{
    for (uint32_t n = 0; n < world->connections_used; n++) {
        connection_t *self = &world->connections[n];
        if (!self->used || self->broker != broker || !self->up)
            continue;
        network_cut (world, self);
        pipe_clear (&self->to_broker);
        self->broker_sees = false;
        let_go (self);
    }
}

/* ------------------------------------------------------------------ arrivals */

void
network_to_broker (world_t *world, connection_t *self)
{
    broker_t *broker = &world->brokers[self->broker];
    self->to_broker.armed = false;
    int64_t ready = broker->frozen_until > self->stalled_until ? broker->frozen_until : self->stalled_until;
    if (!self->to_broker.first)
        return;
    if (ready > world->now) {
        arm (world, self, &self->to_broker, ready);
        return;
    }
    message_t *message = pipe_take (&self->to_broker);
    uint8_t id[ID_SIZE];
    memcpy (id, self->id, ID_SIZE);
    keel_event_t event = {.kind = KEEL_EVENT_MESSAGE, .frames = message->frames, .count = message->count};
    event.peer = (keel_peer_t){.listener = self->listener, .admin = self->listener == 1};
    event.peer.id = span_make (id, self->id_size);
    event.peer.user = SPAN_OF ("");
    arm (world, self, &self->to_broker, 0);
    let_go (self);
    broker_event (world, broker, event);
    free (message);
}

/*  What an older connection of the same socket brought is read first. */
static bool
older_is_unread (const world_t *world, const connection_t *self)
{
    for (uint32_t n = 0; n < world->connections_used; n++) {
        const connection_t *other = &world->connections[n];
        if (other->used && other->socket == self->socket && other->serial < self->serial && other->to_peer.first)
            return true;
    }
    return false;
}

void
network_to_peer (world_t *world, connection_t *self)
{
    peer_t *peer = &world->peers[self->peer];
    self->to_peer.armed = false;
    if (!socket_is_open (world, self)) {
        pipe_clear (&self->to_peer);
        let_go (self);
    }
    if (!self->to_peer.first)
        return;
    int64_t ready = peer_reads_at (world, peer);
    ready = ready > self->stalled_until ? ready : self->stalled_until;
    if (ready <= world->now && older_is_unread (world, self))
        ready = world->now + 1;
    if (ready > world->now) {
        arm (world, self, &self->to_peer, ready);
        return;
    }
    message_t *message = pipe_take (&self->to_peer);
    uint16_t link = self->link;
    if (peer->slow_until > world->now)
        peer->read_at = world->now + draw_between (&world->random, 1, 100);
    arm (world, self, &self->to_peer, 0);
    let_go (self);
    keel_event_t event = {.kind = KEEL_EVENT_MESSAGE, .frames = message->frames, .count = message->count};
    event.peer = (keel_peer_t){.listener = link, .id = SPAN_OF (""), .user = SPAN_OF ("")};
    peer_event (world, peer, &event);
    free (message);
}

void
network_clear (world_t *world)
{
    for (uint32_t n = 0; n < world->connections_used; n++) {
        pipe_clear (&world->connections[n].to_broker);
        pipe_clear (&world->connections[n].to_peer);
    }
}
