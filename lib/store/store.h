/*  Titanic's store: requests, their states and replies, kept through crashes. Two kinds, of one behaviour: in a directory, over
 *  LMDB, and in memory, for simulation.
 *
 *  Synchronous and transactional. store_commit carries out many ops with one sync, all or none of them; a crash at any moment leaves
 *  what the last finished one left. What ops and fetches are is said in engine/titanic_op.h. One thread commits, one, perhaps
 *  another, reads.
 */
#ifndef KEEL_STORE_H
#define KEEL_STORE_H

#include "titanic_op.h"

typedef struct store store_t;

#define STORE_FORMAT 1
/*  Room for what is said about a store that cannot be opened. */
#define STORE_PROBLEM 512
/*  How long a submitted uuid that was closed is remembered, msec. */
#define STORE_MEMORY_MS 3600000

typedef struct {
    const char *path;  /* a directory; NULL: in memory */
    uint64_t most;     /* bytes that the file may have: past them new requests are refused */
    uint32_t services; /* with requests, at most */
} store_config_t;

/*  NULL: problem says why, and what to do about it. A directory that is not there is made. */
store_t *store_open (const store_config_t *config, char problem[STORE_PROBLEM]);
void store_close (store_t **self);
/*  In memory only: another store that has what this one had committed, as if it were opened again after a crash. */
store_t *store_reopen (store_t **self);

/*  Carries out a list of ops, in order, and sets their results. at: wall-clock msec.
 *  0, or -1: nothing of it was stored, and every op that was to change something is FULL or BROKEN. */
int store_commit (store_t *self, titanic_op_t *ops);

/*  Reads from now on see what was committed by now; what they lent is void. Call it, too, when nothing is to be read for
 *  a while: until then the file cannot use again what was freed. */
void store_refresh (store_t *self);
/*  The answer lends until the next refresh or fetch. */
void store_fetch (store_t *self, const titanic_fetch_t *fetch, titanic_fetched_t *fetched);

/*  Another limit. No commit goes on; reads are void. 0, or -1. */
int store_resize (store_t *self, uint64_t most);
/*  A copy of what is committed in a new directory, which can be opened like this one. Any thread, while others commit and read.
 *  0, or -1 with errno. */
int store_backup (store_t *self, const char *path);

#endif
