#include "worker.h"

#include "backoff.h"
#include "fault.h"
#include "memory.h"
#include "search.h"
#include "seldom.h"
#include "worker_slots.h"

#include <assert.h>

#define QUICK_FIRST_MS 50
#define QUICK_LIMIT_MS 2000
#define SLOW_FIRST_MS  1000
#define SLOW_LIMIT_MS  32000
#define SESSION_MS     1000 /* one that lasted so long was one, though the broker had nothing to say yet */

/*  The tag of a SEND: */
#define TAG_VITAL 1 /* nothing makes good its loss: READY, answers */
#define TAG_PLAIN 0

/*  What it says in the log: each at most once a second after so many at once. */
typedef enum {
    NOTE_SEARCH,
    NOTE_REGISTERED,
    NOTE_LOST,
    NOTE_MALFORMED,
    NOTES,
} note_t;

static const struct {
    keel_log_level_t level;
    int burst;
} notes[NOTES] = {
    [NOTE_SEARCH] = {KEEL_LOG_DEBUG, 20},
    [NOTE_REGISTERED] = {KEEL_LOG_INFO, 5},
    [NOTE_LOST] = {KEEL_LOG_WARNING, 5},
    [NOTE_MALFORMED] = {KEEL_LOG_WARNING, 1},
};

typedef enum {
    WAITING, /* until connect_at */
    ACTIVE,  /* READY was said */
    GONE,
} state_t;

struct worker_engine {
    worker_engine_config_t config;
    const worker_speech_t *speech;
    state_t state;
    uint16_t endpoint;
    bool heard;    /* the broker, in this session */
    bool renewing; /* something is to be given back once what is begun is finished */
    bool draining;
    int64_t now;
    int64_t connect_at;
    int64_t heard_at; /* or when READY was said */
    int64_t beat_at;
    seldom_t notes[NOTES];
    unsigned absent;       /* brokers in a row that were not there */
    int64_t searches_from; /* when the last broker that was heard was lost */
    backoff_t quick;
    backoff_t slow;
    backoff_t failing; /* of a worker that rejoins: requests that it gave back one after the other */
    random_t random;
    worker_slots_t slots;
    uint64_t session;
    uint64_t counters[WORKER_ENGINE_COUNTERS];
    char scratch[WORKER_SCRATCH];
};

static void
count (worker_engine_t *self, worker_engine_counter_t counter)
{
    self->counters[counter]++;
}

static void
pass_time (worker_engine_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

/*  A broker may make it say things as often as it likes. reason: NULL, there is none. */
static void
say (worker_engine_t *self, note_t note, const char *what, const char *reason, keel_actions_t *out)
{
    seldom_t *seldom = &self->notes[note];
    if (!seldom_may (seldom, self->now, notes[note].burst))
        return;
    char buffer[KEEL_ACTION_TEXT];
    text_t line = text_over (buffer, sizeof (buffer));
    text_add (&line, what);
    if (reason)
        text_add_pair_text (&line, "reason", reason);
    seldom_add (seldom, &line);
    if (self->config.service[0])
        text_add_pair_text (&line, "service", self->config.service);
    text_add_pair_text (&line, "broker", self->config.endpoints[self->endpoint]);
    keel_actions_log (out, notes[note].level, buffer);
}

/*  Makes all that is held void. */
static void
forget_all (worker_engine_t *self)
{
    self->counters[WORKER_ENGINE_RETURNED] += worker_slots_clear (&self->slots);
    self->session++;
}

static worker_slot_t *
find_begun (const worker_engine_t *self, uint64_t id)
{
    worker_slot_t *slot = worker_slots_find (&self->slots, id);
    return slot && slot->begun ? slot : NULL;
}

/* ------------------------------------------------------------------ what is said */

/*  A SEND of what the caller has written: that many frames, where the next head goes. */
static keel_action_t *
send_written (worker_engine_t *self, uint64_t tag, size_t frames, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, self->endpoint, SPAN_OF (""));
    action->tag = tag;
    keel_actions_add_head (out, action, frames);
    return action;
}

static void
send_ready (worker_engine_t *self, keel_actions_t *out)
{
    if (KEEL_FAULT (WORKER_UNREADY) && self->counters[WORKER_ENGINE_SESSIONS] > 0)
        return;
    send_written (self, TAG_VITAL, self->speech->ready (&self->config, self->scratch, keel_actions_head (out)), out);
}

