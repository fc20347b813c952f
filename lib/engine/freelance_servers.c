/*  A Freelance client's servers: connected, pinged, alive, dead, lost, chosen. */
#include "freelance_state.h"

#include "fault.h"

#include <assert.h>

#define AVOID_FIRST_MS 1000
#define AVOID_LIMIT_MS 30000
#define OPEN_FIRST_MS  50
#define OPEN_LIMIT_MS  1000
#define LOST_MS        10 /* time to read what came before the connection ended */

static bool
is_living (const keel_flclient_t *self, uint16_t place)
{
    return self->living & place_bit (place);
}

/* ------------------------------------------------------------------ added and removed */

bool
keel_flclient_add (keel_flclient_t *self, int64_t now, uint16_t *place)
{
    for (uint16_t n = 0; n < KEEL_FLCLIENT_SERVERS; n++)
        if (self->servers[n].state == SERVER_NONE) {
            self->servers[n] = (server_t){.state = SERVER_CLOSED, .due = now};
            self->servers[n].avoiding = backoff_make (AVOID_FIRST_MS, AVOID_LIMIT_MS);
            self->servers[n].opening = backoff_make (OPEN_FIRST_MS, OPEN_LIMIT_MS);
            self->places = n < self->places ? self->places : (uint16_t) (n + 1);
            *place = n;
            return true;
        }
    return false;
}

unsigned
keel_flclient_living (const keel_flclient_t *self)
{
    unsigned count = 0;
    for (places_t left = self->living; left; left &= left - 1)
        count++;
    return count;
}

/*  Its requests' tries end then: now, or when what came before can have been read. Over the next connection they may be sent
 *  again. */
static void
give_up_tries (keel_flclient_t *self, uint16_t place, int64_t due)
{
    for (size_t n = 0; n < self->requests.capacity; n++) {
        asked_t *request = self->requests.slots[n] ? flclient_request_at (self, n) : NULL;
        if (!request)
            continue;
        request->tried &= ~place_bit (place);
        if (request->place != place)
            continue;
        request->try_due = due;
        flclient_set_due (self, request);
    }
}

void
keel_flclient_remove (keel_flclient_t *self, int64_t now, uint16_t place)
{
    assert (self->servers[place].state != SERVER_NONE);
    self->living &= ~place_bit (place);
    give_up_tries (self, place, now);
    for (size_t n = 0; n < self->requests.capacity; n++)
        if (self->requests.slots[n])
            flclient_request_at (self, n)->sent &= ~place_bit (place);
    bool open = self->servers[place].state == SERVER_OPEN || self->servers[place].state == SERVER_LOST;
    self->servers[place].state = open ? SERVER_LEAVES : SERVER_NONE;
    self->servers[place].due = now;
}

/* ------------------------------------------------------------------ what is due */

static void
ping (keel_flclient_t *self, uint16_t place, keel_actions_t *out)
{
    keel_action_t *send = keel_actions_send (out, place, SPAN_OF (""));
    *keel_actions_head (out) = flp_ping ();
    keel_actions_add_head (out, send, 1);
    flclient_count (self, KEEL_FLCLIENT_PINGS);
}

/*  The PING waits for the connection; its PONG tells that there is a server. */
static void
open (keel_flclient_t *self, uint16_t place, keel_actions_t *out)
{
    server_t *server = &self->servers[place];
    server->state = SERVER_OPEN;
    server->heard_ms = KEEL_NEVER;
    server->intervals = 0;
    server->due = self->now + self->config.ping_ms;
    keel_actions_connect (out, place);
    ping (self, place, out);
}

/*  What the dead have goes to those who live; with none of them it stays, for the dead may come back. Until a connection is given
 *  up, answers may come. */
void
flclient_leave_the_dead (keel_flclient_t *self)
{
    self->died = false;
    for (size_t n = 0; self->living && n < self->requests.capacity; n++) {
        asked_t *request = self->requests.slots[n] ? flclient_request_at (self, n) : NULL;
        if (request && request->place != NOWHERE && self->servers[request->place].state == SERVER_OPEN &&
            !is_living (self, request->place))
            flclient_send_on (self, request);
    }
}

static void
die (keel_flclient_t *self, uint16_t place)
{
    flclient_count (self, KEEL_FLCLIENT_DEATHS);
    if (KEEL_FAULT (FREELANCE_UNDEAD))
        return;
    self->living &= ~place_bit (place);
    self->died = true;
}

