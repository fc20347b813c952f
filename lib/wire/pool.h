/*  A pool: blocks of a few sizes from slabs, with a free list each. No allocation in steady state.
 *
 *  One pool, one thread. Blocks are not zeroed. Slabs go back when the pool is destroyed; what it can hold is bounded by
 *  the limits of those who take from it. Sizes above POOL_LARGEST go to the allocator seam one by one.
 */
#ifndef KEEL_POOL_H
#define KEEL_POOL_H

#include <stdbool.h>
#include <stddef.h>

#define POOL_LARGEST 8192

/*  Does it pool? Under AddressSanitizer every block is an allocation of its own: a use after the end is then seen. */
#if defined(__SANITIZE_ADDRESS__)
#define POOL_POOLS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_POOLS false
#endif
#endif
#ifndef POOL_POOLS
#define POOL_POOLS true
#endif

typedef struct pool pool_t;

/*  NULL when there is no memory. */
pool_t *pool_new (void);
/*  Frees all slabs, whether their blocks came back or not; sets *self to NULL. */
void pool_destroy (pool_t **self);

/*  A block of at least size bytes, aligned for anything; NULL when there is no memory. */
void *pool_take (pool_t *self, size_t size);
/*  size: as it was asked for. Takes NULL too. */
void pool_give (pool_t *self, void *block, size_t size);
/*  What a block of that size really costs, in bytes. */
size_t pool_cost (size_t size);

#endif
