#include "worker.h"

#include "backoff.h"
#include "fault.h"
#include "memory.h"
#include "search.h"
#include "text.h"
#include "worker_slots.h"

#include <assert.h>

#define QUICK_FIRST_MS 50
#define QUICK_LIMIT_MS 2000
#define SLOW_FIRST_MS  1000
#define SLOW_LIMIT_MS  32000
#define COMPLAIN_MS    1000
#define SESSION_MS     1000 /* one that lasted so long was one, though the broker had nothing to say yet */
#define TOKEN_MAX      255 /* other brokers put a routing id there */
#define CREDIT_TEXT    6

/*  The tag of a SEND whose loss nothing makes good: READY, answers. */
#define TAG_VITAL 1

typedef enum {
    WAITING, /* until connect_at */
    ACTIVE,  /* READY was said */
    GONE,
} state_t;

struct keel_mdworker {
    keel_mdworker_config_t config;
    span_t service;
    char credit_text[CREDIT_TEXT]; /* empty: READY has no such frame */
    state_t state;
    uint16_t endpoint;
    bool heard;    /* the broker, in this session */
    bool renewing; /* something is to be given back once what is begun is finished */
    bool draining;
    int64_t now;
    int64_t connect_at;
    int64_t heard_at; /* or when READY was said */
    int64_t beat_at;
    int64_t complain_at;
    unsigned absent;       /* brokers in a row that were not there */
    int64_t searches_from; /* when the last broker that was heard was lost */
    backoff_t quick;
    backoff_t slow;
    random_t random;
    worker_slots_t slots;
    uint64_t session;
    uint64_t counters[KEEL_MDWORKER_COUNTERS];
    uint8_t sent_token[TOKEN_MAX]; /* of the last SEND: its slot may be free before that is carried out */
};

static void
count (keel_mdworker_t *self, keel_mdworker_counter_t counter)
{
    self->counters[counter]++;
}

static void
pass_time (keel_mdworker_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

static void
say (keel_mdworker_t *self, keel_log_level_t level, const char *words, keel_actions_t *out)
{
    char line[KEEL_ACTION_TEXT];
    text_t text = text_over (line, sizeof (line));
    text_add (&text, self->config.endpoints[self->endpoint]);
    text_add (&text, ": ");
    text_add (&text, words);
    keel_actions_log (out, level, line);
}

/*  Makes all that is held void. */
static void
forget_all (keel_mdworker_t *self)
{
    self->counters[KEEL_MDWORKER_RETURNED] += worker_slots_clear (&self->slots);
    self->session++;
}

static worker_slot_t *
find_begun (const keel_mdworker_t *self, uint64_t id)
{
    worker_slot_t *slot = worker_slots_find (&self->slots, id);
    return slot && slot->begun ? slot : NULL;
}

/* ------------------------------------------------------------------ what is said */

/*  A SEND with the delimiter of 0.1; the command's head follows. */
static keel_action_t *
open_send (keel_mdworker_t *self, uint64_t tag, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, self->endpoint, SPAN_OF (""));
    action->tag = tag;
    if (self->config.version == 1) {
        *keel_actions_head (out) = SPAN_OF ("");
        keel_actions_add_head (out, action, 1);
    }
    return action;
}

static void
send_control (keel_mdworker_t *self, mdp_kind_t kind, keel_actions_t *out)
{
    keel_action_t *action = open_send (self, 0, out);
    keel_actions_add_head (out, action, mdp_encode_control (keel_actions_head (out), self->config.version, kind));
}

static void
send_ready (keel_mdworker_t *self, keel_actions_t *out)
{
    keel_action_t *action = open_send (self, TAG_VITAL, out);
    size_t frames =
        mdp_encode_ready (keel_actions_head (out), self->config.version, self->service, span_text (self->credit_text));
    keel_actions_add_head (out, action, frames);
}

/* ------------------------------------------------------------------ sessions */

