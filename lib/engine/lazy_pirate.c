/*  One request, one open link at most. A link whose connection has ended stays open until the next sending, since the port
 *  tells of the end before it gives what came before it. */
#include "lazy_pirate.h"

#include "backoff.h"
#include "body.h"
#include "fault.h"
#include "memory.h"
#include "pirate.h"

#include <assert.h>

#define BACKOFF_FIRST_MS 50
#define BACKOFF_LIMIT_MS 1000

typedef enum {
    LAZY_IDLE,
    LAZY_WAITS, /* due: it is sent, or given up */
    LAZY_SENT,  /* due: the try is over */
} lazy_state_t;

struct keel_lazy {
    keel_lazy_config_t config;
    int64_t now;
    pool_t *pool;
    random_t random;
    uint64_t counters[KEEL_LAZY_COUNTERS];

    lazy_state_t state;
    body_t *body;
    backoff_t backoff;
    unsigned turns; /* pauses begun */
    unsigned tries; /* begun */
    bool continues; /* the next sending belongs to the try that goes on */
    bool lost;      /* the last try's connection ended */
    bool heard;     /* there was a sign of a server since the request was made */
    int64_t due;
    int64_t try_due;
    uint64_t id; /* of the last sending */
    uint8_t options[OPTIONS_SIZE];

    uint16_t current; /* the server that is tried next */
    uint16_t link;    /* the one whose link is open */
    bool open;
    bool spent;    /* closed by the next step */
    bool answered; /* an answer has come over it */
    bool awaited;  /* the last sending went over it, and its answer has not come */
};

static void
count (keel_lazy_t *self, keel_lazy_counter_t counter)
{
    self->counters[counter]++;
}

