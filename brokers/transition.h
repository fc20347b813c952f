/*  Runs a command for each change of a pair's state, one after the other, in a thread of its own: the state must be published
 *  meanwhile.
 */
#ifndef TRANSITION_H
#define TRANSITION_H

#include "bstar_state.h"

#define TRANSITION_TIMEOUT_MS 30000
/*  So many wait at most; the oldest are left out. */
#define TRANSITIONS_MOST 16

typedef struct transitions transitions_t;

typedef struct {
    const char *line; /* for /bin/sh; lives on */
    bstar_state_t state;
    bstar_role_t role;
    uint64_t epoch;
} transition_t;

/*  NULL with errno. */
transitions_t *transitions_new (void);
/*  Waits for those that were begun or wait. */
void transitions_destroy (transitions_t **self);

void transitions_add (transitions_t *self, const transition_t *transition);
/*  Readable when one has ended. */
int transitions_fd (const transitions_t *self);
/*  The next one that has ended; *good: the command did what it should. False: none. */
bool transitions_take (transitions_t *self, transition_t *transition, bool *good);

#endif