/*  The link is open. */
static void
begin_session (keel_mdworker_t *self, keel_actions_t *out)
{
    send_ready (self, out);
    count (self, KEEL_MDWORKER_SESSIONS);
    self->state = ACTIVE;
    self->renewing = false;
    self->heard_at = self->now;
    self->beat_at = self->now + self->config.heartbeat_ms;
    say (self, KEEL_LOG_DEBUG, "READY", out);
}

static void
connect_next (keel_mdworker_t *self, keel_actions_t *out)
{
    keel_actions_connect (out, self->endpoint);
    if (self->searches_from == KEEL_NEVER)
        self->searches_from = self->now;
    self->heard = false;
    begin_session (self, out);
}

/*  With a choice of brokers one of them may serve soon: each is tried again and again. */
static int64_t
pause_of (keel_mdworker_t *self, backoff_t *backoff)
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
lose_session (keel_mdworker_t *self, backoff_t *backoff, const char *why, keel_actions_t *out)
{
    say (self, self->heard ? KEEL_LOG_WARNING : KEEL_LOG_DEBUG, why, out);
    keel_actions_close (out, self->endpoint, false);
    forget_all (self);
    self->state = self->draining ? GONE : WAITING;
    self->connect_at = self->now + pause_of (self, backoff);
    self->heard = false;
    self->endpoint = (uint16_t) ((self->endpoint + 1) % self->config.endpoint_count);
}

static void
leave (keel_mdworker_t *self, keel_actions_t *out)
{
    send_control (self, MDP_DISCONNECT, out);
    keel_actions_close (out, self->endpoint, true);
    forget_all (self);
    self->state = GONE;
}

/*  Gives back what is held and starts anew with the same broker. With a credit of more than 1 requests of the old session
 *  may still be on their way: they must not be taken for the new one's, so that gets a link of its own. */
static void
renew (keel_mdworker_t *self, keel_actions_t *out)
{
    send_control (self, MDP_DISCONNECT, out);
    forget_all (self);
    if (self->config.credit > 1) {
        keel_actions_close (out, self->endpoint, true);
        keel_actions_connect (out, self->endpoint);
    }
    begin_session (self, out);
}

/*  What waits for the last request that is begun. */
static void
settle (keel_mdworker_t *self, keel_actions_t *out)
{
    if (self->state != ACTIVE || self->slots.begun > 0)
        return;
    if (self->draining)
        leave (self, out);
    else if (self->renewing)
        renew (self, out);
}

/* ------------------------------------------------------------------ events */

static void
complain (keel_mdworker_t *self, verdict_t verdict, keel_actions_t *out)
{
    count (self, KEEL_MDWORKER_MALFORMED);
    if (self->now < self->complain_at)
        return;
    self->complain_at = self->now + COMPLAIN_MS;
    say (self, KEEL_LOG_WARNING, verdict_text (verdict), out);
}

static void
on_request (keel_mdworker_t *self, const mdp_command_t *command, bool cut, keel_actions_t *out)
{
    if (self->draining || self->renewing) {
        count (self, KEEL_MDWORKER_RETURNED);
        return;
    }
    worker_slot_t *slot = cut ? NULL : worker_slots_hold (&self->slots, command->token);
    if (!slot) {
        count (self, KEEL_MDWORKER_EXCESS);
        self->renewing = true;
        settle (self, out);
        return;
    }
    count (self, KEEL_MDWORKER_REQUESTS);
    keel_action_t *action = keel_actions_deliver (out, KEEL_DELIVER_REQUEST, slot->id);
    action->body = command->body;
    action->body_count = command->body_count;
}

static verdict_t
decode (const keel_mdworker_t *self, const keel_event_t *event, mdp_command_t *command)
{
    size_t skip = event->count && event->frames[0].size == 0 ? 1 : 0;
    verdict_t verdict = mdp_decode_at_worker (event->frames + skip, event->count - skip, command);
    if (verdict != VERDICT_OK)
        return verdict;
    if (command->version != self->config.version)
        return VERDICT_HEADER;
    return command->kind == MDP_REQUEST && command->token.size > TOKEN_MAX ? VERDICT_ENVELOPE : VERDICT_OK;
}

