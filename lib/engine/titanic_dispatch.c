/*  Dispatch: requests of the store are run by workers.
 *
 *  A service is runnable while it may have something to send; it leaves that list when its window is full or the store has
 *  no more, and comes back when a request ends, is stored, or is due again. A running_t is a request between its
 *  being fetched and its end. */
#include "titanic_state.h"

#include "memory.h"

#include <assert.h>
#include <utlist.h>

/*  A back-off starts over when the broker has let the request wait at least so long: it was not refused in a hurry. */
#define PATIENT_MS 1000

/* ------------------------------------------------------------------ services */

void
titanic_mark_runnable (keel_tsp_t *self, service_t *service)
{
    if (service->runnable)
        return;
    DL_APPEND (self->runnable, service);
    self->runnable_count++;
    service->runnable = true;
}

static void
unmark_runnable (keel_tsp_t *self, service_t *service)
{
    if (!service->runnable)
        return;
    DL_DELETE (self->runnable, service);
    self->runnable_count--;
    service->runnable = false;
}

static service_t *
find_service (keel_tsp_t *self, uint32_t number)
{
    service_t *service;
    HASH_FIND (hh, self->services, &number, sizeof (number), service);
    return service;
}

static service_t *
add_service (keel_tsp_t *self, uint32_t number, span_t name)
{
    service_t *service = memory_new (sizeof (service_t) + name.size);
    if (!service)
        return NULL;
    service->number = number;
    service->name_size = name.size;
    memcpy (service->name, name.data, name.size);
    service->backoff = backoff_make (RETRY_FIRST_MS, PATIENT_MS);
    HASH_ADD (hh, self->services, number, sizeof (number), service);
    if (!service->hh.tbl) {
        memory_free (service);
        return NULL;
    }
    return service;
}

static void
free_service (keel_tsp_t *self, service_t *service)
{
    unmark_runnable (self, service);
    if (service->lane)
        titanic_free_lane (self, service->lane);
    HASH_DELETE (hh, self->services, service);
    memory_free (service);
}

static void
free_if_idle (keel_tsp_t *self, service_t *service)
{
    if (service->exhausted && !service->fetching && service->active == 0 && service->waiting == 0)
        free_service (self, service);
}

void
titanic_note_pending (keel_tsp_t *self, uint32_t number, span_t name)
{
    service_t *service = find_service (self, number);
    if (!service && !(service = add_service (self, number, name)))
        return; /* found again at the next start */
    service->exhausted = false;
    titanic_mark_runnable (self, service);
}

void
titanic_take_services (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    uint32_t last = 0;
    for (size_t n = 0; n < fetched->count; n++) {
        const titanic_service_t *service = &fetched->services[n];
        last = service->number;
        if (service->counts[TSP_STATE_PENDING])
            titanic_note_pending (self, service->number, service->name);
    }
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_SERVICES, .tag = fetch_tag (FETCH_FOR_START, 0), .number = last};
    if (fetched->more)
        titanic_fetch (self, &fetch, out);
}

void
titanic_free_services (keel_tsp_t *self)
{
    running_t *running, *next_running;
    service_t *service, *next_service;
    HASH_ITER (by_uuid, self->by_uuid, running, next_running)
    titanic_end_run (self, running);
    HASH_ITER (hh, self->services, service, next_service)
    free_service (self, service);
}

/* ------------------------------------------------------------------ a run's states */

static bool
is_active (run_state_t state)
{
    return state == RUN_FETCHED || state == RUN_SENT || state == RUN_STORING;
}

/*  Counts, lists and the heap follow the state. due: of WAITING and UNSAVED. */
static void
set_state (keel_tsp_t *self, running_t *running, run_state_t state, int64_t due)
{
    service_t *service = running->service;
    if (running->state == RUN_READY)
        DL_DELETE (service->ready, running);
    heap_remove (&self->dues, &running->node);
    if (is_active (running->state) != is_active (state)) {
        service->active += is_active (state) ? 1 : SIZE_MAX;
        service->waiting += is_active (state) ? SIZE_MAX : 1;
        service->bytes += is_active (state) ? running->bytes : (size_t) 0 - running->bytes;
    }
    running->state = state;
    if (state == RUN_READY)
        DL_APPEND (service->ready, running);
    if (state == RUN_WAITING || state == RUN_UNSAVED) {
        running->node.due = due;
        heap_add (&self->dues, &running->node); /* room was reserved when it was made */
    }
    titanic_mark_runnable (self, service);
}

