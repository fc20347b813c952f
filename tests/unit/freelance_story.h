/*  Stories of the Freelance client's engine (story.h). Requests are "1", "2"... in order; besides what others tell:
 *
 *      ping 0               a PING to that server
 */
#ifndef KEEL_FREELANCE_STORY_H
#define KEEL_FREELANCE_STORY_H

#include "story.h"

#include "freelance.h"

#define FREELANCE_REQUESTS 8192

/*  The first member is what the fixtures and story.h know. */
typedef struct {
    story_t story;
    size_t requests;
    uint64_t ids[FREELANCE_REQUESTS + 1];
    uint16_t places;
} freelance_story_t;

int freelance_setup (void **state);

/*  Pings each second, tries of 1 second, 5 seconds in all; that many servers. They are connected, and pinged, but none is
 *  alive. Nothing of that is told. */
freelance_story_t *freelance_begin (void **state, uint16_t servers, keel_flclient_policy_t policy);
/*  And all are alive. */
freelance_story_t *freelance_begin_living (void **state, uint16_t servers, keel_flclient_policy_t policy);
/*  Whatever was told is forgotten. */
void freelance_hush (freelance_story_t *self);

/*  The body's frames parted by '|'. */
void freelance_submit (freelance_story_t *self, const char *body);
void freelance_pong (freelance_story_t *self, uint16_t place);
void freelance_answer (freelance_story_t *self, uint16_t place, size_t request, const char *body);

#define ENGINE(self) ((keel_flclient_t *) (self)->story.client)
#define freelance_assert(self, name, value) assert_int_equal (keel_flclient_counter (ENGINE (self), KEEL_FLCLIENT_##name), value)
#define SAID(self, ...) story_told (&(self)->story, __VA_ARGS__)

#endif
