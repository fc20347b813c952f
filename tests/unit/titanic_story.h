/*  Titanic's engine between a broker and a store that the test plays: what it does becomes lines of a trace. */
#ifndef TITANIC_STORY_H
#define TITANIC_STORY_H

#include "unit.h"

#include "titanic.h"

typedef struct {
    keel_tsp_t *engine;
    keel_actions_t *actions;
    int64_t now;
    titanic_op_t *ops; /* that are out */
    titanic_op_t **ops_end;
    unsigned pending; /* in the store, of "echo"; numbered from 1 */
    uint8_t options[20]; /* of the request that was dispatched last */
    uint8_t before[20];  /* and of the one before it */
    bool stock;      /* the broker is of another make */
    bool unreadable; /* the store, for now */
    bool tells_expiry;
    tsp_state_t state; /* of all that is in the store */
    uint16_t lane;     /* over which something was said to a stock broker last */
    char trace[8192];
} titanic_story_t;

/*  A window of 2, at most 2 attempts, one broker. */
int story_setup (void **state);
int story_teardown (void **state);

/*  The broker answers what asks whether we are registered. The trace is empty then, but for what is dispatched. */
void story_registered (titanic_story_t *self);
void story_disconnected (titanic_story_t *self);
/*  A client asks one of the services; body: NULL for none. */
void story_ask (titanic_story_t *self, const char *service, const char *first, const char *body);
/*  All that is out comes back so. */
void story_stored (titanic_story_t *self, titanic_result_t result);
/*  So many requests of "echo" are in the store, and the engine has just stored the first of them. */
void story_pending (titanic_story_t *self, unsigned count);
const char *story_uuid_text (unsigned number);
/*  The broker answers the request that was dispatched last. */
void story_reply (titanic_story_t *self, const char *body);
/*  The one before that. */
void story_reply_before (titanic_story_t *self, const char *body);
void story_notice (titanic_story_t *self, const char *code);
/*  A stock broker answers what it was asked, or sent, last. */
void story_lane_reply (titanic_story_t *self, const char *service, const char *body);
/*  An operator asks; NULL ends the words. */
void story_operate (titanic_story_t *self, const char *command, const char *one, const char *two);
void story_set_ttl (titanic_story_t *self, int64_t request_ms, int64_t reply_ms);
/*  Time passes, with every tick that is due, and heartbeats of the broker. */
void story_wait (titanic_story_t *self, int64_t ms);
void story_drain (titanic_story_t *self);
void story_forget (titanic_story_t *self);

/*  Exactly these lines, since the last one of these, and nothing else. */
#define TRACE(story, lines)                                                                                            \
    do {                                                                                                               \
        assert_string_equal ((story)->trace, lines "\n");                                                              \
        story_forget (story);                                                                                          \
    } while (0)
#define TRACE_HAS(story, words)     assert_non_null (strstr ((story)->trace, words))
#define TRACE_HAS_NOT(story, words) assert_null (strstr ((story)->trace, words))

#endif
