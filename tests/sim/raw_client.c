/*  A scripted client: any dialect, any envelope, no retries; asks the broker about itself, and sends rubbish. */
#include "world.h"

#include "dialect.h"
#include "mmi.h"

#include <assert.h>
#include <stdlib.h>

#define OPEN_MAX      64
#define LOOK_AGAIN_MS 20

typedef enum {
    FORM_STRICT,  /* 0.2 only: no delimiter */
    FORM_PLAIN,   /* delimiter */
    FORM_MARKED,  /* its own mark, delimiter */
    FORM_PROXIED, /* hops, its own mark, delimiter */
    FORM_OPTIONS, /* options, delimiter */
    FORM_HOPS,    /* hops, options, delimiter */
    FORMS,
} form_t;

typedef struct {
    uint16_t link;
    size_t sent;
    int64_t next_at;
    struct {
        uint32_t ticket;
        int64_t until;
    } open[OPEN_MAX];
    size_t open_count;
} raw_client_t;

static void
start (world_t *world, peer_t *peer)
{
    raw_client_t *self = calloc (1, sizeof (raw_client_t));
    assert (self);
    self->link = (uint16_t) draw_between (&world->random, 0, world->plan.brokers - 1);
    self->next_at = world->now;
    peer->self = self;
    link_open (world, peer, self->link);
}

static void
stop (world_t *world, peer_t *peer)
{
    (void) world;
    free (peer->self);
    peer->self = NULL;
}

/* ------------------------------------------------------------------ requests */

typedef struct {
    uint8_t options[OPTIONS_SIZE];
    char mark[16];
    span_t frames[24];
    size_t count;
} draft_t;

static void
add (draft_t *draft, span_t frame)
{
    draft->frames[draft->count++] = frame;
}

static void
draw_envelope (world_t *world, const peer_t *peer, uint32_t ticket, draft_t *draft)
{
    form_t form = (form_t) draw_between (&world->random, peer->version == 1 ? FORM_PLAIN : FORM_STRICT, FORMS - 1);
    envelope_options_t options = {
        .present = true, .notices = draw_chance (&world->random, world->plan.notices_pct), .id = ticket};
    if (draw_chance (&world->random, 30))
        options.ttl_ms = (uint32_t) draw_between (&world->random, 1, 3000);
    options_encode (&options, draft->options);
    snprintf (draft->mark, sizeof (draft->mark), "m%u", ticket);
    if (form == FORM_PROXIED || form == FORM_HOPS)
        for (int64_t hops = draw_between (&world->random, 1, 7); hops > 0; hops--)
            add (draft, SPAN_OF ("hop"));
    if (form == FORM_MARKED || form == FORM_PROXIED)
        add (draft, span_text (draft->mark));
    if (form == FORM_OPTIONS || form == FORM_HOPS)
        add (draft, span_make (draft->options, OPTIONS_SIZE));
    if (form != FORM_STRICT)
        add (draft, SPAN_OF (""));
}

static void
ask (world_t *world, peer_t *peer)
{
    raw_client_t *self = peer->self;
    draft_t draft = {.count = 0};
    question_t question;
    uint32_t ticket = ledger_open (world, peer, &question);
    int64_t service = draw_between (&world->random, 0, world->plan.services + world->plan.orphans - 1);
    draw_envelope (world, peer, ticket, &draft);
    draft.count += dialect_request (world->plan.kind, peer->version, service_name (service), draft.frames + draft.count);
    add (&draft, question.frames[0]);
    add (&draft, question.frames[1]);
    TRACE (world, "%s asks t%u of %s", peer->name, ticket, (const char *) service_name (service).data);
    if (link_send (world, peer, self->link, draft.frames, draft.count, NULL, 0) == SENT &&
        self->open_count < OPEN_MAX) {
        self->open[self->open_count].until = world->now + world->plan.timeout * 2;
        self->open[self->open_count++].ticket = ticket;
    }
}