static running_t *
new_run (keel_tsp_t *self, service_t *service, const titanic_record_t *record)
{
    size_t count = HASH_CNT (by_uuid, self->by_uuid);
    running_t *running = heap_reserve (&self->dues, count + 1) ? pool_take (self->pool, sizeof (running_t)) : NULL;
    if (!running)
        return NULL;
    *running = (running_t){.service = service, .uuid = record->uuid, .sequence = record->sequence,
                           .attempts = record->attempts, .bytes = record->bytes, .state = RUN_FETCHED};
    running->backoff = backoff_make (RETRY_FIRST_MS, RETRY_LIMIT_MS);
    unsigned hash = table_hash (self->config.secret, &running->uuid, sizeof (tsp_uuid_t));
    HASH_ADD_BYHASHVALUE (by_uuid, self->by_uuid, uuid, sizeof (tsp_uuid_t), hash, running);
    if (!running->by_uuid.tbl) {
        pool_give (self->pool, running, sizeof (running_t));
        return NULL;
    }
    service->active++;
    service->bytes += running->bytes;
    return running;
}

/*  Takes it from whoever was to answer it. */
static void
withdraw (keel_tsp_t *self, running_t *running)
{
    if (running->state != RUN_SENT)
        return;
    titanic_cancel (self, running);
    if (!running->lane)
        HASH_DELETE (by_id, self->by_id, running);
    running->lane = NULL;
}

void
titanic_end_run (keel_tsp_t *self, running_t *running)
{
    service_t *service = running->service;
    withdraw (self, running);
    if (running->unsaved)
        titanic_end_ticket (self, running->unsaved);
    if (running->asked)
        titanic_end_ticket (self, running->asked);
    set_state (self, running, RUN_FETCHED, 0); /* out of every list */
    service->active--;
    service->bytes -= running->bytes;
    HASH_DELETE (by_uuid, self->by_uuid, running);
    pool_give (self->pool, running, sizeof (running_t));
}

static void
retry_later (keel_tsp_t *self, running_t *running)
{
    set_state (self, running, RUN_WAITING, self->now + backoff_next (&running->backoff, &self->random));
}

running_t *
titanic_find_run (const keel_tsp_t *self, const tsp_uuid_t *uuid)
{
    running_t *running;
    unsigned hash = table_hash (self->config.secret, uuid, sizeof (tsp_uuid_t));
    HASH_FIND_BYHASHVALUE (by_uuid, self->by_uuid, uuid, sizeof (tsp_uuid_t), hash, running);
    return running;
}

void
titanic_recall_runs (keel_tsp_t *self)
{
    running_t *running, *next;
    HASH_ITER (by_id, self->by_id, running, next)
    {
        withdraw (self, running);
        retry_later (self, running);
    }
}

/*  Its op is on its way and will find nothing: what is being stored comes to its end by itself. */
void
titanic_note_closed (keel_tsp_t *self, const tsp_uuid_t *uuid)
{
    running_t *running = titanic_find_run (self, uuid);
    if (!running || running->state == RUN_STORING)
        return;
    self->counters.cancelled++;
    if (running->state == RUN_FETCHED)
        return; /* the store has answered already that it is there, or not; at worst it is an orphan */
    titanic_end_run (self, running);
}

/* ------------------------------------------------------------------ sending */

static bool
has_window (const keel_tsp_t *self, const service_t *service)
{
    size_t window = self->broker == BROKER_STOCK ? 1 : self->config.window;
    if (KEEL_FAULT (TITANIC_WINDOW))
        window *= 2;
    return service->active < window && (service->active == 0 || service->bytes < SERVICE_BYTES);
}

/*  It was to send something, and does not. */
static void
give_lane_back (keel_tsp_t *self, service_t *service)
{
    if (service->lane && service->cleared && !service->lane->running)
        titanic_free_lane (self, service->lane);
}

static void
send (keel_tsp_t *self, running_t *running, const titanic_record_t *record, keel_actions_t *out)
{
    running->sent_at = self->now;
    if (!titanic_send (self, running, record->frames, record->frame_count, out)) {
        give_lane_back (self, running->service);
        retry_later (self, running);
        return;
    }
    if (!running->lane)
        HASH_ADD (by_id, self->by_id, id, sizeof (uint64_t), running);
    if (!running->lane && !running->by_id.tbl) {
        titanic_cancel (self, running);
        retry_later (self, running);
        return;
    }
    set_state (self, running, RUN_SENT, 0);
    self->counters.dispatched++;
}

/*  It could not be read: there may be more, which is looked for a little later. */
static void
wait_for_store (keel_tsp_t *self, service_t *service)
{
    self->read_at = self->now + RETRY_FIRST_MS;
    titanic_mark_runnable (self, service);
}

