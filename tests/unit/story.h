/*  A client's engine on a virtual clock, with a script for what is at the other end; what the engine does is told as lines
 *  of text.
 *
 *      connect 0            close 0             links, by index
 *      send 0 #1 a|b                            the first sending: the body
 *      probe 0                                  if they are to be told
 *      partial 1 x|y        final 1 x           of the first request
 *      failed 1 404                             with the code
 */
#ifndef KEEL_STORY_H
#define KEEL_STORY_H

#include "unit.h"

#include "envelope.h"
#include "event.h"

#define STORY_SENDS 1024

/*  Whose stories they are. */
typedef struct {
    int (*step) (void *client, const keel_event_t *event, keel_actions_t *out);
    int64_t (*next_due) (const void *client);
    void (*destroy) (void *client);
    size_t actions;   /* the least capacity that it wants */
    bool has_service; /* the last frame before the body, told before it */
    /* What a sending is that has to do with no request, as "ping"; NULL: it is a request. May be NULL itself. */
    const char *(*word) (const keel_action_t *send);
} story_kind_t;

typedef struct {
    const story_kind_t *kind;
    void *client; /* the engine */
    bool stock;   /* sendings have no options frame */
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

/*  Fixtures: *state is a story_t, begun anew by story_begin, which takes the engine. */
int story_setup (void **state);
int story_teardown (void **state);
void story_begin (story_t *self, const story_kind_t *kind, void *client, bool stock);

/*  Lets time pass, with a TICK whenever one is due. */
void story_pass (story_t *self, int64_t msec);
/*  To the next due time; returns how long that took. */
int64_t story_pass_to_due (story_t *self);
void story_tick (story_t *self);
void story_frames (story_t *self, uint16_t link, const span_t frames[], size_t count);
/*  The envelope of a sending, options being OPTIONS_SIZE bytes to keep it in; returns how many frames that are. */
size_t story_envelope (const story_t *self, size_t sending, uint8_t options[], span_t frames[]);
/*  Frames parted by '|', borrowed; returns how many. */
size_t story_split (const char *body, span_t frames[]);
void story_event (story_t *self, keel_event_t event);
void story_disconnected (story_t *self, uint16_t link);
void story_refused (story_t *self, uint16_t link);

/*  Compares what was told since the last time, and forgets it. */
void story_told (story_t *self, const char *lines);
#define TOLD(self, ...) story_told (self, __VA_ARGS__)

#endif
