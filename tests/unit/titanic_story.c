#include "titanic_story.h"

#include "mdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL   1700000000000
#define CLIENT TSP_SERVICES
#define PROBE  (TSP_SERVICES + 1)
#define LANES  (TSP_SERVICES + 2)
#define ADMIN  0x8000

static const char *const brokers[] = {"broker"};

static void step (titanic_story_t *self, keel_event_t event);

static void
add (titanic_story_t *self, const char *what, span_t more, const char *last)
{
    size_t used = strlen (self->trace);
    snprintf (self->trace + used, sizeof (self->trace) - used, "%s%s%.*s%s%s\n", what, more.size ? " " : "", (int) more.size,
              (const char *) more.data, last[0] ? " " : "", last);
}

static keel_tsp_config_t
config_of (int64_t request_ttl_ms, int64_t reply_ttl_ms)
{
    return (keel_tsp_config_t){.brokers = brokers, .broker_count = 1, .heartbeat_ms = 1000, .liveness = 3, .credit = 10,
                               .window = 2, .max_attempts = 2, .request_ttl_ms = request_ttl_ms, .reply_ttl_ms = reply_ttl_ms,
                               .frames = 10, .body_bytes = 1000, .queued_bytes = 10000, .seed = 1};
}

int
story_setup (void **state)
{
    titanic_story_t *self = calloc (1, sizeof (*self));
    const keel_tsp_config_t config = config_of (0, 0);
    self->engine = keel_tsp_new (&config);
    self->actions = keel_actions_new (64);
    self->ops_end = &self->ops;
    self->now = 1000;
    *state = self;
    step (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
    return 0;
}

int
story_teardown (void **state)
{
    titanic_story_t *self = *state;
    keel_tsp_destroy (&self->engine);
    keel_actions_destroy (&self->actions);
    free (self);
    return 0;
}

void
story_forget (titanic_story_t *self)
{
    self->trace[0] = 0;
}

static tsp_uuid_t
uuid_of (unsigned number)
{
    return tsp_uuid_make (number, 0, 0);
}

const char *
story_uuid_text (unsigned number)
{
    static char text[TSP_UUID_TEXT + 1];
    tsp_uuid_t uuid = uuid_of (number);
    tsp_uuid_encode (&uuid, text);
    return text;
}

/* ------------------------------------------------------------------ what the engine does */

static void
tell_op (titanic_story_t *self, titanic_op_t *op)
{
    static const char *const kinds[] = {"store PUT", "store REPLY", "store CLOSE", "store ATTEMPT", "store DEAD",
                                        "store REQUEUE", "store PURGE", "store EXPIRE"};
    char number[16] = "";
    op->next = NULL;
    *self->ops_end = op;
    self->ops_end = &op->next;
    if (op->kind == TITANIC_EXPIRE && !self->tells_expiry)
        return;
    if (op->kind == TITANIC_ATTEMPT || op->kind == TITANIC_DEAD)
        snprintf (number, sizeof (number), "%u", op->attempts);
    if (op->kind == TITANIC_REPLY)
        add (self, kinds[op->kind], op->frames[0], "");
    else if (op->kind == TITANIC_PUT) {
        char body[64];
        snprintf (body, sizeof (body), "%.*s", (int) op->frames[0].size, (const char *) op->frames[0].data);
        add (self, kinds[op->kind], op->service, body);
    } else
        add (self, kinds[op->kind], span_text (number), "");
}

static void
tell_answer (titanic_story_t *self, const keel_action_t *action)
{
    mdp_command_t command;
    char what[32];
    if (mdp_decode_at_broker (action->head + 1, action->head_count - 1, &command) != VERDICT_OK &&
        command.kind != MDP_FINAL)
        return;
    if (action->body_count == 0)
        return; /* READY, HEARTBEAT, DISCONNECT */
    snprintf (what, sizeof (what), "answer %s", (const char *) tsp_service_name ((tsp_service_t) action->listener).data + 8);
    char more[64] = "";
    if (action->body_count > 1)
        snprintf (more, sizeof (more), "%.*s", (int) action->body[1].size, (const char *) action->body[1].data);
    add (self, what, action->body[0], strlen (more) == TSP_UUID_TEXT ? "UUID" : more);
}

/*  A client's message: a question to mmi.service, or a request. */
static void
tell_asked (titanic_story_t *self, const char *what, const keel_action_t *action)
{
    char body[64];
    snprintf (body, sizeof (body), "%.*s", (int) action->body[0].size, (const char *) action->body[0].data);
    add (self, what, action->head[action->head_count - 1], body);
}

static void
tell_operator (titanic_story_t *self, const keel_action_t *action)
{
    const span_t *text = &action->head[action->head_count - 1];
    char json[4096];
    snprintf (json, sizeof (json), "%.*s", (int) text->size, (const char *) text->data);
    add (self, "operator", text[-1], json);
}

static void
tell_send (titanic_story_t *self, const keel_action_t *action)
{
    if (action->listener == ADMIN) {
        tell_operator (self, action);
        return;
    }
    if (action->listener >= LANES) {
        self->lane = action->listener;
        tell_asked (self, "lane", action);
        return;
    }
    if (action->listener < TSP_SERVICES) {
        tell_answer (self, action);
        return;
    }
    if (action->listener == CLIENT) {
        memcpy (self->before, self->options, sizeof (self->before));
        memcpy (self->options, action->head[0].data, sizeof (self->options));
        tell_asked (self, "send", action);
    }
}

static titanic_record_t
record_of (const titanic_story_t *self, unsigned number)
{
    return (titanic_record_t){.uuid = uuid_of (number), .number = 7, .service = SPAN_OF ("echo"), .state = self->state,
                              .sequence = number, .created = WALL, .since = WALL, .bytes = 5, .frame_count = 1,
                              .reason = self->state == TSP_STATE_DEAD ? TITANIC_REASON_ATTEMPTS : TITANIC_REASON_NONE};
}

static void
fetch_list (titanic_story_t *self, const titanic_fetch_t *fetch)
{
    titanic_record_t records[8];
    titanic_fetched_t fetched = {.kind = fetch->kind, .tag = fetch->tag, .failed = self->unreadable, .records = records};
    for (unsigned n = 0; n < self->pending && n < fetch->limit && fetch->before > WALL; n++)
        records[fetched.count++] = record_of (self, n + 1);
    fetched.more = fetched.count < self->pending;
    step (self, (keel_event_t){.kind = KEEL_EVENT_FETCHED, .fetched = &fetched});
}

/*  The store has `pending` requests of "echo", of numbers 1 and up, in that order. */
static void
fetch (titanic_story_t *self, const titanic_fetch_t *fetch)
{
    char body[16];
    span_t frame;
    titanic_fetched_t fetched = {.kind = fetch->kind, .tag = fetch->tag};
    unsigned number = (unsigned) fetch->sequence + 1;
    if (fetch->kind == TITANIC_FETCH_SERVICES) {
        step (self, (keel_event_t){.kind = KEEL_EVENT_FETCHED, .fetched = &fetched});
        return;
    }
    if (fetch->kind == TITANIC_FETCH_LIST) {
        fetch_list (self, fetch);
        return;
    }
    add (self, fetch->kind == TITANIC_FETCH_NEXT ? "fetch NEXT" : "fetch REQUEST", SPAN_OF (""), "");
    if (fetch->kind == TITANIC_FETCH_REQUEST)
        number = (unsigned) tsp_uuid_time (&fetch->uuid);
    fetched.failed = self->unreadable;
    fetched.found = !fetched.failed && number >= 1 && number <= self->pending;
    snprintf (body, sizeof (body), "body%u", number);
    frame = span_text (body);
    fetched.record = record_of (self, number);
    fetched.record.frames = &frame;
    step (self, (keel_event_t){.kind = KEEL_EVENT_FETCHED, .fetched = &fetched});
}

static void
step (titanic_story_t *self, keel_event_t event)
{
    titanic_fetch_t fetches[16];
    size_t count = 0;
    event.now = self->now;
    event.wall = WALL + self->now;
    keel_actions_clear (self->actions);
    keel_tsp_step (self->engine, &event, self->actions);
    for (size_t n = 0; n < self->actions->count; n++) {
        const keel_action_t *action = &self->actions->items[n];
        if (action->kind == KEEL_ACTION_SEND)
            tell_send (self, action);
        else if (action->kind == KEEL_ACTION_STORE)
            tell_op (self, action->op);
        else if (action->kind == KEEL_ACTION_FETCH)
            fetches[count++] = *action->fetch;
    }
    for (size_t n = 0; n < count; n++)
        fetch (self, &fetches[n]);
}

static void
tick (titanic_story_t *self)
{
    for (unsigned n = 0; n < 1000 && keel_tsp_next_due (self->engine) <= self->now; n++)
        step (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
    assert_true (keel_tsp_next_due (self->engine) > self->now);
}

static void
hear (titanic_story_t *self, uint16_t link, const span_t frames[], size_t count)
{
    step (self, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .peer = {.listener = link}, .frames = frames, .count = count});
}

/* ------------------------------------------------------------------ what the test plays */

static void
beat (titanic_story_t *self)
{
    const span_t frames[] = {SPAN_OF (""), SPAN_OF ("MDPW01"), SPAN_OF ("\4")};
    for (uint16_t link = 0; link < TSP_SERVICES; link++)
        hear (self, link, frames, COUNT_OF (frames));
}

void
story_wait (titanic_story_t *self, int64_t ms)
{
    int64_t until = self->now + ms;
    while (self->now < until) {
        int64_t due = keel_tsp_next_due (self->engine);
        int64_t next = self->now + 500 < until ? self->now + 500 : until;
        self->now = due > self->now && due < next ? due : next;
        beat (self);
        tick (self);
    }
}

void
story_registered (titanic_story_t *self)
{
    const span_t yes[] = {SPAN_OF (""), SPAN_OF ("MDPC01"), SPAN_OF ("mmi.service"), SPAN_OF ("200")};
    const span_t keel[] = {SPAN_OF (""), SPAN_OF ("MDPC01"), SPAN_OF ("mmi.version"), span_text (self->stock ? "501" : "200"),
                           SPAN_OF ("{}")};
    self->now += 100;
    tick (self);
    story_forget (self);
    hear (self, PROBE, yes, COUNT_OF (yes));
    tick (self);
    hear (self, PROBE, keel, COUNT_OF (keel) - self->stock);
    tick (self);
}

void
story_disconnected (titanic_story_t *self)
{
    for (uint16_t link = 0; link <= PROBE; link++)
        step (self, (keel_event_t){.kind = KEEL_EVENT_DISCONNECTED, .peer = {.listener = link}});
    tick (self);
}

void
story_ask (titanic_story_t *self, const char *service, const char *first, const char *body)
{
    char name[32];
    const span_t frames[] = {SPAN_OF (""), SPAN_OF ("MDPW01"), SPAN_OF ("\2"), SPAN_OF ("0123456789abcdef"), SPAN_OF (""),
                             span_text (first), span_text (body ? body : "")};
    snprintf (name, sizeof (name), "titanic.%s", service);
    for (tsp_service_t part = 0; part < TSP_SERVICES; part++)
        if (span_equal (tsp_service_name (part), span_text (name)))
            hear (self, (uint16_t) part, frames, COUNT_OF (frames) - (body ? 0 : 1));
    tick (self);
}

void
story_stored (titanic_story_t *self, titanic_result_t result)
{
    keel_event_t event = {.kind = result >= TITANIC_FULL ? KEEL_EVENT_STORE_FAILED : KEEL_EVENT_STORED, .ops = self->ops};
    for (titanic_op_t *op = self->ops; op; op = op->next) {
        op->result = result;
        op->number = 7;
        op->count = result == TITANIC_STORED && (op->kind == TITANIC_REQUEUE || op->kind == TITANIC_PURGE);
    }
    self->ops = NULL;
    self->ops_end = &self->ops;
    step (self, event);
    tick (self);
}

void
story_pending (titanic_story_t *self, unsigned count)
{
    story_ask (self, "request", "echo", "x");
    self->pending = count;
    story_forget (self);
    story_stored (self, TITANIC_STORED);
    /*  The answer to the client is no part of the stories that begin so. */
    char *first = strstr (self->trace, "answer request 200 UUID\n");
    assert_non_null (first);
    memmove (first, first + 24, strlen (first + 24) + 1);
}

static void
answer_last (titanic_story_t *self, span_t service, const span_t body[], size_t count)
{
    span_t frames[8] = {span_make (self->options, sizeof (self->options)), SPAN_OF (""), SPAN_OF ("MDPC01"), service};
    memcpy (frames + 4, body, count * sizeof (span_t));
    story_forget (self);
    hear (self, CLIENT, frames, 4 + count);
    tick (self);
}

void
story_reply (titanic_story_t *self, const char *body)
{
    const span_t frame = span_text (body);
    answer_last (self, SPAN_OF ("echo"), &frame, 1);
}

void
story_reply_before (titanic_story_t *self, const char *body)
{
    uint8_t last[sizeof (self->options)];
    memcpy (last, self->options, sizeof (last));
    memcpy (self->options, self->before, sizeof (last));
    story_reply (self, body);
    memcpy (self->options, last, sizeof (last));
}

void
story_notice (titanic_story_t *self, const char *code)
{
    const span_t frames[] = {span_text (code), SPAN_OF ("reason"), SPAN_OF ("echo")};
    answer_last (self, SPAN_OF ("mmi.error"), frames, COUNT_OF (frames));
}

void
story_lane_reply (titanic_story_t *self, const char *service, const char *body)
{
    const span_t frames[] = {SPAN_OF (""), SPAN_OF ("MDPC01"), span_text (service), span_text (body)};
    story_forget (self);
    hear (self, self->lane, frames, COUNT_OF (frames));
    tick (self);
}

void
story_operate (titanic_story_t *self, const char *command, const char *one, const char *two)
{
    const span_t frames[] = {SPAN_OF (""), span_text (command), span_text (one ? one : ""), span_text (two ? two : "")};
    story_forget (self);
    step (self, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = frames, .count = two ? 4 : one ? 3 : 2,
                               .peer = {.listener = ADMIN, .admin = true, .id = SPAN_OF ("operator")}});
    tick (self);
}

void
story_set_ttl (titanic_story_t *self, int64_t request_ms, int64_t reply_ms)
{
    const keel_tsp_config_t config = config_of (request_ms, reply_ms);
    keel_tsp_configure (self->engine, &config);
}

void
story_drain (titanic_story_t *self)
{
    step (self, (keel_event_t){.kind = KEEL_EVENT_DRAIN});
    tick (self);
}
