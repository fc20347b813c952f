/*  Inputs right against a page that may not be touched: one byte, or one frame, too far is a crash in the test. */
#ifndef KEEL_GUARDED_H
#define KEEL_GUARDED_H

#include "span.h"

/*  Copies size bytes so that they end where a forbidden page begins; never NULL, also when size is 0. The copy lives until
 *  guarded_free_all. */
void *guarded_bytes (const void *bytes, size_t size);

/*  Copies the array of spans, and each one's bytes, so. Holds are kept as they are. */
const span_t *guarded_frames (const span_t frames[], size_t count);

/*  Makes guarded bytes unwritable too: a codec that scribbles on its input crashes. */
void guarded_seal (void);

/*  Frees every copy. */
void guarded_free_all (void);

#endif
