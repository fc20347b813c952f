/*  What stands in the store's tables: records, their places in the index, and the services that have some. The writer knows all services with
 *  their counts; what a transaction changes of them is taken back when that fails. */
#include "store_parts.h"

#include "fault.h"
#include "memory.h"

#include <assert.h>
#include <utlist.h>

/* ------------------------------------------------------------------ tables */

int
store_put (store_t *self, kv_table_t table, span_t key, span_t value)
{
    uint8_t *place;
    int rc = self->kv->class->put (self->kv, table, key, value.size, &place);
    if (rc == 0 && value.size)
        memcpy (place, value.data, value.size);
    return rc;
}

int
store_put_number (store_t *self, const char *name, uint64_t number)
{
    uint8_t bytes[8];
    number_put (bytes, sizeof (bytes), number);
    return store_put (self, KV_META, span_text (name), span_make (bytes, sizeof (bytes)));
}

/*  0 when there is none. */
uint64_t
store_get_number (store_t *self, kv_side_t side, const char *name)
{
    span_t value;
    int rc = self->kv->class->get (self->kv, side, KV_META, span_text (name), &value);
    return rc == 0 && value.size == 8 ? number_get (value.data, 8) : 0;
}

int
store_put_index (store_t *self, const titanic_record_t *record)
{
    uint8_t key[INDEX_KEY];
    return store_put (self, KV_INDEX, index_key (key, record->number, record->state, record->sequence), uuid_key (&record->uuid));
}

int
store_remove_index (store_t *self, const titanic_record_t *record)
{
    uint8_t key[INDEX_KEY];
    return self->kv->class->remove (self->kv, KV_INDEX, index_key (key, record->number, record->state, record->sequence));
}

/*  value: [out] lent until the next change. */
int
store_get_record (store_t *self, const tsp_uuid_t *uuid, titanic_record_t *record, span_t *value)
{
    int rc = self->kv->class->get (self->kv, KV_WRITER, KV_REQUESTS, uuid_key (uuid), value);
    record->uuid = *uuid;
    if (rc == 0 && !record_get (*value, record))
        rc = KV_BROKEN;
    return rc;
}

int
store_put_record (store_t *self, const titanic_record_t *record, const span_t frames[])
{
    uint8_t *place;
    size_t size = record_size (frames, record->frame_count);
    int rc = self->kv->class->put (self->kv, KV_REQUESTS, uuid_key (&record->uuid), size, &place);
    if (rc != 0)
        return rc;
    record_put_head (place, record);
    record_put_frames (place, frames, record->frame_count);
    return 0;
}

/*  The same frames under another head. value: as get_record gave it. */
int
store_put_head (store_t *self, const titanic_record_t *record, span_t value)
{
    uint8_t *place, *copy = memory_new (value.size);
    if (!copy)
        return KV_BROKEN;
    memcpy (copy, value.data, value.size);
    record_put_head (copy, record);
    int rc = self->kv->class->put (self->kv, KV_REQUESTS, uuid_key (&record->uuid), value.size, &place);
    if (rc == 0)
        memcpy (place, copy, value.size);
    memory_free (copy);
    return rc;
}

/* ------------------------------------------------------------------ services */

static void
mark_dirty (store_t *self, store_service_t *service)
{
    if (!service->dirty)
        LL_PREPEND2 (self->dirty, service, next_dirty);
    service->dirty = true;
}

void
store_count_in (store_t *self, uint32_t number, tsp_state_t state, int64_t change)
{
    store_service_t *service;
    HASH_FIND (by_number, self->by_number, &number, sizeof (number), service);
    assert (service);
    service->counts[state] += (uint64_t) change;
    mark_dirty (self, service);
}

