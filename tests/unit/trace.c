#include "trace_parts.h"

#include "dispatch_tables.h"

#include <stdio.h>
#include <stdlib.h>

/*  So many TICKs at one instant are no progress. */
#define TICKS_AT_ONCE 20000

/* ------------------------------------------------------------------ life */

static int
setup (void **state, const trace_kind_t *kind, pirate_t pirate)
{
    trace_t *self = calloc (1, sizeof (trace_t));
    if (!self)
        return -1;
    memory_seam = (memory_seam_t){0};
    self->kind = kind;
    self->config = KEEL_MAJORDOMO_CONFIG_DEFAULT;
    self->pirate = (keel_pirate_queue_config_t){.pirate = pirate,
                                                .frontends = 1,
                                                .dispatch = self->config.dispatch,
                                                .frames = self->config.frames,
                                                .drain_timeout_ms = self->config.drain_timeout_ms};
    self->pirate.dispatch.services = 1;
    self->capacity = 256;
    *state = self;
    return 0;
}

int
trace_setup (void **state)
{
    return setup (state, &trace_majordomo, PIRATE_SIMPLE);
}

int
trace_setup_simple (void **state)
{
    return setup (state, &trace_pirate, PIRATE_SIMPLE);
}

int
trace_setup_paranoid (void **state)
{
    return setup (state, &trace_pirate, PIRATE_PARANOID);
}

void
trace_end (trace_t *self)
{
    self->kind->destroy (self->engine);
    self->engine = NULL;
    keel_actions_destroy (&self->actions);
}

int
trace_teardown (void **state)
{
    trace_t *self = *state;
    memory_seam = (memory_seam_t){0};
    if (self->engine)
        trace_end (self);
    size_t holds = self->holds;
    free (self);
    return holds ? -1 : 0;
}

keel_majordomo_config_t *
trace_config (trace_t *self)
{
    return &self->config;
}

keel_pirate_queue_config_t *
trace_pirate_config (trace_t *self)
{
    return &self->pirate;
}

void
trace_actions (trace_t *self, size_t capacity)
{
    self->capacity = capacity;
}

void *
trace_engine (trace_t *self)
{
    if (!self->engine) {
        self->engine = self->kind->make (self, 20250607);
        self->actions = keel_actions_new (self->capacity);
        assert_non_null (self->engine);
        assert_non_null (self->actions);
    }
    return self->engine;
}

dispatch_gauges_t
trace_gauges (trace_t *self)
{
    trace_engine (self);
    return dispatch_gauges (self->engine->dispatch);
}

void
trace_wrap_serials (trace_t *self)
{
    trace_engine (self);
    self->engine->dispatch->serial = UINT32_MAX;
}

void
peer (trace_t *self, const char *name, trace_dialect_t dialect)
{
    trace_peer_t *peer = trace_peer (self, name);
    peer->dialect = dialect;
    peer->listener = dialect.worker ? self->kind->workers_at : 0;
}

void
trace_listener (trace_t *self, const char *name, uint16_t listener)
{
    trace_peer (self, name)->listener = listener;
}

void
trace_admin (trace_t *self, const char *name)
{
    trace_peer (self, name)->admin = true;
    trace_listener (self, name, 1);
}

void
trace_rename (trace_t *self, const char *name, unsigned number)
{
    trace_peer_t *peer = trace_peer (self, name);
    snprintf (peer->id, sizeof (peer->id), "%s#%u", name, number);
}

void
trace_same_id (trace_t *self, const char *name, const char *other)
{
    memcpy (trace_peer (self, name)->id, trace_peer (self, other)->id, sizeof (self->peers[0].id));
}

void
trace_fate (trace_t *self, const char *name, trace_fate_t fate)
{
    trace_peer (self, name)->fate = fate;
}

int64_t
trace_now (const trace_t *self)
{
    return self->now;
}

trace_tally_t
trace_tally (const trace_t *self)
{
    return self->tally;
}

size_t
trace_tokens (const trace_t *self)
{
    return self->token_count;
}

const char *
trace_token (const trace_t *self, size_t number)
{
    return self->tokens[number % TRACE_TOKENS];
}

const char *
trace_last (const trace_t *self)
{
    return self->last;
}

