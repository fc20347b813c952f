/*  The store's tables in memory, for simulation: sorted arrays, and a list of what a transaction has changed, so that it can
 *  be undone. Nothing is shared between threads, and a crash is an abort. */
#include "store_parts.h"

#include "memory.h"

#include <assert.h>
#include <errno.h>

/*  What an entry weighs besides its bytes. */
#define ENTRY_COST 64

typedef struct {
    size_t key_size;
    size_t value_size;
    uint8_t bytes[]; /* key, then value */
} entry_t;

typedef struct {
    entry_t **items;
    size_t count;
    size_t capacity;
} table_t;

/*  One change: what stood there before, or NULL; and its key when nothing stood there. */
typedef struct change change_t;
struct change {
    change_t *next;
    kv_table_t table;
    entry_t *before;
    entry_t *after; /* NULL: it was removed. Not owned */
};

typedef struct {
    kv_t kv;
    table_t tables[KV_TABLES];
    change_t *changes; /* the last one first */
    uint64_t most;
    uint64_t used;
    bool writing;
} mem_t;

static span_t
key_of (const entry_t *entry)
{
    return span_make (entry->bytes, entry->key_size);
}

static span_t
value_of (const entry_t *entry)
{
    return span_make (entry->bytes + entry->key_size, entry->value_size);
}

static int
compare (span_t one, span_t other)
{
    size_t common = one.size < other.size ? one.size : other.size;
    int order = common ? memcmp (one.data, other.data, common) : 0;
    return order ? order : (one.size > other.size) - (one.size < other.size);
}

