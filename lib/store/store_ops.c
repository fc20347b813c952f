/*  What each op does to the tables. */
#include "store_parts.h"

#include "fault.h"

/* ------------------------------------------------------------------ states */

/*  Into another state, or place; the record's head is still to be written. */
static int
move (store_t *self, titanic_record_t *record, tsp_state_t state, int64_t at)
{
    int rc = store_remove_index (self, record);
    store_count_in (self, record->number, record->state, -1);
    record->state = state;
    record->since = at;
    record->sequence = ++self->sequence;
    store_count_in (self, record->number, state, 1);
    return rc ? rc : store_put_index (self, record);
}

static int
remember_closed (store_t *self, const tsp_uuid_t *uuid, int64_t at)
{
    uint8_t key[CLOSED_KEY];
    span_t when = closed_key (key, at, uuid);
    int rc = store_put (self, KV_CLOSED, uuid_key (uuid), span_make (when.data, 8));
    return rc ? rc : store_put (self, KV_CLOSED_AT, when, SPAN_OF (""));
}

static int
remove_request (store_t *self, const titanic_record_t *record, int64_t at)
{
    int rc = store_remove_index (self, record);
    if (rc == 0)
        rc = self->kv->class->remove (self->kv, KV_REQUESTS, uuid_key (&record->uuid));
    if (rc == 0 && record->submitted && !KEEL_FAULT (STORE_ORPHANS))
        rc = remember_closed (self, &record->uuid, at);
    store_count_in (self, record->number, record->state, -1);
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
    return rc ? rc : store_put_head (self, record, value);
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

/*  Is there such a uuid, or was it closed lately? One that titanic has made is new. */
bool
store_is_known (store_t *self, const titanic_op_t *op)
{
    span_t value;
    kv_t *kv = self->kv;
    if (!op->submitted)
        return false;
    if (kv->class->get (kv, KV_WRITER, KV_REQUESTS, uuid_key (&op->uuid), &value) == 0)
        return true;
    return kv->class->get (kv, KV_WRITER, KV_CLOSED, uuid_key (&op->uuid), &value) == 0 &&
           (int64_t) number_get (value.data, 8) > op->at - STORE_MEMORY_MS;
}

static int
do_put (store_t *self, titanic_op_t *op)
{
    op->result = TITANIC_KNOWN;
    if (store_is_known (self, op))
        return 0;
    store_service_t *service = op->frame_count <= RECORD_FRAMES_MAX ? store_service_for (self, op->service) : NULL;
    op->result = TITANIC_FULL;
    if (!service)
        return 0;
    const titanic_record_t record = {
        .uuid = op->uuid, .number = service->number, .submitted = op->submitted, .created = op->at, .since = op->at,
        .sequence = ++self->sequence, .state = TSP_STATE_PENDING, .frame_count = op->frame_count};
    int rc = store_put_record (self, &record, op->frames);
    if (rc == 0 && !KEEL_FAULT (STORE_LOSES))
        rc = store_put_index (self, &record);
    store_count_in (self, service->number, TSP_STATE_PENDING, 1);
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
    return rc ? rc : store_put_record (self, record, op->frames);
}

static int
do_attempt (store_t *self, titanic_op_t *op, titanic_record_t *record, span_t value)
{
    record->attempts = op->attempts;
    return store_put_head (self, record, value);
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
    int rc = store_get_record (self, &op->uuid, &record, &value);
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
    return store_get_record (self, &uuid, record, value);
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
    const store_service_t *service = store_find_service (self, op->service);
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

/* ------------------------------------------------------------------ any op */

int
store_do_op (store_t *self, titanic_op_t *op)
{
    op->count = 0;
    op->more = false;
    if (op->kind == TITANIC_PUT)
        return do_put (self, op);
    if (op->kind == TITANIC_EXPIRE)
        return do_expire (self, op);
    return op->whole ? do_service (self, op) : do_one (self, op);
}