static void
on_message (keel_mdworker_t *self, const keel_event_t *event, keel_actions_t *out)
{
    mdp_command_t command;
    verdict_t verdict = decode (self, event, &command);
    if (verdict != VERDICT_OK) {
        complain (self, verdict, out);
        return;
    }
    self->absent = 0;
    if (command.kind == MDP_DISCONNECT) {
        count (self, KEEL_MDWORKER_REFUSED);
        lose_session (self, &self->quick, "the broker said DISCONNECT", out);
        return;
    }
    if (!self->heard)
        say (self, KEEL_LOG_INFO, "registered", out);
    self->heard = true;
    self->heard_at = self->now;
    backoff_reset (&self->quick);
    backoff_reset (&self->slow);
    if (command.kind == MDP_REQUEST)
        on_request (self, &command, event->cut, out);
}

static int64_t
silent_at (const keel_mdworker_t *self)
{
    return self->heard_at + self->config.heartbeat_ms * self->config.liveness;
}

static void
on_tick (keel_mdworker_t *self, keel_actions_t *out)
{
    if (self->state == WAITING && self->now >= self->connect_at) {
        connect_next (self, out);
        return;
    }
    if (self->state != ACTIVE)
        return;
    if (self->now >= silent_at (self)) {
        count (self, KEEL_MDWORKER_SILENT);
        lose_session (self, self->config.endpoint_count > 1 ? &self->quick : &self->slow, "the broker is silent", out);
    } else if (self->now >= self->beat_at) {
        send_control (self, MDP_HEARTBEAT, out);
        self->beat_at = self->now + self->config.heartbeat_ms;
    }
}

static void
on_drain (keel_mdworker_t *self, keel_actions_t *out)
{
    self->draining = true;
    if (self->state == WAITING)
        self->state = GONE;
    self->session++; /* what is not begun is not to be begun */
    settle (self, out);
}

int
keel_mdworker_step (keel_mdworker_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pass_time (self, event->now);
    assert (out->capacity - out->count >= KEEL_MDWORKER_ACTIONS);
    if (event->kind == KEEL_EVENT_TICK)
        on_tick (self, out);
    else if (event->kind == KEEL_EVENT_DRAIN)
        on_drain (self, out);
    else if (self->state != ACTIVE || event->peer.listener != self->endpoint)
        return 0; /* of a link that was closed */
    else if (event->kind == KEEL_EVENT_MESSAGE)
        on_message (self, event, out);
    else if (event->kind == KEEL_EVENT_DISCONNECTED || event->kind == KEEL_EVENT_REFUSED) {
        count (self, KEEL_MDWORKER_LOST);
        self->absent = event->kind == KEEL_EVENT_REFUSED ? self->absent + 1 : 0;
        lose_session (self, &self->quick, "the connection has ended", out);
    } else if (event->tag == TAG_VITAL) {
        count (self, KEEL_MDWORKER_UNSENT);
        lose_session (self, &self->quick, "the broker does not read", out);
    }
    return 0;
}

int64_t
keel_mdworker_next_due (const keel_mdworker_t *self)
{
    if (self->state == GONE)
        return KEEL_NEVER;
    if (self->state == WAITING)
        return self->connect_at;
    return self->beat_at < silent_at (self) ? self->beat_at : silent_at (self);
}

/* ------------------------------------------------------------------ what the application does */

bool
keel_mdworker_waits (const keel_mdworker_t *self, uint64_t id)
{
    const worker_slot_t *slot = worker_slots_find (&self->slots, id);
    return slot && !slot->begun && !self->renewing && !self->draining;
}

bool
keel_mdworker_begin (keel_mdworker_t *self, uint64_t id)
{
    if (!keel_mdworker_waits (self, id))
        return false;
    worker_slots_begin (&self->slots, worker_slots_find (&self->slots, id));
    return true;
}

