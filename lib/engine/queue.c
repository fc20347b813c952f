#include "queue.h"

#include <assert.h>

/*  A step never does more than this without giving the loop its turn. */
#define STEP_WORK 1024

/*  A connection that ended: its pipe goes a moment after the event, so busy workers are probed a moment later, and once
 *  more for the machine that was slow. Never more often than every PROBE_GAP_MS. */
#define PROBE_DELAY_MS 2
#define PROBE_GAP_MS   50

/*  Of bytes that a note names. All of them escaped, and the words, fit in a line. */
#define NOTE_BYTES 100

bool
queue_open (queue_t *self, const queue_config_t *config, const queue_words_t *words, uint64_t seed)
{
    *self = (queue_t){.config = *config, .words = words};
    self->drain_until = self->probe_due = KEEL_NEVER;
    self->probed_at = INT64_MIN / 2;
    self->dispatch = dispatch_new (&config->dispatch, seed);
    return self->dispatch;
}

void
queue_close (queue_t *self)
{
    dispatch_destroy (&self->dispatch);
    memory_free (self->report);
}

void
queue_configure (queue_t *self, const queue_config_t *config)
{
    self->config = *config;
    dispatch_configure (self->dispatch, &config->dispatch);
}

/* ------------------------------------------------------------------ the log */

/*  What a peer chose may be long. Routing ids are mostly binary: in hex, as mmi.workers gives them. */
static void
add_peer (text_t *line, const char *key, span_t bytes, void (*add) (text_t *, const char *, span_t))
{
    if (bytes.size)
        add (line, key, bytes.size > NOTE_BYTES ? span_make (bytes.data, NOTE_BYTES) : bytes);
}

void
queue_note (queue_t *self, note_t about, const note_line_t *note, keel_actions_t *out)
{
    seldom_t *seldom = &self->notes[about];
    if (!seldom_may (seldom, self->now, 1))
        return;
    char buffer[KEEL_ACTION_TEXT];
    text_t line = text_over (buffer, sizeof (buffer));
    text_add (&line, note->what);
    if (note->reason)
        text_add_pair_text (&line, "reason", note->reason);
    if (note->code)
        text_add_pair_number (&line, "code", note->code);
    if (note->attempts)
        text_add_pair_number (&line, "attempts", note->attempts);
    seldom_add (seldom, &line);
    add_peer (&line, "service", note->service, text_add_pair);
    add_peer (&line, "worker", note->worker, text_add_pair_hex);
    add_peer (&line, "client", note->client, text_add_pair_hex);
    keel_actions_log (out, KEEL_LOG_WARNING, buffer);
}

/* ------------------------------------------------------------------ requests */

unsigned
queue_take_request (queue_t *self, const keel_peer_t *peer, const dispatch_wish_t *wish, keel_actions_t *out)
{
    dispatch_request_t *request;
    unsigned code = dispatch_accept (self->dispatch, peer, wish, self->now, &request);
    if (code) {
        const note_line_t note = {"request refused", .code = code, .service = wish->service, .client = peer->id};
        queue_note (self, NOTE_REFUSED, &note, out);
    } else if (dispatch_place (self->dispatch, request, self->now)) {
        self->words->request (request, wish->body, wish->body_count, out);
    }
    return code;
}

void
queue_drop (queue_t *self, verdict_t verdict, keel_actions_t *out)
{
    self->counters.malformed++;
    self->counters.verdicts[verdict]++;
    queue_note (self, (note_t) verdict, &(note_line_t){"malformed message dropped", .reason = verdict_key (verdict)},
                out);
}

static void
tell_failure (queue_t *self, const dispatch_request_t *request, unsigned code, keel_actions_t *out)
{
    if (self->words->failure)
        self->words->failure (self, request, code, out);
    if (code != 502) /* the others are what a time to live and a limit are for */
        return;
    const note_line_t note = {"request failed", .code = code, .attempts = request->attempts,
                              .service = request->service->name};
    queue_note (self, NOTE_FAILED, &note, out);
}

