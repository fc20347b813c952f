/*  The store's reading side. */
#include "store_parts.h"

#include "memory.h"

void
store_refresh (store_t *self)
{
    self->kv->class->refresh (self->kv);
}

static int
seek (store_t *self, kv_table_t table, span_t from, span_t *key, span_t *value)
{
    int rc = self->kv->class->seek (self->kv, KV_READER, table, from, key, value);
    self->failed |= rc != 0 && rc != KV_NONE;
    return rc;
}

static bool
reserve_frames (store_t *self, size_t count)
{
    if (count <= self->frame_capacity)
        return true;
    span_t *grown = memory_new (count * 2 * sizeof (span_t));
    if (!grown)
        return false;
    memory_free (self->frames);
    self->frames = grown;
    self->frame_capacity = count * 2;
    return true;
}

/*  value: of the service; NULL: it has no name. */
static void
read_service (uint32_t number, const span_t *value, titanic_service_t *service)
{
    service->number = number;
    service->name = span_make (value->data + SERVICE_HEAD, value->size - SERVICE_HEAD);
    for (size_t n = 0; n < TSP_STATE_ANY; n++)
        service->counts[n] = number_get (value->data + 8 * n, 8);
}

/*  The first service of number from or above. */
static bool
next_service (store_t *self, uint32_t from, titanic_service_t *service)
{
    uint8_t bytes[4];
    span_t key, value;
    number_put (bytes, sizeof (bytes), from);
    if (seek (self, KV_SERVICES, span_make (bytes, sizeof (bytes)), &key, &value) != 0 || value.size <= SERVICE_HEAD)
        return false;
    read_service ((uint32_t) number_get (key.data, 4), &value, service);
    return true;
}

static bool
read_record (store_t *self, const tsp_uuid_t *uuid, bool frames, titanic_record_t *record)
{
    span_t value;
    titanic_service_t service;
    *record = (titanic_record_t){.uuid = *uuid, .service = SPAN_OF ("")};
    int rc = self->kv->class->get (self->kv, KV_READER, KV_REQUESTS, uuid_key (uuid), &value);
    self->failed |= rc != 0 && rc != KV_NONE;
    if (rc != 0 || !record_get (value, record))
        return false;
    if (next_service (self, record->number, &service) && service.number == record->number)
        record->service = service.name;
    if (frames) {
        if (!reserve_frames (self, record->frame_count)) {
            self->failed = true;
            return false;
        }
        record_get_frames (value, record, self->frames);
        record->frames = self->frames;
    }
    return true;
}

/*  The first of a service and state at that place or behind it. */
static bool
next_uuid (store_t *self, uint32_t number, tsp_state_t state, uint64_t *sequence, tsp_uuid_t *uuid)
{
    uint8_t from[INDEX_KEY];
    span_t key, value;
    if (seek (self, KV_INDEX, index_key (from, number, state, *sequence), &key, &value) != 0)
        return false;
    if (!index_key_is (key, number, state, sequence) || value.size != TSP_UUID_SIZE)
        return false;
    memcpy (uuid->bytes, value.data, TSP_UUID_SIZE);
    return true;
}

static void
fetch_next (store_t *self, const titanic_fetch_t *fetch, titanic_fetched_t *fetched)
{
    tsp_uuid_t uuid;
    uint64_t sequence = fetch->sequence + 1;
    fetched->found = next_uuid (self, fetch->number, TSP_STATE_PENDING, &sequence, &uuid) &&
                     read_record (self, &uuid, true, &fetched->record);
}

static void
fetch_services (store_t *self, const titanic_fetch_t *fetch, titanic_fetched_t *fetched)
{
    titanic_service_t service;
    uint32_t from = fetch->number + 1;
    while (fetched->count < TITANIC_FETCH_MOST && next_service (self, from, &service)) {
        self->services[fetched->count++] = service;
        from = service.number + 1;
    }
    fetched->services = self->services;
    fetched->more = fetched->count == TITANIC_FETCH_MOST;
}

static void
list_state (store_t *self, const titanic_fetch_t *fetch, uint32_t number, tsp_state_t state, titanic_fetched_t *fetched)
{
    tsp_uuid_t uuid;
    uint64_t sequence = 0;
    while (!fetched->more && next_uuid (self, number, state, &sequence, &uuid)) {
        titanic_record_t record;
        sequence++;
        if (!read_record (self, &uuid, false, &record))
            continue;
        if (record.since >= fetch->before)
            return;
        fetched->more = fetched->count == fetch->limit;
        if (!fetched->more)
            self->records[fetched->count++] = record;
    }
}

static void
fetch_list (store_t *self, const titanic_fetch_t *fetch, titanic_fetched_t *fetched)
{
    titanic_service_t service;
    for (uint32_t from = 1; !fetched->more && next_service (self, from, &service); from = service.number + 1) {
        if (fetch->service.size && !span_equal (fetch->service, service.name))
            continue;
        for (tsp_state_t state = 0; state < TSP_STATE_ANY; state++)
            if (fetch->state == state || fetch->state == TSP_STATE_ANY)
                list_state (self, fetch, service.number, state, fetched);
    }
    fetched->records = self->records;
}

static void
fetch_totals (store_t *self, titanic_fetched_t *fetched)
{
    titanic_service_t service;
    for (uint32_t from = 1; next_service (self, from, &service); from = service.number + 1) {
        fetched->count++;
        for (size_t n = 0; n < TSP_STATE_ANY; n++)
            fetched->totals.counts[n] += service.counts[n];
    }
    self->kv->class->usage (self->kv, &fetched->bytes_used, &fetched->bytes_most);
}

void
store_fetch (store_t *self, const titanic_fetch_t *fetch, titanic_fetched_t *fetched)
{
    *fetched = (titanic_fetched_t){.kind = fetch->kind, .tag = fetch->tag};
    self->failed = false;
    switch (fetch->kind) {
    case TITANIC_FETCH_NEXT:
        fetch_next (self, fetch, fetched);
        break;
    case TITANIC_FETCH_REQUEST:
        fetched->found = read_record (self, &fetch->uuid, true, &fetched->record);
        break;
    case TITANIC_FETCH_SERVICES:
        fetch_services (self, fetch, fetched);
        break;
    case TITANIC_FETCH_LIST:
        fetch_list (self, fetch, fetched);
        break;
    case TITANIC_FETCH_TOTALS:
        fetch_totals (self, fetched);
        break;
    }
    fetched->failed = self->failed;
}
