/*  The desk: what clients ask of the four services, and what they are told.
 *
 *  What is malformed or over a limit is answered at once, and nothing is stored. titanic.reply is answered from the store, but
 *  when the reply is on its way there. Everything else waits for its op. */
#include "titanic_state.h"

#include "memory.h"

#include <utlist.h>

static void
answer (keel_tsp_t *self, tsp_service_t service, uint64_t id, const span_t frames[], size_t count, keel_actions_t *out)
{
    size_t since = out->count;
    if (!worker_engine_answer (self->workers[service], id, true, frames, count, self->now, out))
        self->counters.answers_void++;
    titanic_take_over (self, (uint16_t) service, since, out);
}

static void
answer_status (keel_tsp_t *self, tsp_service_t service, uint64_t id, span_t status, keel_actions_t *out)
{
    self->answer[0] = status;
    answer (self, service, id, self->answer, 1, out);
}

static bool
reserve_answer (keel_tsp_t *self, size_t count)
{
    if (count <= self->answer_capacity)
        return true;
    span_t *grown = memory_new (2 * count * sizeof (span_t));
    if (!grown)
        return false;
    memory_free (self->answer);
    self->answer = grown;
    self->answer_capacity = 2 * count;
    return true;
}

/* ------------------------------------------------------------------ new requests */

static size_t
bytes_of (const span_t frames[], size_t count)
{
    size_t bytes = 0;
    for (size_t n = 0; n < count; n++)
        bytes += frames[n].size;
    return bytes;
}

/*  NULL: it may be stored; else the status that refuses it. */
static const char *
refusal_of (const keel_tsp_t *self, const tsp_command_t *command, size_t bytes)
{
    if (command->body_count > self->config.frames)
        return "500 refused: the body has more frames than limits/frames";
    if (bytes > self->config.body_bytes)
        return "500 refused: the body has more bytes than limits/body-bytes";
    if (bytes > self->config.queued_bytes || self->out_bytes > self->config.queued_bytes - bytes)
        return "500 busy: too much waits to be stored, try again";
    return NULL;
}

/*  service: the frame before the body. */
static ticket_t *
ticket_for (keel_tsp_t *self, const tsp_command_t *command, size_t bytes)
{
    ticket_t *ticket = titanic_ticket (self, TITANIC_PUT, FOR_CLIENT);
    if (!ticket)
        return NULL;
    ticket->body = body_new (self->pool, &command->service, 1, command->body, command->body_count);
    if (!ticket->body) {
        pool_give (self->pool, ticket, sizeof (ticket_t));
        return NULL;
    }
    ticket->bytes = bytes;
    ticket->op.service = body_frames (ticket->body)[0];
    ticket->op.frames = body_frames (ticket->body) + 1;
    ticket->op.frame_count = command->body_count;
    ticket->op.submitted = command->kind == TSP_SUBMIT;
    ticket->op.uuid = ticket->op.submitted ? command->uuid : titanic_make_uuid (self);
    return ticket;
}

static void
take_new (keel_tsp_t *self, const tsp_command_t *command, uint64_t id, keel_actions_t *out)
{
    size_t bytes = bytes_of (command->body, command->body_count);
    const char *refusal = refusal_of (self, command, bytes);
    ticket_t *ticket = refusal ? NULL : ticket_for (self, command, bytes);
    if (!ticket) {
        self->counters.over_limit++;
        answer_status (self, command->kind, id, span_text (refusal ? refusal : "500 busy: no memory, try again"), out);
        return;
    }
    ticket->service = command->kind;
    ticket->id = id;
    titanic_store (self, ticket, out);
    if (KEEL_FAULT (TITANIC_EARLY)) {
        self->answer[0] = SPAN_OF ("200");
        tsp_uuid_encode (&ticket->op.uuid, ticket->text);
        self->answer[1] = span_make (ticket->text, TSP_UUID_TEXT);
        answer (self, command->kind, id, self->answer, 2, out);
    }
}

/* ------------------------------------------------------------------ the others */

static void
take_close (keel_tsp_t *self, const tsp_command_t *command, uint64_t id, keel_actions_t *out)
{
    ticket_t *ticket = titanic_ticket (self, TITANIC_CLOSE, FOR_CLIENT);
    if (!ticket) {
        answer_status (self, TSP_CLOSE, id, SPAN_OF ("500 busy: no memory, try again"), out);
        return;
    }
    ticket->op.uuid = command->uuid;
    ticket->service = TSP_CLOSE;
    ticket->id = id;
    titanic_store (self, ticket, out);
}

static void
take_reply (keel_tsp_t *self, const tsp_command_t *command, uint64_t id, keel_actions_t *out)
{
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_REQUEST, .tag = fetch_tag (FETCH_FOR_REPLY, 0), .uuid = command->uuid};
    self->asked = true;
    self->asked_id = id;
    titanic_fetch (self, &fetch, out);
}

static void
count_request (keel_tsp_t *self, tsp_service_t service)
{
    keel_tsp_counters_t *counters = &self->counters;
    uint64_t *const all[] = {&counters->requests, &counters->replies, &counters->closes, &counters->submits};
    ++*all[service];
}

