#include "client_spread.h"

#include "backoff.h"
#include "body.h"
#include "memory.h"
#include "pending.h"

#include <assert.h>
#include <utlist.h>

#define AVOID_FIRST_MS 1000
#define AVOID_LIMIT_MS 30000
#define PAUSE_FIRST_MS 50
#define PAUSE_LIMIT_MS 1000

#define NOBODY UINT16_MAX

typedef struct spread_request spread_request_t;

/*  A request at one broker. Its engine's DELIVERs have this one's address as their tag. */
typedef struct copy {
    struct copy *prev; /* at that broker */
    struct copy *next;
    struct copy *other; /* of the same request */
    spread_request_t *request; /* NULL: it was answered by another broker */
    uint16_t broker;
    uint64_t id; /* in that engine */
} copy_t;

struct spread_request {
    pending_t pending; /* due: its next try begins, or the deadline */
    body_t *body;      /* [service][body]+ */
    copy_t *copies;
    uint64_t tried; /* brokers of this round: a bit each */
    unsigned tries; /* begun, but for those whose broker was not there */
    uint16_t source; /* whose partial answers are delivered, or NOBODY */
    bool sent;
    bool heard;     /* a broker was there */
    bool refused;   /* 503 was the last word */
    int64_t deadline; /* no try begins after it */
    backoff_t pause;
};

typedef struct {
    keel_mdclient_t *engine;
    copy_t *copies;
    size_t load;
    int64_t avoid_ms; /* until then */
    backoff_t avoiding;
} broker_t;

struct keel_mdspread {
    keel_mdclient_config_t config;
    keel_mdspread_policy_t policy;
    int64_t now;
    random_t random;
    pool_t *pool;
    pending_table_t requests; /* not in turn */
    uint16_t turn;
    uint16_t closing; /* links below this number may be open still, and are to be closed */
    uint64_t counters[KEEL_MDCLIENT_COUNTERS];
    uint64_t before[KEEL_MDCLIENT_COUNTERS]; /* of engines that are no more */
    uint16_t count;                          /* of brokers; in turn it is one, for all */
    broker_t *brokers;
    uint64_t linked; /* links that are open, a bit each; in turn only those below 64 */
};

/* ------------------------------------------------------------------ life */

static bool
spreads (const keel_mdspread_t *self)
{
    return self->policy != KEEL_MDSPREAD_IN_TURN;
}

static void
destroy_brokers (keel_mdspread_t *self, broker_t *brokers, uint16_t count)
{
    copy_t *copy, *next;
    for (uint16_t n = 0; brokers && n < count; n++) {
        DL_FOREACH_SAFE (brokers[n].copies, copy, next)
        pool_give (self->pool, copy, sizeof (copy_t));
        keel_mdclient_destroy (&brokers[n].engine);
    }
    memory_free (brokers);
}

/*  NULL without memory. */
static broker_t *
make_brokers (keel_mdspread_t *self, uint16_t count)
{
    broker_t *brokers = memory_new (count * sizeof (broker_t));
    bool made = brokers != NULL;
    for (uint16_t n = 0; made && n < count; n++) {
        keel_mdclient_config_t config = self->config;
        config.endpoints = count == 1 ? self->config.endpoints : 1;
        config.seed = random_next (&self->random);
        brokers[n].avoiding = backoff_make (AVOID_FIRST_MS, AVOID_LIMIT_MS);
        made = (brokers[n].engine = keel_mdclient_new (&config)) != NULL;
    }
    if (made)
        return brokers;
    destroy_brokers (self, brokers, count);
    return NULL;
}

