/*  A request's body: who sent it, which one it was, and bytes that differ from one request to the next, so that a reply
 *  that was mixed up, cut or damaged on its way is seen. */
#ifndef MDBENCH_BODY_H
#define MDBENCH_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_SMALLEST sizeof (body_id_t)

/*  How each body begins. */
typedef struct {
    uint32_t client;
    uint32_t slot;     /* of the client's window */
    uint64_t sequence; /* of the client, from 1 */
} body_id_t;

/*  Bytes that all bodies are cut from, each at another place. */
typedef struct {
    size_t size; /* of a body */
    uint8_t *pattern;
} bodies_t;

/*  size: at least BODY_SMALLEST. 0, or -1 without memory. */
int bodies_open (bodies_t *self, size_t size);
void bodies_close (bodies_t *self);

/*  data: self->size bytes. */
void bodies_write (const bodies_t *self, const body_id_t *id, uint8_t *data);
/*  Does it begin as a body of this size does? What it says of itself may be wrong. */
bool bodies_identify (const bodies_t *self, const void *data, size_t size, body_id_t *id);
/*  Is it, to the last byte, the one of that id? */
bool bodies_match (const bodies_t *self, const body_id_t *id, const uint8_t *data);

#endif
