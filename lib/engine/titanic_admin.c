/*  What operators ask (wire/tsp_admin.h), and what they are told. What changes something goes out as an op, with the envelope of who
 *  asked; a question to the store is answered before the next message; a backup takes its time, and is one at a time. */
#include "titanic_state.h"

#include "pirate.h"


/*  Requests that one question may change. */
#define CHANGE_LIMIT 1000
#define PATH_BYTES   4096

/* ------------------------------------------------------------------ answers */

/*  envelope: [routing id][extra]*[""], lent until the next step, like text. */
static void
say (uint16_t listener, const span_t envelope[], size_t count, span_t code, span_t text, keel_actions_t *out)
{
    keel_action_t *action = keel_actions_send (out, listener, envelope[0]);
    span_t *head = keel_actions_head (out);
    memcpy (head, envelope + 1, (count - 1) * sizeof (span_t));
    head[count - 1] = code;
    head[count] = text;
    keel_actions_add_head (out, action, count + 1);
}

static text_t
open_json (keel_tsp_t *self)
{
    text_t json = text_over (self->json, JSON_BYTES);
    text_add (&json, "{");
    return json;
}

static span_t
close_json (text_t *json)
{
    text_add (json, "}");
    return span_make (json->data, json->size);
}

static void
answer_question (keel_tsp_t *self, span_t code, span_t text, keel_actions_t *out)
{
    say (self->admin_listener, body_frames (self->admin_envelope), body_count (self->admin_envelope), code, text, out);
    self->admin_done = true;
}

static void
add_string (text_t *json, const char *key, span_t bytes)
{
    text_add_json_key (json, key);
    text_add_json_string (json, bytes);
}

static void
add_bool (text_t *json, const char *key, bool value)
{
    text_add_json_key (json, key);
    text_add (json, value ? "true" : "false");
}

static void
add_record (const keel_tsp_t *self, text_t *json, const titanic_record_t *record)
{
    char uuid[TSP_UUID_TEXT];
    int64_t age = self->wall > record->since ? self->wall - record->since : 0;
    tsp_uuid_encode (&record->uuid, uuid);
    add_string (json, "uuid", span_make (uuid, sizeof (uuid)));
    add_string (json, "service", record->service);
    add_string (json, "state", span_text (tsp_state_text (record->state)));
    text_add_json_number (json, "created", (uint64_t) record->created);
    text_add_json_number (json, "age", (uint64_t) age);
    text_add_json_number (json, "attempts", record->attempts);
    text_add_json_number (json, "frames", record->frame_count);
    text_add_json_number (json, "bytes", record->bytes);
}

static void
tell_list (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    text_t json = open_json (self);
    text_add_json_key (&json, "requests");
    text_add (&json, "[");
    for (size_t n = 0; n < fetched->count; n++) {
        text_add (&json, n ? ",{" : "{");
        add_record (self, &json, &fetched->records[n]);
        text_add (&json, "}");
    }
    text_add (&json, "]");
    add_bool (&json, "more", fetched->more);
    answer_question (self, SPAN_OF ("200"), close_json (&json), out);
}

static void
tell_request (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    const titanic_record_t *record = &fetched->record;
    if (!fetched->found) {
        answer_question (self, SPAN_OF ("404"), SPAN_OF ("there is no request of that uuid"), out);
        return;
    }
    const running_t *running = titanic_find_run (self, &record->uuid);
    text_t json = open_json (self);
    add_record (self, &json, record);
    add_bool (&json, "running", running && running->state == RUN_SENT);
    add_string (&json, "reason", span_text (record->state == TSP_STATE_DEAD ? titanic_reason_text (record->reason) : ""));
    answer_question (self, SPAN_OF ("200"), close_json (&json), out);
}

static void
tell_totals (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    text_t json = open_json (self);
    titanic_write_counters (self, &json);
    text_add_json_number (&json, "store_services", fetched->count);
    text_add_json_number (&json, "store_pending", fetched->totals.counts[TSP_STATE_PENDING]);
    text_add_json_number (&json, "store_done", fetched->totals.counts[TSP_STATE_DONE]);
    text_add_json_number (&json, "store_dead", fetched->totals.counts[TSP_STATE_DEAD]);
    text_add_json_number (&json, "store_bytes", fetched->bytes_used);
    text_add_json_number (&json, "store_bytes_most", fetched->bytes_most);
    answer_question (self, SPAN_OF ("200"), close_json (&json), out);
}