static void
ask_broker (world_t *world, peer_t *peer)
{
    static const char *const names[] = {"mmi.service", "mmi.service", "mmi.version", "mmi.services",
                                        "mmi.workers", "mmi.stats",   "mmi.explain", "mmi.drain",
                                        "mmi.resume",  "mmi.resume",  "mmi.promote", "mmi.nonsense"};
    raw_client_t *self = peer->self;
    draft_t draft = {.count = 0};
    const char *name = names[random_below (&world->random, sizeof (names) / sizeof (names[0]))];
    add (&draft, SPAN_OF (""));
    draft.count += mdp_encode_client_request (draft.frames + draft.count, peer->version, span_text (name));
    add (&draft, service_name (draw_between (&world->random, 0, world->plan.services)));
    link_send (world, peer, self->link, draft.frames, draft.count, NULL, 0);
}

/*  Messages that are not well-formed, or not a client's. */
typedef struct {
    const span_t *frames;
    size_t count;
} line_t;

static void
send_line (world_t *world, peer_t *peer, const line_t lines[], size_t count)
{
    const raw_client_t *self = peer->self;
    const line_t *line = &lines[random_below (&world->random, count)];
    link_send (world, peer, self->link, line->frames, line->count, NULL, 0);
}

#define LINE(...)                                                                                                      \
    {                                                                                                                  \
        (const span_t[]){__VA_ARGS__}, sizeof ((const span_t[]){__VA_ARGS__}) / sizeof (span_t)                        \
    }
#define NINE_FRAMES                                                                                                    \
    SPAN_OF ("1"), SPAN_OF ("2"), SPAN_OF ("3"), SPAN_OF ("4"), SPAN_OF ("5"), SPAN_OF ("6"), SPAN_OF ("7"),           \
        SPAN_OF ("8"), SPAN_OF ("9")