keel_mdspread_t *
keel_mdspread_new (const keel_mdclient_config_t *config)
{
    keel_mdspread_t *self = memory_new (sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    self->random.state = config->seed;
    self->count = 1;
    self->pool = pool_new ();
    self->brokers = make_brokers (self, 1);
    if (!pending_init (&self->requests, random_next (&self->random), UINT64_MAX) || !self->pool || !self->brokers)
        keel_mdspread_destroy (&self);
    return self;
}

static void
end_copy (keel_mdspread_t *self, copy_t *copy)
{
    broker_t *broker = &self->brokers[copy->broker];
    DL_DELETE (broker->copies, copy);
    broker->load--;
    if (copy->request)
        LL_DELETE2 (copy->request->copies, copy, other);
    pool_give (self->pool, copy, sizeof (copy_t));
}

/*  Takes it back from all brokers but one. */
static void
take_back (keel_mdspread_t *self, spread_request_t *request, uint16_t but)
{
    copy_t *copy, *next;
    LL_FOREACH_SAFE2 (request->copies, copy, next, other)
    if (copy->broker != but) {
        keel_mdclient_cancel (self->brokers[copy->broker].engine, copy->id);
        end_copy (self, copy);
    }
}

static void
end (keel_mdspread_t *self, spread_request_t *request)
{
    take_back (self, request, NOBODY);
    pending_remove (&self->requests, &request->pending);
    body_release (&request->body);
    pool_give (self->pool, request, sizeof (*request));
}

void
keel_mdspread_destroy (keel_mdspread_t **self_p)
{
    keel_mdspread_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t n = 0; self->requests.slots && n < self->requests.capacity; n++)
        if (self->requests.slots[n])
            end (self, (spread_request_t *) (void *) self->requests.slots[n]);
    destroy_brokers (self, self->brokers, self->count);
    pending_clear (&self->requests);
    pool_destroy (&self->pool);
    memory_free (self);
}

keel_mdclient_config_t *
keel_mdspread_config (keel_mdspread_t *self)
{
    return &self->config;
}

/*  What may have changed since the last request. */
static void
configure (keel_mdspread_t *self, uint16_t number)
{
    keel_mdclient_config_t *config = keel_mdclient_config (self->brokers[number].engine);
    uint16_t endpoints = config->endpoints;
    uint64_t seed = config->seed;
    *config = self->config;
    config->endpoints = endpoints;
    config->seed = seed;
    if (spreads (self))
        config->retries = 0;
}

/*  To an engine each try is a request of its own. */
static bool
is_own (keel_mdclient_counter_t counter)
{
    return counter == KEEL_MDCLIENT_REQUESTS || counter == KEEL_MDCLIENT_FAILED || counter == KEEL_MDCLIENT_CANCELLED ||
           counter == KEEL_MDCLIENT_RETRIES || counter == KEEL_MDCLIENT_FAILOVERS || counter == KEEL_MDCLIENT_REPLIES ||
           counter == KEEL_MDCLIENT_PARTIALS;
}

static uint64_t
sum_of_engines (const keel_mdspread_t *self, keel_mdclient_counter_t counter)
{
    uint64_t sum = 0;
    for (uint16_t n = 0; n < self->count && !(spreads (self) && is_own (counter)); n++)
        sum += keel_mdclient_counter (self->brokers[n].engine, counter);
    return sum;
}

bool
keel_mdspread_set_policy (keel_mdspread_t *self, keel_mdspread_policy_t policy)
{
    assert (keel_mdspread_outstanding (self) == 0);
    uint16_t count = policy == KEEL_MDSPREAD_IN_TURN ? 1 : self->config.endpoints;
    if (policy != KEEL_MDSPREAD_IN_TURN && count > KEEL_MDSPREAD_BROKERS)
        return false;
    broker_t *brokers = make_brokers (self, count);
    if (!brokers)
        return false;
    for (keel_mdclient_counter_t counter = 0; counter < KEEL_MDCLIENT_COUNTERS; counter++)
        self->before[counter] += sum_of_engines (self, counter);
    destroy_brokers (self, self->brokers, self->count);
    self->brokers = brokers;
    self->count = count;
    self->policy = policy;
    self->closing = self->config.endpoints;
    return true;
}

size_t
keel_mdspread_outstanding (const keel_mdspread_t *self)
{
    return spreads (self) ? self->requests.count : keel_mdclient_outstanding (self->brokers[0].engine);
}

uint64_t
keel_mdspread_counter (const keel_mdspread_t *self, keel_mdclient_counter_t counter)
{
    return self->counters[counter] + self->before[counter] + sum_of_engines (self, counter);
}

static void
set_now (keel_mdspread_t *self, int64_t now)
{
    assert (now >= self->now);
    self->now = now;
}

/* ------------------------------------------------------------------ requests */

