/*  The state file of a Binary Star: the highest epoch that is known, so that a restart takes none for a second time.
 *
 *      keel-bstar 1
 *      epoch 7
 *      check 5b1c9e2a7f3d0468
 *
 *  It is written to a temporary file beside it, synced, renamed over it, and the directory synced: after a crash there is the
 *  old one or the new one. Beside it is a file that is locked by the process whose it is: two that share one would take the
 *  same epochs.
 */
#ifndef KEEL_STATE_FILE_H
#define KEEL_STATE_FILE_H

#include <stdint.h>

/*  Room for what is wrong with one. */
#define STATE_FILE_PROBLEM 768

/*  Makes it ours until the descriptor that is returned is closed; waits a moment for one that is on its way out.
 *  -1 with errno: EWOULDBLOCK it is another process's; else the file beside it cannot be made. */
int state_file_lock (const char *path);
/*  0 and *epoch, 0 when there is no file; or -1: problem says what is wrong with it, and what to do. */
int state_file_load (const char *path, uint64_t *epoch, char problem[STATE_FILE_PROBLEM]);
/*  0, or -1 with errno. */
int state_file_store (const char *path, uint64_t epoch);

#endif
