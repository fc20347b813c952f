/*  The allocator seam: every byte that wire and engine allocate passes here, so that tests can count and refuse.
 *
 *  Not for messages on a hot path: those come from a pool (pool.h).
 */
#ifndef KEEL_MEMORY_H
#define KEEL_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*  size bytes, zeroed; NULL when there are none. */
void *memory_new (size_t size);
/*  Takes NULL too. */
void memory_free (void *block);

/*  What tests look at and set. Process-wide; tests that set it run one engine at a time. */
typedef struct {
    uint64_t calls;    /* allocations asked for since the start */
    uint64_t fail_at;  /* the call of this number fails; 0: none */
    uint64_t fail_all; /* from this call on all fail; 0: none */
} memory_seam_t;

extern memory_seam_t memory_seam;

#endif
