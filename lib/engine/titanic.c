/*  Titanic's engine: its life, its clocks, whose an event is, and the ops that are out. */
#include "titanic_state.h"

#include "memory.h"

#include <assert.h>
#include <utlist.h>

#define EXPIRE_LEAST_MS 100
#define EXPIRE_MOST_MS  60000
#define EXPIRE_LIMIT    1000
/*  What is left free of an array of actions for what one delivery may need. */
#define ROOM            24
#define UUIDS_A_MS      4096

const char *
titanic_reason_text (titanic_reason_t reason)
{
    static const char *const texts[] = {
#define X(name, text) text,
        TITANIC_REASON_MAP (X)
#undef X
    };
    return texts[reason];
}

/* ------------------------------------------------------------------ ops and fetches */

bool
titanic_room (const keel_tsp_t *self, const keel_actions_t *out)
{
    return keel_actions_room_for (out, ROOM) && self->fetch_count < FETCHES_MOST - FETCHES_KEPT;
}

ticket_t *
titanic_ticket (keel_tsp_t *self, titanic_op_kind_t kind, purpose_t purpose)
{
    ticket_t *ticket = pool_take (self->pool, sizeof (ticket_t));
    if (!ticket)
        return NULL;
    *ticket = (ticket_t){.op = {.kind = kind, .at = self->wall}, .purpose = purpose};
    return ticket;
}

void
titanic_store (keel_tsp_t *self, ticket_t *ticket, keel_actions_t *out)
{
    DL_APPEND (self->out, ticket);
    self->out_count++;
    self->out_bytes += ticket->bytes;
    keel_actions_append (out, KEEL_ACTION_STORE)->op = &ticket->op;
}

void
titanic_fetch (keel_tsp_t *self, const titanic_fetch_t *fetch, keel_actions_t *out)
{
    assert (self->fetch_count < FETCHES_MOST);
    titanic_fetch_t *mine = &self->fetches[(self->fetch_first + self->fetch_count++) % FETCHES_MOST];
    *mine = *fetch;
    keel_actions_append (out, KEEL_ACTION_FETCH)->fetch = mine;
}

static void
free_ticket (keel_tsp_t *self, ticket_t *ticket)
{
    body_release (&ticket->body);
    body_release (&ticket->envelope);
    pool_give (self->pool, ticket, sizeof (ticket_t));
}

void
titanic_end_ticket (keel_tsp_t *self, ticket_t *ticket)
{
    DL_APPEND (self->ended, ticket);
}

static void
free_tickets (keel_tsp_t *self, ticket_t **list)
{
    while (*list) {
        ticket_t *ticket = *list;
        DL_DELETE (*list, ticket);
        free_ticket (self, ticket);
    }
}

/*  Ascending, though the clock may stand or go back; and not to be guessed by who has seen others. */
tsp_uuid_t
titanic_make_uuid (keel_tsp_t *self)
{
    uint64_t random, seed[2];
    if ((uint64_t) self->wall > self->uuid_time) {
        self->uuid_time = (uint64_t) self->wall;
        self->uuid_counter = 0;
    } else if (++self->uuid_counter == UUIDS_A_MS) {
        self->uuid_time++;
        self->uuid_counter = 0;
    }
    seed[0] = self->uuid_time;
    seed[1] = ++self->uuid_serial;
    crypto_shorthash ((uint8_t *) &random, (const uint8_t *) seed, sizeof (seed), self->config.secret);
    return tsp_uuid_make (self->uuid_time, (uint16_t) self->uuid_counter, random);
}

/* ------------------------------------------------------------------ what comes back */

static void
note_failed (keel_tsp_t *self, const titanic_op_t *op)
{
    if (op->result == TITANIC_FULL)
        self->counters.refused_full++;
    else
        self->counters.refused_broken++;
}

