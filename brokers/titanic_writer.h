/*  The thread that commits: group commit. While one commit syncs, the next one's ops gather; then all of them go in one, with
 *  one sync. So the disk bounds how many syncs there are, not how many requests.
 *
 *  There is one commit at a time, and the next begins at the end of the turn of the loop that has taken the last one: what that turn
 *  answers brings new requests, and small commits cost more than they gain.
 *
 *  One thread, the loop's, has everything but the commits.
 */
#ifndef TITANIC_WRITER_H
#define TITANIC_WRITER_H

#include "store.h"

typedef struct writer writer_t;

/*  wake: an eventfd that is written to once for each commit, after it has ended. NULL with errno. */
writer_t *writer_new (store_t *store, int wake);
/*  Waits for the commit that goes on; what was not begun stays undone. */
void writer_destroy (writer_t **self);

/*  Gathers; nothing is done before the next flush. */
void writer_add (writer_t *self, titanic_op_t *op);
/*  Begins a commit of what was gathered, unless there is one that goes on or was not taken. */
void writer_flush (writer_t *self);

/*  Has the commit ended, and was not taken yet? */
bool writer_has_done (const writer_t *self);
/*  Its ops; NULL: it has not. failed: [out] nothing of it was stored. */
titanic_op_t *writer_take (writer_t *self, bool *failed);

/*  Waits for the end of the commit that goes on. Until the next flush the store is the caller's. */
void writer_settle (writer_t *self);

#endif
