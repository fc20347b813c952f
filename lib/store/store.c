/*  The store's writing side: what each op does to the tables. The writer knows all services that have requests, with
 *  their counts; a transaction that fails leaves neither tables nor counts changed. */
#include "store_parts.h"

#include "fault.h"
#include "memory.h"

#include <assert.h>
#include <stdio.h>
#include <sodium/randombytes.h>
#include <utlist.h>

#define SEQUENCE "sequence"
#define NUMBER   "number"
#define FORMAT   "format"

/*  What a request costs besides its frames, bytes: its share of pages of both tables, generously. */
#define REQUEST_COST 512

store_seam_t store_seam;

int
store_seam_pass (void)
{
    uint64_t call = ++store_seam.calls;
    bool fails = store_seam.fail_at && (call == store_seam.fail_at || (store_seam.fail_all && call > store_seam.fail_at));
    return fails ? (int) store_seam.error : 0;
}

/* ------------------------------------------------------------------ tables */

static int
put (store_t *self, kv_table_t table, span_t key, span_t value)
{
    uint8_t *place;
    int rc = self->kv->class->put (self->kv, table, key, value.size, &place);
    if (rc == 0 && value.size)
        memcpy (place, value.data, value.size);
    return rc;
}

static int
put_number (store_t *self, const char *name, uint64_t number)
{
    uint8_t bytes[8];
    number_put (bytes, sizeof (bytes), number);
    return put (self, KV_META, span_text (name), span_make (bytes, sizeof (bytes)));
}

/*  0 when there is none. */
static uint64_t
get_number (store_t *self, kv_side_t side, const char *name)
{
    span_t value;
    int rc = self->kv->class->get (self->kv, side, KV_META, span_text (name), &value);
    return rc == 0 && value.size == 8 ? number_get (value.data, 8) : 0;
}

static int
put_index (store_t *self, const titanic_record_t *record)
{
    uint8_t key[INDEX_KEY];
    return put (self, KV_INDEX, index_key (key, record->number, record->state, record->sequence), uuid_key (&record->uuid));
}

static int
remove_index (store_t *self, const titanic_record_t *record)
{
    uint8_t key[INDEX_KEY];
    return self->kv->class->remove (self->kv, KV_INDEX, index_key (key, record->number, record->state, record->sequence));
}

/*  value: [out] lent until the next change. */
static int
get_record (store_t *self, const tsp_uuid_t *uuid, titanic_record_t *record, span_t *value)
{
    int rc = self->kv->class->get (self->kv, KV_WRITER, KV_REQUESTS, uuid_key (uuid), value);
    record->uuid = *uuid;
    if (rc == 0 && !record_get (*value, record))
        rc = KV_BROKEN;
    return rc;
}

static int
put_record (store_t *self, const titanic_record_t *record, const span_t frames[])
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
static int
put_head (store_t *self, const titanic_record_t *record, span_t value)
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

static void
count_in (store_t *self, uint32_t number, tsp_state_t state, int64_t change)
{
    store_service_t *service;
    HASH_FIND (by_number, self->by_number, &number, sizeof (number), service);
    assert (service);
    service->counts[state] += (uint64_t) change;
    mark_dirty (self, service);
}

static store_service_t *
add_service (store_t *self, span_t name, uint32_t number)
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

static void
drop_service (store_t *self, store_service_t *service)
{
    HASH_DELETE (by_name, self->by_name, service);
    HASH_DELETE (by_number, self->by_number, service);
    memory_free (service);
}

static store_service_t *
find_service (const store_t *self, span_t name)
{
    store_service_t *service;
    unsigned hash = table_hash (self->secret, name.data, name.size);
    HASH_FIND_BYHASHVALUE (by_name, self->by_name, name.data, name.size, hash, service);
    return service;
}

