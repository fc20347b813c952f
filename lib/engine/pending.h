/*  Requests of a client that are pending: found by serial number, and by what is due first.
 *
 *  Serials begin at random and count up, so the table is a plain array over their lowest bits; a number whose place
 *  an old request still has is passed over.
 */
#ifndef KEEL_PENDING_H
#define KEEL_PENDING_H

#include "heap.h"

/*  Embedded in what is pending, as its first member, so that the one is the other. */
typedef struct {
    heap_node_t node;
    uint64_t serial;
} pending_t;

typedef struct {
    pending_t **slots;
    size_t capacity; /* of slots: a power of two */
    size_t count;
    uint64_t mask;   /* what serials are made of: their lowest bits */
    uint64_t serial; /* the last one given */
    heap_t dues;
} pending_table_t;

/*  False without memory; then too it is to be cleared. */
bool pending_init (pending_table_t *self, uint64_t serial, uint64_t mask);
/*  It is empty, or what is in it is forgotten. */
void pending_clear (pending_table_t *self);

/*  Room for one more; false without memory. */
bool pending_reserve (pending_table_t *self);
/*  Gives it the next serial. Room was reserved. */
void pending_add (pending_table_t *self, pending_t *one, int64_t due);
void pending_remove (pending_table_t *self, pending_t *one);
/*  NULL: there is none. */
pending_t *pending_find (const pending_table_t *self, uint64_t serial);
/*  The one that is due first, or NULL. */
pending_t *pending_first (const pending_table_t *self);
void pending_set_due (pending_table_t *self, pending_t *one, int64_t due);

#endif
