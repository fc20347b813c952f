#include "bstar.h"

#include "bstar_fault.h"
#include "bstar_inside.h"
#include "memory.h"

#include <assert.h>

/*  How many lines of a kind may come at once; then it is one a second. */
#define BURST 10

/*  Of failover timeouts: how far the pause grows between activations that fail. */
#define PATIENCE 10

/* ------------------------------------------------------------------ what it says */

static keel_star_action_t *
append (keel_star_actions_t *out, keel_star_action_kind_t kind)
{
    assert (out->count < KEEL_STAR_ACTIONS);
    out->items[out->count] = (keel_star_action_t){.kind = kind};
    return &out->items[out->count++];
}

static text_t
say (keel_star_actions_t *out, keel_log_level_t level, const char *what)
{
    keel_star_action_t *action = append (out, KEEL_STAR_LOG);
    action->level = level;
    text_t line = text_over (action->text, sizeof (action->text));
    text_add (&line, what);
    return line;
}

static void
publish (keel_star_t *self, keel_star_actions_t *out)
{
    bool waits = self->state == BSTAR_PRIMARY || self->state == BSTAR_BACKUP;
    const bstar_word_t word = {.state = self->state,
                               .epoch = waits ? self->stored : keel_star_epoch (self),
                               .role = self->config.role,
                               .yields = self->yields};
    bstar_encode (&word, append (out, KEEL_STAR_PUBLISH)->text);
    self->publish_at = self->now + self->interval_ms;
}

static void
say_state (keel_star_t *self, bstar_input_t input, keel_star_actions_t *out)
{
    self->unsaid_why = input;
    if (!seldom_may (&self->said_state, self->now, BURST))
        return;
    text_t line = say (out, KEEL_LOG_NOTICE, bstar_state_name (self->state));
    text_add_pair_number (&line, "epoch", keel_star_epoch (self));
    text_add_pair_text (&line, "reason", bstar_input_why (input));
    seldom_add (&self->said_state, &line);
}

/*  A state that was held back must not stay unsaid. */
static void
say_state_late (keel_star_t *self, keel_star_actions_t *out)
{
    if (!self->said_state.unsaid || !seldom_has_room (&self->said_state, self->now, BURST))
        return;
    self->said_state.unsaid--;
    say_state (self, self->unsaid_why, out);
}

/*  remedy: NULL, the shell has said what is wrong. */
static void
say_trouble (keel_star_t *self, const char *what, const char *remedy, keel_star_actions_t *out)
{
    if (!seldom_may (&self->said_trouble, self->now, BURST))
        return;
    text_t line = say (out, KEEL_LOG_ERROR, what);
    if (remedy)
        text_add_pair_text (&line, "remedy", remedy);
    seldom_add (&self->said_trouble, &line);
}

/* ------------------------------------------------------------------ steps from state to state */

static void
store (keel_star_t *self, uint64_t epoch, keel_star_actions_t *out)
{
    self->storing = epoch;
    append (out, KEEL_STAR_STORE)->epoch = epoch;
}

/*  An activation has failed: the next one is some time away, except for the operator. */
static void
hold_off (keel_star_t *self)
{
    int64_t most = PATIENCE * self->config.failover_ms;
    self->pause_ms = self->pause_ms ? 2 * self->pause_ms : self->config.failover_ms;
    self->pause_ms = self->pause_ms < most ? self->pause_ms : most;
    self->retry_at = self->now + self->pause_ms;
}

static bool
may_activate (const keel_star_t *self, bstar_input_t input)
{
    if (input == BSTAR_PROMOTED)
        return true;
    return self->now >= self->thawed_at && self->now >= self->retry_at;
}

/*  The first half: the epoch is stored before it is used. */
static void
prepare (keel_star_t *self, bstar_input_t input, keel_star_actions_t *out)
{
    if (!may_activate (self, input))
        return;
    uint64_t epoch = bstar_next_epoch (self->config.role, self->seen);
    if (epoch == 0) {
        say_trouble (self, "not serving: the peer has used up all epochs", "remove the state files of both", out);
        hold_off (self);
        return;
    }
    self->reason = input;
    self->activating = true;
    store (self, epoch, out);
}

static void
activate (keel_star_t *self, keel_star_actions_t *out)
{
    self->state = BSTAR_ACTIVE;
    self->epoch = self->seen = self->stored;
    self->yields = self->leaving = false;
    self->wish_until = KEEL_NEVER;
    self->counters.activations++;
    publish (self, out);
    keel_star_action_t *role = append (out, KEEL_STAR_ROLE);
    role->state = BSTAR_ACTIVE;
    role->epoch = self->epoch;
    say_state (self, self->reason, out);
}

