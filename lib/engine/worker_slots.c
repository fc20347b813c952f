#include "worker_slots.h"

#include "memory.h"

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

worker_slot_t *
worker_slots_hold (worker_slots_t *self, span_t token)
{
    uint32_t at = self->first_free;
    if (at == self->capacity)
        return NULL;
    worker_slot_t *slot = &self->slots[at];
    slot->token = pool_take (self->pool, token.size);
    if (!slot->token)
        return NULL;
    memcpy (slot->token, token.data, token.size);
    slot->token_size = (uint32_t) token.size;
    slot->id = ++self->serial << SLOT_BITS | at;
    slot->begun = false;
    self->first_free = slot->next_free;
    return slot;
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
    self->begun -= slot->begun;
    pool_give (self->pool, slot->token, slot->token_size);
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
            pool_give (self->pool, slot->token, slot->token_size);
        *slot = (worker_slot_t){.next_free = n + 1};
    }
    self->first_free = 0;
    self->begun = 0;
    return waited;
}
