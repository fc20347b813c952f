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
    bool failed;    /* what is being fetched could not be read */
    span_t *frames; /* what was lent last */
    size_t frame_capacity;
    titanic_record_t records[TSP_LIST_MOST];
    titanic_service_t services[TITANIC_FETCH_MOST];
};

/*  Names in KV_META. */
#define STORE_SEQUENCE "sequence"
#define STORE_NUMBER   "number"

/* ------------------------------------------------------------------ store_tables.c */

/*  The writer's, within a transaction; 0 or a kv_error_t. */
int store_put (store_t *self, kv_table_t table, span_t key, span_t value);
int store_put_number (store_t *self, const char *name, uint64_t number);
/*  0 when there is none. */
uint64_t store_get_number (store_t *self, kv_side_t side, const char *name);
int store_put_index (store_t *self, const titanic_record_t *record);
int store_remove_index (store_t *self, const titanic_record_t *record);
/*  value: [out] lent until the next change. */
int store_get_record (store_t *self, const tsp_uuid_t *uuid, titanic_record_t *record, span_t *value);
int store_put_record (store_t *self, const titanic_record_t *record, const span_t frames[]);
/*  The same frames under another head. value: as store_get_record gave it. */
int store_put_head (store_t *self, const titanic_record_t *record, span_t value);

void store_count_in (store_t *self, uint32_t number, tsp_state_t state, int64_t change);
/*  NULL without memory. */
store_service_t *store_add_service (store_t *self, span_t name, uint32_t number);
void store_drop_service (store_t *self, store_service_t *service);
store_service_t *store_find_service (const store_t *self, span_t name);
/*  Finds or makes; NULL: there are too many, or no memory. */
store_service_t *store_service_for (store_t *self, span_t name);
/*  The services that changed, and the numbers given last. */
int store_write_services (store_t *self);
/*  What the transaction changed of them becomes what is committed, or is taken back. */
void store_settle_services (store_t *self, bool committed);

/* ------------------------------------------------------------------ store_ops.c */

int store_do_op (store_t *self, titanic_op_t *op);
/*  Is there such a uuid, or was it closed lately? */
bool store_is_known (store_t *self, const titanic_op_t *op);

/*  The two kinds of tables. NULL: problem says why; in memory there is no memory. */
kv_t *store_kv_mem (uint64_t most);
kv_t *store_kv_lmdb (const char *path, uint64_t most, char problem[STORE_PROBLEM]);

#endif
