#include "world.h"

#include "flp.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS    50    /* between two chances of a misfortune */
#define RETRY_MS   50    /* libzmq's, between two attempts to connect */
#define STEPS_MOST 20000 /* at one time: more, and it spins */

typedef enum {
    HAPPENS_ARRIVES_AT_SERVER,
    HAPPENS_ARRIVES_AT_CLIENT,
    HAPPENS_ANSWERS, /* a server has done its work */
    HAPPENS_CONNECTS,
    HAPPENS_LOST, /* the client is told */
    HAPPENS_UNSENT,
    HAPPENS_TURN,
    HAPPENS_SUBMIT,
} happens_t;

typedef enum { WORD_PING, WORD_PONG, WORD_REQUEST, WORD_ANSWER, WORD_GARBAGE } word_t;

typedef struct {
    heap_node_t node;
    happens_t kind;
    uint32_t link;
    word_t word;
    uint64_t number;
    unsigned ticket;
    unsigned server; /* that answers */
    uint64_t life;
} happening_t;

/* ------------------------------------------------------------------ telling */

void
world_fail (world_t *self, const char *format, ...)
{
    va_list arguments;
    if (self->failure[0])
        return;
    va_start (arguments, format);
    vsnprintf (self->failure, sizeof (self->failure), format, arguments);
    va_end (arguments);
}

void
world_tell (world_t *self, const char *format, ...)
{
    va_list arguments;
    if (!self->trace)
        return;
    printf ("[%6lld] ", (long long) self->now);
    va_start (arguments, format);
    vprintf (format, arguments);
    va_end (arguments);
    putchar ('\n');
}

/* ------------------------------------------------------------------ the agenda */

static int64_t
below (world_t *self, int64_t bound)
{
    return bound > 0 ? (int64_t) random_below (&self->random, (uint64_t) bound) : 0;
}

/*  What is to happen at the same time happens in the order in which it was said. */
static void
happen (world_t *self, int64_t at, happening_t what)
{
    happening_t *one = malloc (sizeof (*one));
    if (!one || !heap_reserve (&self->agenda, self->agenda.count + 1))
        abort ();
    *one = what;
    one->node = (heap_node_t){.due = at << 24 | (int64_t) (self->order++ & 0xffffff)};
    heap_add (&self->agenda, &one->node);
}

/*  When a message that leaves now arrives: after those before it, and not while the server is cut off. */
static int64_t
arrival (world_t *self, int64_t *last, uint16_t server)
{
    int64_t at = self->now + 1 + below (self, self->plan.delay_ms);
    at = at < self->servers[server].cut_until ? self->servers[server].cut_until : at;
    return *last = at < *last ? *last : at;
}

/* ------------------------------------------------------------------ servers */

static void
send_to_client (world_t *self, uint32_t number, happening_t what)
{
    link_t *link = &self->links[number];
    if (link->state != LINK_MADE)
        return;
    what.kind = HAPPENS_ARRIVES_AT_CLIENT;
    what.link = number;
    happen (self, arrival (self, &link->to_client, link->server), what);
}

/*  A rogue answers twice, with nonsense, and what it was not asked. */
static void
be_rogue (world_t *self, uint32_t link)
{
    const unsigned server = self->links[link].server;
    happening_t what = {.word = WORD_GARBAGE, .server = server, .number = random_next (&self->random)};
    if (world_chance (self, 500)) {
        send_to_client (self, link, what);
        return;
    }
    unsigned tag = 1 + (unsigned) below (self, self->request_count);
    what.word = WORD_ANSWER;
    what.number = self->requests[tag].id;
    what.ticket = tag;
    if (self->requests[tag].made && !self->requests[tag].asked[server])
        send_to_client (self, link, what);
}

static void
work_on (world_t *self, const happening_t *request)
{
    link_t *link = &self->links[request->link];
    server_t *server = &self->servers[link->server];
    int64_t takes = 1 + below (self, self->plan.work_ms);
    if (server->mute_until > self->now)
        return;
    if (server->slow_until > self->now)
        takes += self->plan.try_ms / 2 + below (self, 3 * self->plan.try_ms);
    happening_t answer = *request;
    answer.kind = HAPPENS_ANSWERS;
    answer.word = WORD_ANSWER;
    answer.server = link->server;
    answer.life = server->life;
    happen (self, self->now + takes, answer);
    if (server->rogue && world_chance (self, 300))
        happen (self, self->now + takes + 1, answer);
}

