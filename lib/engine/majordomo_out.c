/*  What the broker says: to workers, to clients. */
#include "majordomo_state.h"

/* ------------------------------------------------------------------ to workers */

static void
send_control (uint16_t listener, span_t id, bool led, uint8_t version, mdp_kind_t kind, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, listener, id);
    span_t *head = keel_actions_head (out);
    size_t count = 0;
    if (led)
        head[count++] = SPAN_OF ("");
    count += mdp_encode_control (head + count, version, kind);
    keel_actions_add_head (out, action, count);
    action->tag = TAG_WORKER;
}

static void
send_heartbeat (const dispatch_worker_t *worker, keel_actions_t *out)
{
    send_control (worker->listener, worker->id, worker->led, worker->version, MDP_HEARTBEAT, out);
}

/*  In the form that the peer itself used. */
void
majordomo_send_disconnect (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    send_control (ask->peer->listener, ask->peer->id, ask->envelope->count > 0, ask->command->version, MDP_DISCONNECT,
                  out);
    self->counters.disconnects_sent++;
}

static void
send_farewell (queue_t *queue, const dispatch_worker_t *worker, keel_actions_t *out)
{
    send_control (worker->listener, worker->id, worker->led, worker->version, MDP_DISCONNECT, out);
    ((keel_majordomo_t *) queue)->counters.disconnects_sent++;
}

static void
send_request (const dispatch_request_t *request, const span_t body[], size_t body_count, keel_actions_t *out)
{
    const dispatch_worker_t *worker = request->worker;
    keel_action_t *action = keel_actions_send (out, worker->listener, worker->id);
    span_t *head = keel_actions_head (out);
    size_t count = 0;
    if (worker->led)
        head[count++] = SPAN_OF ("");
    count += mdp_encode_worker_request (head + count, worker->version,
                                        span_make (request->token_text, sizeof (request->token_text)));
    keel_actions_add_head (out, action, count);
    action->body = body;
    action->body_count = body_count;
    action->tag = request->token;
}

/* ------------------------------------------------------------------ to clients */

/*  Opens an answer to a request that dispatch keeps: its envelope and the reply's head. */
static keel_action_t *
open_reply (const dispatch_request_t *request, mdp_kind_t kind, span_t service, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, request->client->listener, request->client->id);
    span_t *head = keel_actions_head (out);
    size_t count = request->envelope_count;
    memcpy (head, body_frames (request->body), count * sizeof (span_t));
    count += mdp_encode_client_reply (head + count, request->version, kind, service);
    keel_actions_add_head (out, action, count);
    action->tag = TAG_CLIENT;
    return action;
}

void
majordomo_send_reply (const dispatch_request_t *request, mdp_kind_t kind, const span_t body[], size_t body_count,
            keel_actions_t *out)
{
    keel_action_t *action = open_reply (request, kind, request->service->name, out);
    action->body = body;
    action->body_count = body_count;
}

static void
add_notice_body (keel_actions_t *out, keel_action_t *action, unsigned code, span_t service)
{
    span_t *head = keel_actions_head (out);
    head[0] = mmi_code (code);
    head[1] = mmi_reason (code);
    head[2] = service;
    keel_actions_add_head (out, action, 3);
}

/*  Nothing when it did not ask for notices. */
static void
send_notice (queue_t *queue, const dispatch_request_t *request, unsigned code, keel_actions_t *out)
{
    if (!request->notices && !KEEL_FAULT (ALL_NOTICES))
        return;
    keel_action_t *action = open_reply (request, MDP_FINAL, SPAN_OF (MMI_ERROR), out);
    add_notice_body (out, action, code, request->service->name);
    ((keel_majordomo_t *) queue)->counters.notices++;
}

/*  To a request that was not taken in: everything in it is lent. */
void
majordomo_send_refusal (keel_majordomo_t *self, const majordomo_ask_t *ask, unsigned code, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, ask->peer->listener, ask->peer->id);
    span_t *head = keel_actions_head (out);
    size_t count = ask->envelope->count;
    memcpy (head, ask->envelope->frames, count * sizeof (span_t));
    count += mdp_encode_client_reply (head + count, ask->command->version, MDP_FINAL, SPAN_OF (MMI_ERROR));
    keel_actions_add_head (out, action, count);
    add_notice_body (out, action, code, ask->command->service);
    action->tag = TAG_CLIENT;
    self->counters.notices++;
}

const queue_words_t majordomo_words = {
    .request = send_request,
    .heartbeat = send_heartbeat,
    .farewell = send_farewell,
    .failure = send_notice,
};
