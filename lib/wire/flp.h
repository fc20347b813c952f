/*  FLP (RFC 10), between a Freelance client and its servers: ROUTER to ROUTER, no empty frame. Frames <-> commands.
 *
 *      client to server    [PING]                 [control][body]+
 *      server to client    [PONG]                 [control][body]+
 *
 *  The control frame goes back as it came. Our client's is the number of its request, 8 bytes, big-endian; a server takes
 *  one of any size. What it reads does not matter: with a body behind it PING is a request, too. Decoding borrows and
 *  allocates nothing.
 */
#ifndef KEEL_WIRE_FLP_H
#define KEEL_WIRE_FLP_H

#include "span.h"
#include "verdict.h"

#define FLP_CONTROL_SIZE 8

typedef enum {
    FLP_PING,    /* and its answer, PONG */
    FLP_REQUEST, /* and its answer */
} flp_kind_t;

typedef struct {
    flp_kind_t kind;
    span_t control;     /* REQUEST */
    uint64_t number;    /* REQUEST at a client: what the control frame says */
    const span_t *body; /* REQUEST: one frame or more, borrowed */
    size_t body_count;
} flp_command_t;

/*  From a client. VERDICT_SHORT: one empty frame, or none; VERDICT_BODY: one frame that is not PING. */
verdict_t flp_decode_at_server (const span_t frames[], size_t count, flp_command_t *command);
/*  From a server. VERDICT_HEADER: the control frame is none of ours; otherwise the same, with PONG. */
verdict_t flp_decode_at_client (const span_t frames[], size_t count, flp_command_t *command);

span_t flp_ping (void);
span_t flp_pong (void);
void flp_encode_control (uint64_t number, uint8_t control[FLP_CONTROL_SIZE]);

#endif