static void
send_heartbeat (worker_engine_t *self, keel_actions_t *out)
{
    send_written (self, TAG_PLAIN, self->speech->heartbeat (&self->config, keel_actions_head (out)), out);
}

/*  If there is a word for it: else the end of the connection says it, or READY. */
static void
send_disconnect (worker_engine_t *self, keel_actions_t *out)
{
    size_t frames = self->speech->disconnect (&self->config, keel_actions_head (out));
    if (frames)
        send_written (self, TAG_PLAIN, frames, out);
}

/* ------------------------------------------------------------------ sessions */

/*  The link is open. */
static void
begin_session (worker_engine_t *self, keel_actions_t *out)
{
    send_ready (self, out);
    count (self, WORKER_ENGINE_SESSIONS);
    self->state = ACTIVE;
    self->renewing = false;
    self->heard_at = self->now;
    self->beat_at = self->speech->beats ? self->now + self->config.heartbeat_ms : KEEL_NEVER;
    say (self, NOTE_SEARCH, "READY sent", NULL, out);
}

static void
connect_next (worker_engine_t *self, keel_actions_t *out)
{
    keel_actions_connect (out, self->endpoint);
    if (self->searches_from == KEEL_NEVER)
        self->searches_from = self->now;
    self->heard = false;
    begin_session (self, out);
}

/*  The link is closed. It opens again after a while, unless there is nothing more to do. */
static void
wait_to_connect (worker_engine_t *self, int64_t pause_ms)
{
    forget_all (self);
    self->state = self->draining ? GONE : WAITING;
    self->connect_at = self->now + pause_ms;
}

/*  With a choice of brokers one of them may serve soon: each is tried again and again. */
static int64_t
pause_of (worker_engine_t *self, backoff_t *backoff)
{
    if (self->heard || self->now - self->heard_at >= SESSION_MS)
        self->searches_from = self->now;
    if (self->absent && self->absent % self->config.endpoint_count != 0)
        return SEARCH_HOP_MS;
    if (self->config.endpoint_count > 1)
        return search_pause (self->now - self->searches_from, &self->random);
    return backoff_next (backoff, &self->random);
}

/*  The session has ended by what the broker did, or did not do. A broker that was never heard is worth no line: it is
 *  tried again and again. */
static void
lose_session (worker_engine_t *self, backoff_t *backoff, const char *why, keel_actions_t *out)
{
    say (self, self->heard ? NOTE_LOST : NOTE_SEARCH, self->heard ? "broker lost" : "no broker", why, out);
    keel_actions_close (out, self->endpoint, false);
    wait_to_connect (self, pause_of (self, backoff));
    self->heard = false;
    self->endpoint = (uint16_t) ((self->endpoint + 1) % self->config.endpoint_count);
}

static void
leave (worker_engine_t *self, keel_actions_t *out)
{
    send_disconnect (self, out);
    keel_actions_close (out, self->endpoint, true);
    forget_all (self);
    self->state = GONE;
}

/*  Gives back what is held and starts anew with the same broker. With a credit of more than 1 requests of the old session
 *  may still be on their way: they must not be taken for the new one's, so that gets a link of its own. A worker that rejoins
 *  has nothing to say: its broker is to see that the connection has ended. */
static void
renew (worker_engine_t *self, keel_actions_t *out)
{
    if (self->speech->rejoins) {
        keel_actions_close (out, self->endpoint, true);
        wait_to_connect (self, backoff_next (&self->failing, &self->random));
        return;
    }
    send_disconnect (self, out);
    forget_all (self);
    if (self->config.credit > 1) {
        keel_actions_close (out, self->endpoint, true);
        keel_actions_connect (out, self->endpoint);
    }
    begin_session (self, out);
}

/*  Is there something that must be finished before it leaves, or gives back the rest? */
static bool
is_busy (const worker_engine_t *self)
{
    return self->speech->single ? self->slots.held > 0 : self->slots.begun > 0;
}

/*  What waits for the last request that must be finished. */
static void
settle (worker_engine_t *self, keel_actions_t *out)
{
    if (self->state != ACTIVE || is_busy (self))
        return;
    if (self->draining)
        leave (self, out);
    else if (self->renewing)
        renew (self, out);
}

/* ------------------------------------------------------------------ events */

