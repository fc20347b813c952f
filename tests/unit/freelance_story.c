#include "freelance_story.h"

#include "flp.h"

#include <stdlib.h>

static int
step (void *client, const keel_event_t *event, keel_actions_t *out)
{
    return keel_flclient_step (client, event, out);
}

static int64_t
next_due (const void *client)
{
    return keel_flclient_next_due (client);
}

static void
destroy (void *client)
{
    keel_flclient_t *self = client;
    keel_flclient_destroy (&self);
}

static const char *
word (const keel_action_t *send)
{
    assert_int_equal (send->head_count, 1);
    return send->body_count == 0 && span_equal (send->head[0], flp_ping ()) ? "ping" : NULL;
}

int
freelance_setup (void **state)
{
    *state = calloc (1, sizeof (freelance_story_t));
    return *state ? 0 : -1;
}

void
freelance_hush (freelance_story_t *self)
{
    self->story.trace[0] = 0;
}

freelance_story_t *
freelance_begin (void **state, uint16_t servers, keel_flclient_policy_t policy)
{
    static const story_kind_t kind = {step, next_due, destroy, KEEL_FLCLIENT_ACTIONS, false, word};
    const keel_flclient_config_t config = {
        .policy = policy, .timeout_ms = 5000, .try_ms = 1000, .ping_ms = 1000, .outstanding = 10000, .seed = 42};
    freelance_story_t *self = *state;
    story_begin (&self->story, &kind, keel_flclient_new (&config), true);
    self->story.first = 1;
    self->requests = 0;
    for (uint16_t n = 0; n < servers; n++) {
        uint16_t place;
        assert_true (keel_flclient_add (ENGINE (self), self->story.now, &place));
        assert_int_equal (place, n);
    }
    story_tick (&self->story);
    freelance_hush (self);
    return self;
}

freelance_story_t *
freelance_begin_living (void **state, uint16_t servers, keel_flclient_policy_t policy)
{
    freelance_story_t *self = freelance_begin (state, servers, policy);
    for (uint16_t n = 0; n < servers; n++)
        freelance_pong (self, n);
    SAID (self, "");
    assert_int_equal (keel_flclient_living (ENGINE (self)), servers);
    return self;
}

void
freelance_submit (freelance_story_t *self, const char *body)
{
    span_t frames[8];
    size_t count = story_split (body, frames);
    self->requests++;
    assert_int_equal (keel_flclient_submit (ENGINE (self), self->story.now, frames, count, self->requests,
                                            &self->ids[self->requests]), KEEL_SUBMIT_OK);
    story_tick (&self->story);
}

void
freelance_pong (freelance_story_t *self, uint16_t place)
{
    const span_t pong = flp_pong ();
    story_frames (&self->story, place, &pong, 1);
}

void
freelance_answer (freelance_story_t *self, uint16_t place, size_t request, const char *body)
{
    uint8_t control[FLP_CONTROL_SIZE];
    span_t frames[9];
    flp_encode_control (self->ids[request], control);
    frames[0] = span_make (control, sizeof (control));
    story_frames (&self->story, place, frames, 1 + story_split (body, frames + 1));
}