store_service_t *
store_add_service (store_t *self, span_t name, uint32_t number)
{
    store_service_t *service = memory_new (sizeof (*service) + name.size);
    if (!service)
        return NULL;
    service->number = number;
    service->name_size = name.size;
    memcpy (service->name, name.data, name.size);
    unsigned hash = table_hash (self->secret, name.data, name.size);
    HASH_ADD_KEYPTR_BYHASHVALUE (by_name, self->by_name, service->name, name.size, hash, service);
    if (service->by_name.tbl)
        HASH_ADD (by_number, self->by_number, number, sizeof (number), service);
    if (service->by_name.tbl && service->by_number.tbl)
        return service;
    if (service->by_name.tbl)
        HASH_DELETE (by_name, self->by_name, service);
    memory_free (service);
    return NULL;
}

void
store_drop_service (store_t *self, store_service_t *service)
{
    HASH_DELETE (by_name, self->by_name, service);
    HASH_DELETE (by_number, self->by_number, service);
    memory_free (service);
}

store_service_t *
store_find_service (const store_t *self, span_t name)
{
    store_service_t *service;
    unsigned hash = table_hash (self->secret, name.data, name.size);
    HASH_FIND_BYHASHVALUE (by_name, self->by_name, name.data, name.size, hash, service);
    return service;
}

/*  NULL: there are too many, or no memory. */
store_service_t *
store_service_for (store_t *self, span_t name)
{
    store_service_t *service = store_find_service (self, name);
    if (service)
        return service;
    if (HASH_CNT (by_name, self->by_name) >= self->services_most)
        return NULL;
    service = store_add_service (self, name, self->number + 1);
    if (!service)
        return NULL;
    self->number++;
    service->fresh = true;
    mark_dirty (self, service);
    return service;
}

static bool
is_empty (const store_service_t *service)
{
    return !service->counts[TSP_STATE_PENDING] && !service->counts[TSP_STATE_DONE] && !service->counts[TSP_STATE_DEAD];
}

static int
write_service (store_t *self, const store_service_t *service)
{
    uint8_t key[4];
    uint8_t *place;
    number_put (key, sizeof (key), service->number);
    span_t name = span_make (key, sizeof (key));
    if (is_empty (service)) {
        int rc = self->kv->class->remove (self->kv, KV_SERVICES, name);
        return rc == KV_NONE ? 0 : rc;
    }
    int rc = self->kv->class->put (self->kv, KV_SERVICES, name, SERVICE_HEAD + service->name_size, &place);
    if (rc != 0)
        return rc;
    for (size_t n = 0; n < TSP_STATE_ANY; n++)
        number_put (place + 8 * n, 8, service->counts[n]);
    memcpy (place + SERVICE_HEAD, service->name, service->name_size);
    return 0;
}

/*  What the transaction changed of services and numbers becomes what is committed, or is taken back. */
void
store_settle_services (store_t *self, bool committed)
{
    while (self->dirty) {
        store_service_t *service = self->dirty;
        LL_DELETE2 (self->dirty, service, next_dirty);
        service->dirty = false;
        if (committed)
            memcpy (service->committed, service->counts, sizeof (service->counts));
        else
            memcpy (service->counts, service->committed, sizeof (service->counts));
        if (is_empty (service))
            store_drop_service (self, service);
        else
            service->fresh = false;
    }
    if (committed) {
        self->committed_sequence = self->sequence;
        self->committed_number = self->number;
    } else {
        self->sequence = self->committed_sequence;
        self->number = self->committed_number;
    }
}

/*  Counts, and the numbers given last. */
int
store_write_services (store_t *self)
{
    int rc = 0;
    store_service_t *service;
    LL_FOREACH2 (self->dirty, service, next_dirty)
    if (rc == 0)
        rc = write_service (self, service);
    if (rc == 0 && self->sequence != self->committed_sequence)
        rc = store_put_number (self, STORE_SEQUENCE, self->sequence);
    if (rc == 0 && self->number != self->committed_number)
        rc = store_put_number (self, STORE_NUMBER, self->number);
    return rc;
}