bool
keel_mdworker_holds (const keel_mdworker_t *self, uint64_t id)
{
    return find_begun (self, id) != NULL;
}

static void
send_answer (keel_mdworker_t *self, const worker_slot_t *slot, mdp_kind_t kind, const span_t body[], size_t frames,
             keel_actions_t *out)
{
    keel_action_t *action = open_send (self, TAG_VITAL, out);
    memcpy (self->sent_token, slot->token, slot->token_size);
    span_t token = span_make (self->sent_token, slot->token_size);
    size_t head = mdp_encode_worker_reply (keel_actions_head (out), self->config.version, kind, token);
    keel_actions_add_head (out, action, head);
    action->body = body;
    action->body_count = frames;
}

bool
keel_mdworker_answer (keel_mdworker_t *self, uint64_t id, mdp_kind_t kind, const span_t body[], size_t frames,
                      int64_t now, keel_actions_t *out)
{
    assert (frames > 0);
    pass_time (self, now);
    worker_slot_t *slot = find_begun (self, id);
    if (!slot) {
        count (self, KEEL_MDWORKER_LATE);
        return false;
    }
    send_answer (self, slot, kind, body, frames, out);
    count (self, kind == MDP_FINAL ? KEEL_MDWORKER_ANSWERS : KEEL_MDWORKER_PARTIALS);
    if (kind == MDP_FINAL) {
        worker_slots_release (&self->slots, slot);
        settle (self, out);
    }
    return true;
}

bool
keel_mdworker_fail (keel_mdworker_t *self, uint64_t id, int64_t now, keel_actions_t *out)
{
    pass_time (self, now);
    worker_slot_t *slot = find_begun (self, id);
    if (!slot) {
        count (self, KEEL_MDWORKER_LATE);
        return false;
    }
    count (self, KEEL_MDWORKER_FAILURES);
    worker_slots_release (&self->slots, slot);
    self->renewing = !KEEL_FAULT (WORKER_KEEPS);
    settle (self, out);
    return true;
}

void
keel_mdworker_quit (keel_mdworker_t *self, int64_t now, keel_actions_t *out)
{
    pass_time (self, now);
    self->draining = true;
    if (self->state == ACTIVE)
        leave (self, out);
    self->state = GONE;
}

bool
keel_mdworker_gone (const keel_mdworker_t *self)
{
    return self->state == GONE;
}

uint64_t
keel_mdworker_session (const keel_mdworker_t *self)
{
    return self->session;
}

uint64_t
keel_mdworker_counter (const keel_mdworker_t *self, keel_mdworker_counter_t counter)
{
    return self->counters[counter];
}

/* ------------------------------------------------------------------ life */

static void
write_credit (keel_mdworker_t *self)
{
    text_t text = text_over (self->credit_text, sizeof (self->credit_text));
    if (self->config.credit > 1)
        text_add_number (&text, self->config.credit);
}

keel_mdworker_t *
keel_mdworker_new (const keel_mdworker_config_t *config)
{
    assert (config->endpoint_count > 0 && config->credit > 0 && config->heartbeat_ms > 0 && config->liveness > 0);
    size_t name = strlen (config->service);
    keel_mdworker_t *self = memory_new (sizeof (keel_mdworker_t) + name);
    if (!self)
        return NULL;
    memcpy (self + 1, config->service, name);
    self->config = *config;
    self->service = span_make (self + 1, name);
    self->random.state = config->seed;
    self->searches_from = KEEL_NEVER;
    self->quick = backoff_make (QUICK_FIRST_MS, QUICK_LIMIT_MS);
    self->slow = backoff_make (SLOW_FIRST_MS, SLOW_LIMIT_MS);
    if (!worker_slots_open (&self->slots, config->credit)) {
        keel_mdworker_destroy (&self);
        return NULL;
    }
    write_credit (self);
    return self;
}

void
keel_mdworker_destroy (keel_mdworker_t **self_p)
{
    keel_mdworker_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    worker_slots_close (&self->slots);
    memory_free (self);
}
