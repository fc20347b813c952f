/*  A client of several brokers searches for the one that answers, and notices when it no longer does.
 *
 *  The passive one of a pair takes what it is sent and says nothing, so silence must tell: behind what is sent over a link that
 *  is not known to answer goes, unless an answer comes first, a probe: a request for mmi.service, which an active broker answers
 *  at once. While no link
 *  answers, they have turns; what is outstanding is sent over each, once as long as that stays open. When one answers, the search is over,
 *  and what it passed over is sent again: answers come in order, so a probe that was passed over tells of all before it.
 *
 *  A link that answers is probed when it has been silent while something was outstanding, at growing intervals; when it then stays
 *  silent, the search begins anew.
 */
#include "client_state.h"

#include "mdp.h"

#define PROBE          "mmi.service"
#define PROBE_MS       20 /* behind a request: most are answered by then */
#define QUIET_MS       50 /* of silence, before a link is asked whether it still answers */
#define QUIET_LIMIT_MS 2000
#define PATIENCE_MS    100 /* for the answer to that */

bool
mdclient_searches (const keel_mdclient_t *self)
{
    return self->turn_at != KEEL_NEVER;
}

static bool
has_choice (const keel_mdclient_t *self)
{
    return self->config.endpoints > 1 && !self->config.stock;
}

static bool
answers (const link_t *link)
{
    return link->heard && !link->doubted;
}

static uint64_t
bit_of (uint16_t number)
{
    return number < 64 ? (uint64_t) 1 << number : 0;
}

int64_t
mdclient_pause (keel_mdclient_t *self)
{
    if (!self->troubled)
        self->trouble_ms = self->now;
    self->troubled = true;
    return search_pause (self->now - self->trouble_ms, &self->random);
}

/* ------------------------------------------------------------------ sending */

void
mdclient_note_sent (keel_mdclient_t *self, request_t *request)
{
    link_t *link = &self->links[self->current];
    request->copies |= bit_of (self->current);
    if (!has_choice (self))
        return;
    if (answers (link)) {
        if (!link->probing)
            link->quiet_ms = self->now;
        return;
    }
    if (link->probe_due == KEEL_NEVER)
        link->probe_due = self->now + PROBE_MS;
    if (!mdclient_searches (self))
        self->turn_at = self->now + mdclient_pause (self);
}

void
mdclient_forget_copies (keel_mdclient_t *self, uint16_t number)
{
    request_t *request;
    for (size_t n = 0; n < self->requests.table.capacity; n++)
        if ((request = requests_at (&self->requests, n)))
            request->copies &= ~bit_of (number);
}

/*  Any name will do: 404 is an answer, too. The id is that of no request: its lower bits, a sending's number, are 0. */
static void
send_probe (keel_mdclient_t *self, uint16_t number, keel_actions_t *out)
{
    link_t *link = &self->links[number];
    envelope_options_t options = {true, false, 0, ++link->probes << SENDING_BITS};
    keel_action_t *send = keel_actions_send (out, number, SPAN_OF (""));
    span_t *head = keel_actions_head (out);
    options_encode (&options, link->probe);
    head[0] = span_make (link->probe, OPTIONS_SIZE);
    head[1] = SPAN_OF ("");
    size_t size = 2 + mdp_encode_client_request (head + 2, self->config.version, SPAN_OF (PROBE));
    head[size++] = SPAN_OF (PROBE);
    keel_actions_add_head (out, send, size);
    link->probe_due = KEEL_NEVER;
    mdclient_count (self, KEEL_MDCLIENT_PROBES);
}

void
mdclient_send_probe (keel_mdclient_t *self, keel_actions_t *out)
{
    link_t *link = &self->links[self->current];
    if (link->open && self->now >= link->probe_due)
        send_probe (self, self->current, out);
}

/* ------------------------------------------------------------------ turns */

/*  Another link is at it; or it may be running where its last try went. */
static bool
stays (const keel_mdclient_t *self, const request_t *request)
{
    const link_t *link = &self->links[request->link];
    if (request->link != self->current && answers (link) && !link->lost)
        return true;
    return link->ended && !mdclient_tries_left (self, request);
}