/*  What a client's op has changed, before the client is told. */
static void
note_stored (keel_tsp_t *self, const ticket_t *ticket)
{
    const titanic_op_t *op = &ticket->op;
    if (op->result == TITANIC_FULL || op->result == TITANIC_BROKEN) {
        note_failed (self, op);
    } else if (op->kind == TITANIC_CLOSE) {
        self->counters.closed += op->result == TITANIC_STORED;
        titanic_note_closed (self, &op->uuid);
    } else if (op->result == TITANIC_STORED) {
        self->counters.stored++;
        titanic_note_pending (self, op->number, op->service);
    } else {
        self->counters.submitted_again++;
    }
}

static void
note_expired (keel_tsp_t *self, const titanic_op_t *op)
{
    self->expiring = false;
    self->counters.expired += op->count;
    if (op->more)
        self->expire_at = self->now;
}

static void
take_back (keel_tsp_t *self, ticket_t *ticket)
{
    DL_DELETE (self->out, ticket);
    self->out_count--;
    self->out_bytes -= ticket->bytes;
    switch (ticket->purpose) {
    case FOR_CLIENT:
        note_stored (self, ticket);
        DL_APPEND (self->done, ticket);
        break;
    case FOR_ADMIN:
        DL_APPEND (self->done, ticket);
        break;
    case FOR_RUNNING:
        titanic_settle_run (self, ticket);
        break;
    case FOR_NOBODY:
        if (ticket->op.kind == TITANIC_EXPIRE)
            note_expired (self, &ticket->op);
        titanic_end_ticket (self, ticket);
        break;
    }
}

static void
take_stored (keel_tsp_t *self, const keel_event_t *event)
{
    self->counters.commits_failed += event->kind == KEEL_EVENT_STORE_FAILED;
    for (titanic_op_t *op = event->ops, *next; op; op = next) {
        next = op->next;
        take_back (self, (ticket_t *) op);
    }
}

static bool
tell_done (keel_tsp_t *self, keel_actions_t *out)
{
    while (self->done && titanic_room (self, out)) {
        ticket_t *ticket = self->done;
        DL_DELETE (self->done, ticket);
        if (ticket->purpose == FOR_CLIENT)
            titanic_tell_client (self, ticket, out);
        else
            titanic_tell_changed (self, ticket, out);
        titanic_end_ticket (self, ticket);
    }
    return !self->done;
}

static void
take_fetched (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    assert (self->fetch_count > 0);
    self->fetch_first = (self->fetch_first + 1) % FETCHES_MOST;
    self->fetch_count--;
    switch (fetched->tag >> 56) {
    case FETCH_FOR_REPLY:
        titanic_tell_reply (self, fetched, out);
        break;
    case FETCH_FOR_NEXT:
        titanic_take_next (self, fetched, out);
        break;
    case FETCH_FOR_BODY:
        titanic_take_body (self, fetched, out);
        break;
    case FETCH_FOR_START:
        titanic_take_services (self, fetched, out);
        break;
    default:
        titanic_tell_fetched (self, fetched, out);
    }
}

/* ------------------------------------------------------------------ parts */

static void
deliver (keel_tsp_t *self, uint16_t part, const keel_action_t *action, keel_actions_t *out)
{
    if (part < TSP_SERVICES)
        titanic_take_request (self, (tsp_service_t) part, action->tag, action->body, action->body_count, out);
    else if (part == PART_CLIENT)
        titanic_take_result (self, action->tag, action, out);
    else
        titanic_take_lane (self, part == PART_PROBE ? NULL : &self->lanes[part - PART_LANES], action, out);
}

/*  Deliveries leave the array, and each makes room there for what it leads to: one action, or what an answer takes. */
void
titanic_take_over (keel_tsp_t *self, uint16_t part, size_t since, keel_actions_t *out)
{
    keel_action_t deliveries[STEP_WORK];
    size_t count = 0, kept = since;
    for (size_t n = since; n < out->count; n++) {
        keel_action_t *action = &out->items[n];
        if (action->kind == KEEL_ACTION_DELIVER && count < STEP_WORK) {
            deliveries[count++] = *action;
            continue;
        }
        if (action->kind != KEEL_ACTION_LOG)
            action->listener = (uint16_t) (part * self->config.broker_count + action->listener);
        out->items[kept++] = *action;
    }
    out->count = kept;
    for (size_t n = 0; n < count; n++)
        deliver (self, part, &deliveries[n], out);
}

