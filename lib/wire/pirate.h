/*  The Pirates' wire: the Simple Pirate, the Paranoid Pirate's PPP (RFC 6), and what any REP server speaks. Frames <->
 *  commands.
 *
 *                      Simple                              Paranoid
 *  request, answer     [extra]* [""] [body]+               the same: between a client and a server or queue
 *  READY               [""][01]                            [01]
 *  HEARTBEAT           none                                [02], both ways
 *  request to worker   [""] [id]* [""] [body]+             [id]* [""] [body]+
 *  worker's answer     the same                            the same
 *
 *  The frames up to the delimiter are the envelope (envelope.h): a worker gives it back byte for byte. Decoding borrows
 *  and allocates nothing.
 */
#ifndef KEEL_WIRE_PIRATE_H
#define KEEL_WIRE_PIRATE_H

#include "envelope.h"

typedef enum {
    PIRATE_SIMPLE,   /* workers are REQ sockets */
    PIRATE_PARANOID, /* workers are DEALER sockets that speak PPP */
} pirate_t;

typedef enum {
    PIRATE_MESSAGE, /* a request, or the answer to one */
    PIRATE_READY,
    PIRATE_HEARTBEAT,
} pirate_kind_t;

typedef struct {
    pirate_kind_t kind;
    envelope_t envelope; /* MESSAGE: the delimiter is its last frame */
    const span_t *body;  /* MESSAGE: one frame or more, borrowed */
    size_t body_count;
} pirate_command_t;

/*  Before a worker's request stand its client's envelope and one routing id. */
#define PIRATE_EXTRA_MAX (ENVELOPE_EXTRA_MAX + 1)
/*  The most frames that pirate_encode_envelope writes. */
#define PIRATE_HEAD_MAX (PIRATE_EXTRA_MAX + 2)

/*  Between a client and a server or queue, either way. */
verdict_t pirate_decode_plain (const span_t frames[], size_t count, pirate_command_t *command);
/*  From a worker. */
verdict_t pirate_decode_at_queue (pirate_t pirate, const span_t frames[], size_t count, pirate_command_t *command);
/*  From a queue: READY is none of its words. */
verdict_t pirate_decode_at_worker (pirate_t pirate, const span_t frames[], size_t count, pirate_command_t *command);

/*  Each writes frames that borrow and returns their number. READY and HEARTBEAT are whole commands. */
size_t pirate_encode_ready (span_t out[], pirate_t pirate);
size_t pirate_encode_heartbeat (span_t out[]);
/*  What stands before the body of a worker's request or answer. envelope: with its delimiter. */
size_t pirate_encode_envelope (span_t out[], pirate_t pirate, const span_t envelope[], size_t count);

#endif
