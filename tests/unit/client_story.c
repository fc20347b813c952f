#include "client_story.h"

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
    keel_mdclient_destroy (&self->client);
    keel_actions_destroy (&self->out);
    free (self);
    return 0;
}

keel_mdclient_config_t
story_config (uint16_t endpoints)
{
    return (keel_mdclient_config_t){.endpoints = endpoints,
                                    .version = 2,
                                    .notices = true,
                                    .timeout_ms = 1000,
                                    .retries = 3,
                                    .outstanding = 100,
                                    .seed = 42};
}

void
story_begin (story_t *self, const keel_mdclient_config_t *config)
{
    keel_mdclient_destroy (&self->client);
    keel_actions_destroy (&self->out);
    *self = (story_t){.config = *config};
    assert_non_null (self->client = keel_mdclient_new (config));
    assert_non_null (self->out = keel_actions_new (KEEL_MDCLIENT_ACTIONS));
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
    if (!self->config.stock)
        assert_true (options_decode (action->head[0], &self->options[self->sends]));
    self->head_count = action->head_count;
    memcpy (self->head, action->head, action->head_count * sizeof (span_t));
    snprintf (text, sizeof (text), "send %u #%zu %.*s", action->listener, self->sends, (int) service.size,
              (const char *) service.data);
    tell (self, text);
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
    if (action->kind == KEEL_ACTION_SEND)
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
        assert_int_equal (keel_mdclient_step (self->client, &event, self->out), 0);
        for (size_t n = 0; n < self->out->count; n++)
            tell_action (self, &self->out->items[n]);
        event = (keel_event_t){.kind = KEEL_EVENT_TICK, .now = self->now};
    } while (keel_mdclient_next_due (self->client) <= self->now);
}

uint64_t
story_submit (story_t *self, const char *service, const char *body)
{
    uint64_t id = 0;
    span_t frame = span_text (body);
    assert_int_equal (keel_mdclient_submit (self->client, self->now, span_text (service), &frame, 1, &id),
                      KEEL_SUBMIT_OK);
    if (!self->first)
        self->first = id;
    story_event (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
    return id;
}

int64_t
story_pass_to_due (story_t *self)
{
    int64_t due = keel_mdclient_next_due (self->client), passed = due - self->now;
    assert_true (due != KEEL_NEVER && passed >= 0);
    self->now = due;
    story_event (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
    return passed;
}

void
story_pass (story_t *self, int64_t msec)
{
    int64_t end = self->now + msec;
    while (keel_mdclient_next_due (self->client) <= end)
        story_pass_to_due (self);
    self->now = end;
}

void
story_answer_probe (story_t *self, uint16_t link)
{
    uint8_t options[OPTIONS_SIZE];
    options_encode (&self->probe, options);
    const span_t frames[] = {span_make (options, OPTIONS_SIZE), F (""), F ("MDPC02"), F ("\3"), F ("mmi.service"), F ("404")};
    story_frames (self, link, frames, COUNT_OF (frames));
}

void
story_frames (story_t *self, uint16_t link, const span_t frames[], size_t count)
{
    story_event (
        self, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .peer = {.listener = link}, .frames = frames, .count = count});
}

void
story_answer (story_t *self, uint16_t link, size_t sending, mdp_kind_t kind, const char *service, const char *body)
{
    uint8_t options[OPTIONS_SIZE];
    span_t frames[16];
    size_t count = 0;
    if (!self->config.stock) {
        assert_true (sending >= 1 && sending <= self->sends);
        options_encode (&self->options[sending], options);
        frames[count++] = span_make (options, OPTIONS_SIZE);
    }
    frames[count++] = F ("");
    count += mdp_encode_client_reply (frames + count, self->config.version, kind, span_text (service));
    for (const char *at = body; at; at = strchr (at, '|') ? strchr (at, '|') + 1 : NULL)
        frames[count++] = span_make (at, strcspn (at, "|"));
    story_frames (self, link, frames, count);
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