/*  An event of a link. */
static void
take_link (keel_tsp_t *self, const keel_event_t *event, keel_actions_t *out)
{
    uint16_t part = (uint16_t) (event->peer.listener / self->config.broker_count);
    keel_event_t inner = *event;
    inner.peer.listener = (uint16_t) (event->peer.listener % self->config.broker_count);
    if (part < KEEL_TSP_PARTS)
        titanic_step_part (self, part, &inner, out);
}

static void
tick_parts (keel_tsp_t *self, keel_actions_t *out)
{
    const keel_event_t tick = {.kind = KEEL_EVENT_TICK, .now = self->now};
    for (uint16_t part = 0; part < TSP_SERVICES; part++)
        if (worker_engine_next_due (self->workers[part]) <= self->now)
            titanic_step_part (self, part, &tick, out);
    if (keel_mdclient_next_due (self->client) <= self->now && titanic_room (self, out))
        titanic_step_part (self, PART_CLIENT, &tick, out);
    if (keel_mdclient_next_due (self->probe) <= self->now && titanic_room (self, out))
        titanic_step_part (self, PART_PROBE, &tick, out);
    for (uint16_t n = 0; n < KEEL_TSP_LANES; n++)
        if (keel_mdclient_next_due (self->lanes[n].client) <= self->now && titanic_room (self, out))
            titanic_step_part (self, (uint16_t) (PART_LANES + n), &tick, out);
}

static void
drain (keel_tsp_t *self, keel_actions_t *out)
{
    const keel_event_t event = {.kind = KEEL_EVENT_DRAIN, .now = self->now};
    self->draining = true;
    for (uint16_t part = 0; part < TSP_SERVICES; part++)
        titanic_step_part (self, part, &event, out);
}

/* ------------------------------------------------------------------ time */

static int64_t
expire_every (const keel_tsp_t *self)
{
    int64_t least = self->config.request_ttl_ms ? self->config.request_ttl_ms : EXPIRE_MOST_MS * 4;
    if (self->config.reply_ttl_ms && self->config.reply_ttl_ms < least)
        least = self->config.reply_ttl_ms;
    least /= 4;
    return least < EXPIRE_LEAST_MS ? EXPIRE_LEAST_MS : least > EXPIRE_MOST_MS ? EXPIRE_MOST_MS : least;
}

static void
expire (keel_tsp_t *self, keel_actions_t *out)
{
    ticket_t *ticket = titanic_ticket (self, TITANIC_EXPIRE, FOR_NOBODY);
    self->expire_at = self->now + expire_every (self);
    if (!ticket)
        return;
    ticket->op.request_ttl_ms = self->config.request_ttl_ms;
    ticket->op.reply_ttl_ms = self->config.reply_ttl_ms;
    ticket->op.limit = EXPIRE_LIMIT;
    self->expiring = true;
    titanic_store (self, ticket, out);
}

static void
start (keel_tsp_t *self, keel_actions_t *out)
{
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_SERVICES, .tag = fetch_tag (FETCH_FOR_START, 0)};
    self->started = true;
    titanic_fetch (self, &fetch, out);
    self->expire_at = self->now + expire_every (self);
}

static void
work (keel_tsp_t *self, keel_actions_t *out)
{
    if (!self->started)
        start (self, out);
    tell_done (self, out);
    titanic_watch_broker (self, out);
    if (!self->draining)
        titanic_dispatch (self, out);
    if (self->now >= self->expire_at && !self->expiring && !self->draining && titanic_room (self, out))
        expire (self, out);
}