static void
arrive_at_server (world_t *self, const happening_t *what)
{
    link_t *link = &self->links[what->link];
    server_t *server = &self->servers[link->server];
    if (link->state != LINK_MADE || link->life != server->life)
        return;
    if (server->frozen_until > self->now) {
        happen (self, server->frozen_until, *what);
        return;
    }
    if (server->rogue && world_chance (self, 300))
        be_rogue (self, what->link);
    if (what->word == WORD_PING)
        send_to_client (self, what->link, (happening_t){.word = WORD_PONG});
    else
        work_on (self, what);
}

static void
answer (world_t *self, const happening_t *what)
{
    server_t *server = &self->servers[what->server];
    if (server->life != what->life)
        return;
    if (server->frozen_until > self->now)
        happen (self, server->frozen_until, *what);
    else
        send_to_client (self, what->link, *what);
}

/* ------------------------------------------------------------------ the engine */

static void step (world_t *self, keel_event_t event);

static void
carry_out_send (world_t *self, const keel_action_t *action)
{
    uint32_t number = self->link_at[action->listener];
    link_t *link = &self->links[number];
    happening_t what = {.kind = HAPPENS_ARRIVES_AT_SERVER, .link = number, .word = WORD_PING};
    if (action->body_count == 0)
        oracle_ping (self, action->listener);
    else {
        what.word = WORD_REQUEST;
        what.number = action->tag;
        what.ticket = (unsigned) atoi ((const char *) action->body[0].data);
        oracle_send (self, action->listener, what.ticket);
    }
    world_tell (self, "send to %u: %u", action->listener, what.ticket);
    if (what.word == WORD_REQUEST && !self->healed && world_chance (self, self->plan.full)) {
        what.kind = HAPPENS_UNSENT;
        happen (self, self->now, what);
        return;
    }
    if (link->state == LINK_CONNECTING)
        what.life = UINT64_MAX; /* waits for it */
    happen (self, link->state == LINK_MADE ? arrival (self, &link->to_server, link->server) : self->now + RETRY_MS, what);
}

static void
carry_out (world_t *self, const keel_action_t *action)
{
    uint16_t place = action->listener;
    switch (action->kind) {
    case KEEL_ACTION_CONNECT:
        if (++self->link_count == LINKS_MOST || self->server_at[place] < 0) {
            world_fail (self, "place %u is connected once too often", place);
            self->link_count = LINKS_MOST - 1;
            break;
        }
        oracle_connect (self, place, self->link_count);
        self->link_at[place] = self->link_count;
        self->links[self->link_count].server = (uint16_t) self->server_at[place];
        world_tell (self, "connect %u to server %d", place, self->server_at[place]);
        happen (self, self->now + 1 + below (self, self->plan.delay_ms),
                (happening_t){.kind = HAPPENS_CONNECTS, .link = self->link_count});
        break;
    case KEEL_ACTION_CLOSE:
        world_tell (self, "close %u", place);
        oracle_close (self, place);
        self->links[self->link_at[place]].state = LINK_GONE;
        self->link_at[place] = 0;
        break;
    case KEEL_ACTION_SEND:
        carry_out_send (self, action);
        break;
    case KEEL_ACTION_DELIVER:
        world_tell (self, "result of %llu: %u", (unsigned long long) action->tag, action->code);
        oracle_deliver (self, action);
        break;
    case KEEL_ACTION_LOG:
    case KEEL_ACTION_STORE:
    case KEEL_ACTION_FETCH:
    case KEEL_ACTION_BACKUP:
        break;
    }
}

static void
step (world_t *self, keel_event_t event)
{
    int steps = 0;
    event.now = self->now;
    do {
        keel_actions_clear (self->out);
        keel_flclient_step (self->engine, &event, self->out);
        for (size_t n = 0; n < self->out->count && !self->failure[0]; n++)
            carry_out (self, &self->out->items[n]);
        event = (keel_event_t){.kind = KEEL_EVENT_TICK, .now = self->now};
    } while (keel_flclient_next_due (self->engine) <= self->now && !self->failure[0] && ++steps < STEPS_MOST);
    if (steps == STEPS_MOST)
        world_fail (self, "the engine spins");
    if (!self->failure[0])
        oracle_settled (self);
}

static void
tell_client (world_t *self, uint32_t number, keel_event_t event)
{
    for (uint16_t place = 0; place < KEEL_FLCLIENT_SERVERS; place++)
        if (number && self->link_at[place] == number) {
            event.peer.listener = place;
            step (self, event);
        }
}