void
queue_abandon (queue_t *self, dispatch_request_t *request, unsigned code, keel_actions_t *out)
{
    tell_failure (self, request, code, out);
    dispatch_abandon (self->dispatch, request, code);
}

void
queue_dismiss (queue_t *self, dispatch_worker_t *worker, keel_actions_t *out)
{
    if (self->words->farewell)
        self->words->farewell (self, worker, out);
    dispatch_lose (self->dispatch, worker, DISPATCH_DISMISSED, 0, self->now);
}

static void
send_heartbeat (queue_t *self, dispatch_worker_t *worker, keel_actions_t *out)
{
    self->words->heartbeat (worker, out);
    dispatch_sent (self->dispatch, worker, self->now);
    self->counters.heartbeats_sent++;
}

/* ------------------------------------------------------------------ events but messages */

static void
note_worker_lost (queue_t *self, const char *what, const dispatch_worker_t *worker, keel_actions_t *out)
{
    const note_line_t note = {what, .service = worker->service->name, .worker = worker->id};
    queue_note (self, NOTE_WORKER_LOST, &note, out);
}

static void
take_unreachable (queue_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (event->tag == TAG_CLIENT) {
        self->counters.clients_unreachable++;
        return;
    }
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (!worker)
        return;
    note_worker_lost (self, "worker gone", worker, out);
    dispatch_lose (self->dispatch, worker, DISPATCH_UNREACHABLE, event->tag, self->now);
}

/*  A client's message is dropped. A worker loses nothing but heartbeats this way, as its credit is below its pipe; if it
 *  does lose a request, it has not read for long, and is let go. */
static void
take_full (queue_t *self, const keel_event_t *event, keel_actions_t *out)
{
    if (event->tag == TAG_CLIENT) {
        self->counters.clients_full++;
        queue_note (self, NOTE_CLIENT_FULL, &(note_line_t){"client does not read", .client = event->peer.id}, out);
        return;
    }
    self->counters.workers_full++;
    queue_note (self, NOTE_WORKER_FULL, &(note_line_t){"worker does not read", .worker = event->peer.id}, out);
    dispatch_worker_t *worker = dispatch_worker (self->dispatch, &event->peer);
    if (worker && event->tag != TAG_WORKER)
        dispatch_lose (self->dispatch, worker, DISPATCH_UNREACHABLE, event->tag, self->now);
}

static void
plan_probes (queue_t *self)
{
    self->counters.connections_ended++;
    if (!self->words->heartbeat)
        return; /* nothing can be sent that is no request */
    self->probes_left = 2;
    if (self->probe_due != KEEL_NEVER)
        return;
    int64_t earliest = self->probed_at + PROBE_GAP_MS;
    int64_t due = self->now + PROBE_DELAY_MS;
    self->probe_due = due > earliest ? due : earliest;
}

void
queue_take_event (queue_t *self, const keel_event_t *event, keel_actions_t *out)
{
    switch (event->kind) {
    case KEEL_EVENT_UNREACHABLE:
        take_unreachable (self, event, out);
        break;
    case KEEL_EVENT_FULL:
        take_full (self, event, out);
        break;
    case KEEL_EVENT_DISCONNECTED:
        plan_probes (self);
        break;
    case KEEL_EVENT_DRAIN:
        if (!dispatch_draining (self->dispatch))
            self->drain_until = self->now + self->config.drain_timeout_ms;
        self->stopping = true;
        self->suspended = false;
        dispatch_drain (self->dispatch);
        break;
    default: /* REFUSED, say: it connects to nobody */
        break;
    }
}

/* ------------------------------------------------------------------ what a step does besides */

/*  Each of these returns false when there was more than the step could say or do. */

static bool
tell_failed (queue_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK; work++) {
        dispatch_request_t *request = dispatch_failed (self->dispatch);
        if (!request)
            return true;
        if (!keel_actions_room (out))
            return false;
        tell_failure (self, request, request->code, out);
        dispatch_end (self->dispatch, request);
    }
    return false;
}

static void
send_kept_request (const queue_t *self, const dispatch_request_t *request, keel_actions_t *out)
{
    size_t skip = request->envelope_count;
    self->words->request (request, body_frames (request->body) + skip, body_count (request->body) - skip, out);
}