keel_submit_t
keel_mdspread_submit (keel_mdspread_t *self, int64_t now, span_t service, const span_t body[], size_t count, uint64_t *id)
{
    set_now (self, now);
    if (!spreads (self)) {
        configure (self, 0);
        return keel_mdclient_submit (self->brokers[0].engine, now, service, body, count, id);
    }
    if (self->requests.count >= (self->config.stock ? 1 : self->config.outstanding))
        return KEEL_SUBMIT_FULL;
    spread_request_t *request = pending_reserve (&self->requests) ? pool_take (self->pool, sizeof (*request)) : NULL;
    if (!request)
        return KEEL_SUBMIT_NO_MEMORY;
    *request = (spread_request_t){.source = NOBODY, .pause = backoff_make (PAUSE_FIRST_MS, PAUSE_LIMIT_MS)};
    request->deadline = now + (int64_t) (self->config.retries + 1) * self->config.timeout_ms;
    request->body = body_new (self->pool, &service, 1, body, count);
    if (!request->body) {
        pool_give (self->pool, request, sizeof (*request));
        return KEEL_SUBMIT_NO_MEMORY;
    }
    pending_add (&self->requests, &request->pending, now);
    self->counters[KEEL_MDCLIENT_REQUESTS]++;
    *id = request->pending.serial;
    return KEEL_SUBMIT_OK;
}

bool
keel_mdspread_cancel (keel_mdspread_t *self, uint64_t id)
{
    if (!spreads (self))
        return keel_mdclient_cancel (self->brokers[0].engine, id);
    spread_request_t *request = (spread_request_t *) (void *) pending_find (&self->requests, id);
    if (!request)
        return false;
    self->counters[KEEL_MDCLIENT_CANCELLED]++;
    end (self, request);
    return true;
}

static void
set_due (keel_mdspread_t *self, spread_request_t *request, int64_t due)
{
    pending_set_due (&self->requests, &request->pending, due < request->deadline ? due : request->deadline);
}

static bool
is_better (const keel_mdspread_t *self, uint16_t one, uint16_t other)
{
    bool avoided = self->brokers[one].avoid_ms > self->now;
    bool other_avoided = self->brokers[other].avoid_ms > self->now;
    return avoided != other_avoided ? other_avoided : self->brokers[one].load < self->brokers[other].load;
}

/*  The best of those that the request has not been to in this round; NOBODY: it has been to all. */
static uint16_t
choose (const keel_mdspread_t *self, const spread_request_t *request)
{
    uint16_t best = NOBODY;
    for (uint16_t n = 0; n < self->count; n++) {
        uint16_t number = (uint16_t) ((self->turn + n) % self->count);
        if (!(request->tried & (uint64_t) 1 << number) && (best == NOBODY || is_better (self, number, best)))
            best = number;
    }
    return best;
}

/*  False: no memory. */
static bool
send_to (keel_mdspread_t *self, spread_request_t *request, uint16_t number)
{
    broker_t *broker = &self->brokers[number];
    const span_t *frames = body_frames (request->body);
    copy_t *copy = pool_take (self->pool, sizeof (copy_t));
    request->tried |= (uint64_t) 1 << number;
    if (!copy)
        return false;
    *copy = (copy_t){.request = request, .broker = number};
    configure (self, number);
    if (keel_mdclient_submit (broker->engine, self->now, frames[0], frames + 1, body_count (request->body) - 1, &copy->id) !=
        KEEL_SUBMIT_OK) {
        pool_give (self->pool, copy, sizeof (copy_t));
        return false;
    }
    keel_mdclient_set_tag (broker->engine, copy->id, (uintptr_t) copy);
    DL_APPEND (broker->copies, copy);
    LL_PREPEND2 (request->copies, copy, other);
    broker->load++;
    return true;
}

static void
begin_try (keel_mdspread_t *self, spread_request_t *request)
{
    self->counters[KEEL_MDCLIENT_RETRIES] += request->sent;
    request->sent = true;
    request->tries++;
    if (choose (self, request) == NOBODY)
        request->tried = 0;
    uint16_t number = choose (self, request);
    self->turn = (uint16_t) ((number + 1) % self->count);
    bool sent = send_to (self, request, number);
    while (self->policy == KEEL_MDSPREAD_SHOTGUN && (number = choose (self, request)) != NOBODY)
        sent |= send_to (self, request, number);
    set_due (self, request, sent ? KEEL_NEVER : self->now + backoff_next (&request->pause, &self->random));
}

static void
fail (keel_mdspread_t *self, spread_request_t *request, keel_actions_t *out)
{
    unsigned silence = request->heard ? KEEL_MDCLIENT_TIMEOUT : KEEL_MDCLIENT_NO_BROKER;
    keel_action_t *deliver = keel_actions_deliver (out, KEEL_DELIVER_FAILED, request->pending.serial);
    deliver->code = request->refused ? KEEL_MDCLIENT_REFUSED : silence;
    self->counters[KEEL_MDCLIENT_FAILED]++;
    end (self, request);
}