static void
complain (worker_engine_t *self, verdict_t verdict, keel_actions_t *out)
{
    count (self, WORKER_ENGINE_MALFORMED);
    say (self, NOTE_MALFORMED, "malformed message dropped", verdict_key (verdict), out);
}

static void
on_request (worker_engine_t *self, const worker_word_t *word, bool cut, keel_actions_t *out)
{
    if (self->draining || self->renewing) {
        count (self, WORKER_ENGINE_RETURNED);
        return;
    }
    worker_slot_t *slot = cut ? NULL : worker_slots_hold (&self->slots, word->address, word->address_count);
    if (!slot) {
        count (self, WORKER_ENGINE_EXCESS);
        self->renewing = !self->speech->rejoins || self->slots.held == 0;
        settle (self, out);
        return;
    }
    count (self, WORKER_ENGINE_REQUESTS);
    keel_action_t *action = keel_actions_deliver (out, KEEL_DELIVER_REQUEST, slot->id);
    action->body = word->body;
    action->body_count = word->body_count;
}

static void
on_message (worker_engine_t *self, const keel_event_t *event, keel_actions_t *out)
{
    worker_word_t word;
    verdict_t verdict = self->speech->decode (&self->config, event->frames, event->count, &word);
    if (verdict != VERDICT_OK) {
        complain (self, verdict, out);
        return;
    }
    self->absent = 0;
    if (word.kind == WORKER_HEARS_DISCONNECT) {
        count (self, WORKER_ENGINE_REFUSED);
        lose_session (self, &self->quick, "DISCONNECT", out);
        return;
    }
    if (!self->heard)
        say (self, NOTE_REGISTERED, "registered", NULL, out);
    self->heard = true;
    self->heard_at = self->now;
    backoff_reset (&self->quick);
    backoff_reset (&self->slow);
    if (word.kind == WORKER_HEARS_REQUEST)
        on_request (self, &word, event->cut, out);
}

static int64_t
silent_at (const worker_engine_t *self)
{
    return self->speech->beats ? self->heard_at + self->config.heartbeat_ms * self->config.liveness : KEEL_NEVER;
}

static void
on_tick (worker_engine_t *self, keel_actions_t *out)
{
    if (self->state == WAITING && self->now >= self->connect_at) {
        connect_next (self, out);
        return;
    }
    if (self->state != ACTIVE)
        return;
    if (self->now >= silent_at (self)) {
        count (self, WORKER_ENGINE_SILENT);
        lose_session (self, self->config.endpoint_count > 1 ? &self->quick : &self->slow, "silent", out);
    } else if (self->now >= self->beat_at) {
        send_heartbeat (self, out);
        self->beat_at = self->now + self->config.heartbeat_ms;
    }
}

static void
on_drain (worker_engine_t *self, keel_actions_t *out)
{
    self->draining = true;
    if (self->state == WAITING)
        self->state = GONE;
    self->session++; /* what is not begun is not to be begun */
    settle (self, out);
}

int
worker_engine_step (worker_engine_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pass_time (self, event->now);
    assert (out->capacity - out->count >= WORKER_ENGINE_ACTIONS);
    if (event->kind == KEEL_EVENT_TICK)
        on_tick (self, out);
    else if (event->kind == KEEL_EVENT_DRAIN)
        on_drain (self, out);
    else if (self->state != ACTIVE || event->peer.listener != self->endpoint)
        return 0; /* of a link that was closed */
    else if (event->kind == KEEL_EVENT_MESSAGE)
        on_message (self, event, out);
    else if (event->kind == KEEL_EVENT_DISCONNECTED || event->kind == KEEL_EVENT_REFUSED) {
        count (self, WORKER_ENGINE_LOST);
        self->absent = event->kind == KEEL_EVENT_REFUSED ? self->absent + 1 : 0;
        lose_session (self, &self->quick, "connection ended", out);
    } else if (event->tag == TAG_VITAL) {
        count (self, WORKER_ENGINE_UNSENT);
        lose_session (self, &self->quick, "does not read", out);
    }
    return 0;
}

int64_t
worker_engine_next_due (const worker_engine_t *self)
{
    if (self->state == GONE)
        return KEEL_NEVER;
    if (self->state == WAITING)
        return self->connect_at;
    return self->beat_at < silent_at (self) ? self->beat_at : silent_at (self);
}

/* ------------------------------------------------------------------ what the application does */

