#include "majordomo_state.h"

#include "memory.h"

#include <assert.h>

/*  A step never does more than this without giving the loop its turn. */
#define STEP_WORK 1024

/*  A connection that ended: its pipe goes a moment after the event, so busy workers are probed a moment later, and once
 *  more for the machine that was slow. Never more often than every PROBE_GAP_MS. */
#define PROBE_DELAY_MS 2
#define PROBE_GAP_MS   50

keel_majordomo_t *
keel_majordomo_new (const keel_majordomo_config_t *config, uint64_t seed)
{
    keel_majordomo_t *self = memory_new (sizeof (keel_majordomo_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->drain_until = self->probe_due = KEEL_NEVER;
    self->probed_at = INT64_MIN / 2;
    for (note_t note = 0; note < NOTES; note++)
        self->notes[note].said_at = INT64_MIN / 2;
    self->dispatch = dispatch_new (&config->dispatch, seed);
    if (!self->dispatch) {
        memory_free (self);
        return NULL;
    }
    return self;
}

void
keel_majordomo_destroy (keel_majordomo_t **self)
{
    if (!*self)
        return;
    dispatch_destroy (&(*self)->dispatch);
    memory_free ((*self)->report);
    memory_free (*self);
    *self = NULL;
}

void
keel_majordomo_configure (keel_majordomo_t *self, const keel_majordomo_config_t *config)
{
    self->config = *config;
    dispatch_configure (self->dispatch, &config->dispatch);
}

/* ------------------------------------------------------------------ from clients */

static void
take_request (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    envelope_options_t options = envelope_options (ask->envelope);
    dispatch_wish_t wish = {
        .service = ask->command->service,
        .ttl_ms = options.ttl_ms,
        .notices = options.notices,
        .version = ask->command->version,
        .envelope = ask->envelope->frames,
        .envelope_count = ask->envelope->count,
        .body = ask->command->body,
        .body_count = ask->command->body_count,
    };
    dispatch_request_t *request;
    unsigned code = dispatch_accept (self->dispatch, ask->peer, &wish, self->now, &request);
    if (code) {
        const char *words = code == 429 ? "request refused (429), client over limits/outstanding, service"
                                        : "request refused (503), service";
        majordomo_note (self, NOTE_REFUSED, words, wish.service, out);
        if (options.notices)
            majordomo_send_refusal (self, ask, code, out);
    } else if (dispatch_place (self->dispatch, request, self->now)) {
        majordomo_send_request (request, wish.body, wish.body_count, out);
    }
}

/* ------------------------------------------------------------------ messages */

static verdict_t
decode (const keel_majordomo_t *self, const keel_event_t *event, envelope_t *envelope, mdp_command_t *command)
{
    *command = (mdp_command_t){.role = MDP_NOBODY};
    if (event->cut)
        return VERDICT_FRAMES;
    verdict_t verdict = envelope_decode (event->frames, event->count, envelope);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = mdp_decode_at_broker (event->frames + envelope->count, event->count - envelope->count, command);
    /*  Nothing can stand between a worker and its broker: a request could not find its way back. */
    if (verdict == VERDICT_OK && command->role == MDP_WORKER && envelope->count > 1)
        return VERDICT_ENVELOPE;
    if (verdict == VERDICT_OK && command->body_count > self->config.frames)
        return VERDICT_FRAMES;
    return verdict;
}

static void
take_malformed (keel_majordomo_t *self, const keel_event_t *event, const majordomo_ask_t *ask, verdict_t verdict,
                keel_actions_t *out)
{
    bool ready = ask->command->role == MDP_WORKER && ask->command->kind == MDP_READY;
    self->counters.malformed++;
    self->counters.verdicts[verdict]++;
    majordomo_note (self, (note_t) verdict, "malformed message dropped:", span_text (verdict_text (verdict)), out);
    if (verdict == VERDICT_FRAMES)
        majordomo_take_cut_answer (self, event, out);
    else if (ready && (verdict == VERDICT_SHORT || verdict == VERDICT_SERVICE || verdict == VERDICT_CREDIT))
        majordomo_take_bad_ready (self, ask, out);
}

static void
take_message (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    majordomo_ask_t ask = {&event->peer, &envelope, &command};
    self->counters.messages++;
    verdict_t verdict = decode (self, event, &envelope, &command);
    if (verdict != VERDICT_OK)
        take_malformed (self, event, &ask, verdict, out);
    else if (command.role == MDP_WORKER)
        majordomo_take_from_worker (self, &ask, out);
    else if (mmi_is_reserved (command.service))
        majordomo_mmi (self, &ask, out);
    else
        take_request (self, &ask, out);
}

/* ------------------------------------------------------------------ sends that failed */

static void
take_unreachable (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (event->tag == TAG_CLIENT) {
        self->counters.clients_unreachable++;
        return;
    }
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (!worker)
        return;
    majordomo_note_peer (self, NOTE_WORKER_LOST, "connection of a worker is gone, id", worker->id, out);
    dispatch_lose (self->dispatch, worker, DISPATCH_UNREACHABLE, event->tag, self->now);
}

/*  A client's message is dropped. A worker loses nothing but heartbeats this way, as its credit is below its pipe; if it
 *  does lose a request, it has not read for long, and is let go. */
static void
take_full (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (event->tag == TAG_CLIENT) {
        self->counters.clients_full++;
        majordomo_note_peer (self, NOTE_CLIENT_FULL, "answer dropped, its client does not read, id", event->peer.id, out);
        return;
    }
    self->counters.workers_full++;
    majordomo_note_peer (self, NOTE_WORKER_FULL, "command dropped, its worker does not read, id", event->peer.id, out);
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (worker && event->tag != TAG_WORKER)
        dispatch_lose (self->dispatch, worker, DISPATCH_UNREACHABLE, event->tag, self->now);
}

static void
plan_probes (keel_majordomo_t *self)
{
    self->counters.connections_ended++;
    self->probes_left = 2;
    if (self->probe_due != KEEL_NEVER)
        return;
    int64_t earliest = self->probed_at + PROBE_GAP_MS;
    int64_t due = self->now + PROBE_DELAY_MS;
    self->probe_due = due > earliest ? due : earliest;
}

/* ------------------------------------------------------------------ what a step says besides */

/*  Each of these returns false when there was more than the step could say or do. */

static bool
tell_failed (keel_majordomo_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK; work++) {
        dispatch_request_t *request = dispatch_failed (self->dispatch);
        if (!request)
            return true;
        if (!keel_actions_room (out))
            return false;
        majordomo_send_notice (self, request, request->code, out);
        dispatch_end (self->dispatch, request);
    }
    return false;
}

static bool
assign (keel_majordomo_t *self, keel_actions_t *out)
{
    if (dispatch_draining (self->dispatch))
        return true;
    while (keel_actions_room (out)) {
        dispatch_request_t *request = dispatch_assign (self->dispatch, self->now);
        if (!request)
            return true;
        majordomo_send_kept_request (request, out);
    }
    return false;
}

static bool
expire_workers (keel_majordomo_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK && keel_actions_room (out); work++) {
        dispatch_worker_t *worker = dispatch_silent (self->dispatch, self->now);
        if (!worker)
            return true;
        majordomo_note_peer (self, NOTE_WORKER_LOST, "worker expired, silent for too long, id", worker->id, out);
        dispatch_lose (self->dispatch, worker, DISPATCH_EXPIRED, 0, self->now);
    }
    return false;
}