/*  A try that goes on ends by itself; none begins any more. */
static void
handle_due (keel_mdspread_t *self, spread_request_t *request, keel_actions_t *out)
{
    if (self->now < request->deadline)
        begin_try (self, request);
    else if (request->copies)
        pending_set_due (&self->requests, &request->pending, KEEL_NEVER);
    else
        fail (self, request, out);
}

/* ------------------------------------------------------------------ what becomes of copies */

static void
avoid (keel_mdspread_t *self, uint16_t number)
{
    broker_t *broker = &self->brokers[number];
    if (broker->avoid_ms <= self->now)
        broker->avoid_ms = self->now + backoff_next (&broker->avoiding, &self->random);
}

/*  The next try, at once where a broker is left that is not avoided; else a little later. */
static void
go_on (keel_mdspread_t *self, spread_request_t *request)
{
    uint16_t next = choose (self, request);
    bool at_once = next != NOBODY && self->brokers[next].avoid_ms <= self->now;
    set_due (self, request, at_once ? self->now : self->now + backoff_next (&request->pause, &self->random));
}

/*  Silence and 503 lead to the next broker while tries are left. That there is no worker, or no free one, another broker may see
 *  otherwise; but when none does, it is so. Anything else is an answer. */
static bool
is_to_go_on (const keel_mdspread_t *self, const spread_request_t *request, unsigned code)
{
    bool left = request->tries <= self->config.retries && self->now < request->deadline;
    if (request->source != NOBODY || !left)
        return false;
    if (code == KEEL_MDCLIENT_NO_WORKER || code == KEEL_MDCLIENT_NO_FREE_WORKER)
        return choose (self, request) != NOBODY;
    return code == KEEL_MDCLIENT_TIMEOUT || code == KEEL_MDCLIENT_NO_BROKER || code == KEEL_MDCLIENT_REFUSED;
}

/*  True: the action is to be delivered. */
static bool
copy_failed (keel_mdspread_t *self, copy_t *copy, keel_action_t *action)
{
    spread_request_t *request = copy->request;
    unsigned code = action->code;
    request->heard |= code != KEEL_MDCLIENT_NO_BROKER;
    request->refused = code == KEEL_MDCLIENT_REFUSED;
    if (code == KEEL_MDCLIENT_TIMEOUT || code == KEEL_MDCLIENT_NO_BROKER)
        avoid (self, copy->broker);
    end_copy (self, copy);
    if (request->copies)
        return false; /* others may still answer */
    if (is_to_go_on (self, request, code)) {
        go_on (self, request);
        return false;
    }
    if (code == KEEL_MDCLIENT_NO_BROKER && request->heard)
        action->code = KEEL_MDCLIENT_TIMEOUT;
    self->counters[KEEL_MDCLIENT_FAILED]++;
    return true;
}

/*  What others have of an answered request stays with them: it is on its way, or done, and tells of them when it comes. */
static void
let_go (spread_request_t *request)
{
    copy_t *copy, *next;
    LL_FOREACH_SAFE2 (request->copies, copy, next, other)
    copy->request = NULL;
    request->copies = NULL;
}

static void
take_late (keel_mdspread_t *self, copy_t *copy, const keel_action_t *action)
{
    self->counters[KEEL_MDCLIENT_LATE] += action->deliver != KEEL_DELIVER_FAILED;
    if (action->code == KEEL_MDCLIENT_TIMEOUT || action->code == KEEL_MDCLIENT_NO_BROKER)
        avoid (self, copy->broker);
    if (action->deliver != KEEL_DELIVER_PARTIAL)
        end_copy (self, copy);
}

/*  True: the action is to be delivered, under the request's own id. */
static bool
take_result (keel_mdspread_t *self, keel_action_t *action)
{
    copy_t *copy = (copy_t *) (uintptr_t) action->tag;
    spread_request_t *request = copy->request;
    const uint16_t number = copy->broker;
    if (!request) {
        take_late (self, copy, action);
        return false;
    }
    action->tag = request->pending.serial;
    if (action->deliver == KEEL_DELIVER_FAILED) {
        if (!copy_failed (self, copy, action))
            return false;
        end (self, request);
        return true;
    }
    self->brokers[number].avoid_ms = 0;
    backoff_reset (&self->brokers[number].avoiding);
    request->source = number;
    self->counters[action->deliver == KEEL_DELIVER_FINAL ? KEEL_MDCLIENT_REPLIES : KEEL_MDCLIENT_PARTIALS]++;
    if (action->deliver == KEEL_DELIVER_FINAL) {
        end_copy (self, copy);
        let_go (request);
        end (self, request);
    } else
        take_back (self, request, number);
    return true;
}