static void
set_now (keel_lazy_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

/* ------------------------------------------------------------------ life */

keel_lazy_t *
keel_lazy_new (const keel_lazy_config_t *config)
{
    assert (config->endpoints > 0);
    keel_lazy_t *self = memory_new (sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    self->random.state = config->seed;
    self->id = random_next (&self->random);
    self->now = INT64_MIN;
    self->pool = pool_new ();
    if (!self->pool)
        keel_lazy_destroy (&self);
    return self;
}

void
keel_lazy_destroy (keel_lazy_t **self)
{
    if (*self) {
        body_release (&(*self)->body);
        pool_destroy (&(*self)->pool);
    }
    memory_free (*self);
    *self = NULL;
}

keel_lazy_config_t *
keel_lazy_config (keel_lazy_t *self)
{
    return &self->config;
}

bool
keel_lazy_busy (const keel_lazy_t *self)
{
    return self->state != LAZY_IDLE;
}

uint64_t
keel_lazy_counter (const keel_lazy_t *self, keel_lazy_counter_t counter)
{
    return self->counters[counter];
}

/* ------------------------------------------------------------------ the request begins and ends */

bool
keel_lazy_submit (keel_lazy_t *self, int64_t now, const span_t body[], size_t body_count)
{
    assert (self->state == LAZY_IDLE && body_count > 0);
    set_now (self, now);
    self->body = body_new (self->pool, NULL, 0, body, body_count);
    if (!self->body)
        return false;
    count (self, KEEL_LAZY_REQUESTS);
    self->state = LAZY_WAITS;
    self->backoff = backoff_make (BACKOFF_FIRST_MS, BACKOFF_LIMIT_MS);
    self->turns = self->tries = 0;
    self->continues = self->lost = self->heard = false;
    self->due = now;
    return true;
}

/*  keep: the link, for the next request. */
static void
end (keel_lazy_t *self, bool keep)
{
    body_release (&self->body);
    self->state = LAZY_IDLE;
    self->awaited = false;
    self->spent = self->open && !keep;
}

void
keel_lazy_cancel (keel_lazy_t *self)
{
    if (self->state == LAZY_IDLE)
        return;
    count (self, KEEL_LAZY_CANCELLED);
    end (self, false);
}

static void
fail (keel_lazy_t *self, unsigned code, keel_actions_t *out)
{
    keel_actions_deliver (out, KEEL_DELIVER_FAILED, 0)->code = code;
    count (self, KEEL_LAZY_FAILED);
    end (self, false);
}

/* ------------------------------------------------------------------ links */

static void
open_link (keel_lazy_t *self, keel_actions_t *out)
{
    self->link = self->current;
    self->open = true;
    self->answered = false;
    keel_actions_connect (out, self->link);
}

static void
close_link (keel_lazy_t *self, keel_actions_t *out)
{
    if (self->open)
        keel_actions_close (out, self->link, false);
    self->open = self->spent = self->awaited = false;
}

static void
move_on (keel_lazy_t *self)
{
    if (self->config.endpoints == 1)
        return;
    self->current = (uint16_t) ((self->link + 1) % self->config.endpoints);
    count (self, KEEL_LAZY_FAILOVERS);
}

/* ------------------------------------------------------------------ sending */

static void
begin_try (keel_lazy_t *self)
{
    if (self->tries++ > 0)
        count (self, KEEL_LAZY_RETRIES);
    self->lost = false;
    self->try_due = self->now + self->config.timeout_ms;
}

/*  [options][""] unless stock. */
static size_t
encode_envelope (keel_lazy_t *self, span_t head[])
{
    size_t size = 0;
    if (!self->config.stock) {
        int64_t left = self->try_due - self->now;
        int64_t margin = left / 4 < 1000 ? left / 4 : 1000;
        envelope_options_t options = {.present = true, .ttl_ms = (uint32_t) (left - margin), .id = self->id};
        options_encode (&options, self->options);
        head[size++] = span_make (self->options, OPTIONS_SIZE);
    }
    head[size++] = SPAN_OF ("");
    return size;
}

static void
send_request (keel_lazy_t *self, keel_actions_t *out)
{
    if ((self->tries > 0 || self->config.stock) && !KEEL_FAULT (LAZY_KEEPS_LINK))
        close_link (self, out);
    if (!self->open)
        open_link (self, out);
    if (!self->continues)
        begin_try (self);
    self->id++;
    keel_action_t *send = keel_actions_send (out, self->link, SPAN_OF (""));
    keel_actions_add_head (out, send, encode_envelope (self, keel_actions_head (out)));
    send->body = body_frames (self->body);
    send->body_count = body_count (self->body);
    send->tag = self->id;
    self->state = LAZY_SENT;
    self->awaited = true;
    self->continues = false;
    self->heard |= self->answered;
    self->due = KEEL_FAULT (LAZY_TIMELESS) ? KEEL_NEVER : self->try_due;
}

/*  The pause grows once every server had its turn. */
static int64_t
after_pause (keel_lazy_t *self)
{
    backoff_t shortest = backoff_make (BACKOFF_FIRST_MS, BACKOFF_FIRST_MS);
    bool round = ++self->turns % self->config.endpoints == 0;
    return self->now + backoff_next (round ? &self->backoff : &shortest, &self->random);
}

/*  A new try, a little later, or none. */
static void
end_try (keel_lazy_t *self, keel_actions_t *out)
{
    if (!KEEL_FAULT (LAZY_KEEPS_LINK))
        close_link (self, out);
    if (self->tries > self->config.retries && !KEEL_FAULT (LAZY_ENDLESS)) {
        fail (self, self->heard ? KEEL_LAZY_TIMEOUT : KEEL_LAZY_NO_SERVER, out);
        return;
    }
    self->state = LAZY_WAITS;
    self->continues = false;
    self->due = after_pause (self);
}

/*  Nothing has left: again a little later, in the same try. */
static void
continue_try (keel_lazy_t *self)
{
    int64_t due = after_pause (self);
    move_on (self);
    self->state = LAZY_WAITS;
    self->continues = self->spent = true;
    self->due = due < self->try_due ? due : self->try_due;
}

static void
handle_due (keel_lazy_t *self, keel_actions_t *out)
{
    if (self->state == LAZY_SENT) {
        move_on (self);
        end_try (self, out);
    } else if (self->continues && self->now >= self->try_due)
        end_try (self, out);
    else if (self->lost && self->tries > self->config.retries)
        fail (self, KEEL_LAZY_LOST, out);
    else
        send_request (self, out);
}

/* ------------------------------------------------------------------ what happens */

static bool
is_awaited (const keel_lazy_t *self, const envelope_t *envelope)
{
    if (!self->awaited)
        return false;
    if (self->config.stock || KEEL_FAULT (LAZY_STALE))
        return envelope->count == 1 || KEEL_FAULT (LAZY_STALE);
    return envelope->count == 2 && span_is (envelope->frames[0], self->options, OPTIONS_SIZE);
}

static void
handle_message (keel_lazy_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pirate_command_t answer;
    verdict_t verdict = event->cut ? VERDICT_FRAMES : pirate_decode_plain (event->frames, event->count, &answer);
    self->heard = true;
    if (verdict != VERDICT_OK) {
        count (self, KEEL_LAZY_MALFORMED);
        return;
    }
    if (!is_awaited (self, &answer.envelope)) {
        count (self, KEEL_LAZY_LATE);
        return;
    }
    keel_action_t *action = keel_actions_deliver (out, KEEL_DELIVER_FINAL, 0);
    action->body = answer.body;
    action->body_count = answer.body_count;
    count (self, KEEL_LAZY_REPLIES);
    self->answered = true;
    if (!self->lost)
        self->current = self->link;
    end (self, !self->lost && !self->config.stock);
}

static void
handle_unsent (keel_lazy_t *self, const keel_event_t *event)
{
    if (self->state != LAZY_SENT || event->tag != self->id)
        return;
    count (self, KEEL_LAZY_UNSENT);
    continue_try (self);
}

static void
handle_disconnected (keel_lazy_t *self)
{
    count (self, KEEL_LAZY_DISCONNECTS);
    if (self->state != LAZY_SENT) {
        self->spent |= self->state == LAZY_IDLE || self->tries == 0;
        return;
    }
    move_on (self);
    self->state = LAZY_WAITS;
    self->lost = self->heard = true;
    self->due = after_pause (self);
}

static void
handle_refused (keel_lazy_t *self)
{
    count (self, KEEL_LAZY_REFUSED);
    if (self->state == LAZY_SENT && self->config.endpoints > 1)
        continue_try (self);
}

/*  Of a link that was closed nothing matters any more. */
static void
handle_event (keel_lazy_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (!self->open || self->spent || event->peer.listener != self->link)
        return;
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        handle_message (self, event, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
    case KEEL_EVENT_FULL:
        handle_unsent (self, event);
        break;
    case KEEL_EVENT_DISCONNECTED:
        handle_disconnected (self);
        break;
    case KEEL_EVENT_REFUSED:
        handle_refused (self);
        break;
    default:
        break;
    }
}

/* ------------------------------------------------------------------ the contract */

int
keel_lazy_step (keel_lazy_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (out->capacity - out->count >= KEEL_LAZY_ACTIONS);
    set_now (self, event->now);
    handle_event (self, event, out);
    if (self->spent)
        close_link (self, out);
    if (self->state != LAZY_IDLE && self->due <= self->now)
        handle_due (self, out);
    if (self->spent)
        close_link (self, out);
    return 0;
}

int64_t
keel_lazy_next_due (const keel_lazy_t *self)
{
    if (self->spent)
        return self->now;
    return self->state == LAZY_IDLE ? KEEL_NEVER : self->due;
}