static void
send_rubbish (world_t *world, peer_t *peer)
{
    const line_t lines[] = {
        LINE (SPAN_OF ("")),
        LINE (SPAN_OF (""), SPAN_OF ("")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPC01")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPC01"), SPAN_OF ("echo")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPC02"), SPAN_OF ("\1"), SPAN_OF ("a service"), SPAN_OF ("body")),
        LINE (SPAN_OF ("MDPC02"), SPAN_OF ("\7"), SPAN_OF ("echo"), SPAN_OF ("body")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPC03"), SPAN_OF ("echo"), SPAN_OF ("body")),
        LINE (NINE_FRAMES, SPAN_OF (""), SPAN_OF ("MDPC01"), SPAN_OF ("echo"), SPAN_OF ("body")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPW01"), SPAN_OF ("\3"), SPAN_OF ("00000000000000ff"), SPAN_OF (""),
              SPAN_OF ("x")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPW01"), SPAN_OF ("\4")),
        LINE (SPAN_OF (""), SPAN_OF ("MDPW02"), SPAN_OF ("\1"), SPAN_OF ("")),
        LINE (SPAN_OF ("MDPW02"), SPAN_OF ("\1"), SPAN_OF ("echo"), SPAN_OF ("0")),
        LINE (SPAN_OF ("MDPW02"), SPAN_OF ("\1"), SPAN_OF ("mmi.service")),
    };
    send_line (world, peer, lines, sizeof (lines) / sizeof (lines[0]));
}

static void
send_pirates_rubbish (world_t *world, peer_t *peer)
{
    static const uint8_t long_frame[256] = {1};
    const line_t lines[] = {
        LINE (SPAN_OF ("")),
        LINE (SPAN_OF ("\1")),
        LINE (SPAN_OF ("\2")),
        LINE (SPAN_OF ("no"), SPAN_OF ("delimiter")),
        LINE (SPAN_OF ("no body"), SPAN_OF ("")),
        LINE (span_make (long_frame, sizeof (long_frame)), SPAN_OF (""), SPAN_OF ("body")),
        LINE (NINE_FRAMES, SPAN_OF (""), SPAN_OF ("body")),
    };
    send_line (world, peer, lines, sizeof (lines) / sizeof (lines[0]));
}
#undef NINE_FRAMES
#undef LINE

/* ------------------------------------------------------------------ answers */

static void
close_ticket (raw_client_t *self, uint32_t ticket)
{
    for (size_t n = 0; n < self->open_count; n++)
        if (self->open[n].ticket == ticket) {
            self->open[n] = self->open[--self->open_count];
            return;
        }
}

/*  The ticket that the innermost frame of its envelope names; -1: none. */
static int64_t
marked_ticket (const envelope_t *envelope)
{
    envelope_options_t options = envelope_options (envelope);
    if (options.present)
        return (int64_t) options.id;
    const span_t *mark = envelope->count >= 2 ? &envelope->frames[envelope->count - 2] : NULL;
    if (!mark || mark->size < 2 || mark->data[0] != 'm')
        return -1;
    char text[16] = "t";
    memcpy (text + 1, mark->data + 1, mark->size - 1);
    return ledger_ticket (span_text (text));
}

static void
event (world_t *world, peer_t *peer, const keel_event_t *what)
{
    envelope_t envelope;
    mdp_command_t answer;
    int64_t kind = world->plan.kind;
    if (what->kind != KEEL_EVENT_MESSAGE ||
        dialect_at_peer (kind, peer->listener, what->frames, what->count, &envelope, &answer) != VERDICT_OK ||
        answer.role != MDP_CLIENT || answer.version != peer->version)
        return; /* DISCONNECT, for its rubbish */
    int64_t marked = marked_ticket (&envelope);
    bool notice = span_equal (answer.service, SPAN_OF (MMI_ERROR));
    if (notice && marked >= 0) {
        close_ticket (peer->self, (uint32_t) marked);
        ledger_failed (world, peer, (uint32_t) marked,
                       (unsigned) strtoul ((const char *) answer.body[0].data, NULL, 10));
    }
    if (kind == WORLD_MAJORDOMO && service_number (answer.service) < 0)
        return;
    int64_t ticket = ledger_ticket (answer.body[0]);
    if (ticket < 0 || ticket >= (int64_t) world->ledger.count || (marked >= 0 && marked != ticket)) {
        world_fail (world, "%s got the answer to t%lld in the envelope of t%lld", peer->name, (long long) ticket,
                    (long long) marked);
        return;
    }
    if (answer.kind == MDP_FINAL)
        close_ticket (peer->self, (uint32_t) ticket);
    ledger_answer (world, peer, (uint32_t) ticket, answer.kind == MDP_FINAL, answer.body, answer.body_count);
}

/* ------------------------------------------------------------------ its clock */

static void
forget_old (const world_t *world, raw_client_t *self)
{
    for (size_t n = 0; n < self->open_count;)
        if (self->open[n].until <= world->now)
            self->open[n] = self->open[--self->open_count];
        else
            n++;
}

static void
wake (world_t *world, peer_t *peer)
{
    raw_client_t *self = peer->self;
    const plan_t *plan = &world->plan;
    forget_old (world, self);
    if (world->healed || self->next_at > world->now || self->sent >= (size_t) plan->requests)
        return;
    bool full = self->open_count >= (size_t) plan->window;
    self->next_at = world->now + (full ? LOOK_AGAIN_MS : draw_around (&world->random, plan->pace));
    if (full)
        return;
    self->sent++;
    if (draw_chance (&world->random, plan->mmi_pct))
        ask_broker (world, peer);
    else if (draw_chance (&world->random, plan->garbage_pct))
        (plan->kind == WORLD_MAJORDOMO ? send_rubbish : send_pirates_rubbish) (world, peer);
    else
        ask (world, peer);
}

static int64_t
due (const world_t *world, const peer_t *peer)
{
    const raw_client_t *self = peer->self;
    if (!world->healed && self->sent < (size_t) world->plan.requests)
        return self->next_at;
    return KEEL_NEVER;
}

static bool
done (const world_t *world, const peer_t *peer)
{
    const raw_client_t *self = peer->self;
    return world->healed || self->sent >= (size_t) world->plan.requests;
}

const role_t raw_client_role = {false, start, event, wake, due, NULL, stop, done};
