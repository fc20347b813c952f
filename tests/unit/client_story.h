/*  A client engine on a virtual clock, with a script for a broker; what the engine does is told as lines of text.
 *
 *      connect 0            close 0             links, by index
 *      send 0 #1 echo a|b                       the first sending: service and body
 *      partial 1 x|y        final 1 x           of the first request
 *      failed 1 404                             with the code
 */
#ifndef KEEL_CLIENT_STORY_H
#define KEEL_CLIENT_STORY_H

#include "unit.h"

#include "client.h"
#include "envelope.h"
#include "mdp.h"

#define STORY_SENDS 1024

typedef struct {
    keel_mdclient_config_t config;
    keel_mdclient_t *client;
    keel_actions_t *out;
    int64_t now;
    uint64_t first; /* id of the first request */
    char trace[8192];
    bool probes;              /* are told, too: "probe 0" */
    envelope_options_t probe; /* of the last one */
    uint16_t link;            /* of the last sending */
    size_t sends;
    envelope_options_t options[STORY_SENDS + 1]; /* of each sending, from 1 */
    span_t head[8];                     /* of the last one; the frames before the body */
    size_t head_count;
} story_t;

/*  Fixtures: *state is a story_t, begun anew with its config by story_begin. */
int story_setup (void **state);
int story_teardown (void **state);
void story_begin (story_t *self, const keel_mdclient_config_t *config);

/*  0.2, notices, 1 second a try, 3 retries, 100 outstanding. */
keel_mdclient_config_t story_config (uint16_t endpoints);

/*  Submits and steps; body of one frame. Returns the id. */
uint64_t story_submit (story_t *self, const char *service, const char *body);
/*  Lets time pass, with a TICK whenever one is due. */
void story_pass (story_t *self, int64_t msec);
/*  To the next due time; returns how long that took. */
int64_t story_pass_to_due (story_t *self);
/*  An answer to a sending, in its envelope. body: frames parted by '|'. */
void story_answer (story_t *self, uint16_t link, size_t sending, mdp_kind_t kind, const char *service,
                   const char *body);
/*  The answer to the last probe. */
void story_answer_probe (story_t *self, uint16_t link);
void story_frames (story_t *self, uint16_t link, const span_t frames[], size_t count);
void story_event (story_t *self, keel_event_t event);
void story_disconnected (story_t *self, uint16_t link);
void story_refused (story_t *self, uint16_t link);

/*  Compares what was told since the last time, and forgets it. */
void story_told (story_t *self, const char *lines);
#define TOLD(self, ...) story_told (self, __VA_ARGS__)

#define assert_counter(self, name, value)                                                                              \
    assert_int_equal (keel_mdclient_counter ((self)->client, KEEL_MDCLIENT_##name), value)

#endif