uint64_t
trace_figure (trace_t *self, const char *key)
{
    char quoted[64];
    snprintf (quoted, sizeof (quoted), "\"%s\":", key);
    const char *found = strstr (self->kind->stats (trace_engine (self), self->now), quoted);
    assert_non_null (found);
    return strtoull (found + strlen (quoted), NULL, 10);
}

/* ------------------------------------------------------------------ frames that are lent */

/*  A frame as a port lends it: its bytes may be kept beyond the step through the hold, and in no other way. */
typedef struct {
    hold_t hold;
    trace_t *trace;
    size_t kept;
    size_t size;
    uint8_t bytes[];
} loan_t;

static void
end_loan (loan_t *loan)
{
    memset (loan->bytes, 0xdd, loan->size);
    free (loan);
}

static void
release (hold_t *hold)
{
    loan_t *loan = (loan_t *) (void *) hold;
    loan->trace->holds--;
    if (--loan->kept == 0)
        end_loan (loan);
}

static hold_t *
keep (hold_t *hold)
{
    loan_t *loan = (loan_t *) (void *) hold;
    loan->trace->holds++;
    loan->kept++;
    return hold;
}

static span_t
lend (trace_t *self, span_t frame)
{
    loan_t *loan = malloc (sizeof (loan_t) + frame.size);
    assert_non_null (loan);
    *loan = (loan_t){.hold = {keep, release}, .trace = self, .kept = 1, .size = frame.size};
    self->holds++;
    memcpy (loan->bytes, frame.data, frame.size);
    return (span_t){loan->bytes, frame.size, &loan->hold};
}

/* ------------------------------------------------------------------ steps */

/*  Whatever happened, no request is lost or counted twice. */
static void
check_books (const trace_t *self)
{
    const queue_counters_t *messages = &self->engine->counters;
    const dispatch_counters_t *counters = dispatch_counters (self->engine->dispatch);
    dispatch_gauges_t gauges = dispatch_gauges (self->engine->dispatch);
    uint64_t malformed = 0;
    for (verdict_t verdict = VERDICT_OK + 1; verdict < VERDICTS; verdict++)
        malformed += messages->verdicts[verdict];
    assert_int_equal (messages->malformed, malformed);
    assert_int_equal (counters->accepted, counters->answered + counters->failed + gauges.waiting + gauges.held);
    assert_int_equal (counters->failed, counters->failed_404 + counters->failed_502 + counters->failed_503 +
                                            counters->failed_504);
    assert_int_equal (counters->refused, counters->refused_outstanding + counters->refused_queue +
                                             counters->refused_services + counters->refused_draining +
                                             counters->refused_memory);
    assert_true (counters->attempts >= counters->answered + counters->requeued + gauges.held);
    assert_int_equal (counters->workers_registered, gauges.workers + counters->workers_left + counters->workers_expired +
                                                        counters->workers_unreachable + counters->workers_ended);
}

static void
carry_out (trace_t *self)
{
    for (size_t n = 0; n < self->actions->count; n++) {
        const keel_action_t *action = &self->actions->items[n];
        if (action->kind == KEEL_ACTION_SEND) {
            trace_read (self, action);
        } else {
            self->tally.logs++;
            trace_line (self, "broker ! %s", action->text);
        }
    }
}

static void
step (trace_t *self, keel_event_t *event)
{
    void *engine = trace_engine (self);
    event->now = self->now;
    event->us = self->us;
    keel_actions_clear (self->actions);
    assert_int_equal (self->kind->step (engine, event, self->actions), 0);
    carry_out (self);
    check_books (self);
}

/*  The event's peer; id: where its routing id is lent from. */
static keel_peer_t
peer_event (const trace_peer_t *peer, const char *id)
{
    return (keel_peer_t){.listener = peer->listener, .admin = peer->admin, .id = span_text (id), .user = SPAN_OF ("")};
}

