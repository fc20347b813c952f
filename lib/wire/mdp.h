/*  MDP 0.1 (RFC 7) and 0.2 (RFC 18): frames <-> commands. The envelope (envelope.h) is already off.
 *
 *                   0.1                                   0.2
 *  client REQUEST   [MDPC01][service][body]+              [MDPC02][01][service][body]+
 *  to client        [MDPC01][service][body]+              PARTIAL [MDPC02][02][service][body]+, FINAL 03
 *  READY            [MDPW01][01][service]([credit])       [MDPW02][01][service]([credit])
 *  to worker        [MDPW01][02][token][""][body]+        [MDPW02][02][token][""][body]+
 *  worker's answer  [MDPW01][03][token][""][body]+        PARTIAL 03, FINAL 04
 *  HEARTBEAT        [MDPW01][04]                          [MDPW02][05]
 *  DISCONNECT       [MDPW01][05]                          [MDPW02][06]
 *
 *  Decoding borrows and allocates nothing. Frames behind HEARTBEAT and DISCONNECT are ignored.
 */
#ifndef KEEL_MDP_H
#define KEEL_MDP_H

#include "span.h"
#include "verdict.h"

#define MDP_SERVICE_MAX 255
#define MDP_CREDIT_MAX  65535

/*  The most frames that an encoder writes before the body. */
#define MDP_HEAD_MAX 4

typedef enum {
    MDP_REQUEST,    /* client to broker, broker to worker */
    MDP_PARTIAL,    /* worker to broker, broker to client; 0.2 only */
    MDP_FINAL,      /* likewise; the one answer of 0.1 is a FINAL too */
    MDP_READY,      /* worker to broker */
    MDP_HEARTBEAT,  /* both ways */
    MDP_DISCONNECT, /* both ways */
} mdp_kind_t;

typedef enum {
    MDP_NOBODY,
    MDP_CLIENT,
    MDP_WORKER,
} mdp_role_t;

typedef struct {
    mdp_role_t role; /* whose header it has; MDP_NOBODY: none that is known */
    uint8_t version; /* 1 or 2 */
    mdp_kind_t kind;
    span_t service;     /* REQUEST of a client, READY, answers to a client */
    span_t token;       /* REQUEST to a worker, its PARTIAL and FINAL */
    uint32_t credit;    /* READY: 1 when the frame is absent */
    const span_t *body; /* borrowed */
    size_t body_count;
} mdp_command_t;

/*  MDPC01, MDPC02, MDPW01, MDPW02? */
bool mdp_is_header (span_t frame);

/*  What a broker gets. role, version and, once known, kind are set whatever the verdict, so that a worker whose READY is
 *  bad can be told DISCONNECT in its own version. */
verdict_t mdp_decode_at_broker (const span_t frames[], size_t count, mdp_command_t *command);
/*  What a client gets: PARTIAL and FINAL. */
verdict_t mdp_decode_at_client (const span_t frames[], size_t count, mdp_command_t *command);
/*  What a worker gets: REQUEST, HEARTBEAT, DISCONNECT. */
verdict_t mdp_decode_at_worker (const span_t frames[], size_t count, mdp_command_t *command);

/*  Each writes the frames before the body and returns their number, at most MDP_HEAD_MAX. They borrow service, token and
 *  credit. Without a body these are the whole command. */
size_t mdp_encode_client_request (span_t out[], uint8_t version, span_t service);
/*  kind: MDP_PARTIAL (0.2 only) or MDP_FINAL. */
size_t mdp_encode_client_reply (span_t out[], uint8_t version, mdp_kind_t kind, span_t service);
/*  credit: the frame's text, or an empty span for none. */
size_t mdp_encode_ready (span_t out[], uint8_t version, span_t service, span_t credit);
size_t mdp_encode_worker_request (span_t out[], uint8_t version, span_t token);
/*  kind: MDP_PARTIAL (0.2 only) or MDP_FINAL. */
size_t mdp_encode_worker_reply (span_t out[], uint8_t version, mdp_kind_t kind, span_t token);
/*  kind: MDP_HEARTBEAT or MDP_DISCONNECT. */
size_t mdp_encode_control (span_t out[], uint8_t version, mdp_kind_t kind);

/*  1..255 printable ASCII characters, no space. */
bool mdp_service_valid (span_t service);

#endif