void
titanic_take_next (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    const titanic_record_t *record = &fetched->record;
    service_t *service = find_service (self, (uint32_t) fetched->tag);
    if (!service)
        return;
    service->fetching = false;
    service->active--;
    if (!fetched->found) {
        service->exhausted = !fetched->failed;
        if (fetched->failed)
            wait_for_store (self, service);
        give_lane_back (self, service);
        free_if_idle (self, service);
        return;
    }
    running_t *running = titanic_find_run (self, &record->uuid) ? NULL : new_run (self, service, record);
    if (running || titanic_find_run (self, &record->uuid))
        service->cursor = record->sequence;
    if (running)
        send (self, running, record, out);
    titanic_mark_runnable (self, service);
}

/*  It is not there any more, or no longer pending: closed, expired, given up. */
void
titanic_take_body (keel_tsp_t *self, const titanic_fetched_t *fetched, keel_actions_t *out)
{
    running_t *running = titanic_find_run (self, &fetched->record.uuid);
    if (!running || running->state != RUN_FETCHED)
        return;
    if (fetched->found && fetched->record.state == TSP_STATE_PENDING)
        send (self, running, &fetched->record, out);
    else {
        give_lane_back (self, running->service);
        if (fetched->failed)
            retry_later (self, running);
        else
            titanic_end_run (self, running);
    }
}

static void
fetch_body (keel_tsp_t *self, running_t *running, keel_actions_t *out)
{
    const titanic_fetch_t fetch = {
        .kind = TITANIC_FETCH_REQUEST, .tag = fetch_tag (FETCH_FOR_BODY, 0), .uuid = running->uuid};
    set_state (self, running, RUN_FETCHED, 0);
    titanic_fetch (self, &fetch, out);
}

static void
fetch_next (keel_tsp_t *self, service_t *service, keel_actions_t *out)
{
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_NEXT,
                                   .tag = fetch_tag (FETCH_FOR_NEXT, service->number),
                                   .number = service->number,
                                   .sequence = service->cursor};
    service->fetching = true;
    service->active++;
    titanic_fetch (self, &fetch, out);
}

/*  One request of a service that is in the list. */
static void
advance (keel_tsp_t *self, service_t *service, keel_actions_t *out)
{
    bool more = !service->exhausted && service->waiting < WAITING_MOST;
    unmark_runnable (self, service);
    if (!has_window (self, service) || service->fetching || !(service->ready || more)) {
        free_if_idle (self, service);
        return;
    }
    if (!titanic_may_send (self, service, out))
        return;
    if (service->ready) {
        fetch_body (self, service->ready, out);
        titanic_mark_runnable (self, service);
    } else {
        fetch_next (self, service, out);
    }
}

/* ------------------------------------------------------------------ results */

static void
store_end (keel_tsp_t *self, running_t *running, ticket_t *ticket, keel_actions_t *out)
{
    ticket->running = running;
    ticket->op.uuid = running->uuid;
    set_state (self, running, RUN_STORING, 0);
    titanic_store (self, ticket, out);
}

static void
take_reply (keel_tsp_t *self, running_t *running, const keel_action_t *result, keel_actions_t *out)
{
    ticket_t *ticket = titanic_ticket (self, TITANIC_REPLY, FOR_RUNNING);
    if (ticket)
        ticket->body = body_new (self->pool, NULL, 0, result->body, result->body_count);
    if (!ticket || !ticket->body) {
        if (ticket)
            titanic_end_ticket (self, ticket);
        retry_later (self, running);
        return;
    }
    ticket->op.frames = body_frames (ticket->body);
    ticket->op.frame_count = body_count (ticket->body);
    store_end (self, running, ticket, out);
}

/*  A worker had it, and was lost. */
static void
take_lost (keel_tsp_t *self, running_t *running, keel_actions_t *out)
{
    self->counters.attempts_failed++;
    running->attempts++;
    bool last = self->config.max_attempts && running->attempts >= self->config.max_attempts;
    ticket_t *ticket = titanic_ticket (self, last ? TITANIC_DEAD : TITANIC_ATTEMPT, last ? FOR_RUNNING : FOR_NOBODY);
    if (ticket) {
        ticket->op.uuid = running->uuid;
        ticket->op.attempts = running->attempts;
        ticket->op.reason = TITANIC_REASON_ATTEMPTS;
    }
    if (ticket && last) {
        store_end (self, running, ticket, out);
        return;
    }
    if (ticket)
        titanic_store (self, ticket, out);
    retry_later (self, running);
}

