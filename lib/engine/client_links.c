/*  A client's links: when one is opened, given up, and left for the next. */
#include "client_state.h"

void
mdclient_open_link (keel_mdclient_t *self, uint16_t number, keel_actions_t *out)
{
    self->links[number] = (link_t){.open = true, .since_ms = self->now, .heard_ms = INT64_MIN};
    self->links[number].quiet_span = SEARCH_FIRST_MS;
    self->links[number].probe_due = KEEL_NEVER;
    keel_actions_connect (out, number);
}

/*  What was sent over it goes on over another link, in the same try; the last try of a request whose broker was there
 *  does not: it may be running. */
void
mdclient_close_link (keel_mdclient_t *self, uint16_t number, keel_actions_t *out)
{
    link_t *link = &self->links[number];
    keel_actions_close (out, number, false);
    mdclient_forget_copies (self, number);
    for (size_t n = 0; n < self->requests.table.capacity; n++) {
        request_t *request = requests_at (&self->requests, n);
        if (!request || request->state != REQUEST_SENT || request->link != number || request->source)
            continue;
        if (link->heard && !mdclient_tries_left (self, request))
            continue;
        request->state = REQUEST_WAITS;
        request->continues = true;
        requests_set_due (&self->requests, request, self->now);
    }
    *link = (link_t){0};
}

void
mdclient_move_on (keel_mdclient_t *self, uint16_t from)
{
    if (self->current != from || self->config.endpoints == 1)
        return;
    self->current = (uint16_t) ((from + 1) % self->config.endpoints);
    self->turn_at = KEEL_NEVER; /* the next sending begins a search, unless that link answers */
    mdclient_count (self, KEEL_MDCLIENT_FAILOVERS);
}

/*  One silent try may be a slow service, whose answer can still come;
 *  a second one, or one on a link never heard, and it is given up. */
void
mdclient_blame_link (keel_mdclient_t *self, const request_t *request, keel_actions_t *out)
{
    link_t *link = &self->links[request->link];
    bool silent = link->open && link->since_ms <= request->try_ms && link->heard_ms <= request->try_ms;
    if (!silent && !self->config.stock)
        return;
    bool close = link->open && (self->config.stock || !link->heard || link->silent);
    link->silent = true;
    mdclient_move_on (self, request->link);
    if (close)
        mdclient_close_link (self, request->link, out);
}

bool
mdclient_link_to_close (const keel_mdclient_t *self, bool before_sending, uint16_t *number)
{
    for (uint16_t n = 0; n < self->config.endpoints; n++)
        if (self->links[n].spent || (before_sending && self->links[n].lost)) {
            *number = n;
            return true;
        }
    return false;
}

/*  Any word shows that there is a broker: the other requests know it, too, and stay with it. */
void
mdclient_note_heard (keel_mdclient_t *self, uint16_t number)
{
    link_t *link = &self->links[number];
    link->heard = true;
    link->silent = false;
    link->heard_ms = self->heard_ms = self->now;
    mdclient_note_word (self, number);
    if (!link->lost && (!self->links[self->current].heard || self->links[self->current].doubted))
        self->current = number;
}

/*  What becomes of a request whose connection ended. False: it stays with the link, which libzmq connects again. */
static bool
leave_link (keel_mdclient_t *self, request_t *request)
{
    if (request->source) {
        request->state = REQUEST_LOST;
        requests_set_due (&self->requests, request, self->now + backoff_next (&request->backoff, &self->random));
        return true;
    }
    if (mdclient_tries_left (self, request))
        mdclient_try_again (self, request);
    return request->state == REQUEST_WAITS;
}

/*  It was not sent, or not taken: again soon, in the same try. With a choice of brokers that is soon for long. */
void
mdclient_continue_soon (keel_mdclient_t *self, request_t *request)
{
    bool choice = self->config.endpoints > 1, hop = self->absent % self->config.endpoints != 0;
    int64_t due = self->now + (hop ? SEARCH_HOP_MS : choice ? mdclient_pause (self) : backoff_next (&request->backoff, &self->random));
    request->state = REQUEST_WAITS;
    request->continues = true;
    requests_set_due (&self->requests, request, due < request->try_due ? due : request->try_due);
}

/*  A SEND was not taken. */
void
mdclient_handle_unsent (keel_mdclient_t *self, const keel_event_t *event)
{
    uint16_t number = event->peer.listener;
    request_t *request = requests_find (&self->requests, event->tag >> SENDING_BITS);
    if (number < self->config.endpoints && event->kind == KEEL_EVENT_UNREACHABLE && self->links[number].open) {
        self->links[number].lost = true;
        mdclient_move_on (self, number);
    }
    if (!request || request_wire_id (request) != event->tag || request->state != REQUEST_SENT || request->source)
        return;
    mdclient_count (self, KEEL_MDCLIENT_UNSENT);
    mdclient_continue_soon (self, request);
}

/*  Answers that came before the end may still be read: the link is closed only before the next sending. */
void
mdclient_handle_disconnected (keel_mdclient_t *self, uint16_t number)
{
    if (number >= self->config.endpoints || !self->links[number].open)
        return;
    link_t *link = &self->links[number];
    bool kept = false;
    mdclient_count (self, KEEL_MDCLIENT_DISCONNECTS);
    for (size_t n = 0; n < self->requests.table.capacity; n++) {
        request_t *request = requests_at (&self->requests, n);
        if (request && request->state == REQUEST_SENT && request->link == number)
            kept |= !leave_link (self, request);
    }
    link->heard = link->silent = false;
    link->ended = true;
    link->since_ms = self->now;
    link->lost = !kept;
    mdclient_move_on (self, number);
}

/*  Nobody is there, and nothing has left: the next broker's turn, in the same try. With one broker there is nowhere to go;
 *  libzmq goes on trying, and what waits in the link leaves once somebody is there. */
void
mdclient_handle_refused (keel_mdclient_t *self, uint16_t number)
{
    if (number >= self->config.endpoints || self->config.endpoints == 1)
        return;
    link_t *link = &self->links[number];
    if (!link->open || link->heard || link->ended)
        return;
    self->absent++;
    for (size_t n = 0; n < self->requests.table.capacity; n++) {
        request_t *request = requests_at (&self->requests, n);
        if (request && request->state == REQUEST_SENT && request->link == number)
            mdclient_continue_soon (self, request);
    }
    link->lost = true;
    mdclient_move_on (self, number);
}