static void
step_message (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count)
{
    span_t lent[4 * TRACE_FRAMES];
    char id[sizeof (peer->id)];
    assert_true (count <= COUNT_OF (lent));
    memcpy (id, peer->id, sizeof (id));
    for (size_t n = 0; n < count; n++)
        lent[n] = lend (self, frames[n]);
    keel_event_t event = {.kind = KEEL_EVENT_MESSAGE, .peer = peer_event (peer, id), .frames = lent, .count = count,
                          .cut = self->cut};
    step (self, &event);
    for (size_t n = 0; n < count; n++)
        release (lent[n].hold);
    memset (id, 0xdd, sizeof (id));
}

static void
step_failures (trace_t *self)
{
    while (self->failure_count) {
        trace_failure_t failure = self->failures[0];
        memmove (self->failures, self->failures + 1, --self->failure_count * sizeof (failure));
        keel_event_t event = {.kind = failure.kind, .peer = peer_event (failure.peer, failure.id), .tag = failure.tag};
        step (self, &event);
    }
}

static void
step_tick (trace_t *self)
{
    keel_event_t event = {.kind = KEEL_EVENT_TICK};
    step (self, &event);
    step_failures (self);
}

static void
step_what_is_due (trace_t *self)
{
    step_failures (self);
    for (unsigned ticks = 0; self->kind->next_due (self->engine) <= self->now; ticks++) {
        assert_true (ticks < TICKS_AT_ONCE);
        step_tick (self);
    }
}

/* ------------------------------------------------------------------ what tests say */

static void
tell_nobody (trace_t *self, const char *what)
{
    keel_event_t event = {.kind = strcmp (what, "DRAIN") == 0 ? KEEL_EVENT_DRAIN : KEEL_EVENT_DISCONNECTED};
    const char *listener = strchr (what, ':');
    event.peer.listener = listener ? (uint16_t) atoi (listener + 1) : 0;
    trace_line (self, "%s", what);
    step (self, &event);
}

void
tell_only (trace_t *self, const char *line)
{
    char name[16];
    trace_message_t message;
    const char *words = strchr (line, ' ');
    if (!words) {
        tell_nobody (self, line);
        return;
    }
    snprintf (name, sizeof (name), "%.*s", (int) (words - line), line);
    trace_peer_t *peer = trace_peer (self, name);
    trace_compose (self, peer, words + 1, &message);
    if (!peer->dialect.worker && (peer->dialect.correlates || peer->dialect.asks))
        trace_line (self, "%s@%u >%s", name, peer->requests, words);
    else
        trace_line (self, "%s >%s", name, words);
    step_message (self, peer, message.frames, message.count);
}

void
tell (trace_t *self, const char *format, ...)
{
    char line[TRACE_LINE];
    va_list arguments;
    va_start (arguments, format);
    int size = vsnprintf (line, sizeof (line), format, arguments);
    va_end (arguments);
    assert_true (size > 0 && size < (int) sizeof (line));
    tell_only (self, line);
    step_what_is_due (self);
}

void
tell_frames (trace_t *self, const char *name, const span_t frames[], size_t count)
{
    char line[TRACE_LINE] = "";
    trace_peer_t *peer = trace_peer (self, name);
    for (size_t n = 0; n < count && !self->mute; n++)
        trace_word (self, line, frames[n].size < TRACE_WORD ? frames[n] : span_text ("..."));
    if (!peer->dialect.worker)
        peer->requests++;
    trace_line (self, "%s >%s", name, line);
    step_message (self, peer, frames, count);
    step_what_is_due (self);
}

void
tell_cut (trace_t *self, const char *line)
{
    self->cut = true;
    tell_only (self, line);
    self->cut = false;
    step_what_is_due (self);
}

void
trace_tick (trace_t *self, int64_t most_ms)
{
    int64_t due = self->kind->next_due (trace_engine (self));
    int64_t latest = self->now + most_ms;
    self->now = due < self->now ? self->now : due < latest ? due : latest;
    step_tick (self);
}

void
trace_set_us (trace_t *self, uint16_t us)
{
    self->us = us;
}

void
trace_wait_only (trace_t *self, int64_t ms)
{
    self->now += ms;
}

void
pass (trace_t *self, int64_t ms)
{
    int64_t until = self->now + ms;
    int64_t due;
    while ((due = self->kind->next_due (trace_engine (self))) <= until) {
        if (due > self->now)
            self->now = due;
        step_what_is_due (self);
    }
    self->now = until;
}