/*  Sends over the current link what is outstanding and has no copy there, or everything. */
static void
resend (keel_mdclient_t *self, bool all)
{
    for (size_t n = 0; n < self->requests.table.capacity; n++) {
        request_t *request = requests_at (&self->requests, n);
        if (!request || request->state != REQUEST_SENT || request->source || stays (self, request))
            continue;
        if (!all && request->copies & bit_of (self->current)) {
            request->link = self->current;
            continue;
        }
        request->state = REQUEST_WAITS;
        request->continues = true;
        requests_set_due (&self->requests, request, self->now);
    }
}

/*  The next link's turn, if the current one has not answered. */
static void
turn (keel_mdclient_t *self)
{
    self->turn_at = KEEL_NEVER;
    if (answers (&self->links[self->current]) || self->requests.table.count == 0)
        return;
    self->absent = 0;
    mdclient_move_on (self, self->current);
    if (self->links[self->current].open)
        self->links[self->current].probe_due = self->now;
    resend (self, false);
    self->turn_at = self->now + mdclient_pause (self);
}

/*  A link that was known to answer does not: it is one among others again. */
static void
doubt (keel_mdclient_t *self, link_t *link)
{
    link->probing = false;
    link->doubted = true;
    turn (self);
}

static int64_t
look_at (const keel_mdclient_t *self)
{
    const link_t *link = &self->links[self->current];
    if (!has_choice (self) || !link->open || !answers (link) || self->requests.table.count == 0)
        return KEEL_NEVER;
    return link->probing ? link->probe_ms + PATIENCE_MS : link->quiet_ms + link->quiet_span;
}

/*  It has been silent: does it still answer? */
static void
look (keel_mdclient_t *self)
{
    link_t *link = &self->links[self->current];
    if (link->probing) {
        doubt (self, link);
        return;
    }
    link->probing = true;
    link->probe_due = link->probe_ms = self->now;
}

void
mdclient_search (keel_mdclient_t *self)
{
    if (self->now >= look_at (self))
        look (self);
    if (self->now >= self->turn_at)
        turn (self);
}

int64_t
mdclient_search_due (const keel_mdclient_t *self)
{
    const link_t *link = &self->links[self->current];
    int64_t due = look_at (self);
    due = self->turn_at < due ? self->turn_at : due;
    return link->open && link->probe_due < due ? link->probe_due : due;
}

/* ------------------------------------------------------------------ answers */

/*  A word over a link, whatever it is: no probe is needed to know that it answers. */
void
mdclient_note_word (keel_mdclient_t *self, uint16_t number)
{
    link_t *link = &self->links[number];
    link->probe_due = KEEL_NEVER;
    link->probing = link->doubted = false;
    link->quiet_ms = self->now;
    self->absent = 0;
}

/*  Copies in links that were never heard would run when nobody wants them any more. */
static void
leave_others (keel_mdclient_t *self, uint16_t number)
{
    for (uint16_t n = 0; n < self->config.endpoints; n++)
        self->links[n].spent |= n != number && self->links[n].open && !self->links[n].heard;
}

/*  Is it an answer to a probe? */
bool
mdclient_take_probe (keel_mdclient_t *self, uint16_t number, const envelope_options_t *options)
{
    link_t *link = &self->links[number];
    uint64_t probe = options->id >> SENDING_BITS;
    if (!options->present || (options->id & (((uint64_t) 1 << SENDING_BITS) - 1)) != 0)
        return false;
    if (probe <= link->answered || probe > link->probes)
        return true; /* of an earlier connection */
    bool passed_over = probe > link->answered + 1;
    link->answered = probe;
    link->quiet_span = link->quiet_span < QUIET_LIMIT_MS / 2 ? link->quiet_span * 2 : QUIET_LIMIT_MS;
    if (number == self->current && (mdclient_searches (self) || passed_over)) {
        resend (self, passed_over);
        leave_others (self, number);
    }
    self->turn_at = KEEL_NEVER;
    self->troubled = false;
    return true;
}

/*  An answer to a request: it is as it should be. */
void
mdclient_note_answer (keel_mdclient_t *self, uint16_t number)
{
    self->links[number].quiet_span = QUIET_MS;
    self->troubled = false;
    if (self->current == number)
        self->turn_at = KEEL_NEVER;
}
