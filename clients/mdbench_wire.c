#include "mdbench_wire.h"

#include "envelope.h"
#include "pirate.h"

#include <assert.h>
#include <string.h>

static_assert (WIRE_OPTIONS_SIZE == OPTIONS_SIZE, "the options frame has another size");

static const span_t delimiter = {(const uint8_t *) "", 0, NULL};

/*  What stands before the command. 0.2 needs no delimiter but for an envelope. */
static size_t
open_client (span_t out[], const mdbench_settings_t *settings, const uint8_t options[WIRE_OPTIONS_SIZE])
{
    size_t count = 0;
    if (settings->options)
        out[count++] = span_make (options, WIRE_OPTIONS_SIZE);
    if (settings->options || settings->plain || settings->mdp == 1)
        out[count++] = delimiter;
    return count;
}

void
wire_client (wire_client_t *self, const mdbench_settings_t *settings, span_t name,
             const uint8_t options[WIRE_OPTIONS_SIZE])
{
    const uint8_t version = (uint8_t) settings->mdp;
    self->count = open_client (self->request, settings, options);
    open_client (self->reply, settings, options);
    if (settings->plain)
        return;
    mdp_encode_client_reply (self->reply + self->count, version, MDP_FINAL, name);
    self->count += mdp_encode_client_request (self->request + self->count, version, name);
}

void
wire_set_id (uint8_t options[WIRE_OPTIONS_SIZE], uint64_t id)
{
    options_encode (&(envelope_options_t){.notices = true, .id = id}, options);
}

bool
wire_id (span_t frame, uint64_t *id)
{
    envelope_options_t options;
    if (!options_decode (frame, &options))
        return false;
    *id = options.id;
    return true;
}

bool
wire_is_notice (const wire_client_t *self, const span_t frames[], size_t count, uint64_t *id)
{
    return count == self->count + 3 && span_equal (frames[self->count - 1], SPAN_OF ("mmi.error")) &&
           wire_id (frames[0], id);
}

/*  A Pirate's worker echoes all of a message, and has no word to leave with. */
static void
wire_pirate (wire_worker_t *self, pirate_t pirate)
{
    self->ready_count = pirate_encode_ready (self->ready, pirate);
    self->control_count = pirate == PIRATE_PARANOID ? pirate_encode_heartbeat (self->heartbeat) : 0;
}

/*  What stands before a worker's command. */
static size_t
open_worker (span_t out[], const mdbench_settings_t *settings)
{
    out[0] = delimiter;
    return settings->mdp == 1 ? 1 : 0;
}

void
wire_worker (wire_worker_t *self, const mdbench_settings_t *settings, span_t name, span_t credit)
{
    const uint8_t version = (uint8_t) settings->mdp;
    *self = (wire_worker_t){0};
    if (settings->plain) {
        if (!mdbench_speaks (settings, "raw"))
            wire_pirate (self, mdbench_speaks (settings, "simple") ? PIRATE_SIMPLE : PIRATE_PARANOID);
        return;
    }
    if (settings->credit == 1)
        credit.size = 0;
    self->ready_count = open_worker (self->ready, settings);
    self->ready_count += mdp_encode_ready (self->ready + self->ready_count, version, name, credit);
    self->control_count = open_worker (self->disconnect, settings);
    mdp_encode_control (self->disconnect + self->control_count, version, MDP_DISCONNECT);
    self->control_count = open_worker (self->heartbeat, settings);
    self->control_count += mdp_encode_control (self->heartbeat + self->control_count, version, MDP_HEARTBEAT);
    self->reply_count = open_worker (self->reply, settings);
    mdp_encode_worker_reply (self->reply + self->reply_count, version, MDP_FINAL, delimiter);
    self->reply_count += 2;
}

int
wire_send (void *socket, const span_t frames[], size_t count, bool more)
{
    for (size_t n = 0; n < count; n++) {
        const int flags = ZMQ_DONTWAIT | (more || n + 1 < count ? ZMQ_SNDMORE : 0);
        if (zmq_send (socket, frames[n].data, frames[n].size, flags) < 0)
            return -1;
    }
    return 0;
}

int
wire_send_body (void *socket, const bodies_t *bodies, const body_id_t *id)
{
    zmq_msg_t body;
    if (zmq_msg_init_size (&body, bodies->size) != 0)
        return -1;
    bodies_write (bodies, id, zmq_msg_data (&body));
    if (zmq_msg_send (&body, socket, ZMQ_DONTWAIT) >= 0)
        return 0;
    zmq_msg_close (&body);
    return -1;
}

bool
wire_same (zmq_msg_t *frame, span_t expected)
{
    return zmq_msg_size (frame) == expected.size && memcmp (zmq_msg_data (frame), expected.data, expected.size) == 0;
}

void
wire_skip (void *socket, zmq_msg_t *frame)
{
    while (zmq_msg_more (frame) && zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0)
        continue;
}