static void
begin_step (keel_tsp_t *self, const keel_event_t *event)
{
    assert (event->now >= self->now);
    self->now = event->now;
    if (event->wall)
        self->wall = event->wall;
    free_tickets (self, &self->ended);
    if (self->admin_done) {
        body_release (&self->admin_envelope);
        self->admin_busy = self->admin_done = false;
    }
    if (self->backup_done)
        body_release (&self->backup);
    self->backup_done = false;
}

int
keel_tsp_step (keel_tsp_t *self, const keel_event_t *event, keel_actions_t *out)
{
    assert (out->capacity - out->count >= KEEL_TSP_ACTIONS);
    begin_step (self, event);
    switch (event->kind) {
    case KEEL_EVENT_STORED:
    case KEEL_EVENT_STORE_FAILED:
        take_stored (self, event);
        break;
    case KEEL_EVENT_FETCHED:
        take_fetched (self, event->fetched, out);
        break;
    case KEEL_EVENT_BACKED_UP:
        titanic_tell_backup (self, event->error, out);
        break;
    case KEEL_EVENT_TICK:
        tick_parts (self, out);
        break;
    case KEEL_EVENT_DRAIN:
        drain (self, out);
        break;
    default:
        if (event->peer.admin)
            titanic_take_admin (self, event, out);
        else
            take_link (self, event, out);
    }
    work (self, out);
    return 0;
}

static int64_t
sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

int64_t
keel_tsp_next_due (const keel_tsp_t *self)
{
    if (self->done || !self->started)
        return self->now;
    int64_t due = sooner (keel_mdclient_next_due (self->client), keel_mdclient_next_due (self->probe));
    for (uint16_t part = 0; part < TSP_SERVICES; part++)
        due = sooner (due, worker_engine_next_due (self->workers[part]));
    for (uint16_t n = 0; n < KEEL_TSP_LANES; n++)
        due = sooner (due, keel_mdclient_next_due (self->lanes[n].client));
    if (self->draining)
        return due;
    if (!self->expiring)
        due = sooner (due, self->expire_at);
    return sooner (sooner (due, titanic_broker_due (self)), titanic_dispatch_due (self));
}

/* ------------------------------------------------------------------ life */

keel_tsp_t *
keel_tsp_new (const keel_tsp_config_t *config)
{
    assert (config->broker_count > 0 && config->window > 0 && config->credit > 0);
    keel_tsp_t *self = memory_new (sizeof (keel_tsp_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->random.state = config->seed;
    self->pool = pool_new ();
    self->json = memory_new (JSON_BYTES);
    if (!self->pool || !self->json || !titanic_open_broker (self))
        keel_tsp_destroy (&self);
    return self;
}

void
keel_tsp_destroy (keel_tsp_t **self_p)
{
    keel_tsp_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    titanic_close_broker (self);
    if (self->pool) {
        titanic_free_services (self);
        free_tickets (self, &self->out);
        free_tickets (self, &self->done);
        free_tickets (self, &self->ended);
        body_release (&self->admin_envelope);
        body_release (&self->backup);
    }
    heap_clear (&self->dues);
    pool_destroy (&self->pool);
    memory_free (self->answer);
    memory_free (self->json);
    memory_free (self);
}

void
keel_tsp_configure (keel_tsp_t *self, const keel_tsp_config_t *config)
{
    self->config.window = config->window;
    self->config.max_attempts = config->max_attempts;
    self->config.request_ttl_ms = config->request_ttl_ms;
    self->config.reply_ttl_ms = config->reply_ttl_ms;
    self->config.frames = config->frames;
    self->config.body_bytes = config->body_bytes;
    self->config.queued_bytes = config->queued_bytes;
    self->expire_at = sooner (self->expire_at, self->now + expire_every (self));
}

bool
keel_tsp_drained (const keel_tsp_t *self)
{
    bool gone = self->draining && self->out_count == 0 && !self->done;
    for (uint16_t part = 0; part < TSP_SERVICES; part++)
        gone = gone && worker_engine_gone (self->workers[part]);
    return gone;
}

const keel_tsp_counters_t *
keel_tsp_counters (const keel_tsp_t *self)
{
    return &self->counters;
}
