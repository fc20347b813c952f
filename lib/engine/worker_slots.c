#include "worker_slots.h"

#include "memory.h"

#include <assert.h>

#define SLOT_BITS 16

bool
worker_slots_open (worker_slots_t *self, uint32_t capacity)
{
    *self = (worker_slots_t){.pool = pool_new (), .slots = memory_new (capacity * sizeof (worker_slot_t))};
    if (!self->pool || !self->slots)
        return false;
    self->capacity = capacity;
    worker_slots_clear (self);
    return true;
}

void
worker_slots_close (worker_slots_t *self)
{
    worker_slots_clear (self);
    memory_free (self->slots);
    pool_destroy (&self->pool);
}

static size_t
address_size (const span_t address[], size_t count)
{
    size_t size = count;
    for (size_t n = 0; n < count; n++) {
        assert (address[n].size <= WORKER_FRAME_MAX);
        size += address[n].size;
    }
    return size;
}

static void
write_address (uint8_t *out, const span_t address[], size_t count)
{
    for (size_t n = 0; n < count; n++) {
        *out++ = (uint8_t) address[n].size;
        memcpy (out, address[n].data, address[n].size);
        out += address[n].size;
    }
}

worker_slot_t *
worker_slots_hold (worker_slots_t *self, const span_t address[], size_t count)
{
    assert (count <= WORKER_ADDRESS_FRAMES);
    uint32_t at = self->first_free;
    if (at == self->capacity)
        return NULL;
    worker_slot_t *slot = &self->slots[at];
    size_t size = address_size (address, count);
    slot->address = pool_take (self->pool, size);
    if (!slot->address)
        return NULL;
    write_address (slot->address, address, count);
    slot->address_size = (uint32_t) size;
    slot->id = ++self->serial << SLOT_BITS | at;
    slot->begun = false;
    self->first_free = slot->next_free;
    self->held++;
    return slot;
}

size_t
worker_address_read (span_t bytes, span_t frames[])
{
    size_t count = 0;
    for (size_t at = 0; at < bytes.size; at += 1u + bytes.data[at])
        frames[count++] = span_make (bytes.data + at + 1, bytes.data[at]);
    return count;
}

worker_slot_t *
worker_slots_find (const worker_slots_t *self, uint64_t id)
{
    uint64_t at = id & ((1u << SLOT_BITS) - 1);
    return id && at < self->capacity && self->slots[at].id == id ? &self->slots[at] : NULL;
}

void
worker_slots_begin (worker_slots_t *self, worker_slot_t *slot)
{
    slot->begun = true;
    self->begun++;
}

void
worker_slots_release (worker_slots_t *self, worker_slot_t *slot)
{
    self->held--;
    self->begun -= slot->begun;
    pool_give (self->pool, slot->address, slot->address_size);
    *slot = (worker_slot_t){.next_free = self->first_free};
    self->first_free = (uint32_t) (slot - self->slots);
}

uint32_t
worker_slots_clear (worker_slots_t *self)
{
    uint32_t waited = 0;
    for (uint32_t n = 0; n < self->capacity; n++) {
        worker_slot_t *slot = &self->slots[n];
        waited += slot->id && !slot->begun;
        if (slot->id)
            pool_give (self->pool, slot->address, slot->address_size);
        *slot = (worker_slot_t){.next_free = n + 1};
    }
    self->first_free = 0;
    self->held = self->begun = 0;
    return waited;
}
