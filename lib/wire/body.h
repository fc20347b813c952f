/*  A body: frames that outlive the step that brought them. Immutable and reference-counted; one thread.
 *
 *  Its small frames are copied into one block of a pool, its large ones stay in the port's own buffer through their
 *  hold: nothing large is ever copied.
 */
#ifndef KEEL_BODY_H
#define KEEL_BODY_H

#include "pool.h"
#include "span.h"

/*  A frame of more bytes than this is held, not copied. */
#define BODY_COPY_LIMIT 4096

typedef struct body body_t;

/*  Takes count frames, first head and then tail; either may be empty. NULL when there is no memory.
 *  The frames' bytes are copied or held; the arrays are the caller's. */
body_t *body_new (pool_t *pool, const span_t head[], size_t head_count, const span_t tail[], size_t tail_count);
body_t *body_ref (body_t *self);
/*  Drops one reference and sets *self to NULL; takes a pointer to NULL too. */
void body_release (body_t **self);

/*  The frames, valid as long as a reference is held. */
const span_t *body_frames (const body_t *self);
size_t body_count (const body_t *self);
/*  What it costs in memory, bytes. */
size_t body_cost (const body_t *self);

#endif
