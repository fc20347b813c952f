/*  Peers and their envelopes, by PROTOCOLS.md section 1. Here as in the files of the protocols nothing of lib/wire is used but
 *  spans: what a codec gets wrong twice must not look right. */
#include "trace_parts.h"

#include <stdio.h>

trace_peer_t *
trace_peer (trace_t *self, const char *name)
{
    for (size_t n = 0; n < self->peer_count; n++)
        if (strcmp (self->peers[n].name, name) == 0)
            return &self->peers[n];
    assert_true (self->peer_count < TRACE_PEERS && strlen (name) < sizeof (self->peers[0].name));
    trace_peer_t *made = &self->peers[self->peer_count++];
    *made = (trace_peer_t){.dialect = name[0] == 'w' ? WORKER_1 : REQ,
                           .listener = name[0] == 'w' ? self->kind->workers_at : 0};
    memcpy (made->name, name, strlen (name));
    memcpy (made->id, name, strlen (name));
    return made;
}

/* ------------------------------------------------------------------ what they say */

void
trace_frame (trace_message_t *message, const void *data, size_t size)
{
    assert_true (message->count < TRACE_FRAMES && message->size + size <= sizeof (message->bytes));
    uint8_t *copy = message->bytes + message->size;
    memcpy (copy, data, size);
    message->frames[message->count++] = span_make (copy, size);
    message->size += size;
}

void
trace_text (trace_message_t *message, const char *text)
{
    trace_frame (message, text, strlen (text));
}

/*  What stands before the command in the peer's number-th request. Also what must come back with each answer. */
static void
add_envelope (trace_message_t *message, const trace_peer_t *peer, unsigned number)
{
    const trace_dialect_t *dialect = &peer->dialect;
    uint8_t count[4] = {(uint8_t) (number >> 24), (uint8_t) (number >> 16), (uint8_t) (number >> 8), (uint8_t) number};
    for (unsigned hop = 1; hop <= dialect->hops; hop++) /* as a ROUTER makes them: a zero byte first */
        trace_frame (message, (uint8_t[]){0, 'h', (uint8_t) hop, 0xff, 0x80}, 5);
    if (dialect->correlates)
        trace_frame (message, count, 4);
    if (dialect->asks) {
        uint8_t options[20] = {'K', 'E', 'E', 'L', 1, dialect->notices, 0, 0};
        for (unsigned n = 0; n < 4; n++)
            options[8 + n] = (uint8_t) (dialect->ttl_ms >> (24 - 8 * n));
        memcpy (options + 16, count, 4);
        trace_frame (message, options, sizeof (options));
    }
    if (dialect->led)
        trace_frame (message, "", 0);
}

void
trace_add_word (trace_t *self, trace_message_t *message, const char *word)
{
    unsigned number;
    if (strcmp (word, "''") == 0)
        trace_frame (message, "", 0);
    else if (sscanf (word, "#%u", &number) == 1 && number >= 1 && number <= self->token_count)
        trace_frame (message, self->tokens[number % TRACE_TOKENS], 16);
    else
        trace_text (message, word);
}

void
trace_compose (trace_t *self, trace_peer_t *peer, const char *words, trace_message_t *message)
{
    char copy[TRACE_LINE];
    message->count = message->size = 0;
    snprintf (copy, sizeof (copy), "%s", words);
    if (!peer->dialect.worker)
        add_envelope (message, peer, ++peer->requests);
    self->kind->compose (self, peer, copy, message);
}

/* ------------------------------------------------------------------ what they read */

/*  Is it, up to its delimiter, what stood before request number of the peer? */
static bool
is_envelope (const trace_peer_t *peer, unsigned number, const span_t frames[], size_t count, size_t *size)
{
    trace_message_t expected = {.count = 0};
    add_envelope (&expected, peer, number);
    if (count < expected.count)
        return false;
    for (size_t n = 0; n < expected.count; n++)
        if (!span_equal (expected.frames[n], frames[n]))
            return false;
    *size = expected.count;
    return true;
}

void
trace_new_token (trace_t *self, span_t token)
{
    assert_int_equal (token.size, 16);
    for (size_t n = 0; n < 16; n++)
        assert_non_null (memchr ("0123456789abcdef", token.data[n], 16));
    assert_int_equal (trace_token_number (self, token), 0);
    memcpy (self->tokens[++self->token_count % TRACE_TOKENS], token.data, 16);
}

/*  Finds which request of the peer's it answers, by its envelope. */
static size_t
read_envelope (const trace_peer_t *peer, const span_t frames[], size_t count, char line[TRACE_LINE])
{
    bool numbered = peer->dialect.correlates || peer->dialect.asks;
    size_t size = 0;
    unsigned number = peer->requests;
    while (number && !is_envelope (peer, number, frames, count, &size))
        number--;
    assert_true (number > 0);
    if (numbered)
        sprintf (line + strlen (line), "@%u", number);
    return size;
}

void
trace_body (trace_t *self, const span_t frames[], size_t count, char *line)
{
    for (size_t n = 0; n < count && !self->mute; n++)
        trace_word (self, line, frames[n].size < TRACE_WORD ? frames[n] : span_text ("..."));
}

static trace_peer_t *
peer_of (trace_t *self, const keel_action_t *action)
{
    char name[16] = "";
    assert_true (action->id.size < sizeof (name));
    memcpy (name, action->id.data, action->id.size);
    for (size_t n = 0; n < self->peer_count; n++)
        if (strcmp (self->peers[n].id, name) == 0 && self->peers[n].listener == action->listener)
            return &self->peers[n];
    char *number = strchr (name, '#');
    if (number)
        *number = 0;
    size_t known = self->peer_count;
    trace_peer_t *peer = trace_peer (self, name);
    assert_int_equal (known, self->peer_count);
    assert_int_equal (action->listener, peer->listener);
    return peer;
}

static void
keep_last (trace_t *self, span_t frame)
{
    assert_true (frame.size < sizeof (self->last));
    memcpy (self->last, frame.data, frame.size);
    self->last[frame.size] = 0;
}

/*  A SEND arrives, or does not. */
void
trace_read (trace_t *self, const keel_action_t *action)
{
    static const char *const fates[] = {"", " (unreachable)", " (full)"};
    span_t frames[2 * TRACE_FRAMES];
    char line[TRACE_LINE];
    trace_peer_t *peer = peer_of (self, action);
    size_t count = action->head_count + action->body_count;
    assert_true (count > 0 && count <= COUNT_OF (frames));
    memcpy (frames, action->head, action->head_count * sizeof (span_t));
    if (action->body_count)
        memcpy (frames + action->head_count, action->body, action->body_count * sizeof (span_t));
    snprintf (line, sizeof (line), "broker > %s", peer->name);
    if (peer->dialect.worker) {
        self->kind->read_at_worker (self, peer, frames, count, line);
    } else {
        size_t at = read_envelope (peer, frames, count, line);
        self->kind->read_at_client (self, peer, frames + at, count - at, line);
    }
    trace_line (self, "%s%s", line, fates[peer->fate]);
    keep_last (self, frames[count - 1]);
    if (peer->fate != REACHED) {
        assert_true (self->failure_count < COUNT_OF (self->failures));
        trace_failure_t *failure = &self->failures[self->failure_count++];
        *failure = (trace_failure_t){
            .kind = peer->fate == FULL ? KEEL_EVENT_FULL : KEEL_EVENT_UNREACHABLE, .peer = peer, .tag = action->tag};
        memcpy (failure->id, action->id.data, action->id.size);
    }
}