/*  Its connection ended or cannot be made: what it has goes on, but for what is answered in part, and for what has no try
 *  left, which may wait for the connection to come back. */
static void
leave_broker (keel_mdspread_t *self, uint16_t number, bool was_there)
{
    copy_t *copy, *next;
    if (self->count > 1)
        avoid (self, number);
    DL_FOREACH_SAFE (self->brokers[number].copies, copy, next) {
        spread_request_t *request = copy->request;
        if (!request) {
            keel_mdclient_cancel (self->brokers[number].engine, copy->id);
            end_copy (self, copy);
            continue;
        }
        if (self->count == 1 || request->source != NOBODY || (was_there && request->tries > self->config.retries))
            continue;
        request->heard |= was_there;
        keel_mdclient_cancel (self->brokers[number].engine, copy->id);
        end_copy (self, copy);
        if (request->copies)
            continue;
        request->tries -= !was_there;
        self->counters[KEEL_MDCLIENT_FAILOVERS]++;
        go_on (self, request);
    }
}

/* ------------------------------------------------------------------ the contract */

static void
note_link (keel_mdspread_t *self, const keel_action_t *action)
{
    if (action->listener >= 64)
        return;
    if (action->kind == KEEL_ACTION_CONNECT)
        self->linked |= (uint64_t) 1 << action->listener;
    else if (action->kind == KEEL_ACTION_CLOSE)
        self->linked &= ~((uint64_t) 1 << action->listener);
}

/*  What a broker's engine has to say, with the broker's number, and the requests' own ids. */
static void
step_broker (keel_mdspread_t *self, uint16_t number, keel_event_t event, keel_actions_t *out)
{
    size_t kept = out->count;
    size_t first = kept;
    if (spreads (self))
        event.peer.listener = 0;
    keel_mdclient_step (self->brokers[number].engine, &event, out);
    for (size_t n = first; n < out->count; n++) {
        keel_action_t action = out->items[n];
        if (spreads (self) && action.kind != KEEL_ACTION_DELIVER)
            action.listener = number;
        if (spreads (self) && action.kind == KEEL_ACTION_DELIVER && !take_result (self, &action))
            continue;
        note_link (self, &action);
        out->items[kept++] = action;
    }
    out->count = kept;
}

/*  Links of engines that are no more. */
static void
close_links (keel_mdspread_t *self, keel_actions_t *out)
{
    for (; self->closing > 0 && keel_actions_room (out); self->closing--) {
        uint16_t number = (uint16_t) (self->closing - 1);
        if (number >= 64 || !(self->linked & (uint64_t) 1 << number))
            continue;
        keel_actions_close (out, number, false);
        self->linked &= ~((uint64_t) 1 << number);
    }
}

static void
work (keel_mdspread_t *self, keel_actions_t *out)
{
    pending_t *first;
    while (keel_actions_room_for (out, KEEL_MDCLIENT_ACTIONS) && (first = pending_first (&self->requests)) && first->node.due <= self->now)
        handle_due (self, (spread_request_t *) (void *) first, out);
    for (uint16_t n = 0; n < self->count && keel_actions_room_for (out, KEEL_MDCLIENT_ACTIONS); n++)
        if (keel_mdclient_next_due (self->brokers[n].engine) <= self->now)
            step_broker (self, n, (keel_event_t){.kind = KEEL_EVENT_TICK, .now = self->now}, out);
}

int
keel_mdspread_step (keel_mdspread_t *self, const keel_event_t *event, keel_actions_t *out)
{
    uint16_t number = spreads (self) ? event->peer.listener : 0;
    set_now (self, event->now);
    close_links (self, out);
    if (self->closing)
        return 0;
    if (event->kind == KEEL_EVENT_TICK || number >= self->count) {
        work (self, out);
        return 0;
    }
    if (spreads (self) && event->kind == KEEL_EVENT_DISCONNECTED)
        leave_broker (self, number, true);
    if (spreads (self) && event->kind == KEEL_EVENT_REFUSED)
        leave_broker (self, number, false);
    step_broker (self, number, *event, out);
    return 0;
}

int64_t
keel_mdspread_next_due (const keel_mdspread_t *self)
{
    const pending_t *first = pending_first (&self->requests);
    int64_t due = first ? first->node.due : KEEL_NEVER;
    if (self->closing)
        return self->now;
    for (uint16_t n = 0; n < self->count; n++) {
        int64_t next = keel_mdclient_next_due (self->brokers[n].engine);
        due = next < due ? next : due;
    }
    return due;
}
