/*  MDP among majordomo and its peers, by the table of PROTOCOLS.md section 2. */
#include "trace_parts.h"

#include <stdio.h>

/*  Returns the word's command byte as that peer sends it; 0: none. */
static uint8_t
command_byte (const trace_peer_t *peer, const char *command)
{
    static const struct {
        const char *command;
        uint8_t bytes[3];
    } table[] = {{"READY", {0, 1, 1}},     {"PARTIAL", {0, 0, 3}},    {"FINAL", {0, 3, 4}},
                 {"HEARTBEAT", {0, 4, 5}}, {"DISCONNECT", {0, 5, 6}}, {"REQUEST", {0, 0, 1}}};
    for (size_t n = 0; n < COUNT_OF (table); n++)
        if (strcmp (table[n].command, command) == 0)
            return table[n].bytes[peer->dialect.version];
    fail_msg ("no command %s", command);
    return 0;
}

static void
add_command (trace_message_t *message, const trace_peer_t *peer, const char *command)
{
    static const char *const headers[2][3] = {{"", "MDPC01", "MDPC02"}, {"", "MDPW01", "MDPW02"}};
    uint8_t byte = command_byte (peer, command);
    trace_text (message, headers[peer->dialect.worker][peer->dialect.version]);
    if (byte)
        trace_frame (message, &byte, 1);
}

static void
compose (trace_t *self, const trace_peer_t *peer, char *words, trace_message_t *message)
{
    char *rest = NULL;
    const char *command = strtok_r (words, " ", &rest);
    bool answer = strcmp (command, "FINAL") == 0 || strcmp (command, "PARTIAL") == 0;
    if (peer->dialect.worker && peer->dialect.led)
        trace_frame (message, "", 0);
    add_command (message, peer, command);
    const char *word;
    for (unsigned at = 0; (word = strtok_r (NULL, " ", &rest)); at++) {
        trace_add_word (self, message, word);
        if (at == 0 && peer->dialect.worker && answer)
            trace_frame (message, "", 0); /* behind the token */
    }
}

static void
read_at_worker (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count, char *line)
{
    const trace_dialect_t *dialect = &peer->dialect;
    size_t at = 0;
    if (dialect->led)
        assert_int_equal (frames[at++].size, 0);
    assert_true (count >= at + 2);
    assert_true (span_is (frames[at++], dialect->version == 1 ? "MDPW01" : "MDPW02", 6));
    assert_int_equal (frames[at].size, 1);
    uint8_t byte = frames[at++].data[0];
    if (byte == 2) {
        self->tally.requests++;
        assert_true (count >= at + 3);
        trace_new_token (self, frames[at]);
        assert_int_equal (frames[at + 1].size, 0);
        strcat (line, " REQUEST");
        trace_word (self, line, frames[at]);
        trace_body (self, frames + at + 2, count - at - 2, line);
        at = count;
    } else if (byte == dialect->version + 3) {
        self->tally.heartbeats++;
        strcat (line, " HEARTBEAT");
    } else {
        assert_int_equal (byte, dialect->version + 4);
        self->tally.disconnects++;
        strcat (line, " DISCONNECT");
    }
    assert_int_equal (at, count);
}

static void
read_at_client (trace_t *self, const trace_peer_t *peer, const span_t frames[], size_t count, char *line)
{
    size_t at = 0;
    bool partial = false;
    assert_true (count > at);
    assert_true (span_is (frames[at++], peer->dialect.version == 1 ? "MDPC01" : "MDPC02", 6));
    if (peer->dialect.version == 2) {
        assert_true (count > at && frames[at].size == 1);
        partial = frames[at].data[0] == 2;
        assert_true (partial || frames[at].data[0] == 3);
        at++;
    }
    assert_true (count >= at + 2);
    bool notice = span_is (frames[at], "mmi.error", 9);
    self->tally.notices += notice;
    self->tally.partials += partial;
    self->tally.finals += !notice && !partial;
    assert_false (notice && (partial || !peer->dialect.notices));
    strcat (line, partial ? " PARTIAL" : " FINAL");
    trace_body (self, frames + at, count - at, line);
}

/* ------------------------------------------------------------------ the engine */

static void *
make (const trace_t *self, uint64_t seed)
{
    return keel_majordomo_new (&self->config, seed);
}

static void
destroy (void *engine)
{
    keel_majordomo_t *majordomo = engine;
    keel_majordomo_destroy (&majordomo);
}

static int
step (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_majordomo_step (engine, event, out);
}

static int64_t
next_due (const void *engine)
{
    return keel_majordomo_next_due (engine);
}

static const char *
stats (void *engine, int64_t now)
{
    return keel_majordomo_stats (engine, now);
}

const trace_kind_t trace_majordomo = {
    .make = make,
    .destroy = destroy,
    .step = step,
    .next_due = next_due,
    .stats = stats,
    .compose = compose,
    .read_at_worker = read_at_worker,
    .read_at_client = read_at_client,
};