static bool
assign (queue_t *self, keel_actions_t *out)
{
    if (dispatch_draining (self->dispatch))
        return true;
    while (keel_actions_room (out)) {
        dispatch_request_t *request = dispatch_assign (self->dispatch, self->now);
        if (!request)
            return true;
        send_kept_request (self, request, out);
    }
    return false;
}

static bool
expire_workers (queue_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK && keel_actions_room (out); work++) {
        dispatch_worker_t *worker = dispatch_silent (self->dispatch, self->now);
        if (!worker)
            return true;
        note_worker_lost (self, "worker expired", worker, out);
        dispatch_lose (self->dispatch, worker, DISPATCH_EXPIRED, 0, self->now);
    }
    return false;
}

/*  When one is due, those of the next tenth of an interval go along: a thousand idle workers then wake the broker ten times an
 *  interval and not a thousand times. */
static bool
send_heartbeats (queue_t *self, keel_actions_t *out)
{
    if (!self->words->heartbeat || !dispatch_unsent (self->dispatch, self->now))
        return true;
    int64_t until = self->now + self->config.dispatch.heartbeat.interval_ms / 10;
    while (keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_unsent (self->dispatch, until);
        if (!worker)
            return true;
        send_heartbeat (self, worker, out);
    }
    return false;
}

static void
start_sweep (queue_t *self)
{
    self->sweep++;
    self->sweeping = true;
    self->probed_at = self->now;
    self->probes_left--;
    self->probe_due = self->probes_left ? self->now + PROBE_GAP_MS : KEEL_NEVER;
}

static bool
probe (queue_t *self, keel_actions_t *out)
{
    if (!self->sweeping && self->probe_due <= self->now)
        start_sweep (self);
    while (self->sweeping && keel_actions_room (out)) {
        dispatch_worker_t *worker = dispatch_sweep (self->dispatch, self->sweep);
        self->sweeping = worker;
        if (worker) {
            send_heartbeat (self, worker, out);
            self->counters.probes++;
        }
    }
    return !self->sweeping;
}

static bool
dismiss_all (queue_t *self, keel_actions_t *out)
{
    for (unsigned work = 0; work < STEP_WORK && keel_actions_room (out); work++) {
        dispatch_worker_t *worker = dispatch_farewell (self->dispatch);
        if (!worker && self->drain_until <= self->now)
            worker = dispatch_busy (self->dispatch);
        if (!worker)
            return true;
        queue_dismiss (self, worker, out);
    }
    return false;
}

void
queue_settle (queue_t *self, keel_actions_t *out)
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
forgive_our_absence (queue_t *self, int64_t now)
{
    if (now - self->now <= self->config.absence_ms)
        return;
    int64_t due = queue_next_due (self);
    if (due < self->now)
        due = self->now;
    if (now - due > self->config.absence_ms)
        dispatch_forgive (self->dispatch, now - due + self->config.grace_ms, now);
}

void
queue_begin (queue_t *self, const keel_event_t *event)
{
    int64_t now = event->now;
    assert (now >= self->now || !self->started);
    if (self->started)
        forgive_our_absence (self, now);
    else
        self->started_at = now;
    self->started = true;
    self->now = now;
    dispatch_begin (self->dispatch, now * 1000 + event->us);
}

void
queue_suspend (queue_t *self, int64_t timeout_ms)
{
    if (self->stopping)
        return;
    self->suspended = self->unfinished = true;
    self->drain_until = self->now + timeout_ms;
    dispatch_drain (self->dispatch);
}

void
queue_resume (queue_t *self)
{
    if (self->stopping)
        return;
    self->suspended = false;
    self->drain_until = KEEL_NEVER;
    dispatch_resume (self->dispatch);
}

int64_t
queue_next_due (const queue_t *self)
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
queue_drained (const queue_t *self)
{
    dispatch_gauges_t gauges = dispatch_gauges (self->dispatch);
    return dispatch_draining (self->dispatch) && !gauges.workers && !gauges.waiting && !gauges.held &&
           !dispatch_failed (self->dispatch);
}
