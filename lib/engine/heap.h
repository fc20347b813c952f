/*  A binary heap of things with a due time, smallest first, whose elements know their place: cancelling is O(log n). */
#ifndef KEEL_HEAP_H
#define KEEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  Embedded in what is to be due. */
typedef struct {
    int64_t due;
    size_t place; /* index + 1; 0: in no heap */
} heap_node_t;

typedef struct {
    heap_node_t **nodes;
    size_t count;
    size_t capacity;
} heap_t;

void heap_clear (heap_t *self);
/*  Makes room for count nodes in all, so that adding them cannot fail. False without memory. */
bool heap_reserve (heap_t *self, size_t count);
/*  node->due is set; room was reserved. */
void heap_add (heap_t *self, heap_node_t *node);
/*  Takes it out, wherever it stands; nothing happens when it is in no heap. */
void heap_remove (heap_t *self, heap_node_t *node);

static inline heap_node_t *
heap_first (const heap_t *self)
{
    return self->count ? self->nodes[0] : NULL;
}

#endif
