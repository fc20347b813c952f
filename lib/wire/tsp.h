/*  TSP (RFC 9), Titanic's protocol over MDP: the bodies of its four services' requests and answers <-> typed commands.
 *
 *                      request                       answer
 *  titanic.request     [service][body]+              [200][uuid]
 *  titanic.reply       [uuid]                        [200][body]+, [300] it is pending, [400] there is none of that uuid
 *  titanic.close       [uuid]                        [200]
 *  titanic.submit      [uuid][service][body]+        [200][uuid]         ours: the client makes the uuid, of any version
 *
 *  A status is three digits, and perhaps a space and text. 400 says too that a uuid is malformed, 500 everything else that
 *  went wrong. On the wire a uuid is 32 hexadecimal digits: either case is accepted, upper case is sent. Frames after
 *  the uuid of titanic.reply and titanic.close are ignored. Decoding borrows and allocates nothing.
 */
#ifndef KEEL_WIRE_TSP_H
#define KEEL_WIRE_TSP_H

#include "span.h"

#define TSP_PREFIX    "titanic."
#define TSP_UUID_SIZE 16
#define TSP_UUID_TEXT 32

typedef struct {
    uint8_t bytes[TSP_UUID_SIZE]; /* as numbers they are in order of time when they are of version 7 */
} tsp_uuid_t;

#define TSP_SERVICE_MAP(X)                                                                                             \
    X (REQUEST, "titanic.request")                                                                                     \
    X (REPLY, "titanic.reply")                                                                                         \
    X (CLOSE, "titanic.close")                                                                                         \
    X (SUBMIT, "titanic.submit")

typedef enum {
#define X(name, text) TSP_##name,
    TSP_SERVICE_MAP (X)
#undef X
        TSP_SERVICES
} tsp_service_t;

/*  name, the status line that answers it. */
#define TSP_VERDICT_MAP(X)                                                                                             \
    X (OK, "200")                                                                                                      \
    X (SHORT, "500 malformed: frames are missing")                                                                     \
    X (UUID, "400 malformed: a uuid is 32 hexadecimal digits")                                                         \
    X (SERVICE, "500 malformed: a service name is 1 to 255 printable ASCII characters without space")                  \
    X (RESERVED, "500 refused: titanic. and mmi. services cannot be called through Titanic")                           \
    X (BODY, "500 malformed: a body has one frame or more")                                                            \
    X (STATUS, "500 malformed: no status that is known")

typedef enum {
#define X(name, status) TSP_VERDICT_##name,
    TSP_VERDICT_MAP (X)
#undef X
        TSP_VERDICTS
} tsp_verdict_t;

typedef struct {
    tsp_service_t kind;
    tsp_uuid_t uuid;    /* all but REQUEST */
    span_t service;     /* REQUEST, SUBMIT: a valid name that is not reserved */
    const span_t *body; /* REQUEST, SUBMIT: one frame or more, borrowed */
    size_t body_count;
} tsp_command_t;

typedef struct {
    unsigned code;      /* 200, 300, 400, 500 */
    span_t text;        /* what the status says besides; may be empty */
    tsp_uuid_t uuid;    /* 200 to REQUEST, SUBMIT */
    const span_t *body; /* 200 to REPLY: one frame or more, borrowed */
    size_t body_count;
} tsp_answer_t;

/*  The full name of a service. */
span_t tsp_service_name (tsp_service_t service);
/*  May not be a target: it starts with "titanic." or "mmi.". */
bool tsp_is_reserved (span_t service);

/*  What Titanic gets at that service: the frames of the MDP body. */
tsp_verdict_t tsp_decode_request (tsp_service_t kind, const span_t frames[], size_t count, tsp_command_t *command);
/*  What a client gets from it. */
tsp_verdict_t tsp_decode_answer (tsp_service_t kind, const span_t frames[], size_t count, tsp_answer_t *answer);

/*  The status frame that answers what is not well formed. Static. */
span_t tsp_verdict_status (tsp_verdict_t verdict);

/*  False: it is not 32 hexadecimal digits. */
bool tsp_uuid_decode (span_t frame, tsp_uuid_t *uuid);
void tsp_uuid_encode (const tsp_uuid_t *uuid, char text[TSP_UUID_TEXT]);
/*  Version 7 (RFC 9562): wall_ms since 1970, then a counter of 12 bits, then 62 random bits. */
tsp_uuid_t tsp_uuid_make (uint64_t wall_ms, uint16_t counter, uint64_t random);
/*  Of version 7: its time, msec since 1970. */
uint64_t tsp_uuid_time (const tsp_uuid_t *uuid);

static inline int
tsp_uuid_compare (const tsp_uuid_t *one, const tsp_uuid_t *other)
{
    return memcmp (one->bytes, other->bytes, TSP_UUID_SIZE);
}

#endif