/*  When one is due, those of the next tenth of an interval go along: a thousand idle workers then wake the broker ten times an
 *  interval and not a thousand times. */
static bool
send_heartbeats (keel_majordomo_t *self, keel_actions_t *out)
{
    if (!dispatch_unsent (self->dispatch, self->now))
        return true;
    int64_t until = self->now + self->config.dispatch.heartbeat.interval_ms / 10;
    while (keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_unsent (self->dispatch, until);
        if (!worker)
            return true;
        majordomo_send_heartbeat (self, worker, out);
    }
    return false;
}

static void
start_sweep (keel_majordomo_t *self)
{
    self->sweep++;
    self->sweeping = true;
    self->probed_at = self->now;
    self->probes_left--;
    self->probe_due = self->probes_left ? self->now + PROBE_GAP_MS : KEEL_NEVER;
}

static bool
probe (keel_majordomo_t *self, keel_actions_t *out)
{
    if (!self->sweeping && self->probe_due <= self->now)
        start_sweep (self);
    while (self->sweeping && keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_sweep (self->dispatch, self->sweep);
        self->sweeping = worker;
        if (worker) {
            majordomo_send_heartbeat (self, worker, out);
            self->counters.probes++;
        }
    }
    return !self->sweeping;
}

static bool
dismiss_all (keel_majordomo_t *self, keel_actions_t *out)
{
    while (keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_farewell (self->dispatch);
        if (!worker && self->drain_until <= self->now)
            worker = dispatch_busy (self->dispatch);
        if (!worker)
            return true;
        majordomo_dismiss (self, worker, out);
    }
    return false;
}

