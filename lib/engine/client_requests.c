#include "client_requests.h"

#include "memory.h"

#include <assert.h>

#define SERIAL_MASK  (UINT64_MAX >> SENDING_BITS)
#define SENDING_MASK (((uint32_t) 1 << SENDING_BITS) - 1)

#define SLOTS_FIRST      16
#define BACKOFF_FIRST_MS 50
#define BACKOFF_LIMIT_MS 1000

bool
requests_init (requests_t *self, uint64_t serial)
{
    *self = (requests_t){.capacity = SLOTS_FIRST, .serial = serial & SERIAL_MASK};
    self->slots = memory_new (SLOTS_FIRST * sizeof (request_t *));
    self->pool = pool_new ();
    return self->slots && self->pool;
}

void
requests_clear (requests_t *self)
{
    for (size_t n = 0; self->slots && n < self->capacity; n++)
        if (self->slots[n])
            requests_remove (self, self->slots[n]);
    heap_clear (&self->dues);
    memory_free (self->slots);
    pool_destroy (&self->pool);
}

static request_t **
slot_of (const requests_t *self, uint64_t serial)
{
    return &self->slots[serial & (self->capacity - 1)];
}

/*  At most half of the slots are taken, so that a free serial is near. */
static bool
reserve (requests_t *self)
{
    requests_t grown = *self;
    if (!heap_reserve (&self->dues, self->count + 1))
        return false;
    if (self->count < self->capacity / 2)
        return true;
    grown.capacity = self->capacity * 2;
    grown.slots = memory_new (grown.capacity * sizeof (request_t *));
    if (!grown.slots)
        return false;
    for (size_t n = 0; n < self->capacity; n++)
        if (self->slots[n])
            *slot_of (&grown, self->slots[n]->serial) = self->slots[n];
    memory_free (self->slots);
    self->slots = grown.slots;
    self->capacity = grown.capacity;
    return true;
}

request_t *
requests_add (requests_t *self, int64_t now, span_t service, const span_t body[], size_t count)
{
    request_t *request = reserve (self) ? pool_take (self->pool, sizeof (request_t)) : NULL;
    if (!request)
        return NULL;
    *request = (request_t){.state = REQUEST_WAITS, .made_ms = now};
    request->backoff = backoff_make (BACKOFF_FIRST_MS, BACKOFF_LIMIT_MS);
    request->body = body_new (self->pool, &service, 1, body, count);
    if (!request->body) {
        pool_give (self->pool, request, sizeof (request_t));
        return NULL;
    }
    do
        self->serial = (self->serial + 1) & SERIAL_MASK;
    while (*slot_of (self, self->serial));
    request->serial = self->serial;
    *slot_of (self, self->serial) = request;
    self->count++;
    request->node.due = now;
    heap_add (&self->dues, &request->node);
    return request;
}

void
requests_remove (requests_t *self, request_t *request)
{
    assert (*slot_of (self, request->serial) == request);
    *slot_of (self, request->serial) = NULL;
    self->count--;
    heap_remove (&self->dues, &request->node);
    body_release (&request->body);
    pool_give (self->pool, request, sizeof (request_t));
}

request_t *
requests_find (const requests_t *self, uint64_t serial)
{
    request_t *request = *slot_of (self, serial);
    return request && request->serial == serial ? request : NULL;
}

request_t *
requests_first (const requests_t *self)
{
    return (request_t *) (void *) heap_first (&self->dues);
}

void
requests_set_due (requests_t *self, request_t *request, int64_t due)
{
    heap_remove (&self->dues, &request->node);
    request->node.due = due;
    heap_add (&self->dues, &request->node);
}

uint64_t
request_wire_id (const request_t *self)
{
    return self->serial << SENDING_BITS | (self->sending & SENDING_MASK);
}

span_t
request_service (const request_t *self)
{
    return body_frames (self->body)[0];
}
