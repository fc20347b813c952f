/*  A store under test, of either kind, and short words for what is done to it. */
#ifndef STORE_STORY_H
#define STORE_STORY_H

#include "unit.h"

#include "store.h"

typedef struct {
    const char *folder; /* of the temporary directory; NULL: in memory */
    store_t *store;
    int64_t now;
} story_t;

/*  most: bytes. */
void story_open (story_t *self, uint64_t most);
void story_close (story_t *self);
/*  As after a crash. */
void story_reopen (story_t *self);

tsp_uuid_t story_uuid (uint32_t number);
/*  Each is a commit of its own. */
titanic_op_t story_do (story_t *self, titanic_op_t op);
titanic_op_t story_put (story_t *self, uint32_t number, const char *service, const char *body);
titanic_op_t story_submit (story_t *self, uint32_t number, const char *service, const char *body);
titanic_op_t story_reply (story_t *self, uint32_t number, const char *body);
titanic_op_t story_close_request (story_t *self, uint32_t number);
titanic_op_t story_dead (story_t *self, uint32_t number);

/*  What the store has of it: "pending two", "done reply", "dead two", "none"; one frame. Static. */
const char *story_state (story_t *self, uint32_t number);
/*  Numbers of the pending ones of a service, in order: "1 2 3". Static. */
const char *story_pending (story_t *self, const char *service);
/*  "pending 1 done 0 dead 2", of all. Static. */
const char *story_counts (story_t *self);

#endif
