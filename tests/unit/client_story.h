/*  Stories of the MDP client's engine (story.h). What a sending tells begins with the service: "send 0 #1 echo a|b". */
#ifndef KEEL_CLIENT_STORY_H
#define KEEL_CLIENT_STORY_H

#include "story.h"

#include "client.h"
#include "mdp.h"

/*  0.2, notices, 1 second a try, 3 retries, 100 outstanding. */
keel_mdclient_config_t client_story_config (uint16_t endpoints);
void client_story_begin (story_t *self, const keel_mdclient_config_t *config);

/*  Submits and steps; body of one frame. Returns the id. */
uint64_t story_submit (story_t *self, const char *service, const char *body);
/*  An answer to a sending, in its envelope. body: frames parted by '|'. */
void story_answer (story_t *self, uint16_t link, size_t sending, mdp_kind_t kind, const char *service,
                   const char *body);

/*  The answer to the last probe. */
void story_answer_probe (story_t *self, uint16_t link);

#define assert_counter(self, name, value)                                                                              \
    assert_int_equal (keel_mdclient_counter ((self)->client, KEEL_MDCLIENT_##name), value)

#endif