/*  NULL: there are too many, or no memory. */
static store_service_t *
service_for (store_t *self, span_t name)
{
    store_service_t *service = find_service (self, name);
    if (service)
        return service;
    if (HASH_CNT (by_name, self->by_name) >= self->services_most)
        return NULL;
    service = add_service (self, name, self->number + 1);
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
static void
settle_services (store_t *self, bool committed)
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
            drop_service (self, service);
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

/* ------------------------------------------------------------------ states */

/*  Into another state, or place; the record's head is still to be written. */
static int
move (store_t *self, titanic_record_t *record, tsp_state_t state, int64_t at)
{
    int rc = remove_index (self, record);
    count_in (self, record->number, record->state, -1);
    record->state = state;
    record->since = at;
    record->sequence = ++self->sequence;
    count_in (self, record->number, state, 1);
    return rc ? rc : put_index (self, record);
}

static int
remember_closed (store_t *self, const tsp_uuid_t *uuid, int64_t at)
{
    uint8_t key[CLOSED_KEY];
    span_t when = closed_key (key, at, uuid);
    int rc = put (self, KV_CLOSED, uuid_key (uuid), span_make (when.data, 8));
    return rc ? rc : put (self, KV_CLOSED_AT, when, SPAN_OF (""));
}

static int
remove_request (store_t *self, const titanic_record_t *record, int64_t at)
{
    int rc = remove_index (self, record);
    if (rc == 0)
        rc = self->kv->class->remove (self->kv, KV_REQUESTS, uuid_key (&record->uuid));
    if (rc == 0 && record->submitted && !KEEL_FAULT (STORE_ORPHANS))
        rc = remember_closed (self, &record->uuid, at);
    count_in (self, record->number, record->state, -1);
    return rc;
}

/*  Into another state, with the frames that it has. */
static int
turn (store_t *self, titanic_record_t *record, tsp_state_t state, int64_t at)
{
    span_t value;
    int rc = move (self, record, state, at);
    if (rc == 0)
        rc = self->kv->class->get (self->kv, KV_WRITER, KV_REQUESTS, uuid_key (&record->uuid), &value);
    return rc ? rc : put_head (self, record, value);
}

static int
give_up (store_t *self, titanic_record_t *record, titanic_reason_t reason, int64_t at)
{
    record->reason = reason;
    return turn (self, record, TSP_STATE_DEAD, at);
}

static int
revive (store_t *self, titanic_record_t *record, int64_t at)
{
    record->reason = TITANIC_REASON_NONE;
    record->attempts = 0;
    return turn (self, record, TSP_STATE_PENDING, at);
}

/* ------------------------------------------------------------------ ops of one request */

/*  Is there such a uuid, or was it closed lately? */
static bool
is_known (store_t *self, const titanic_op_t *op)
{
    span_t value;
    kv_t *kv = self->kv;
    if (kv->class->get (kv, KV_WRITER, KV_REQUESTS, uuid_key (&op->uuid), &value) == 0)
        return true;
    return op->submitted && kv->class->get (kv, KV_WRITER, KV_CLOSED, uuid_key (&op->uuid), &value) == 0 &&
           (int64_t) number_get (value.data, 8) > op->at - STORE_MEMORY_MS;
}

static int
do_put (store_t *self, titanic_op_t *op)
{
    op->result = TITANIC_KNOWN;
    if (is_known (self, op))
        return 0;
    store_service_t *service = op->frame_count <= RECORD_FRAMES_MAX ? service_for (self, op->service) : NULL;
    op->result = TITANIC_FULL;
    if (!service)
        return 0;
    const titanic_record_t record = {
        .uuid = op->uuid, .number = service->number, .submitted = op->submitted, .created = op->at, .since = op->at,
        .sequence = ++self->sequence, .state = TSP_STATE_PENDING, .frame_count = op->frame_count};
    int rc = put_record (self, &record, op->frames);
    if (rc == 0 && !KEEL_FAULT (STORE_LOSES))
        rc = put_index (self, &record);
    count_in (self, service->number, TSP_STATE_PENDING, 1);
    op->number = service->number;
    op->sequence = record.sequence;
    op->result = TITANIC_STORED;
    return rc;
}

static int
do_reply (store_t *self, titanic_op_t *op, titanic_record_t *record)
{
    op->result = TITANIC_KNOWN;
    if (record->state == TSP_STATE_DONE)
        return 0;
    int rc = move (self, record, TSP_STATE_DONE, op->at);
    record->reason = TITANIC_REASON_NONE;
    record->frame_count = op->frame_count;
    op->result = TITANIC_STORED;
    return rc ? rc : put_record (self, record, op->frames);
}

static int
do_attempt (store_t *self, titanic_op_t *op, titanic_record_t *record, span_t value)
{
    record->attempts = op->attempts;
    return put_head (self, record, value);
}

static int
do_dead (store_t *self, titanic_op_t *op, titanic_record_t *record)
{
    op->result = TITANIC_UNKNOWN;
    if (record->state != TSP_STATE_PENDING)
        return 0;
    record->attempts = op->attempts;
    op->result = TITANIC_STORED;
    return give_up (self, record, op->reason, op->at);
}

static int
do_requeue (store_t *self, titanic_op_t *op, titanic_record_t *record)
{
    op->result = TITANIC_UNKNOWN;
    if (record->state != TSP_STATE_DEAD)
        return 0;
    op->result = TITANIC_STORED;
    op->count++;
    return revive (self, record, op->at);
}

static int
do_remove (store_t *self, titanic_op_t *op, const titanic_record_t *record)
{
    if (KEEL_FAULT (STORE_KEEPS) && record->state == TSP_STATE_DONE)
        return 0;
    op->count++;
    return remove_request (self, record, op->at);
}

/*  Whatever needs the request to be there. */
static int
do_one (store_t *self, titanic_op_t *op)
{
    titanic_record_t record;
    span_t value;
    int rc = get_record (self, &op->uuid, &record, &value);
    op->result = TITANIC_UNKNOWN;
    if (rc != 0)
        return rc == KV_NONE ? 0 : rc;
    op->result = TITANIC_STORED;
    op->number = record.number;
    switch (op->kind) {
    case TITANIC_REPLY:
        return do_reply (self, op, &record);
    case TITANIC_ATTEMPT:
        return do_attempt (self, op, &record, value);
    case TITANIC_DEAD:
        return do_dead (self, op, &record);
    case TITANIC_REQUEUE:
        return do_requeue (self, op, &record);
    default:
        return do_remove (self, op, &record);
    }
}

/* ------------------------------------------------------------------ ops of many requests */

/*  The oldest of a service in a state. */
static int
oldest (store_t *self, uint32_t number, tsp_state_t state, titanic_record_t *record, span_t *value)
{
    uint8_t from[INDEX_KEY];
    uint64_t sequence;
    span_t key;
    tsp_uuid_t uuid;
    int rc = self->kv->class->seek (self->kv, KV_WRITER, KV_INDEX, index_key (from, number, state, 0), &key, value);
    if (rc != 0)
        return rc;
    if (!index_key_is (key, number, state, &sequence) || value->size != TSP_UUID_SIZE)
        return KV_NONE;
    memcpy (uuid.bytes, value->data, TSP_UUID_SIZE);
    return get_record (self, &uuid, record, value);
}

static int
requeue_service (store_t *self, titanic_op_t *op, uint32_t number)
{
    titanic_record_t record;
    span_t value;
    int rc;
    while ((rc = oldest (self, number, TSP_STATE_DEAD, &record, &value)) == 0 && op->count < op->limit) {
        if ((rc = revive (self, &record, op->at)) != 0)
            return rc;
        op->count++;
    }
    op->more = rc == 0;
    return rc == KV_NONE ? 0 : rc;
}

/*  All in that state that came into it before then. */
static int
purge_state (store_t *self, titanic_op_t *op, uint32_t number, tsp_state_t state, int64_t before)
{
    titanic_record_t record;
    span_t value;
    int rc;
    while ((rc = oldest (self, number, state, &record, &value)) == 0 && record.since < before && op->count < op->limit) {
        if ((rc = remove_request (self, &record, op->at)) != 0)
            return rc;
        op->count++;
    }
    op->more |= rc == 0 && record.since < before;
    return rc == KV_NONE ? 0 : rc;
}

static int
do_service (store_t *self, titanic_op_t *op)
{
    const store_service_t *service = find_service (self, op->service);
    int rc = 0;
    op->result = service ? TITANIC_STORED : TITANIC_UNKNOWN;
    if (!service)
        return 0;
    op->number = service->number;
    if (op->kind == TITANIC_REQUEUE)
        return requeue_service (self, op, service->number);
    for (tsp_state_t state = 0; state < TSP_STATE_ANY && rc == 0; state++)
        if (op->state == state || op->state == TSP_STATE_ANY)
            rc = purge_state (self, op, service->number, state, INT64_MAX);
    return rc;
}

static int
expire_pending (store_t *self, titanic_op_t *op, uint32_t number)
{
    titanic_record_t record;
    span_t value;
    int rc;
    int64_t before = op->at - op->request_ttl_ms;
    while ((rc = oldest (self, number, TSP_STATE_PENDING, &record, &value)) == 0 && record.since < before &&
           op->count < op->limit) {
        if ((rc = give_up (self, &record, TITANIC_REASON_EXPIRED, op->at)) != 0)
            return rc;
        op->count++;
    }
    op->more |= rc == 0 && record.since < before;
    return rc == KV_NONE ? 0 : rc;
}

static int
forget_closed (store_t *self, titanic_op_t *op)
{
    int64_t before = op->at - STORE_MEMORY_MS;
    for (uint32_t count = 0; count < op->limit; count++) {
        uint8_t key[CLOSED_KEY];
        span_t first, value;
        int rc = self->kv->class->seek (self->kv, KV_WRITER, KV_CLOSED_AT, SPAN_OF (""), &first, &value);
        if (rc != 0 || (int64_t) number_get (first.data, 8) > before)
            return rc == KV_NONE ? 0 : rc;
        memcpy (key, first.data, CLOSED_KEY);
        rc = self->kv->class->remove (self->kv, KV_CLOSED_AT, span_make (key, CLOSED_KEY));
        if (rc == 0)
            rc = self->kv->class->remove (self->kv, KV_CLOSED, span_make (key + 8, TSP_UUID_SIZE));
        if (rc != 0 && rc != KV_NONE)
            return rc;
    }
    op->more = true;
    return 0;
}

static int
do_expire (store_t *self, titanic_op_t *op)
{
    store_service_t *service, *next;
    int rc = 0;
    HASH_ITER (by_number, self->by_number, service, next)
    {
        if (rc == 0 && op->request_ttl_ms)
            rc = expire_pending (self, op, service->number);
        for (tsp_state_t state = TSP_STATE_DONE; state <= TSP_STATE_DEAD && rc == 0 && op->reply_ttl_ms; state++)
            rc = purge_state (self, op, service->number, state, op->at - op->reply_ttl_ms);
    }
    op->result = TITANIC_STORED;
    return rc ? rc : forget_closed (self, op);
}

/* ------------------------------------------------------------------ commits */

static int
do_op (store_t *self, titanic_op_t *op)
{
    op->count = 0;
    op->more = false;
    if (op->kind == TITANIC_PUT)
        return do_put (self, op);
    if (op->kind == TITANIC_EXPIRE)
        return do_expire (self, op);
    return op->whole ? do_service (self, op) : do_one (self, op);
}

/*  Counts, and the numbers given last. */
static int
write_services (store_t *self)
{
    int rc = 0;
    store_service_t *service;
    LL_FOREACH2 (self->dirty, service, next_dirty)
    if (rc == 0)
        rc = write_service (self, service);
    if (rc == 0 && self->sequence != self->committed_sequence)
        rc = put_number (self, SEQUENCE, self->sequence);
    if (rc == 0 && self->number != self->committed_number)
        rc = put_number (self, NUMBER, self->number);
    return rc;
}

/*  refusal: what a PUT gets without being tried; TITANIC_STORED: it is tried. */
static int
transact (store_t *self, titanic_op_t *ops, titanic_result_t refusal)
{
    int rc = self->kv->class->begin (self->kv);
    if (rc != 0)
        return rc;
    for (titanic_op_t *op = ops; op && rc == 0; op = op->next)
        if (op->kind == TITANIC_PUT && refusal != TITANIC_STORED)
            op->result = is_known (self, op) ? TITANIC_KNOWN : refusal;
        else
            rc = do_op (self, op);
    if (rc == 0)
        rc = write_services (self);
    if (rc == 0)
        rc = self->kv->class->commit (self->kv);
    else
        self->kv->class->abort (self->kv);
    settle_services (self, rc == 0);
    return rc;
}

static size_t
bytes_of (const titanic_op_t *ops)
{
    size_t bytes = 0;
    for (; ops; ops = ops->next)
        if (ops->kind == TITANIC_PUT)
            bytes += REQUEST_COST + record_size (ops->frames, ops->frame_count) * 2;
    return bytes;
}

/*  A commit that fails is made once more without new requests: they are what may have filled the disk. */
int
store_commit (store_t *self, titanic_op_t *ops)
{
    size_t bytes = bytes_of (ops);
    bool room = bytes == 0 || self->kv->class->room (self->kv, bytes);
    int rc = transact (self, ops, room ? TITANIC_STORED : TITANIC_FULL);
    if (rc != 0 && room && bytes)
        rc = transact (self, ops, rc == KV_FULL ? TITANIC_FULL : TITANIC_BROKEN);
    if (rc == 0)
        return 0;
    for (; ops; ops = ops->next)
        ops->result = rc == KV_FULL ? TITANIC_FULL : TITANIC_BROKEN;
    return -1;
}

/* ------------------------------------------------------------------ life */

static bool
load_services (store_t *self)
{
    uint8_t from[4] = {0};
    for (;;) {
        span_t key, value;
        int rc = self->kv->class->seek (self->kv, KV_READER, KV_SERVICES, span_make (from, sizeof (from)), &key, &value);
        if (rc != 0)
            return rc == KV_NONE;
        uint32_t number = (uint32_t) number_get (key.data, 4);
        store_service_t *service =
            value.size > SERVICE_HEAD
                ? add_service (self, span_make (value.data + SERVICE_HEAD, value.size - SERVICE_HEAD), number)
                : NULL;
        if (!service)
            return false;
        for (size_t n = 0; n < TSP_STATE_ANY; n++)
            service->counts[n] = service->committed[n] = number_get (value.data + 8 * n, 8);
        number_put (from, sizeof (from), number + 1);
    }
}

static int
write_format (store_t *self)
{
    int rc = self->kv->class->begin (self->kv);
    if (rc == 0 && (rc = put_number (self, FORMAT, STORE_FORMAT)) == 0)
        return self->kv->class->commit (self->kv);
    if (rc != 0)
        self->kv->class->abort (self->kv);
    return rc;
}

/*  A new store says its format, one that was there must say one that is known. */
static bool
check_format (store_t *self, const char *path, char problem[STORE_PROBLEM])
{
    span_t key, value;
    kv_t *kv = self->kv;
    if (kv->class->seek (kv, KV_READER, KV_META, SPAN_OF (""), &key, &value) == KV_NONE) {
        if (write_format (self) == 0)
            return true;
        snprintf (problem, STORE_PROBLEM, "%s: cannot be written: make room on its disk", path);
        return false;
    }
    uint64_t format = get_number (self, KV_READER, FORMAT);
    if (format == STORE_FORMAT)
        return true;
    snprintf (problem, STORE_PROBLEM,
              format > STORE_FORMAT
                  ? "%s: of format %llu, and this program knows only %d: use the newer titanic that wrote it"
                  : "%s: of format %llu, which is none (known is %d): choose another directory, or restore a backup",
              path, (unsigned long long) format, STORE_FORMAT);
    return false;
}

static bool
load (store_t *self, const char *path, char problem[STORE_PROBLEM])
{
    self->kv->class->refresh (self->kv);
    if (!check_format (self, path, problem))
        return false;
    self->kv->class->refresh (self->kv);
    self->sequence = self->committed_sequence = get_number (self, KV_READER, SEQUENCE);
    self->number = self->committed_number = (uint32_t) get_number (self, KV_READER, NUMBER);
    bool loaded = load_services (self);
    if (!loaded)
        snprintf (problem, STORE_PROBLEM, "%s: its table of services cannot be read: restore a backup", path);
    self->kv->class->refresh (self->kv);
    return loaded;
}

static store_t *
open_over (kv_t *kv, const store_config_t *config, char problem[STORE_PROBLEM])
{
    store_t *self = memory_new (sizeof (store_t));
    if (!self) {
        kv->class->close (kv);
        snprintf (problem, STORE_PROBLEM, "no memory");
        return NULL;
    }
    self->kv = kv;
    self->services_most = config->services;
    randombytes_buf (self->secret, sizeof (self->secret));
    if (!load (self, config->path ? config->path : "memory", problem))
        store_close (&self);
    return self;
}

store_t *
store_open (const store_config_t *config, char problem[STORE_PROBLEM])
{
    snprintf (problem, STORE_PROBLEM, "no memory");
    kv_t *kv = config->path ? store_kv_lmdb (config->path, config->most, problem) : store_kv_mem (config->most);
    return kv ? open_over (kv, config, problem) : NULL;
}

static void
forget_services (store_t *self)
{
    store_service_t *service, *next;
    HASH_ITER (by_number, self->by_number, service, next)
    drop_service (self, service);
    self->dirty = NULL;
}

void
store_close (store_t **self_p)
{
    store_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    forget_services (self);
    self->kv->class->close (self->kv);
    memory_free (self->frames);
    memory_free (self);
}

store_t *
store_reopen (store_t **self_p)
{
    char problem[STORE_PROBLEM];
    store_t *self = *self_p;
    *self_p = NULL;
    forget_services (self);
    bool loaded = load (self, "memory", problem);
    assert (loaded);
    (void) loaded;
    return self;
}

int
store_resize (store_t *self, uint64_t most)
{
    return self->kv->class->resize (self->kv, most);
}

int
store_backup (store_t *self, const char *path)
{
    return self->kv->class->backup (self->kv, path);
}
