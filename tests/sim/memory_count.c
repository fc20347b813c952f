/*  Counts what goes through the allocator seam: the linker puts these in its place (--wrap). */
#include "run.h"

#include "memory.h"

int64_t memory_live;

void *__real_memory_new (size_t size);
void __real_memory_free (void *block);
void *__wrap_memory_new (size_t size);
void __wrap_memory_free (void *block);

void *
__wrap_memory_new (size_t size)
{
    void *block = __real_memory_new (size);
    memory_live += block != NULL;
    return block;
}

void
__wrap_memory_free (void *block)
{
    memory_live -= block != NULL;
    __real_memory_free (block);
}