static void
become_passive (keel_star_t *self, bstar_input_t input, keel_star_actions_t *out)
{
    bool handed = input == BSTAR_HANDED_OVER;
    if (self->state == BSTAR_ACTIVE)
        ++*(handed ? &self->counters.handovers : &self->counters.demotions);
    self->state = BSTAR_PASSIVE;
    self->yields = (handed && !STAR_FAULT (NO_YIELD)) || input == BSTAR_REFUSED;
    self->leaving = false;
    self->wish_until = KEEL_NEVER;
    self->idle_since = self->now;
    if (input != BSTAR_REFUSED)
        self->pause_ms = 0;
    keel_star_action_t *role = append (out, KEEL_STAR_ROLE);
    role->state = BSTAR_PASSIVE;
    role->epoch = keel_star_epoch (self);
    publish (self, out);
    say_state (self, input, out);
}

/*  False: it stays as it is. */
static bool
apply (keel_star_t *self, bstar_input_t input, keel_star_actions_t *out)
{
    bstar_state_t next = bstar_next (self->config.role, self->state, input);
    if (next == self->state)
        return false;
    if (next == BSTAR_ACTIVE)
        prepare (self, input, out);
    else
        become_passive (self, input, out);
    return true;
}

/* ------------------------------------------------------------------ the peer */

bool
keel_star_silent (const keel_star_t *self, int64_t now)
{
    int64_t since = self->heard && self->heard_at > self->started_at ? self->heard_at : self->started_at;
    return now - since >= self->config.failover_ms;
}

bool
keel_star_in_conflict (const keel_star_t *self, int64_t now)
{
    return self->conflict && !keel_star_silent (self, now);
}

static bstar_input_t
input_of (const keel_star_t *self, const bstar_word_t *word)
{
    switch (word->state) {
    case BSTAR_PRIMARY:
        return BSTAR_PEER_PRIMARY;
    case BSTAR_BACKUP:
        return BSTAR_PEER_BACKUP;
    case BSTAR_ACTIVE:
        if (word->epoch == keel_star_epoch (self))
            return BSTAR_PEER_EQUAL;
        return word->epoch > keel_star_epoch (self) ? BSTAR_PEER_ABOVE : BSTAR_PEER_BELOW;
    default:
        if (word->yields)
            return BSTAR_PEER_YIELDS;
        return self->now - self->idle_since >= self->config.failover_ms ? BSTAR_PEER_IDLE : BSTAR_PEER_PASSIVE;
    }
}

static void
say_peer (keel_star_t *self, const bstar_word_t *word, keel_star_actions_t *out)
{
    if (!seldom_may (&self->said_peer, self->now, BURST))
        return;
    text_t line = say (out, KEEL_LOG_INFO, "the peer is heard");
    text_add_pair_text (&line, "state", bstar_state_name (word->state));
    text_add_pair_number (&line, "epoch", word->epoch);
    text_add_pair_text (&line, "role", bstar_role_name (word->role));
    seldom_add (&self->said_peer, &line);
}

/*  Notes a state. The time that it has been passive begins anew when it was not, or was not heard to be. */
static void
note_word (keel_star_t *self, const bstar_word_t *word, keel_star_actions_t *out)
{
    bool was_silent = !self->heard || keel_star_silent (self, self->now);
    if (was_silent || self->peer.state != BSTAR_PASSIVE || word->state != BSTAR_PASSIVE)
        self->idle_since = self->now;
    self->conflict &= !was_silent; /* one that comes back is said again */
    if (!self->heard || self->said_silent)
        say_peer (self, word, out);
    self->heard = true;
    self->said_silent = false;
    self->heard_at = self->now;
    self->peer = *word;
}

static void
say_conflict (keel_star_t *self, keel_star_actions_t *out)
{
    if (!seldom_may (&self->said_conflict, self->now, BURST))
        return;
    text_t line = say (out, KEEL_LOG_ERROR, "not serving: the peer has our role");
    text_add_pair_text (&line, "role", bstar_role_name (self->config.role));
    text_add_pair_text (&line, "remedy", "start one with the other role, and let each name the other as its peer");
    seldom_add (&self->said_conflict, &line);
}

static void
take_conflict (keel_star_t *self, keel_star_actions_t *out)
{
    self->counters.peer_conflicts++;
    if (!self->conflict)
        say_conflict (self, out);
    self->conflict = true;
    apply (self, BSTAR_SAME_ROLE, out);
}