static void
take_refusal (keel_tsp_t *self, running_t *running, unsigned code)
{
    if (code == 404 || code == 504)
        self->counters.no_worker++;
    else
        self->counters.broker_busy++;
    if (self->now - running->sent_at >= PATIENT_MS)
        backoff_reset (&running->backoff);
    retry_later (self, running);
}

/*  Of the client; a lane's comes with the request's own id, too. */
static void
take_end (keel_tsp_t *self, running_t *running, const keel_action_t *result, keel_actions_t *out)
{
    if (result->deliver == KEEL_DELIVER_FINAL)
        take_reply (self, running, result, out);
    else if (result->code == 502)
        take_lost (self, running, out);
    else
        take_refusal (self, running, result->code);
}

void
titanic_take_result (keel_tsp_t *self, uint64_t id, const keel_action_t *result, keel_actions_t *out)
{
    running_t *running;
    HASH_FIND (by_id, self->by_id, &id, sizeof (id), running);
    if (!running || result->deliver == KEEL_DELIVER_PARTIAL)
        return; /* 0.1 has no partial answers */
    HASH_DELETE (by_id, self->by_id, running);
    take_end (self, running, result, out);
}

void
titanic_take_lane_result (keel_tsp_t *self, running_t *running, const keel_action_t *result, keel_actions_t *out)
{
    running->lane = NULL;
    take_end (self, running, result, out);
}

static void
count_end (keel_tsp_t *self, const titanic_op_t *op)
{
    keel_tsp_counters_t *counters = &self->counters;
    if (op->kind == TITANIC_DEAD)
        counters->dead += op->result == TITANIC_STORED;
    else if (op->result == TITANIC_STORED)
        counters->answered++;
    else if (op->result == TITANIC_KNOWN)
        counters->reply_repeated++;
    else
        counters->reply_orphaned++;
}

/*  What could not be stored is kept, and tried again. */
void
titanic_settle_run (keel_tsp_t *self, ticket_t *ticket)
{
    running_t *running = ticket->running;
    bool failed = ticket->op.result == TITANIC_FULL || ticket->op.result == TITANIC_BROKEN;
    titanic_settle_asker (self, running, ticket);
    if (failed && !KEEL_FAULT (TITANIC_UNSAVED)) {
        self->counters.reply_unsaved++;
        running->unsaved = ticket;
        set_state (self, running, RUN_UNSAVED, self->now + backoff_next (&running->backoff, &self->random));
        return;
    }
    count_end (self, &ticket->op);
    titanic_end_run (self, running);
    titanic_end_ticket (self, ticket);
}

/* ------------------------------------------------------------------ work */

static void
take_due (keel_tsp_t *self, running_t *running, keel_actions_t *out)
{
    ticket_t *ticket = running->unsaved;
    if (running->state == RUN_WAITING) {
        if (KEEL_FAULT (TITANIC_SKIPS))
            titanic_end_run (self, running);
        else
            set_state (self, running, RUN_READY, 0);
        return;
    }
    running->unsaved = NULL;
    set_state (self, running, RUN_STORING, 0);
    titanic_store (self, ticket, out);
}

static bool
may_dispatch (const keel_tsp_t *self)
{
    if (self->now < self->read_at)
        return false;
    return self->broker == BROKER_KEEL || (self->broker == BROKER_STOCK && self->now >= self->ask_at);
}

bool
titanic_dispatch (keel_tsp_t *self, keel_actions_t *out)
{
    heap_node_t *first;
    while ((first = heap_first (&self->dues)) && first->due <= self->now && titanic_room (self, out))
        take_due (self, (running_t *) (void *) first, out);
    if (!may_dispatch (self))
        return true;
    size_t turns = self->runnable_count < STEP_WORK ? self->runnable_count : STEP_WORK;
    for (; turns > 0 && self->runnable && titanic_room (self, out); turns--)
        advance (self, self->runnable, out);
    if (self->broker == BROKER_STOCK && self->runnable)
        self->ask_at = self->now + RETRY_FIRST_MS;
    return !self->runnable;
}

int64_t
titanic_dispatch_due (const keel_tsp_t *self)
{
    const heap_node_t *first = heap_first (&self->dues);
    int64_t due = first ? first->due : KEEL_NEVER;
    if (!self->runnable || self->broker < BROKER_KEEL)
        return due;
    int64_t next = self->broker == BROKER_STOCK && self->ask_at > self->now ? self->ask_at : self->now;
    if (self->read_at > next)
        next = self->read_at;
    return next < due ? next : due;
}
