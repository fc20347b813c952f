/*  What a client hears: whose answer it is, and whether that still counts. */
#include "client_state.h"

#include "fault.h"
#include "mdp.h"
#include "mmi.h"

/*  The code of [code][reason][service]; 0 when it has none. */
static unsigned
notice_code (const mdp_command_t *notice)
{
    const span_t *code = &notice->body[0];
    unsigned value = 0;
    if (code->size != 3 || code->data[0] < '4' || code->data[0] > '5')
        return 0;
    for (size_t n = 0; n < 3; n++) {
        if (code->data[n] < '0' || code->data[n] > '9')
            return 0;
        value = value * 10 + (unsigned) (code->data[n] - '0');
    }
    return value;
}

/*  Another broker, or moment, may say something else. Of several brokers each is asked within the try: one of a pair that hands
 *  over says 503 until the other serves. False: there is no try left. */
static bool
take_refusal (keel_mdclient_t *self, request_t *request)
{
    if (self->config.endpoints > 1 && !self->config.stock) {
        self->links[request->link].doubted = true;
        mdclient_move_on (self, request->link);
        self->links[self->current].doubted = true;
        request->refused = true;
        request->copies = 0; /* that one is void; what others have is only waited for longer */
        mdclient_continue_soon (self, request);
        return true;
    }
    if (!mdclient_tries_left (self, request))
        return false;
    mdclient_try_again (self, request);
    return true;
}

static void
handle_notice (keel_mdclient_t *self, request_t *request, const mdp_command_t *notice, keel_actions_t *out)
{
    unsigned code = notice_code (notice);
    mdclient_count (self, code ? KEEL_MDCLIENT_NOTICES : KEEL_MDCLIENT_MALFORMED);
    if (!code)
        return;
    if (code == 503 && !request->source && take_refusal (self, request))
        return;
    keel_action_t *action = keel_actions_deliver (out, KEEL_DELIVER_FAILED, request->tag);
    action->code = code;
    action->body = notice->body;
    action->body_count = notice->body_count;
    mdclient_count (self, KEEL_MDCLIENT_FAILED);
    mdclient_end (self, request);
}

static void
handle_answer (keel_mdclient_t *self, uint16_t number, request_t *request, uint32_t sending,
               const mdp_command_t *answer, keel_actions_t *out)
{
    bool final = answer->kind == MDP_FINAL;
    keel_action_t *action =
        keel_actions_deliver (out, final ? KEEL_DELIVER_FINAL : KEEL_DELIVER_PARTIAL, request->tag);
    action->body = answer->body;
    action->body_count = answer->body_count;
    mdclient_count (self, final ? KEEL_MDCLIENT_REPLIES : KEEL_MDCLIENT_PARTIALS);
    mdclient_note_answer (self, number);
    if (final) {
        mdclient_end (self, request);
        return;
    }
    request->source = sending;
    request->link = number; /* what becomes of others it was sent over does not matter any more */
    if (request->state == REQUEST_LOST)
        return;
    request->state = REQUEST_SENT;
    request->continues = false;
    request->try_due = self->now + self->config.timeout_ms;
    requests_set_due (&self->requests, request, request->try_due);
}

/*  The request that an envelope belongs to, and its sending; NULL: none. */
static request_t *
find_request (const keel_mdclient_t *self, const envelope_t *envelope, uint32_t *sending)
{
    if (self->config.stock) {
        request_t *only = requests_first (&self->requests);
        *sending = only ? only->sending : 0;
        return envelope->count <= 1 ? only : NULL;
    }
    envelope_options_t options = envelope_options (envelope);
    *sending = (uint32_t) (options.id & (((uint64_t) 1 << SENDING_BITS) - 1));
    request_t *request = options.present ? requests_find (&self->requests, options.id >> SENDING_BITS) : NULL;
    if (!request && KEEL_FAULT (CLIENT_ANY_ANSWER) && (request = requests_first (&self->requests)) != NULL)
        *sending = request->sending;
    return request;
}

/*  Does an answer to that sending still count? A notice speaks for the last sending only: another is on its way. */
static bool
is_awaited (const request_t *request, uint32_t sending, bool notice)
{
    if (!request || sending < 1 || sending > request->sending)
        return false;
    if (request->source)
        return sending == request->source;
    return !notice || (request->state == REQUEST_SENT && sending == request->sending);
}

static void
take_answer (keel_mdclient_t *self, uint16_t number, const envelope_t *envelope, const mdp_command_t *answer,
             keel_actions_t *out)
{
    uint32_t sending;
    request_t *request = find_request (self, envelope, &sending);
    bool same = request && span_equal (answer->service, request_service (request));
    bool notice = !same && span_equal (answer->service, SPAN_OF (MMI_ERROR));
    if ((!same && !notice) || !is_awaited (request, sending, notice)) {
        mdclient_count (self, KEEL_MDCLIENT_LATE);
        return;
    }
    if (notice)
        handle_notice (self, request, answer, out);
    else
        handle_answer (self, number, request, sending, answer, out);
}

void
mdclient_handle_message (keel_mdclient_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t answer;
    uint16_t number = event->peer.listener;
    if (number >= self->config.endpoints || !self->links[number].open)
        return;
    verdict_t verdict = event->cut ? VERDICT_FRAMES : envelope_decode (event->frames, event->count, &envelope);
    if (verdict == VERDICT_OK)
        verdict = mdp_decode_at_client (event->frames + envelope.count, event->count - envelope.count, &answer);
    if (verdict != VERDICT_OK) {
        mdclient_count (self, KEEL_MDCLIENT_MALFORMED);
        return;
    }
    mdclient_note_heard (self, number);
    envelope_options_t options = envelope_options (&envelope);
    if (mdclient_take_probe (self, number, &options))
        return;
    take_answer (self, number, &envelope, &answer, out);
}