/*  One more interval without a word. It counts from now: whoever was late itself does not blame the servers. */
static void
note_silence (keel_flclient_t *self, uint16_t place, keel_actions_t *out)
{
    server_t *server = &self->servers[place];
    server->due = self->now + self->config.ping_ms;
    server->intervals++;
    if (server->intervals == KEEL_FLCLIENT_SILENCE && is_living (self, place))
        die (self, place);
    bool heard = server->heard_ms != KEEL_NEVER; /* else the first PING still waits */
    if (server->intervals < (heard ? 2 * KEEL_FLCLIENT_SILENCE : KEEL_FLCLIENT_SILENCE)) {
        if (heard)
            ping (self, place, out);
        return;
    }
    give_up_tries (self, place, self->now);
    keel_actions_close (out, place, false);
    open (self, place, out);
}

void
flclient_serve_due (keel_flclient_t *self, uint16_t place, keel_actions_t *out)
{
    server_t *server = &self->servers[place];
    switch (server->state) {
    case SERVER_CLOSED:
        open (self, place, out);
        break;
    case SERVER_OPEN:
        note_silence (self, place, out);
        break;
    case SERVER_LOST:
        keel_actions_close (out, place, false);
        server->state = SERVER_CLOSED;
        server->due = self->now + backoff_next (&server->opening, &self->random);
        break;
    case SERVER_LEAVES:
        keel_actions_close (out, place, false);
        server->state = SERVER_NONE;
        break;
    case SERVER_NONE:
        break;
    }
}

int64_t
flclient_servers_due (const keel_flclient_t *self)
{
    int64_t due = KEEL_NEVER;
    for (uint16_t n = 0; n < self->places; n++) {
        const server_t *server = &self->servers[n];
        if (server->state != SERVER_NONE && server->due < due)
            due = server->due;
        if (self->waiting && is_living (self, n) && server->blocked_ms > self->now && server->blocked_ms < due)
            due = server->blocked_ms;
    }
    return due;
}

/* ------------------------------------------------------------------ what is known of them */

void
flclient_note_heard (keel_flclient_t *self, uint16_t place)
{
    server_t *server = &self->servers[place];
    self->heard_ms = server->heard_ms = self->now;
    if (server->state != SERVER_OPEN)
        return;
    server->intervals = 0;
    server->due = self->now + self->config.ping_ms;
    if (is_living (self, place))
        return;
    self->living |= place_bit (place);
    backoff_reset (&server->opening);
    flclient_leave_the_dead (self);
    flclient_ask_also (self);
}

void
flclient_avoid (keel_flclient_t *self, uint16_t place)
{
    server_t *server = &self->servers[place];
    if (!is_living (self, place))
        return;
    server->avoided = true;
    server->avoid_ms = self->now + backoff_next (&server->avoiding, &self->random);
}

void
flclient_trust (keel_flclient_t *self, uint16_t place)
{
    self->servers[place].avoided = false;
    backoff_reset (&self->servers[place].avoiding);
}

void
flclient_lose (keel_flclient_t *self, uint16_t place)
{
    server_t *server = &self->servers[place];
    if (server->state != SERVER_OPEN)
        return;
    server->state = SERVER_LOST;
    server->due = self->now + LOST_MS;
    self->living &= ~place_bit (place);
    give_up_tries (self, place, server->due);
}

/* ------------------------------------------------------------------ choosing one */

places_t
flclient_ready (const keel_flclient_t *self)
{
    places_t ready = self->living;
    for (uint16_t n = 0; n < self->places; n++)
        if (self->servers[n].blocked_ms > self->now)
            ready &= ~place_bit (n);
    return ready;
}

/*  Those that did not let a try pass lately; if there are none, all. */
static places_t
trusted (const keel_flclient_t *self, places_t among)
{
    places_t found = among;
    for (uint16_t n = 0; n < self->places; n++)
        if (self->servers[n].avoided && self->servers[n].avoid_ms > self->now)
            found &= ~place_bit (n);
    return found ? found : among;
}

static uint16_t
least_loaded (const keel_flclient_t *self, places_t among)
{
    uint16_t best = NOWHERE;
    for (uint16_t n = 0; n < self->places; n++) {
        uint16_t place = (uint16_t) ((self->turn + n) % self->places);
        if ((among & place_bit (place)) && (best == NOWHERE || self->servers[place].load < self->servers[best].load))
            best = place;
    }
    return best;
}

uint16_t
flclient_choose (keel_flclient_t *self, places_t among)
{
    uint16_t place = 0;
    among = trusted (self, among);
    if (self->config.policy == KEEL_FLCLIENT_LEAST) {
        place = least_loaded (self, among);
        self->turn = (uint16_t) (place + 1);
        return place;
    }
    while (!(among & place_bit (place)))
        place++;
    return place;
}
