/*  Size classes in quarter steps between powers of two, so that at most a fifth of a block is wasted: a queued request
 *  has to fit in 512 bytes. A slab is one allocation, carved into blocks of one class as they are asked for. */
#include "pool.h"

#include "memory.h"

#include <assert.h>
#include <stdint.h>

#define SLAB_BYTES 65536
#define CLASSES    31

typedef struct block {
    struct block *next;
} block_t;

typedef struct slab {
    struct slab *next;
    max_align_t bytes[];
} slab_t;

typedef struct {
    block_t *unused;
    uint8_t *fresh; /* what of the newest slab was never handed out */
    size_t fresh_bytes;
} class_t;

struct pool {
    class_t classes[CLASSES];
    slab_t *slabs;
};

/*  Class sizes: 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, ... 8192. */
static size_t
class_of (size_t size, size_t *rounded)
{
    if (size <= 32) {
        *rounded = 32;
        return 0;
    }
    if (size <= 64) {
        *rounded = size <= 48 ? 48 : 64;
        return size <= 48 ? 1 : 2;
    }
    unsigned power = 63 - (unsigned) __builtin_clzll (size - 1); /* 2^power < size <= 2^(power + 1) */
    size_t step = (size_t) 1 << (power - 2);
    size_t steps = (size - 1 - ((size_t) 1 << power)) / step + 1; /* 1..4 */
    *rounded = ((size_t) 1 << power) + steps * step;
    return 3 + (power - 6) * 4 + (steps - 1);
}

pool_t *
pool_new (void)
{
    static_assert (3 + (12 - 6) * 4 + 4 == CLASSES, "the classes end at POOL_LARGEST");
    return memory_new (sizeof (pool_t));
}

void
pool_destroy (pool_t **self)
{
    if (!*self)
        return;
    while ((*self)->slabs) {
        slab_t *slab = (*self)->slabs;
        (*self)->slabs = slab->next;
        memory_free (slab);
    }
    memory_free (*self);
    *self = NULL;
}

static bool
add_slab (pool_t *self, class_t *class)
{
    slab_t *slab = memory_new (SLAB_BYTES);
    if (!slab)
        return false;
    slab->next = self->slabs;
    self->slabs = slab;
    class->fresh = (uint8_t *) slab->bytes;
    class->fresh_bytes = SLAB_BYTES - offsetof (slab_t, bytes);
    return true;
}

void *
pool_take (pool_t *self, size_t size)
{
    if (!POOL_POOLS || size > POOL_LARGEST)
        return memory_new (size);
    size_t rounded;
    class_t *class = &self->classes[class_of (size, &rounded)];
    block_t *block = class->unused;
    if (block) {
        class->unused = block->next;
        return block;
    }
    if (class->fresh_bytes < rounded && !add_slab (self, class))
        return NULL;
    block = (block_t *) (void *) class->fresh;
    class->fresh += rounded;
    class->fresh_bytes -= rounded;
    return block;
}

void
pool_give (pool_t *self, void *block, size_t size)
{
    if (!block)
        return;
    if (!POOL_POOLS || size > POOL_LARGEST) {
        memory_free (block);
        return;
    }
    size_t rounded;
    class_t *class = &self->classes[class_of (size, &rounded)];
    block_t *unused = block;
    unused->next = class->unused;
    class->unused = unused;
}

size_t
pool_cost (size_t size)
{
    size_t rounded = size;
    if (size <= POOL_LARGEST)
        class_of (size, &rounded);
    return rounded;
}
