#include "world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ the agenda, a heap */

static bool
is_before (const entry_t *one, const entry_t *other)
{
    return one->at != other->at ? one->at < other->at : one->order < other->order;
}

void
agenda_add (world_t *world, int64_t at, agenda_kind_t kind, uint32_t which, uint64_t serial)
{
    if (world->agenda_count == world->agenda_capacity) {
        world->agenda_capacity = world->agenda_capacity ? world->agenda_capacity * 2 : 256;
        world->agenda = realloc (world->agenda, world->agenda_capacity * sizeof (entry_t));
        assert (world->agenda);
    }
    entry_t entry = {at > world->now ? at : world->now, world->order++, kind, which, serial};
    size_t place = world->agenda_count++;
    while (place > 0 && is_before (&entry, &world->agenda[(place - 1) / 2])) {
        world->agenda[place] = world->agenda[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    world->agenda[place] = entry;
}

static void
sink_last (world_t *world)
{
    entry_t last = world->agenda[world->agenda_count];
    size_t place = 0, child;
    while ((child = 2 * place + 1) < world->agenda_count) {
        if (child + 1 < world->agenda_count && is_before (&world->agenda[child + 1], &world->agenda[child]))
            child++;
        if (!is_before (&world->agenda[child], &last))
            break;
        world->agenda[place] = world->agenda[child];
        place = child;
    }
    world->agenda[place] = last;
}

bool
agenda_take (world_t *world, entry_t *entry)
{
    if (world->agenda_count == 0)
        return false;
    *entry = world->agenda[0];
    world->agenda_count--;
    if (world->agenda_count > 0)
        sink_last (world);
    assert (entry->at >= world->now);
    world->now = entry->at;
    return true;
}

/* ------------------------------------------------------------------ what is said */

void
world_fail (world_t *world, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    if (!world->failed) {
        int size = snprintf (world->why, sizeof (world->why), "at %lld ms, step %llu: ", (long long) world->now,
                             (unsigned long long) world->steps);
        vsnprintf (world->why + size, sizeof (world->why) - (size_t) size, format, list);
        TRACE (world, "FAILURE: %s", world->why);
    }
    world->failed = true;
    va_end (list);
}

void
world_trace (const world_t *world, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    printf ("[%6lld] ", (long long) world->now);
    vprintf (format, list);
    printf ("\n");
    va_end (list);
}
