/*  Hash tables: uthash over the allocator seam, and a hash keyed by a secret for what peers choose.
 *
 *  An add that finds no memory leaves the element's hh.tbl NULL, and the table as it was.
 */
#ifndef KEEL_TABLE_H
#define KEEL_TABLE_H

#include <sodium/crypto_shorthash.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size)    memory_new (size)
#define uthash_free(ptr, size) memory_free (ptr)
#include "memory.h"
#include <uthash.h>

static inline unsigned
table_hash (const uint8_t secret[crypto_shorthash_KEYBYTES], const void *key, size_t size)
{
    uint64_t hash;
    crypto_shorthash ((unsigned char *) &hash, key, size, secret);
    return (unsigned) hash;
}

#endif
