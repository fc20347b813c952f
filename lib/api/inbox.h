/*  What a client class's engine delivered and the application has not yet taken, in order. */
#ifndef KEEL_INBOX_H
#define KEEL_INBOX_H

#include <keel/client.h>

#include "event.h"

/*  Room for what is said about a failure. */
#define INBOX_REASON 256

typedef struct letter letter_t;

typedef struct {
    letter_t *first;
    letter_t *last;
    bool is_short; /* of memory: a delivery was lost */
} inbox_t;

/*  A copy of a DELIVER's body; NULL without memory. */
zmsg_t *inbox_message (const keel_action_t *action);

void inbox_clear (inbox_t *self);
/*  action: a DELIVER; its body is copied. */
void inbox_add (inbox_t *self, const keel_action_t *action);
/*  The oldest; there is one. reply: [out] NULL when the request failed; reason: [out] why, or "". */
void inbox_take (inbox_t *self, keel_client_result_t *result, zmsg_t **reply, char reason[INBOX_REASON]);
/*  Throws away all of that id; false: there was none. */
bool inbox_drop (inbox_t *self, uint64_t id);

static inline bool
inbox_is_empty (const inbox_t *self)
{
    return !self->first;
}

static inline bool
inbox_is_short (const inbox_t *self)
{
    return self->is_short;
}

static inline void
inbox_forgive (inbox_t *self)
{
    self->is_short = false;
}

#endif
