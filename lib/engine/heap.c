#include "heap.h"

#include "memory.h"

#include <assert.h>
#include <string.h>

void
heap_clear (heap_t *self)
{
    memory_free (self->nodes);
    *self = (heap_t){0};
}

bool
heap_reserve (heap_t *self, size_t count)
{
    if (count <= self->capacity)
        return true;
    size_t capacity = self->capacity ? self->capacity * 2 : 64;
    if (capacity < count)
        capacity = count;
    heap_node_t **nodes = memory_new (capacity * sizeof (*nodes));
    if (!nodes)
        return false;
    if (self->count)
        memcpy (nodes, self->nodes, self->count * sizeof (*nodes));
    memory_free (self->nodes);
    self->nodes = nodes;
    self->capacity = capacity;
    return true;
}

static void
put (heap_t *self, size_t at, heap_node_t *node)
{
    self->nodes[at] = node;
    node->place = at + 1;
}

/*  Moves node from the hole at `at` towards the root. */
static void
rise (heap_t *self, size_t at, heap_node_t *node)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (self->nodes[parent]->due <= node->due)
            break;
        put (self, at, self->nodes[parent]);
        at = parent;
    }
    put (self, at, node);
}

static void
sink (heap_t *self, size_t at, heap_node_t *node)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= self->count)
            break;
        if (child + 1 < self->count && self->nodes[child + 1]->due < self->nodes[child]->due)
            child++;
        if (node->due <= self->nodes[child]->due)
            break;
        put (self, at, self->nodes[child]);
        at = child;
    }
    put (self, at, node);
}

void
heap_add (heap_t *self, heap_node_t *node)
{
    assert (self->count < self->capacity && node->place == 0);
    rise (self, self->count++, node);
}

void
heap_remove (heap_t *self, heap_node_t *node)
{
    if (node->place == 0)
        return;
    size_t at = node->place - 1;
    assert (at < self->count && self->nodes[at] == node);
    heap_node_t *last = self->nodes[--self->count];
    node->place = 0;
    if (last == node)
        return;
    if (at > 0 && self->nodes[(at - 1) / 2]->due > last->due)
        rise (self, at, last);
    else
        sink (self, at, last);
}