bool
worker_engine_waits (const worker_engine_t *self, uint64_t id)
{
    const worker_slot_t *slot = worker_slots_find (&self->slots, id);
    return slot && !slot->begun && (self->speech->single || (!self->renewing && !self->draining));
}

bool
worker_engine_begin (worker_engine_t *self, uint64_t id)
{
    if (!worker_engine_waits (self, id))
        return false;
    worker_slots_begin (&self->slots, worker_slots_find (&self->slots, id));
    return true;
}

bool
worker_engine_holds (const worker_engine_t *self, uint64_t id)
{
    return find_begun (self, id) != NULL;
}

static void
send_answer (worker_engine_t *self, const worker_slot_t *slot, bool last, const span_t body[], size_t frames,
             keel_actions_t *out)
{
    span_t address[WORKER_ADDRESS_FRAMES];
    size_t count = worker_address_read (keel_actions_keep (out, span_make (slot->address, slot->address_size)), address);
    if (KEEL_FAULT (WORKER_ENVELOPE))
        address[0] = SPAN_OF ("another");
    size_t head = self->speech->answer (&self->config, last, address, count, keel_actions_head (out));
    keel_action_t *action = send_written (self, TAG_VITAL, head, out);
    action->body = body;
    action->body_count = frames;
}

bool
worker_engine_answer (worker_engine_t *self, uint64_t id, bool last, const span_t body[], size_t frames, int64_t now,
                      keel_actions_t *out)
{
    assert (frames > 0);
    pass_time (self, now);
    worker_slot_t *slot = find_begun (self, id);
    if (!slot) {
        count (self, WORKER_ENGINE_LATE);
        return false;
    }
    send_answer (self, slot, last, body, frames, out);
    count (self, last ? WORKER_ENGINE_ANSWERS : WORKER_ENGINE_PARTIALS);
    if (last) {
        backoff_reset (&self->failing);
        worker_slots_release (&self->slots, slot);
        settle (self, out);
    }
    return true;
}

bool
worker_engine_fail (worker_engine_t *self, uint64_t id, int64_t now, keel_actions_t *out)
{
    pass_time (self, now);
    worker_slot_t *slot = find_begun (self, id);
    if (!slot) {
        count (self, WORKER_ENGINE_LATE);
        return false;
    }
    count (self, WORKER_ENGINE_FAILURES);
    worker_slots_release (&self->slots, slot);
    self->renewing = !KEEL_FAULT (WORKER_KEEPS);
    settle (self, out);
    return true;
}

void
worker_engine_quit (worker_engine_t *self, int64_t now, keel_actions_t *out)
{
    pass_time (self, now);
    self->draining = true;
    if (self->state == ACTIVE)
        leave (self, out);
    self->state = GONE;
}

bool
worker_engine_gone (const worker_engine_t *self)
{
    return self->state == GONE;
}

bool
worker_engine_active (const worker_engine_t *self, uint16_t *endpoint)
{
    *endpoint = self->endpoint;
    return self->state == ACTIVE;
}

uint64_t
worker_engine_session (const worker_engine_t *self)
{
    return self->session;
}

uint64_t
worker_engine_counter (const worker_engine_t *self, worker_engine_counter_t counter)
{
    return self->counters[counter];
}

/* ------------------------------------------------------------------ life */

worker_engine_t *
worker_engine_new (const worker_engine_config_t *config)
{
    assert (config->endpoint_count > 0 && config->credit > 0 && config->heartbeat_ms > 0 && config->liveness > 0);
    assert (!config->speech->single || config->credit == 1);
    size_t name = strlen (config->service) + 1;
    worker_engine_t *self = memory_new (sizeof (worker_engine_t) + name);
    if (!self)
        return NULL;
    self->config = *config;
    self->config.service = memcpy (self + 1, config->service, name);
    self->speech = config->speech;
    self->random.state = config->seed;
    self->searches_from = KEEL_NEVER;
    self->quick = backoff_make (QUICK_FIRST_MS, QUICK_LIMIT_MS);
    self->slow = backoff_make (SLOW_FIRST_MS, SLOW_LIMIT_MS);
    self->failing = backoff_make (QUICK_FIRST_MS, QUICK_LIMIT_MS);
    if (!worker_slots_open (&self->slots, config->credit)) {
        worker_engine_destroy (&self);
        return NULL;
    }
    return self;
}

void
worker_engine_destroy (worker_engine_t **self_p)
{
    worker_engine_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    worker_slots_close (&self->slots);
    memory_free (self);
}
