#include "memory.h"

#include <stdlib.h>

memory_seam_t memory_seam;

void *
memory_new (size_t size)
{
    uint64_t call = __atomic_add_fetch (&memory_seam.calls, 1, __ATOMIC_RELAXED); /* a store's writer is a thread */
    if (call == memory_seam.fail_at || (memory_seam.fail_all && call >= memory_seam.fail_all))
        return NULL;
    return calloc (1, size ? size : 1);
}

void
memory_free (void *block)
{
    free (block);
}