static void
begin_handover (keel_star_t *self, keel_star_actions_t *out)
{
    self->wish_until = KEEL_NEVER;
    self->leaving = true;
    append (out, KEEL_STAR_DRAIN);
    say (out, KEEL_LOG_NOTICE, "handing over");
}

static void
take_word (keel_star_t *self, const bstar_word_t *word, keel_star_actions_t *out)
{
    bstar_input_t input = input_of (self, word);
    if (word->state == BSTAR_ACTIVE) {
        self->counters.peer_both_active += self->state == BSTAR_ACTIVE;
        self->yields = false;
    }
    if (STAR_FAULT (BOTH_STAY) && self->state == BSTAR_ACTIVE)
        return;
    apply (self, input, out);
    if (self->wish_until != KEEL_NEVER)
        begin_handover (self, out);
}

static void
on_peer (keel_star_t *self, const keel_star_event_t *event, keel_star_actions_t *out)
{
    bstar_word_t word;
    self->counters.peer_states++;
    if (!bstar_decode (event->frames, event->count, &word)) {
        self->counters.peer_malformed++;
        return;
    }
    note_word (self, &word, out);
    if (word.epoch > self->seen && !STAR_FAULT (OLD_EPOCH))
        self->seen = word.epoch;
    if (word.role == self->config.role) {
        take_conflict (self, out);
    } else {
        self->conflict = false;
        take_word (self, &word, out);
    }
}

/* ------------------------------------------------------------------ the other events */

static void
on_vote (keel_star_t *self, keel_star_actions_t *out)
{
    bool silent = keel_star_silent (self, self->now) || STAR_FAULT (ANY_VOTE);
    if (self->state == BSTAR_ACTIVE)
        return;
    self->counters.votes++;
    apply (self, silent ? BSTAR_VOTE_SILENT : BSTAR_VOTE_HEARD, out);
    self->counters.votes_rejected += !self->activating;
}

/*  Ticks that come late do not make it slower. */
static void
publish_in_time (keel_star_t *self, keel_star_actions_t *out)
{
    int64_t next = self->publish_at + self->interval_ms;
    publish (self, out);
    if (next > self->now)
        self->publish_at = next;
}

static void
on_tick (keel_star_t *self, keel_star_actions_t *out)
{
    if (self->now < self->publish_at)
        return;
    publish_in_time (self, out);
    if (self->now >= self->wish_until) {
        self->wish_until = KEEL_NEVER;
        text_t line = say (out, KEEL_LOG_WARNING, "no handover");
        text_add_pair_text (&line, "reason", "the peer is silent");
    }
    if (self->heard && !self->said_silent && keel_star_silent (self, self->now)) {
        self->said_silent = true;
        if (seldom_may (&self->said_peer, self->now, BURST))
            say (out, KEEL_LOG_WARNING, "the peer is silent");
    }
    say_state_late (self, out);
    /*  What the peer has taken survives a restart of ours, too. */
    if (self->seen > self->stored && self->state != BSTAR_PRIMARY && self->state != BSTAR_BACKUP)
        store (self, self->seen, out);
}

static void
on_handover (keel_star_t *self, keel_star_actions_t *out)
{
    if (keel_star_refuses_handover (self, self->now))
        return;
    if (!self->heard || keel_star_silent (self, self->now))
        self->wish_until = self->now + self->config.failover_ms;
    else
        begin_handover (self, out);
}

static void
on_refused (keel_star_t *self, uint64_t epoch, keel_star_actions_t *out)
{
    if (self->state != BSTAR_ACTIVE || epoch != self->epoch)
        return;
    self->counters.refusals++;
    hold_off (self);
    apply (self, BSTAR_REFUSED, out);
}

static void
on_stored (keel_star_t *self, keel_star_actions_t *out)
{
    assert (self->storing);
    self->stored = self->storing;
    if (self->activating)
        activate (self, out);
    self->activating = false;
    self->storing = 0;
}

/*  Only an activation needs it now; else it is tried again at the next interval. */
static void
on_store_failed (keel_star_t *self, keel_star_actions_t *out)
{
    assert (self->storing);
    self->counters.store_failures++;
    if (self->activating) {
        say_trouble (self, "not serving: the epoch cannot be stored", NULL, out);
        hold_off (self);
    }
    self->activating = false;
    self->storing = 0;
}