static size_t
write_garbage (const happening_t *what, uint8_t control[FLP_CONTROL_SIZE], span_t frames[3])
{
    frames[1] = frames[2] = SPAN_OF ("garbage");
    switch (what->number % 5) {
    case 0:
        frames[0] = flp_pong ();
        return 2;
    case 1:
        frames[0] = span_make (control, 7);
        return 3;
    case 2:
        frames[0] = SPAN_OF ("");
        return 1;
    case 3:
        frames[0] = span_make (control, FLP_CONTROL_SIZE);
        return 1;
    default:
        return 0;
    }
}

static void
arrive_at_client (world_t *self, const happening_t *what)
{
    uint8_t control[FLP_CONTROL_SIZE];
    char text[64];
    span_t frames[3];
    size_t count = 1;
    if (self->links[what->link].state == LINK_GONE)
        return;
    flp_encode_control (what->number, control);
    snprintf (text, sizeof (text), "%u@%u", what->ticket, what->server);
    if (what->word == WORD_GARBAGE)
        count = write_garbage (what, control, frames);
    else {
        oracle_heard (self, what->link);
        frames[0] = what->word == WORD_PONG ? flp_pong () : span_make (control, sizeof (control));
        frames[1] = span_text (text);
        count = what->word == WORD_PONG ? 1 : 2;
    }
    world_tell (self, "from server %u: word %d, %s", self->links[what->link].server, what->word, text);
    tell_client (self, what->link, (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = frames, .count = count});
}

/* ------------------------------------------------------------------ connections */

static void
connect_link (world_t *self, const happening_t *what)
{
    link_t *link = &self->links[what->link];
    server_t *server = &self->servers[link->server];
    if (link->state != LINK_CONNECTING)
        return;
    if (server->up && server->cut_until <= self->now) {
        link->state = LINK_MADE;
        link->life = server->life;
        link->to_server = link->to_client = self->now;
        return;
    }
    happen (self, self->now + RETRY_MS, *what);
    tell_client (self, what->link, (keel_event_t){.kind = KEEL_EVENT_REFUSED});
}

/*  What was sent before the connection was made leaves once it is. */
static void
leave (world_t *self, happening_t what)
{
    link_t *link = &self->links[what.link];
    if (link->state == LINK_CONNECTING)
        happen (self, self->now + RETRY_MS, what);
    else if (link->state == LINK_MADE) {
        what.life = 0;
        happen (self, arrival (self, &link->to_server, link->server), what);
    }
}

static void
lose_links (world_t *self, unsigned server)
{
    for (uint32_t n = 1; n <= self->link_count; n++) {
        link_t *link = &self->links[n];
        if (link->server != server || link->state != LINK_MADE)
            continue;
        link->state = LINK_CONNECTING;
        happening_t what = {.link = n, .kind = HAPPENS_CONNECTS};
        happen (self, self->now + RETRY_MS, what);
        what.kind = HAPPENS_LOST;
        if (!world_chance (self, self->plan.untold))
            happen (self, self->now + 1 + below (self, self->plan.delay_ms), what);
    }
}

static void
tell_lost (world_t *self, const happening_t *what)
{
    world_tell (self, "server %u is lost", self->links[what->link].server);
    self->links[what->link].lost = true;
    tell_client (self, what->link, (keel_event_t){.kind = KEEL_EVENT_DISCONNECTED});
}

/* ------------------------------------------------------------------ misfortunes */

