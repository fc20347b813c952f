#include "client_story.h"

static int
step_client (void *client, const keel_event_t *event, keel_actions_t *out)
{
    return keel_mdclient_step (client, event, out);
}

static int64_t
client_due (const void *client)
{
    return keel_mdclient_next_due (client);
}

static void
destroy_client (void *client)
{
    keel_mdclient_t *self = client;
    keel_mdclient_destroy (&self);
}

keel_mdclient_config_t
client_story_config (uint16_t endpoints)
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
client_story_begin (story_t *self, const keel_mdclient_config_t *config)
{
    static const story_kind_t kind = {step_client, client_due, destroy_client, KEEL_MDCLIENT_ACTIONS, true, NULL};
    story_begin (self, &kind, keel_mdclient_new (config), config->stock);
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
    story_tick (self);
    return id;
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
story_answer (story_t *self, uint16_t link, size_t sending, mdp_kind_t kind, const char *service, const char *body)
{
    uint8_t options[OPTIONS_SIZE];
    span_t frames[16];
    size_t count = story_envelope (self, sending, options, frames);
    uint8_t version = keel_mdclient_config (self->client)->version;
    count += mdp_encode_client_reply (frames + count, version, kind, span_text (service));
    count += story_split (body, frames + count);
    story_frames (self, link, frames, count);
}
