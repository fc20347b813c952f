/*  The thread that commits: group commit. While one commit syncs, the next one's ops gather; then all of them go in one, with
 *  one sync. So the disk bounds how many syncs there are, not how many requests.
 *
 *  Clients that wait for their answers before they ask again come in waves, and the first of a wave must not be committed alone while the
 *  others wait for its sync. So a batch that is smaller than the last one waits for company, twice as long as the last commit took, and
 *  1 ms at most. One client alone never waits: the last batch was no larger.
 *
 *  A few ops are committed by the loop itself when the writer is idle and the disk quick, as the last commit was: to wake the writer
 *  and be woken by it takes about as long. So a disk that begins to stall holds up the loop for one commit; after one of 100 ms or
 *  more the loop makes none for a minute.
 *
 *  One thread, the loop's, has everything but the writer's commits.
 */
#ifndef TITANIC_WRITER_H
#define TITANIC_WRITER_H

#include "store.h"

typedef struct writer writer_t;

/*  wake: an eventfd that is written to once for each of the writer's commits, after it has ended. NULL with errno. */
writer_t *writer_new (store_t *store, int wake);
/*  Waits for the commit that goes on; what was not begun stays undone. */
void writer_destroy (writer_t **self);

/*  Gathers; nothing is done before the next flush. */
void writer_add (writer_t *self, titanic_op_t *op);
/*  Sees to it that what was gathered is committed. Returns 0 or, in usec of the monotonic clock, when it is to be called again though
 *  nothing comes. */
int64_t writer_flush (writer_t *self);

/*  Has a commit ended that was not taken yet? */
bool writer_has_done (const writer_t *self);
/*  The ops of the oldest one; NULL: there is none. failed: [out] nothing of it was stored; woken: [out] wake was, or is about to be,
 *  written to for it. */
titanic_op_t *writer_take (writer_t *self, bool *failed, bool *woken);

/*  Between two commits, with no new one until resume. */
void writer_pause (writer_t *self);
void writer_resume (writer_t *self);

#endif