/*  A dead request is to be requeued: its service's name is known now. */
static void requeue (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out);

void
titanic_tell_fetched (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    if (!self->admin_busy)
        return;
    if (fetched->failed && fetched->kind != TITANIC_FETCH_TOTALS)
        answer_question (self, SPAN_OF ("500"), SPAN_OF ("the store cannot be read"), out);
    else if (fetched->kind == TITANIC_FETCH_LIST)
        tell_list (self, fetched, out);
    else if (fetched->kind == TITANIC_FETCH_TOTALS)
        tell_totals (self, fetched, out);
    else if (self->admin.kind == TSP_ADMIN_REQUEUE)
        requeue (self, fetched, out);
    else
        tell_request (self, fetched, out);
}

/*  It was of the envelope with the path behind it. */
void
titanic_tell_backup (keel_tsp_t *self, const char *error, keel_actions_t *out)
{
    body_t *backup = self->backup;
    if (!backup)
        return;
    text_t json = open_json (self);
    if (error)
        text_add (&json, error);
    else
        add_string (&json, "path", body_frames (backup)[body_count (backup) - 1]);
    span_t text = error ? span_make (json.data + 1, json.size - 1) : close_json (&json);
    say (self->backup_listener, body_frames (backup), body_count (backup) - 1, error ? SPAN_OF ("500") : SPAN_OF ("200"),
         text, out);
    self->backup_done = true;
}

static void
tell_ticket (const ticket_t *ticket, span_t code, span_t text, keel_actions_t *out)
{
    say (ticket->listener, body_frames (ticket->envelope), body_count (ticket->envelope), code, text, out);
}

/*  An op of an operator's has come back. */
void
titanic_tell_changed (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out)
{
    const titanic_op_t *op = &ticket->op;
    bool requeued = op->kind == TITANIC_REQUEUE;
    bool failed = op->result == TITANIC_FULL || op->result == TITANIC_BROKEN;
    if (failed || (op->result == TITANIC_UNKNOWN && !op->whole)) {
        tell_ticket (ticket, failed ? SPAN_OF ("500") : SPAN_OF ("404"),
                     failed     ? SPAN_OF ("the store cannot be written")
                     : requeued ? SPAN_OF ("there is no dead request of that uuid")
                                : SPAN_OF ("there is no request of that uuid"),
                     out);
        return;
    }
    if (requeued)
        self->counters.requeued += op->count;
    else
        self->counters.purged += op->count;
    if (requeued && op->count)
        titanic_note_pending (self, op->number, op->service);
    if (!requeued && !op->whole)
        titanic_note_closed (self, &op->uuid);
    text_t json = open_json (self);
    text_add_json_number (&json, requeued ? "requeued" : "purged", op->count);
    add_bool (&json, "more", op->more);
    span_t whole = close_json (&json);
    tell_ticket (ticket, SPAN_OF ("200"), keel_actions_keep (out, whole), out);
}

/* ------------------------------------------------------------------ questions */

static void
ask_store (keel_tsp_t *self, titanic_fetch_kind_t kind, keel_actions_t *out)
{
    const tsp_admin_t *question = &self->admin;
    const titanic_fetch_t fetch = {.kind = kind,
                                   .tag = fetch_tag (FETCH_FOR_ADMIN, 0),
                                   .uuid = question->uuid,
                                   .service = question->service,
                                   .state = question->state,
                                   .before = question->older_ms ? self->wall - (int64_t) question->older_ms : INT64_MAX,
                                   .limit = question->limit};
    titanic_fetch (self, &fetch, out);
}

