#include "mdbench_body.h"

#include <stdlib.h>
#include <string.h>

/*  At how many places a body may be cut from the pattern. */
#define PLACES 256

int
bodies_open (bodies_t *self, size_t size)
{
    self->size = size;
    self->pattern = malloc (size + PLACES);
    if (!self->pattern)
        return -1;
    uint64_t state = 0x9e3779b97f4a7c15;
    for (size_t n = 0; n < size + PLACES; n++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        self->pattern[n] = (uint8_t) (state >> 56);
    }
    return 0;
}

void
bodies_close (bodies_t *self)
{
    free (self->pattern);
    self->pattern = NULL;
}

static const uint8_t *
fill_of (const bodies_t *self, const body_id_t *id)
{
    return self->pattern + (id->sequence * 31 + id->client) % PLACES;
}

void
bodies_write (const bodies_t *self, const body_id_t *id, uint8_t *data)
{
    memcpy (data, id, sizeof (*id));
    memcpy (data + sizeof (*id), fill_of (self, id), self->size - sizeof (*id));
}

bool
bodies_identify (const bodies_t *self, const void *data, size_t size, body_id_t *id)
{
    if (size != self->size)
        return false;
    memcpy (id, data, sizeof (*id));
    return true;
}

bool
bodies_match (const bodies_t *self, const body_id_t *id, const uint8_t *data)
{
    return memcmp (data, id, sizeof (*id)) == 0 &&
           memcmp (data + sizeof (*id), fill_of (self, id), self->size - sizeof (*id)) == 0;
}
