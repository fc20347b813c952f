/*  The Pirates' languages among their queue and its peers, by PROTOCOLS.md section 4. */
#include "trace_parts.h"

static bool
is_simple (const trace_t *self)
{
    return self->pirate.pirate == PIRATE_SIMPLE;
}

static void
compose (trace_t *self, const trace_peer_t *peer, char *words, trace_message_t *message)
{
    char *rest = NULL;
    const char *command = strtok_r (words, " ", &rest);
    const char *word;
    if (peer->dialect.worker && is_simple (self))
        trace_frame (message, "", 0); /* a REQ socket's */
    if (strcmp (command, "READY") == 0)
        trace_text (message, "\1");
    else if (strcmp (command, "HEARTBEAT") == 0)
        trace_text (message, "\2");
    else
        assert_string_equal (command, peer->dialect.worker ? "ANSWER" : "REQUEST");
    for (unsigned at = 0; (word = strtok_r (NULL, " ", &rest)); at++) {
        trace_add_word (self, message, word);
        if (at == 0 && peer->dialect.worker)
            trace_frame (message, "", 0); /* behind the token */
    }
}

static void
read_at_worker (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count, char *line)
{
    (void) peer;
    size_t at = is_simple (self);
    assert_true (count > at);
    if (is_simple (self))
        assert_int_equal (frames[0].size, 0);
    else if (count == 1) {
        assert_span (frames[0], "\2");
        self->tally.heartbeats++;
        strcat (line, " HEARTBEAT");
        return;
    }
    assert_true (count >= at + 3);
    trace_new_token (self, frames[at]);
    assert_int_equal (frames[at + 1].size, 0);
    self->tally.requests++;
    strcat (line, " REQUEST");
    trace_word (self, line, frames[at]);
    trace_body (self, frames + at + 2, count - at - 2, line);
}

static void
read_at_client (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count, char *line)
{
    (void) peer;
    assert_true (count > 0);
    self->tally.finals++;
    strcat (line, " ANSWER");
    trace_body (self, frames, count, line);
}

/* ------------------------------------------------------------------ the engine */

static void *
make (const trace_t *self, uint64_t seed)
{
    return keel_pirate_queue_new (&self->pirate, seed);
}

static void
destroy (void *engine)
{
    keel_pirate_queue_t *queue = engine;
    keel_pirate_queue_destroy (&queue);
}

static int
step (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_pirate_queue_step (engine, event, out);
}

static int64_t
next_due (const void *engine)
{
    return keel_pirate_queue_next_due (engine);
}

static const char *
stats (void *engine, int64_t now)
{
    return keel_pirate_queue_stats (engine, now);
}

const trace_kind_t trace_pirate = {
    .workers_at = 1,
    .make = make,
    .destroy = destroy,
    .step = step,
    .next_due = next_due,
    .stats = stats,
    .compose = compose,
    .read_at_worker = read_at_worker,
    .read_at_client = read_at_client,
};