/*  service: empty for one of a uuid's, whose record is lent. */
static void
change (keel_tsp_t *self, titanic_op_kind_t kind, span_t service, keel_actions_t *out)
{
    const tsp_admin_t *question = &self->admin;
    ticket_t *ticket = titanic_ticket (self, kind, FOR_ADMIN);
    if (ticket)
        ticket->body = body_new (self->pool, &service, 1, NULL, 0);
    if (!ticket || !ticket->body) {
        if (ticket)
            titanic_end_ticket (self, ticket);
        answer_question (self, SPAN_OF ("500"), SPAN_OF ("no memory, try again"), out);
        return;
    }
    ticket->listener = self->admin_listener;
    ticket->envelope = body_ref (self->admin_envelope);
    ticket->op.uuid = question->uuid;
    ticket->op.whole = question->service.size > 0;
    ticket->op.service = body_frames (ticket->body)[0];
    ticket->op.state = question->state;
    ticket->op.limit = CHANGE_LIMIT;
    self->admin_done = true; /* the ticket has its own envelope now */
    titanic_store (self, ticket, out);
}

static void
requeue (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    if (fetched->found && fetched->record.state == TSP_STATE_DEAD)
        change (self, TITANIC_REQUEUE, fetched->record.service, out);
    else
        answer_question (self, SPAN_OF ("404"), SPAN_OF ("there is no dead request of that uuid"), out);
}

/*  One at a time; it is answered when it has ended. */
static void
back_up (keel_tsp_t *self, keel_actions_t *out)
{
    const span_t *envelope = body_frames (self->admin_envelope);
    text_t path = text_over (self->json, PATH_BYTES);
    text_add_span (&path, self->admin.path);
    if (self->backup) {
        answer_question (self, SPAN_OF ("503"), SPAN_OF ("a backup goes on, wait for its end"), out);
        return;
    }
    if (!path.full)
        self->backup = body_new (self->pool, envelope, body_count (self->admin_envelope), &self->admin.path, 1);
    if (!self->backup) {
        answer_question (self, SPAN_OF ("500"), SPAN_OF ("the path is too long, or there is no memory"), out);
        return;
    }
    self->backup_listener = self->admin_listener;
    self->admin_done = true;
    keel_actions_append (out, KEEL_ACTION_BACKUP)->text = path.data;
}

static void
answer_kind (keel_tsp_t *self, keel_actions_t *out)
{
    const tsp_admin_t *question = &self->admin;
    switch (question->kind) {
    case TSP_ADMIN_LIST:
        ask_store (self, TITANIC_FETCH_LIST, out);
        break;
    case TSP_ADMIN_SHOW:
        ask_store (self, TITANIC_FETCH_REQUEST, out);
        break;
    case TSP_ADMIN_REQUEUE:
        if (question->service.size)
            change (self, TITANIC_REQUEUE, question->service, out);
        else
            ask_store (self, TITANIC_FETCH_REQUEST, out);
        break;
    case TSP_ADMIN_PURGE:
        change (self, TITANIC_PURGE, question->service, out);
        break;
    case TSP_ADMIN_STATS:
        ask_store (self, TITANIC_FETCH_TOTALS, out);
        break;
    default:
        back_up (self, out);
    }
}

/*  [routing id][extra]*[""] of who asked; false: no memory. */
static bool
keep_envelope (keel_tsp_t *self, const keel_event_t *event, const envelope_t *envelope)
{
    self->admin_envelope = body_new (self->pool, &event->peer.id, 1, envelope->frames, envelope->count);
    self->admin_listener = event->peer.listener;
    self->admin_busy = self->admin_envelope != NULL;
    return self->admin_busy;
}

void
titanic_take_admin (keel_tsp_t *self, const keel_event_t *event, keel_actions_t *out)
{
    pirate_command_t command;
    if (event->kind != KEEL_EVENT_MESSAGE)
        return;
    if (event->cut || pirate_decode_plain (event->frames, event->count, &command) != VERDICT_OK) {
        self->counters.admin_malformed++;
        return;
    }
    self->counters.admin_questions++;
    if (!keep_envelope (self, event, &command.envelope))
        return;
    const char *problem = tsp_admin_decode (command.body, command.body_count, &self->admin);
    if (problem) {
        self->counters.admin_malformed++;
        answer_question (self, SPAN_OF ("400"), span_text (problem), out);
    } else
        answer_kind (self, out);
}