static void
change_servers (world_t *self)
{
    unsigned server = (unsigned) below (self, self->plan.servers);
    uint16_t place;
    if (self->place_of[server] >= 0) {
        place = (uint16_t) self->place_of[server];
        world_tell (self, "server %u is removed", server);
        oracle_removed (self, server);
        self->server_at[place] = -1;
        self->place_of[server] = -1;
        keel_flclient_remove (self->engine, self->now, place);
    } else if (keel_flclient_add (self->engine, self->now, &place)) {
        self->server_at[place] = (int) server;
        self->place_of[server] = place;
    }
    step (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
}

static void
cancel_one (world_t *self)
{
    unsigned tag = 1 + (unsigned) below (self, self->request_count);
    uint64_t said;
    request_t *request = &self->requests[tag];
    if (!request->made || request->ended || request->cancelled)
        return;
    request->cancelled = true;
    self->ended++;
    if (!keel_flclient_cancel (self->engine, request->id, &said) || said != tag)
        world_fail (self, "request %u cannot be cancelled", tag);
}

static void
misfortune (world_t *self, server_t *server, unsigned number)
{
    const plan_t *plan = &self->plan;
    int64_t until = self->now + 100 + below (self, 6 * plan->ping_ms);
    if (world_chance (self, plan->crash) && server->up) {
        world_tell (self, "server %u crashes", number);
        server->up = false;
        server->life++;
        lose_links (self, number);
    } else if (!server->up && world_chance (self, 100))
        server->up = true;
    if (world_chance (self, plan->freeze))
        server->frozen_until = until;
    if (world_chance (self, plan->slow))
        server->slow_until = until;
    if (world_chance (self, plan->mute))
        server->mute_until = until;
    if (world_chance (self, plan->cut))
        server->cut_until = until;
}

static void
take_turn (world_t *self)
{
    if (self->healed)
        return;
    for (unsigned n = 0; n < self->plan.servers; n++)
        misfortune (self, &self->servers[n], n);
    if (world_chance (self, self->plan.change))
        change_servers (self);
    if (world_chance (self, self->plan.cancel) && self->request_count)
        cancel_one (self);
    happen (self, self->now + TURN_MS, (happening_t){.kind = HAPPENS_TURN});
}

/*  All servers live, and are among the client's. */
static void
heal (world_t *self)
{
    self->healed = true;
    world_tell (self, "all is healed");
    for (unsigned n = 0; n < self->plan.servers; n++) {
        uint64_t life = self->servers[n].life;
        self->servers[n] = (server_t){.up = true, .life = life};
        uint16_t place;
        if (self->place_of[n] >= 0 || !keel_flclient_add (self->engine, self->now, &place))
            continue;
        self->server_at[place] = (int) n;
        self->place_of[n] = place;
    }
    step (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
}

/* ------------------------------------------------------------------ a run */

static void
submit (world_t *self)
{
    char text[16];
    unsigned tag = self->request_count + 1;
    request_t *request = &self->requests[tag];
    int size = snprintf (text, sizeof (text), "%u", tag);
    const span_t body[] = {span_make (text, (size_t) size + 1), SPAN_OF ("")};
    *request = (request_t){.made = true, .made_ms = self->now, .deadline = self->now + self->plan.timeout_ms};
    self->request_count++;
    if (keel_flclient_submit (self->engine, self->now, body, 2, tag, &request->id) != KEEL_SUBMIT_OK)
        world_fail (self, "request %u is not taken", tag);
    world_tell (self, "request %u", tag);
    step (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
    if (self->request_count < self->plan.requests)
        happen (self, self->now + below (self, self->plan.pace_ms), (happening_t){.kind = HAPPENS_SUBMIT});
}

static void
handle (world_t *self, const happening_t *what)
{
    switch (what->kind) {
    case HAPPENS_ARRIVES_AT_SERVER:
        if (what->life == UINT64_MAX)
            leave (self, *what);
        else
            arrive_at_server (self, what);
        break;
    case HAPPENS_ARRIVES_AT_CLIENT:
        arrive_at_client (self, what);
        break;
    case HAPPENS_ANSWERS:
        answer (self, what);
        break;
    case HAPPENS_CONNECTS:
        connect_link (self, what);
        break;
    case HAPPENS_LOST:
        tell_lost (self, what);
        break;
    case HAPPENS_UNSENT:
        oracle_unsent (self, what->link, what->ticket);
        tell_client (self, what->link, (keel_event_t){.kind = KEEL_EVENT_FULL, .tag = what->number});
        break;
    case HAPPENS_TURN:
        take_turn (self);
        break;
    case HAPPENS_SUBMIT:
        submit (self);
        break;
    }
}

static int64_t
first_on_agenda (const world_t *self)
{
    const heap_node_t *first = heap_first (&self->agenda);
    return first ? first->due >> 24 : KEEL_NEVER;
}

/*  Whatever comes first: the engine's due time, to the msec or late, or what is on the agenda. */
static void
go_on (world_t *self, int64_t end)
{
    while (!self->failure[0]) {
        int64_t due = keel_flclient_next_due (self->engine), next = first_on_agenda (self);
        if (due > end && next > end)
            break;
        self->late_ms = 0;
        if (due <= next) {
            bool late = !self->healed && world_chance (self, self->plan.late);
            self->late_ms = late ? below (self, LATE_MOST) : 0;
            int64_t at = due + self->late_ms;
            self->late_ms = at > next ? next - due : self->late_ms;
            self->now = due + self->late_ms;
            step (self, (keel_event_t){.kind = KEEL_EVENT_TICK});
            continue;
        }
        happening_t *what = (happening_t *) (void *) heap_first (&self->agenda);
        self->now = next;
        heap_remove (&self->agenda, &what->node);
        handle (self, what);
        free (what);
    }
    self->now = self->now < end ? end : self->now;
}

static unsigned
chance_of (world_t *self, unsigned most)
{
    return world_chance (self, 400) ? 1 + (unsigned) below (self, most) : 0;
}

static plan_t
draw_plan (world_t *self)
{
    plan_t plan = {.servers = 1 + (unsigned) below (self, SERVERS_MOST)};
    plan.policy = (keel_flclient_policy_t) below (self, 3);
    plan.ping_ms = 200 + below (self, 1500);
    plan.try_ms = 100 + below (self, 2000);
    plan.timeout_ms = plan.try_ms / 2 + below (self, 10 * plan.try_ms);
    plan.requests = 20 + (unsigned) below (self, 150);
    plan.pace_ms = 1 + below (self, world_chance (self, 500) ? 3 : 200);
    plan.delay_ms = below (self, 20);
    plan.work_ms = below (self, 30);
    if (world_chance (self, 100)) {
        plan.calm = 1;
        plan.try_ms = 1000;
        plan.timeout_ms = 10000;
        return plan;
    }
    plan.crash = chance_of (self, 40);
    plan.freeze = chance_of (self, 40);
    plan.slow = chance_of (self, 60);
    plan.mute = chance_of (self, 60);
    plan.cut = chance_of (self, 40);
    plan.rogue = chance_of (self, 500);
    plan.untold = chance_of (self, 1000);
    plan.full = chance_of (self, 100);
    plan.late = chance_of (self, 300);
    plan.change = chance_of (self, 60);
    plan.cancel = chance_of (self, 200);
    return plan;
}

static void
begin (world_t *self, uint64_t seed)
{
    self->random.state = seed;
    random_next (&self->random);
    self->plan = draw_plan (self);
    const keel_flclient_config_t config = {.policy = self->plan.policy,
                                           .timeout_ms = self->plan.timeout_ms,
                                           .try_ms = self->plan.try_ms,
                                           .ping_ms = self->plan.ping_ms,
                                           .outstanding = REQUESTS_MOST,
                                           .seed = random_next (&self->random)};
    self->engine = keel_flclient_new (&config);
    self->out = keel_actions_new (KEEL_FLCLIENT_ACTIONS + (size_t) below (self, 48));
    if (!self->engine || !self->out)
        abort ();
    for (int n = 0; n < KEEL_FLCLIENT_SERVERS; n++)
        self->server_at[n] = -1;
    for (unsigned n = 0; n < self->plan.servers; n++) {
        uint16_t place = 0;
        self->servers[n] = (server_t){.up = self->plan.calm || world_chance (self, 800)};
        self->servers[n].rogue = world_chance (self, self->plan.rogue);
        keel_flclient_add (self->engine, 0, &place);
        self->place_of[n] = place;
        self->server_at[place] = (int) n;
    }
    happen (self, 0, (happening_t){.kind = HAPPENS_SUBMIT});
    happen (self, 0, (happening_t){.kind = HAPPENS_TURN});
}

bool
world_run (world_t *self, uint64_t seed, bool trace)
{
    *self = (world_t){.trace = trace};
    begin (self, seed);
    go_on (self, 1 + self->plan.requests * self->plan.pace_ms + 10000);
    if (!self->failure[0])
        heal (self);
    go_on (self, self->now + self->plan.timeout_ms + 1);
    if (!self->failure[0])
        oracle_done (self);
    /*  And then a request is answered, whatever happened. */
    self->plan.timeout_ms = 20 * self->plan.ping_ms + 20000;
    keel_flclient_config (self->engine)->timeout_ms = self->plan.timeout_ms;
    self->plan.requests = self->request_count + 10;
    self->plan.full = 0;
    self->plan.calm = 0;
    go_on (self, self->now + 10 * self->plan.ping_ms + 5000);
    uint64_t failed = keel_flclient_counter (self->engine, KEEL_FLCLIENT_FAILED);
    if (!self->failure[0])
        submit (self);
    go_on (self, self->now + self->plan.timeout_ms + 1);
    if (!self->failure[0] && keel_flclient_counter (self->engine, KEEL_FLCLIENT_FAILED) != failed)
        world_fail (self, "all is healed, and a request fails");
    if (!self->failure[0])
        oracle_done (self);
    for (keel_flclient_counter_t n = 0; n < KEEL_FLCLIENT_COUNTERS; n++)
        self->counters[n] = keel_flclient_counter (self->engine, n);
    while (self->agenda.count) {
        happening_t *what = (happening_t *) (void *) heap_first (&self->agenda);
        heap_remove (&self->agenda, &what->node);
        free (what);
    }
    heap_clear (&self->agenda);
    keel_flclient_destroy (&self->engine);
    keel_actions_destroy (&self->out);
    return !self->failure[0];
}
