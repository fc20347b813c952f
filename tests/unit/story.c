#include "story.h"

#include <stdio.h>
#include <stdlib.h>

int
story_setup (void **state)
{
    *state = calloc (1, sizeof (story_t));
    return *state ? 0 : -1;
}

int
story_teardown (void **state)
{
    story_t *self = *state;
    if (self->client)
        self->kind->destroy (self->client);
    keel_actions_destroy (&self->out);
    free (self);
    return 0;
}

void
story_begin (story_t *self, const story_kind_t *kind, void *client, bool stock)
{
    if (self->client)
        self->kind->destroy (self->client);
    keel_actions_destroy (&self->out);
    *self = (story_t){.kind = kind, .client = client, .stock = stock};
    assert_non_null (client);
    assert_non_null (self->out = keel_actions_new (kind->actions));
}

static void
tell (story_t *self, const char *words)
{
    assert_true (strlen (self->trace) + strlen (words) < sizeof (self->trace));
    strcat (self->trace, words);
}

static void
tell_body (story_t *self, const span_t body[], size_t count)
{
    for (size_t n = 0; n < count; n++) {
        char text[256];
        snprintf (text, sizeof (text), "%s%.*s", n ? "|" : " ", (int) body[n].size, (const char *) body[n].data);
        tell (self, text);
    }
    tell (self, "\n");
}

static bool
is_probe (const keel_action_t *action)
{
    return action->body_count == 0 && action->head_count > 2 &&
           span_equal (action->head[action->head_count - 2], SPAN_OF ("mmi.service"));
}

static void
tell_probe (story_t *self, const keel_action_t *action)
{
    char text[64];
    assert_true (options_decode (action->head[0], &self->probe));
    snprintf (text, sizeof (text), "probe %u\n", action->listener);
    if (self->probes)
        tell (self, text);
}

static void
tell_send (story_t *self, const keel_action_t *action)
{
    char text[320];
    if (is_probe (action)) {
        tell_probe (self, action);
        return;
    }
    span_t service = action->head[action->head_count - 1];
    assert_true (self->sends < STORY_SENDS);
    self->sends++;
    self->link = action->listener;
    if (!self->stock)
        assert_true (options_decode (action->head[0], &self->options[self->sends]));
    self->head_count = action->head_count;
    memcpy (self->head, action->head, action->head_count * sizeof (span_t));
    snprintf (text, sizeof (text), "send %u #%zu", action->listener, self->sends);
    tell (self, text);
    if (self->kind->has_service) {
        snprintf (text, sizeof (text), " %.*s", (int) service.size, (const char *) service.data);
        tell (self, text);
    }
    tell_body (self, action->body, action->body_count);
}

static void
tell_delivery (story_t *self, const keel_action_t *action)
{
    static const char *const kinds[] = {"request", "partial", "final", "failed"};
    char text[64];
    snprintf (text, sizeof (text), "%s %d", kinds[action->deliver], (int) (action->tag - self->first) + 1);
    tell (self, text);
    if (action->deliver == KEEL_DELIVER_FAILED) {
        snprintf (text, sizeof (text), " %u\n", action->code);
        tell (self, text);
    } else
        tell_body (self, action->body, action->body_count);
}

static void
tell_action (story_t *self, const keel_action_t *action)
{
    char text[64];
    const char *word = action->kind == KEEL_ACTION_SEND && self->kind->word ? self->kind->word (action) : NULL;
    if (word) {
        snprintf (text, sizeof (text), "%s %u\n", word, action->listener);
        tell (self, text);
    } else if (action->kind == KEEL_ACTION_SEND)
        tell_send (self, action);
    else if (action->kind == KEEL_ACTION_DELIVER)
        tell_delivery (self, action);
    else {
        snprintf (text, sizeof (text), "%s %u\n", action->kind == KEEL_ACTION_CONNECT ? "connect" : "close",
                  action->listener);
        tell (self, text);
    }
}

void
story_event (story_t *self, keel_event_t event)
{
    event.now = self->now;
    do {
        keel_actions_clear (self->out);
        assert_int_equal (self->kind->step (self->client, &event, self->out), 0);
        for (size_t n = 0; n < self->out->count; n++)
            tell_action (self, &self->out->items[n]);
        event = (keel_event_t){.kind = KEEL_EVENT_TICK, .now = self->now};
    } while (self->kind->next_due (self->client) <= self->now);
}

void
story_tick (story_t *self)
{
    story_event (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
}

int64_t
story_pass_to_due (story_t *self)
{
    int64_t due = self->kind->next_due (self->client), passed = due - self->now;
    assert_true (due != KEEL_NEVER && passed >= 0);
    self->now = due;
    story_tick (self);
    return passed;
}

void
story_pass (story_t *self, int64_t msec)
{
    int64_t end = self->now + msec;
    while (self->kind->next_due (self->client) <= end)
        story_pass_to_due (self);
    self->now = end;
}

void
story_frames (story_t *self, uint16_t link, const span_t frames[], size_t count)
{
    story_event (
        self, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .peer = {.listener = link}, .frames = frames, .count = count});
}

size_t
story_envelope (const story_t *self, size_t sending, uint8_t options[], span_t frames[])
{
    size_t count = 0;
    if (!self->stock) {
        assert_true (sending >= 1 && sending <= self->sends);
        options_encode (&self->options[sending], options);
        frames[count++] = span_make (options, OPTIONS_SIZE);
    }
    frames[count++] = F ("");
    return count;
}

size_t
story_split (const char *body, span_t frames[])
{
    size_t count = 0;
    for (const char *at = body; at; at = strchr (at, '|') ? strchr (at, '|') + 1 : NULL)
        frames[count++] = span_make (at, strcspn (at, "|"));
    return count;
}

void
story_disconnected (story_t *self, uint16_t link)
{
    story_event (self, (keel_event_t){.kind = KEEL_EVENT_DISCONNECTED, .peer = {.listener = link}});
}

void
story_refused (story_t *self, uint16_t link)
{
    story_event (self, (keel_event_t){.kind = KEEL_EVENT_REFUSED, .peer = {.listener = link}});
}

void
story_told (story_t *self, const char *lines)
{
    assert_string_equal (self->trace, lines);
    self->trace[0] = 0;
}
