/*  What mdbench puts on the wire, made once: the frames before a body. */
#ifndef MDBENCH_WIRE_H
#define MDBENCH_WIRE_H

#include "mdbench_body.h"
#include "mdbench_settings.h"
#include "mdp.h"

#include <zmq.h>

#define WIRE_HEAD_MAX     (MDP_HEAD_MAX + 2)
#define WIRE_OPTIONS_SIZE 20

/*  A client's frames for one service. */
typedef struct {
    span_t request[WIRE_HEAD_MAX];
    span_t reply[WIRE_HEAD_MAX]; /* as many, which come back */
    size_t count;
} wire_client_t;

/*  A worker's. */
typedef struct {
    span_t ready[WIRE_HEAD_MAX];
    size_t ready_count;
    span_t heartbeat[WIRE_HEAD_MAX];
    span_t disconnect[WIRE_HEAD_MAX];
    size_t control_count;
    span_t reply[WIRE_HEAD_MAX]; /* up to the token */
    size_t reply_count;
} wire_worker_t;

/*  options: the caller's, changed by wire_set_id for each request. name lives as long as self. */
void wire_client (wire_client_t *self, const mdbench_settings_t *settings, span_t name,
                  const uint8_t options[WIRE_OPTIONS_SIZE]);
void wire_set_id (uint8_t options[WIRE_OPTIONS_SIZE], uint64_t id);
/*  The id of an options frame, whoever sent it back; false: it is none. */
bool wire_id (span_t frame, uint64_t *id);
/*  Is it a failure notice instead of a reply? id: [out] the request's. Its code is frames[self->count], the reason next. */
bool wire_is_notice (const wire_client_t *self, const span_t frames[], size_t count, uint64_t *id);

/*  credit: its text. Counts are 0 where there is no such word: nothing is to be sent. */
void wire_worker (wire_worker_t *self, const mdbench_settings_t *settings, span_t name, span_t credit);

/*  0, or -1 with errno. more: a frame will follow. */
int wire_send (void *socket, const span_t frames[], size_t count, bool more);
/*  The last frame of a message: a body. 0, or -1 with errno. */
int wire_send_body (void *socket, const bodies_t *bodies, const body_id_t *id);
bool wire_same (zmq_msg_t *frame, span_t expected);
/*  Reads and forgets what is left of the message that frame is of. */
void wire_skip (void *socket, zmq_msg_t *frame);

#endif