static void
settle (keel_majordomo_t *self, keel_actions_t *out)
{
    bool finished = true;
    dispatch_expire (self->dispatch, self->now, STEP_WORK);
    finished &= expire_workers (self, out);
    finished &= assign (self, out);
    finished &= probe (self, out);
    finished &= send_heartbeats (self, out);
    if (dispatch_draining (self->dispatch))
        finished &= dismiss_all (self, out);
    finished &= tell_failed (self, out);
    self->unfinished = !finished;
}

/*  A process that was stopped, or a machine that was paused: the step comes long after it was due, and what workers have
 *  said meanwhile has not been read yet. */
static void
forgive_our_absence (keel_majordomo_t *self, int64_t now)
{
    int64_t due = keel_majordomo_next_due (self);
    if (due < self->now)
        due = self->now;
    if (now - due > self->config.dispatch.heartbeat.interval_ms)
        dispatch_forgive (self->dispatch, now - due);
}

int
keel_majordomo_step (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (event->now >= self->now || !self->started);
    if (self->started)
        forgive_our_absence (self, event->now);
    else
        self->started_at = event->now;
    self->started = true;
    self->now = event->now;
    dispatch_begin (self->dispatch);
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        take_message (self, event, out);
        break;
    case KEEL_EVENT_UNREACHABLE:
        take_unreachable (self, event, out);
        break;
    case KEEL_EVENT_FULL:
        take_full (self, event, out);
        break;
    case KEEL_EVENT_DISCONNECTED:
        plan_probes (self);
        break;
    case KEEL_EVENT_REFUSED: /* it connects to nobody */
        break;
    case KEEL_EVENT_DRAIN:
        if (!dispatch_draining (self->dispatch))
            self->drain_until = self->now + self->config.drain_timeout_ms;
        dispatch_drain (self->dispatch);
        break;
    case KEEL_EVENT_TICK:
        break;
    }
    settle (self, out);
    return 0;
}

int64_t
keel_majordomo_next_due (const keel_majordomo_t *self)
{
    if (self->unfinished)
        return self->now;
    int64_t due = dispatch_due (self->dispatch);
    due = self->probe_due < due ? self->probe_due : due;
    if (dispatch_draining (self->dispatch) && dispatch_busy (self->dispatch) && self->drain_until < due)
        due = self->drain_until;
    return due;
}

bool
keel_majordomo_drained (const keel_majordomo_t *self)
{
    dispatch_gauges_t gauges = dispatch_gauges (self->dispatch);
    return dispatch_draining (self->dispatch) && !gauges.workers && !gauges.waiting && !gauges.held &&
           !dispatch_failed (self->dispatch);
}

dispatch_gauges_t
keel_majordomo_gauges (const keel_majordomo_t *self)
{
    return dispatch_gauges (self->dispatch);
}

const dispatch_counters_t *
keel_majordomo_counters (const keel_majordomo_t *self)
{
    return dispatch_counters (self->dispatch);
}
