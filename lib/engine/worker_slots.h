/*  The requests that a worker holds, at most its credit: each has a slot, and an id that names slot and request. Ids are never
 *  used twice, so one of a request that is long gone finds nothing. With a request is kept its address, some frames of at most
 *  WORKER_FRAME_MAX bytes that go back with the answer.
 */
#ifndef KEEL_WORKER_SLOTS_H
#define KEEL_WORKER_SLOTS_H

#include "pool.h"
#include "worker_speech.h"

typedef struct {
    uint64_t id; /* 0: free */
    bool begun;
    uint32_t next_free;
    uint32_t address_size;
    uint8_t *address; /* of the pool: frames in a row, each a byte of size and then its bytes */
} worker_slot_t;

typedef struct {
    pool_t *pool;
    worker_slot_t *slots;
    uint32_t capacity;
    uint32_t first_free; /* capacity: none */
    uint32_t held;
    uint32_t begun; /* of these */
    uint64_t serial;
} worker_slots_t;

/*  capacity: 1 to 65535. False without memory; close it all the same. */
bool worker_slots_open (worker_slots_t *self, uint32_t capacity);
void worker_slots_close (worker_slots_t *self);

/*  NULL: no slot is free, or no memory. The address is copied. */
worker_slot_t *worker_slots_hold (worker_slots_t *self, const span_t address[], size_t count);
/*  NULL: there is none. */
worker_slot_t *worker_slots_find (const worker_slots_t *self, uint64_t id);
void worker_slots_begin (worker_slots_t *self, worker_slot_t *slot);
/*  The frames that lie in the bytes of an address, or of a copy of them: at most WORKER_ADDRESS_FRAMES. Returns their number. */
size_t worker_address_read (span_t bytes, span_t frames[]);
void worker_slots_release (worker_slots_t *self, worker_slot_t *slot);
/*  Releases all; returns how many of them were not begun. */
uint32_t worker_slots_clear (worker_slots_t *self);

#endif