void
titanic_take_request (keel_tsp_t *self, tsp_service_t service, uint64_t id, const span_t frames[], size_t count,
                      keel_actions_t *out)
{
    tsp_command_t command;
    if (!reserve_answer (self, 2) || !worker_engine_begin (self->workers[service], id))
        return;
    count_request (self, service);
    tsp_verdict_t verdict = tsp_decode_request (service, frames, count, &command);
    if (verdict != TSP_VERDICT_OK) {
        self->counters.malformed++;
        answer_status (self, service, id, tsp_verdict_status (verdict), out);
    } else if (service == TSP_REPLY)
        take_reply (self, &command, id, out);
    else if (service == TSP_CLOSE)
        take_close (self, &command, id, out);
    else
        take_new (self, &command, id, out);
}

/* ------------------------------------------------------------------ answers */

/*  Who asked for a reply that was being stored. What else came of it the next question tells. */
static void
tell_asker (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out)
{
    const span_t *frames = ticket->body ? body_frames (ticket->body) : ticket->answer;
    ticket->answer[0] = SPAN_OF ("300");
    answer (self, TSP_REPLY, ticket->id, frames, ticket->body ? body_count (ticket->body) : 1, out);
}

/*  After its op has come back, and nowhere else: 200. */
void
titanic_tell_client (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out)
{
    const titanic_op_t *op = &ticket->op;
    size_t count = 1;
    if (ticket->service == TSP_REPLY) {
        tell_asker (self, ticket, out);
        return;
    }
    if (op->result == TITANIC_FULL)
        ticket->answer[0] = SPAN_OF ("500 full: the store has no room, close what is not needed or try later");
    else if (op->result == TITANIC_BROKEN)
        ticket->answer[0] = SPAN_OF ("500 failed: the store cannot be written");
    else
        ticket->answer[0] = SPAN_OF ("200");
    if (op->kind == TITANIC_PUT && (op->result == TITANIC_STORED || op->result == TITANIC_KNOWN)) {
        tsp_uuid_encode (&op->uuid, ticket->text);
        ticket->answer[count++] = span_make (ticket->text, TSP_UUID_TEXT);
    }
    answer (self, ticket->service, ticket->id, ticket->answer, count, out);
}

static void
tell_dead (keel_tsp_t *self, const titanic_record_t *record, titanic_reason_t reason, keel_actions_t *out)
{
    text_t text = text_over (self->status, sizeof (self->status));
    text_add (&text, "500 dead: ");
    text_add (&text, titanic_reason_text (reason));
    if (record->attempts) {
        text_add (&text, " (");
        text_add_number (&text, record->attempts);
        text_add (&text, record->attempts == 1 ? " attempt)" : " attempts)");
    }
    answer_status (self, TSP_REPLY, self->asked_id, span_make (text.data, text.size), out);
}

static void
tell_body (keel_tsp_t *self, const titanic_record_t *record, keel_actions_t *out)
{
    if (!reserve_answer (self, record->frame_count + 1)) {
        answer_status (self, TSP_REPLY, self->asked_id, SPAN_OF ("500 busy: no memory, try again"), out);
        return;
    }
    self->answer[0] = SPAN_OF ("200");
    memcpy (self->answer + 1, record->frames, record->frame_count * sizeof (span_t));
    answer (self, TSP_REPLY, self->asked_id, self->answer, record->frame_count + 1, out);
}

/*  Its reply is about to be stored: instead of 300, to be followed by the same question, it is answered with that as soon as it
 *  is. One question a request; false: 300 now. */
static bool
waits_for_store (keel_tsp_t *self, const titanic_record_t *record)
{
    running_t *running = titanic_find_run (self, &record->uuid);
    if (!running || running->state != RUN_STORING || running->asked)
        return false;
    running->asked = titanic_ticket (self, TITANIC_REPLY, FOR_CLIENT);
    if (!running->asked)
        return false;
    running->asked->service = TSP_REPLY;
    running->asked->id = self->asked_id;
    return true;
}

void
titanic_settle_asker (keel_tsp_t *self, running_t *running, ticket_t *ticket)
{
    ticket_t *asked = running->asked;
    running->asked = NULL;
    if (!asked)
        return;
    if (ticket->op.kind == TITANIC_REPLY && ticket->op.result == TITANIC_STORED)
        asked->body = body_new (self->pool, &SPAN_OF ("200"), 1, ticket->op.frames, ticket->op.frame_count);
    DL_APPEND (self->done, asked);
}

static bool
is_over (const keel_tsp_t *self, const titanic_record_t *record, int64_t ttl_ms)
{
    return ttl_ms && record->since + ttl_ms <= self->wall;
}

/*  What is over its ttl is gone at once, though the store removes it a little later. */
void
titanic_tell_reply (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    const titanic_record_t *record = &fetched->record;
    if (!self->asked)
        return;
    self->asked = false;
    bool gone = !fetched->found ||
                (record->state != TSP_STATE_PENDING && is_over (self, record, self->config.reply_ttl_ms));
    if (fetched->failed)
        answer_status (self, TSP_REPLY, self->asked_id, SPAN_OF ("500 failed: the store cannot be read, try again"), out);
    else if (gone)
        answer_status (self, TSP_REPLY, self->asked_id, SPAN_OF ("400"), out);
    else if (record->state == TSP_STATE_DONE)
        tell_body (self, record, out);
    else if (record->state == TSP_STATE_DEAD)
        tell_dead (self, record, record->reason, out);
    else if (is_over (self, record, self->config.request_ttl_ms))
        tell_dead (self, record, TITANIC_REASON_EXPIRED, out);
    else if (!waits_for_store (self, record))
        answer_status (self, TSP_REPLY, self->asked_id, SPAN_OF ("300"), out);
}
