/*  The inside of a store, shared by its parts: store.c writes, store_read.c reads. */
#ifndef KEEL_STORE_PARTS_H
#define KEEL_STORE_PARTS_H

#include "store.h"
#include "store_kv.h"
#include "store_record.h"

#include "table.h"

typedef struct store_service store_service_t;

/*  A service that has requests, as the writer knows it. */
struct store_service {
    uint32_t number;
    uint64_t counts[TSP_STATE_ANY];
    uint64_t committed[TSP_STATE_ANY];
    bool fresh;              /* not yet committed */
    bool dirty;              /* its counts differ from the committed ones, perhaps */
    store_service_t *next_dirty;
    UT_hash_handle by_name;
    UT_hash_handle by_number;
    size_t name_size;
    uint8_t name[];
};

struct store {
    kv_t *kv;
    uint32_t services_most;
    uint8_t secret[crypto_shorthash_KEYBYTES];
    /*  The writer's. */
    store_service_t *by_name;
    store_service_t *by_number;
    store_service_t *dirty;
    uint64_t sequence;        /* the last one given */
    uint32_t number;          /* likewise, of services */
    uint64_t committed_sequence;
    uint32_t committed_number;
    /*  The reader's. */
    span_t *frames; /* what was lent last */
    size_t frame_capacity;
    titanic_record_t records[TSP_LIST_MOST];
    titanic_service_t services[TITANIC_FETCH_MOST];
};

/*  The two kinds of tables. NULL: problem says why; in memory there is no memory. */
kv_t *store_kv_mem (uint64_t most);
kv_t *store_kv_lmdb (const char *path, uint64_t most, char problem[STORE_PROBLEM]);

#endif