static void
take_event (keel_star_t *self, const keel_star_event_t *event, keel_star_actions_t *out)
{
    switch (event->kind) {
    case KEEL_STAR_TICK:
        on_tick (self, out);
        break;
    case KEEL_STAR_PEER:
        on_peer (self, event, out);
        break;
    case KEEL_STAR_PEER_ENDED:
        self->counters.peer_ended++;
        break;
    case KEEL_STAR_VOTE:
        on_vote (self, out);
        break;
    case KEEL_STAR_PROMOTE:
        if (!keel_star_refuses_promote (self, self->now))
            apply (self, BSTAR_PROMOTED, out);
        break;
    case KEEL_STAR_HANDOVER:
        on_handover (self, out);
        break;
    case KEEL_STAR_DRAINED:
    case KEEL_STAR_LEAVE:
        if (self->leaving || event->kind == KEEL_STAR_LEAVE)
            apply (self, BSTAR_HANDED_OVER, out);
        break;
    case KEEL_STAR_REFUSED:
        on_refused (self, event->epoch, out);
        break;
    case KEEL_STAR_STORED:
        on_stored (self, out);
        break;
    case KEEL_STAR_STORE_FAILED:
        if (STAR_FAULT (STORE_UNHEEDED))
            on_stored (self, out);
        else
            on_store_failed (self, out);
        break;
    }
}

/* ------------------------------------------------------------------ the contract */

/*  It is stepped at least once an interval, unless it could not run. */
static void
pass_time (keel_star_t *self, int64_t now, keel_star_actions_t *out)
{
    assert (!self->started || now >= self->now);
    if (!self->started)
        self->started_at = self->publish_at = self->thawed_at = self->retry_at = now;
    else if (now - self->now > self->config.failover_ms && !STAR_FAULT (FREEZE_UNSEEN)) {
        self->counters.freezes++;
        self->thawed_at = now + self->interval_ms;
        self->idle_since = now;
        say (out, KEEL_LOG_WARNING, "this process did not run for longer than the failover timeout");
    }
    self->started = true;
    self->now = now;
}

int
keel_star_step (keel_star_t *self, const keel_star_event_t *event, keel_star_actions_t *out)
{
    bool completion = event->kind == KEEL_STAR_STORED || event->kind == KEEL_STAR_STORE_FAILED;
    assert (completion == (self->storing != 0));
    out->count = 0;
    pass_time (self, event->now, out);
    take_event (self, event, out);
    return 0;
}

int64_t
keel_star_next_due (const keel_star_t *self)
{
    return self->publish_at;
}

/* ------------------------------------------------------------------ what it is */

bstar_role_t
keel_star_role (const keel_star_t *self)
{
    return self->config.role;
}

bstar_state_t
keel_star_state (const keel_star_t *self)
{
    return self->state;
}

uint64_t
keel_star_epoch (const keel_star_t *self)
{
    return self->state == BSTAR_ACTIVE ? self->epoch : self->seen;
}

bool
keel_star_leaving (const keel_star_t *self)
{
    return self->leaving || self->wish_until != KEEL_NEVER;
}

int64_t
keel_star_peer (const keel_star_t *self, int64_t now, bstar_word_t *word)
{
    *word = self->peer;
    return self->heard ? now - self->heard_at : -1;
}

const char *
keel_star_refuses_promote (const keel_star_t *self, int64_t now)
{
    return keel_star_in_conflict (self, now) ? "the peer has the same role" : NULL;
}

/*  A peer as the Guide has it does not take over by being asked; the primary of the two finds that out in a failover timeout. */
const char *
keel_star_refuses_handover (const keel_star_t *self, int64_t now)
{
    if (self->state != BSTAR_ACTIVE)
        return "it is not active";
    if (keel_star_leaving (self))
        return "it is handing over already";
    if (keel_star_in_conflict (self, now))
        return "the peer has the same role";
    if (self->heard && self->peer.role == BSTAR_ROLE_UNKNOWN && self->config.role == BSTAR_ROLE_BACKUP)
        return "the peer does not know how to take over";
    return NULL;
}

const keel_star_counters_t *
keel_star_counters (const keel_star_t *self)
{
    return &self->counters;
}

/* ------------------------------------------------------------------ life */

keel_star_t *
keel_star_new (const keel_star_config_t *config)
{
    assert (config->role != BSTAR_ROLE_UNKNOWN && config->failover_ms >= 4 && config->epoch <= BSTAR_EPOCH_MAX);
    keel_star_t *self = memory_new (sizeof (keel_star_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->interval_ms = config->failover_ms / 4;
    self->state = config->role == BSTAR_ROLE_PRIMARY ? BSTAR_PRIMARY : BSTAR_BACKUP;
    self->seen = self->stored = config->epoch;
    self->wish_until = KEEL_NEVER;
    return self;
}

void
keel_star_destroy (keel_star_t **self)
{
    memory_free (*self);
    *self = NULL;
}
