#include "client_requests.h"

#define SERIAL_MASK  (UINT64_MAX >> SENDING_BITS)
#define SENDING_MASK (((uint32_t) 1 << SENDING_BITS) - 1)

#define BACKOFF_FIRST_MS 50
#define BACKOFF_LIMIT_MS 1000

bool
requests_init (requests_t *self, uint64_t serial)
{
    self->pool = pool_new ();
    return pending_init (&self->table, serial, SERIAL_MASK) && self->pool;
}

void
requests_clear (requests_t *self)
{
    for (size_t n = 0; self->table.slots && n < self->table.capacity; n++)
        if (requests_at (self, n))
            requests_remove (self, requests_at (self, n));
    pending_clear (&self->table);
    pool_destroy (&self->pool);
}

request_t *
requests_add (requests_t *self, int64_t now, span_t service, const span_t body[], size_t count)
{
    request_t *request = pending_reserve (&self->table) ? pool_take (self->pool, sizeof (request_t)) : NULL;
    if (!request)
        return NULL;
    *request = (request_t){.state = REQUEST_WAITS, .made_ms = now};
    request->backoff = backoff_make (BACKOFF_FIRST_MS, BACKOFF_LIMIT_MS);
    request->body = body_new (self->pool, &service, 1, body, count);
    if (!request->body) {
        pool_give (self->pool, request, sizeof (request_t));
        return NULL;
    }
    pending_add (&self->table, &request->pending, now);
    request->tag = request->pending.serial;
    return request;
}

void
requests_remove (requests_t *self, request_t *request)
{
    pending_remove (&self->table, &request->pending);
    body_release (&request->body);
    pool_give (self->pool, request, sizeof (request_t));
}

request_t *
requests_find (const requests_t *self, uint64_t serial)
{
    return (request_t *) (void *) pending_find (&self->table, serial);
}

request_t *
requests_at (const requests_t *self, size_t slot)
{
    return (request_t *) (void *) self->table.slots[slot];
}

request_t *
requests_first (const requests_t *self)
{
    return (request_t *) (void *) pending_first (&self->table);
}

void
requests_set_due (requests_t *self, request_t *request, int64_t due)
{
    pending_set_due (&self->table, &request->pending, due);
}

uint64_t
request_wire_id (const request_t *self)
{
    return self->pending.serial << SENDING_BITS | (self->sending & SENDING_MASK);
}

span_t
request_service (const request_t *self)
{
    return body_frames (self->body)[0];
}
