/*  The requests of a client that are outstanding.
 *
 *  On the wire an id has the request's serial number in its upper bits and the number of the sending in the lower ones.
 */
#ifndef KEEL_CLIENT_REQUESTS_H
#define KEEL_CLIENT_REQUESTS_H

#include "backoff.h"
#include "body.h"
#include "envelope.h"
#include "pending.h"

#define SENDING_BITS 24

typedef enum {
    REQUEST_WAITS, /* due: it is sent */
    REQUEST_SENT,  /* due: its try is over */
    REQUEST_LOST,  /* due: it fails, its connection ended after a partial answer */
} request_state_t;

typedef struct {
    pending_t pending;
    uint64_t tag; /* of its DELIVERs */
    uint32_t sending; /* 1 for the first */
    uint32_t source;  /* the sending whose partial answers are delivered; 0: none yet */
    unsigned tries;   /* begun */
    request_state_t state;
    uint16_t link;   /* where it was sent last */
    bool heard;      /* it was sent over a link that had been heard */
    bool refused;    /* the last word was 503 */
    uint64_t copies; /* links that have it, a bit each, since they were opened */
    bool continues;  /* its next sending belongs to the try that goes on */
    int64_t made_ms;
    int64_t try_ms;  /* when that began */
    int64_t try_due; /* and when it is over */
    backoff_t backoff;
    body_t *body; /* [service][body]+ */
    uint8_t options[OPTIONS_SIZE];
} request_t;

typedef struct {
    pending_table_t table;
    pool_t *pool;
} requests_t;

/*  False without memory; then too it is to be cleared. */
bool requests_init (requests_t *self, uint64_t serial);
void requests_clear (requests_t *self);

/*  A new one that waits, due now; NULL without memory. */
request_t *requests_add (requests_t *self, int64_t now, span_t service, const span_t body[], size_t count);
void requests_remove (requests_t *self, request_t *request);
request_t *requests_find (const requests_t *self, uint64_t serial);
/*  That in the slot of this number, or NULL: 0 <= slot < self->table.capacity. */
request_t *requests_at (const requests_t *self, size_t slot);
/*  The one that is due first, or NULL. */
request_t *requests_first (const requests_t *self);
void requests_set_due (requests_t *self, request_t *request, int64_t due);

uint64_t request_wire_id (const request_t *self);
span_t request_service (const request_t *self);

#endif