/*  Where the first entry not before key stands. */
static size_t
place_of (const table_t *table, span_t key)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare (key_of (table->items[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
is_at (const table_t *table, size_t at, span_t key)
{
    return at < table->count && compare (key_of (table->items[at]), key) == 0;
}

static bool
make_room (table_t *table)
{
    if (table->count < table->capacity)
        return true;
    size_t capacity = table->capacity ? table->capacity * 2 : 64;
    entry_t **grown = memory_new (capacity * sizeof (entry_t *));
    if (!grown)
        return false;
    if (table->count)
        memcpy (grown, table->items, table->count * sizeof (entry_t *));
    memory_free (table->items);
    table->items = grown;
    table->capacity = capacity;
    return true;
}

static void
insert_at (table_t *table, size_t at, entry_t *entry)
{
    memmove (table->items + at + 1, table->items + at, (table->count - at) * sizeof (entry_t *));
    table->items[at] = entry;
    table->count++;
}

static void
remove_at (table_t *table, size_t at)
{
    table->count--;
    memmove (table->items + at, table->items + at + 1, (table->count - at) * sizeof (entry_t *));
}

static uint64_t
cost_of (const entry_t *entry)
{
    return entry ? ENTRY_COST + entry->key_size + entry->value_size : 0;
}

static bool
note (mem_t *self, kv_table_t table, entry_t *before, entry_t *after)
{
    change_t *change = memory_new (sizeof (change_t));
    if (!change)
        return false;
    *change = (change_t){self->changes, table, before, after};
    self->changes = change;
    self->used += cost_of (after) - cost_of (before);
    return true;
}

static int
mem_begin (kv_t *kv)
{
    mem_t *self = (mem_t *) kv;
    assert (!self->writing);
    self->writing = true;
    return 0;
}

static void
mem_abort (kv_t *kv)
{
    mem_t *self = (mem_t *) kv;
    while (self->changes) {
        change_t *change = self->changes;
        table_t *table = &self->tables[change->table];
        size_t at = place_of (table, key_of (change->after ? change->after : change->before));
        self->changes = change->next;
        self->used += cost_of (change->before) - cost_of (change->after);
        if (change->before && change->after)
            table->items[at] = change->before;
        else if (change->after)
            remove_at (table, at);
        else
            insert_at (table, at, change->before);
        memory_free (change->after);
        memory_free (change);
    }
    self->writing = false;
}

static int
mem_commit (kv_t *kv)
{
    mem_t *self = (mem_t *) kv;
    int rc = store_seam_pass ();
    if (rc != 0) {
        mem_abort (kv);
        return rc;
    }
    while (self->changes) {
        change_t *change = self->changes;
        self->changes = change->next;
        memory_free (change->before);
        memory_free (change);
    }
    self->writing = false;
    return 0;
}

static bool
mem_room (kv_t *kv, size_t bytes)
{
    const mem_t *self = (const mem_t *) kv;
    return self->used + bytes <= self->most;
}

static int
mem_put (kv_t *kv, kv_table_t number, span_t key, size_t size, uint8_t **place)
{
    mem_t *self = (mem_t *) kv;
    table_t *table = &self->tables[number];
    int rc = store_seam_pass ();
    assert (self->writing);
    if (rc != 0)
        return rc;
    entry_t *entry = make_room (table) ? memory_new (sizeof (entry_t) + key.size + size) : NULL;
    if (!entry)
        return KV_BROKEN;
    entry->key_size = key.size;
    entry->value_size = size;
    memcpy (entry->bytes, key.data, key.size);
    size_t at = place_of (table, key);
    bool there = is_at (table, at, key);
    if (!note (self, number, there ? table->items[at] : NULL, entry)) {
        memory_free (entry);
        return KV_BROKEN;
    }
    if (there)
        table->items[at] = entry;
    else
        insert_at (table, at, entry);
    *place = entry->bytes + key.size;
    return 0;
}

static int
mem_remove (kv_t *kv, kv_table_t number, span_t key)
{
    mem_t *self = (mem_t *) kv;
    table_t *table = &self->tables[number];
    int rc = store_seam_pass ();
    size_t at = place_of (table, key);
    assert (self->writing);
    if (rc != 0)
        return rc;
    if (!is_at (table, at, key))
        return KV_NONE;
    if (!note (self, number, table->items[at], NULL))
        return KV_BROKEN;
    remove_at (table, at);
    return 0;
}

static int
mem_get (kv_t *kv, kv_side_t side, kv_table_t number, span_t key, span_t *value)
{
    const table_t *table = &((const mem_t *) kv)->tables[number];
    size_t at = place_of (table, key);
    assert (side == KV_WRITER || !((const mem_t *) kv)->writing);
    if (!is_at (table, at, key))
        return KV_NONE;
    *value = value_of (table->items[at]);
    return 0;
}

static int
mem_seek (kv_t *kv, kv_side_t side, kv_table_t number, span_t from, span_t *key, span_t *value)
{
    const table_t *table = &((const mem_t *) kv)->tables[number];
    size_t at = place_of (table, from);
    assert (side == KV_WRITER || !((const mem_t *) kv)->writing);
    if (at == table->count)
        return KV_NONE;
    *key = key_of (table->items[at]);
    *value = value_of (table->items[at]);
    return 0;
}

static void
mem_refresh (kv_t *kv)
{
    (void) kv;
}

static void
mem_usage (kv_t *kv, uint64_t *used, uint64_t *most)
{
    *used = ((const mem_t *) kv)->used;
    *most = ((const mem_t *) kv)->most;
}

static int
mem_resize (kv_t *kv, uint64_t most)
{
    ((mem_t *) kv)->most = most;
    return 0;
}

static int
mem_backup (kv_t *kv, const char *path)
{
    (void) kv;
    (void) path;
    errno = ENOTSUP;
    return -1;
}

static void
mem_close (kv_t *kv)
{
    mem_t *self = (mem_t *) kv;
    if (self->writing)
        mem_abort (kv);
    for (size_t n = 0; n < KV_TABLES; n++) {
        for (size_t at = 0; at < self->tables[n].count; at++)
            memory_free (self->tables[n].items[at]);
        memory_free (self->tables[n].items);
    }
    memory_free (self);
}

kv_t *
store_kv_mem (uint64_t most)
{
    static const kv_class_t class = {mem_begin, mem_commit,  mem_abort, mem_room,   mem_put,    mem_remove, mem_get,
                                     mem_seek,  mem_refresh, mem_usage, mem_resize, mem_backup, mem_close};
    mem_t *self = memory_new (sizeof (mem_t));
    if (!self)
        return NULL;
    self->kv.class = &class;
    self->most = most;
    return &self->kv;
}
