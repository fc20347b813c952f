#include "pending.h"

#include "memory.h"

#include <assert.h>

#define SLOTS_FIRST 16

bool
pending_init (pending_table_t *self, uint64_t serial, uint64_t mask)
{
    *self = (pending_table_t){.capacity = SLOTS_FIRST, .mask = mask, .serial = serial & mask};
    self->slots = memory_new (SLOTS_FIRST * sizeof (pending_t *));
    return self->slots != NULL;
}

void
pending_clear (pending_table_t *self)
{
    heap_clear (&self->dues);
    memory_free (self->slots);
    *self = (pending_table_t){0};
}

static pending_t **
slot_of (const pending_table_t *self, uint64_t serial)
{
    return &self->slots[serial & (self->capacity - 1)];
}

/*  At most half of the slots are taken, so that a free serial is near. */
bool
pending_reserve (pending_table_t *self)
{
    pending_table_t grown = *self;
    if (!heap_reserve (&self->dues, self->count + 1))
        return false;
    if (self->count < self->capacity / 2)
        return true;
    grown.capacity = self->capacity * 2;
    grown.slots = memory_new (grown.capacity * sizeof (pending_t *));
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

void
pending_add (pending_table_t *self, pending_t *one, int64_t due)
{
    do
        self->serial = (self->serial + 1) & self->mask;
    while (*slot_of (self, self->serial));
    one->serial = self->serial;
    *slot_of (self, self->serial) = one;
    self->count++;
    one->node.due = due;
    heap_add (&self->dues, &one->node);
}

void
pending_remove (pending_table_t *self, pending_t *one)
{
    assert (*slot_of (self, one->serial) == one);
    *slot_of (self, one->serial) = NULL;
    self->count--;
    heap_remove (&self->dues, &one->node);
}

pending_t *
pending_find (const pending_table_t *self, uint64_t serial)
{
    pending_t *one = *slot_of (self, serial);
    return one && one->serial == serial ? one : NULL;
}

pending_t *
pending_first (const pending_table_t *self)
{
    return (pending_t *) (void *) heap_first (&self->dues);
}

void
pending_set_due (pending_table_t *self, pending_t *one, int64_t due)
{
    heap_remove (&self->dues, &one->node);
    one->node.due = due;
    heap_add (&self->dues, &one->node);
}
