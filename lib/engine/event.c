#include "event.h"

#include "memory.h"

#include <assert.h>

keel_actions_t *
keel_actions_new (size_t capacity)
{
    size_t items = capacity * sizeof (keel_action_t);
    size_t spans = capacity * KEEL_ACTION_SPANS * sizeof (span_t);
    size_t text = 8 * KEEL_ACTION_TEXT;
    size_t bytes = capacity * KEEL_ACTION_BYTES;
    uint8_t *block = memory_new (sizeof (keel_actions_t) + items + spans + text + bytes);
    if (!block)
        return NULL;
    keel_actions_t *self = (keel_actions_t *) (void *) block;
    self->items = (keel_action_t *) (void *) (block + sizeof (*self));
    self->capacity = capacity;
    self->spans = (span_t *) (void *) ((uint8_t *) self->items + items);
    self->span_capacity = capacity * KEEL_ACTION_SPANS;
    self->text = (char *) self->spans + spans;
    self->text_capacity = text;
    self->bytes = (uint8_t *) self->text + text;
    self->byte_capacity = bytes;
    return self;
}

void
keel_actions_destroy (keel_actions_t **self)
{
    memory_free (*self);
    *self = NULL;
}

static keel_action_t *
append (keel_actions_t *self, keel_action_t action)
{
    assert (keel_actions_room (self));
    self->items[self->count] = action;
    return &self->items[self->count++];
}

keel_action_t *
keel_actions_send (keel_actions_t *self, uint16_t listener, span_t id)
{
    keel_action_t *action = append (self, (keel_action_t){.kind = KEEL_ACTION_SEND, .listener = listener, .id = id});
    action->head = self->spans + self->span_count;
    return action;
}

keel_action_t *
keel_actions_append (keel_actions_t *self, keel_action_kind_t kind)
{
    return append (self, (keel_action_t){.kind = kind});
}

span_t
keel_actions_keep (keel_actions_t *self, span_t frame)
{
    assert (frame.size <= self->byte_capacity - self->byte_count);
    uint8_t *copy = self->bytes + self->byte_count;
    memcpy (copy, frame.data, frame.size);
    self->byte_count += frame.size;
    return span_make (copy, frame.size);
}

void
keel_actions_connect (keel_actions_t *self, uint16_t endpoint)
{
    append (self, (keel_action_t){.kind = KEEL_ACTION_CONNECT, .listener = endpoint});
}

void
keel_actions_close (keel_actions_t *self, uint16_t endpoint, bool linger)
{
    append (self, (keel_action_t){.kind = KEEL_ACTION_CLOSE, .listener = endpoint, .linger = linger});
}

keel_action_t *
keel_actions_deliver (keel_actions_t *self, keel_deliver_t deliver, uint64_t tag)
{
    return append (self, (keel_action_t){.kind = KEEL_ACTION_DELIVER, .deliver = deliver, .tag = tag});
}

span_t *
keel_actions_head (keel_actions_t *self)
{
    return self->spans + self->span_count;
}

void
keel_actions_add_head (keel_actions_t *self, keel_action_t *action, size_t count)
{
    assert (action == &self->items[self->count - 1]);
    assert (action->head_count + count <= KEEL_ACTION_SPANS);
    action->head_count += count;
    self->span_count += count;
}

void
keel_actions_log (keel_actions_t *self, keel_log_level_t level, const char *text)
{
    size_t size = strlen (text) + 1;
    if (self->count == self->capacity || size > self->text_capacity - self->text_size)
        return;
    char *copy = self->text + self->text_size;
    memcpy (copy, text, size);
    self->text_size += size;
    self->items[self->count++] = (keel_action_t){.kind = KEEL_ACTION_LOG, .level = level, .text = copy};
}
