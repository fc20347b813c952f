/*  Golden traces of Binary Star's engine on a virtual clock: every row of the table, the Guide's scenarios, epochs, and when. */
#include "unit.h"

#include "bstar.h"
#include "bstar_table.h"

#include <stdio.h>
#include <string.h>

#define FAILOVER 1000

typedef struct {
    keel_star_t *engine;
    int64_t now;
    bool full; /* nothing can be stored */
    bool all;  /* publications that repeat the last one are told, too */
    char said[64];
    int states;      /* lines that tell a state */
    char state[160]; /* the last one */
    char trace[8192];
    size_t size;
} story_t;

/* ------------------------------------------------------------------ the story */

static void
note (story_t *self, const char *words, const char *text, uint64_t number)
{
    self->size += (size_t) snprintf (self->trace + self->size, sizeof (self->trace) - self->size, "[%5d] %s%s", (int) self->now,
                                     words, text);
    if (number)
        self->size += (size_t) snprintf (self->trace + self->size, sizeof (self->trace) - self->size, " %d", (int) number);
    self->size += (size_t) snprintf (self->trace + self->size, sizeof (self->trace) - self->size, "\n");
    assert_true (self->size < sizeof (self->trace));
}

static void step (story_t *self, keel_star_event_t event);

static void
carry_out (story_t *self, const keel_star_action_t *action)
{
    switch (action->kind) {
    case KEEL_STAR_PUBLISH:
        if (self->all || strcmp (self->said, action->text) != 0)
            note (self, "says ", action->text, 0);
        strcpy (self->said, action->text);
        break;
    case KEEL_STAR_STORE:
        note (self, self->full ? "cannot store" : "stores", "", action->epoch);
        step (self, (keel_star_event_t){.kind = self->full ? KEEL_STAR_STORE_FAILED : KEEL_STAR_STORED});
        break;
    case KEEL_STAR_ROLE:
        note (self, "is ", bstar_state_name (action->state), action->epoch);
        break;
    case KEEL_STAR_DRAIN:
        note (self, "drains", "", 0);
        break;
    case KEEL_STAR_LOG:
        if (action->level <= KEEL_LOG_WARNING)
            note (self, "! ", action->text, 0);
        if (action->level == KEEL_LOG_NOTICE) {
            self->states++;
            strcpy (self->state, action->text);
        }
        break;
    }
}

static void
step (story_t *self, keel_star_event_t event)
{
    keel_star_actions_t out;
    event.now = self->now;
    assert_int_equal (keel_star_step (self->engine, &event, &out), 0);
    for (size_t n = 0; n < out.count; n++)
        carry_out (self, &out.items[n]);
}

static void
tell (story_t *self, keel_star_event_kind_t kind)
{
    step (self, (keel_star_event_t){.kind = kind});
}

/*  Lets time pass; ticks come when they are due, not earlier and not later. */
static void
pass (story_t *self, int64_t ms)
{
    int64_t then = self->now + ms;
    while (keel_star_next_due (self->engine) <= then) {
        int64_t due = keel_star_next_due (self->engine);
        self->now = due > self->now ? due : self->now;
        tell (self, KEEL_STAR_TICK);
        assert_true (keel_star_next_due (self->engine) > self->now);
    }
    self->now = then;
}

static void
start (story_t *self, bstar_role_t role, uint64_t epoch)
{
    keel_star_destroy (&self->engine);
    *self = (story_t){.engine = keel_star_new (&(keel_star_config_t){role, FAILOVER, epoch})};
    pass (self, 0);
}

#define PRIMARY(self, epoch) start (self, BSTAR_ROLE_PRIMARY, epoch)
#define BACKUP(self, epoch)  start (self, BSTAR_ROLE_BACKUP, epoch)

static void
hear (story_t *self, const char *text)
{
    const span_t frame = span_text (text);
    step (self, (keel_star_event_t){.kind = KEEL_STAR_PEER, .frames = &frame, .count = 1});
}

/*  The peer says it again and again for so long. */
static void
hear_for (story_t *self, const char *text, int64_t ms)
{
    for (int64_t end = self->now + ms; self->now < end; pass (self, 50))
        hear (self, text);
    hear (self, text);
}

static void
vote (story_t *self)
{
    tell (self, KEEL_STAR_VOTE);
}

static void
assert_trace (story_t *self, const char *expected)
{
    assert_string_equal (self->trace, expected);
    self->size = 0;
    self->trace[0] = 0;
}

#define TRACE(self, text) assert_trace (self, text)

static int
setup (void **state)
{
    static story_t story;
    story = (story_t){0};
    *state = &story;
    return 0;
}

static int
teardown (void **state)
{
    keel_star_destroy (&((story_t *) *state)->engine);
    return 0;
}

/* ------------------------------------------------------------------ the table */

/*  Every row that moves; all others stay. */
static void
the_table_is_that_of_the_protocol (void **state)
{
    (void) state;
    static const struct {
        char role; /* p, b, or any */
        bstar_state_t from;
        bstar_input_t input;
        bstar_state_t to;
    } moves[] = {
        {'*', BSTAR_PRIMARY, BSTAR_PEER_BACKUP, BSTAR_ACTIVE},   {'*', BSTAR_PRIMARY, BSTAR_PEER_ABOVE, BSTAR_PASSIVE},
        {'*', BSTAR_PRIMARY, BSTAR_PEER_EQUAL, BSTAR_PASSIVE},   {'*', BSTAR_PRIMARY, BSTAR_PEER_BELOW, BSTAR_PASSIVE},
        {'*', BSTAR_PRIMARY, BSTAR_VOTE_SILENT, BSTAR_ACTIVE},   {'*', BSTAR_PRIMARY, BSTAR_PROMOTED, BSTAR_ACTIVE},
        {'*', BSTAR_BACKUP, BSTAR_PEER_ABOVE, BSTAR_PASSIVE},    {'*', BSTAR_BACKUP, BSTAR_PEER_EQUAL, BSTAR_PASSIVE},
        {'*', BSTAR_BACKUP, BSTAR_PEER_BELOW, BSTAR_PASSIVE},    {'*', BSTAR_BACKUP, BSTAR_PROMOTED, BSTAR_ACTIVE},
        {'*', BSTAR_ACTIVE, BSTAR_PEER_ABOVE, BSTAR_PASSIVE},    {'b', BSTAR_ACTIVE, BSTAR_PEER_EQUAL, BSTAR_PASSIVE},
        {'*', BSTAR_ACTIVE, BSTAR_HANDED_OVER, BSTAR_PASSIVE},   {'*', BSTAR_ACTIVE, BSTAR_REFUSED, BSTAR_PASSIVE},
        {'*', BSTAR_ACTIVE, BSTAR_SAME_ROLE, BSTAR_PASSIVE},     {'*', BSTAR_PASSIVE, BSTAR_PEER_PRIMARY, BSTAR_ACTIVE},
        {'*', BSTAR_PASSIVE, BSTAR_PEER_BACKUP, BSTAR_ACTIVE},   {'p', BSTAR_PASSIVE, BSTAR_PEER_IDLE, BSTAR_ACTIVE},
        {'*', BSTAR_PASSIVE, BSTAR_PEER_YIELDS, BSTAR_ACTIVE},   {'*', BSTAR_PASSIVE, BSTAR_VOTE_SILENT, BSTAR_ACTIVE},
        {'*', BSTAR_PASSIVE, BSTAR_PROMOTED, BSTAR_ACTIVE},
    };
    static const bstar_role_t roles[] = {BSTAR_ROLE_PRIMARY, BSTAR_ROLE_BACKUP};
    for (size_t role = 0; role < COUNT_OF (roles); role++)
        for (bstar_state_t from = BSTAR_PRIMARY; from <= BSTAR_PASSIVE; from++)
            for (bstar_input_t input = 0; input < BSTAR_INPUTS; input++) {
                bstar_state_t to = from;
                for (size_t n = 0; n < COUNT_OF (moves); n++)
                    if (moves[n].from == from && moves[n].input == input && strchr (role ? "*b" : "*p", moves[n].role))
                        to = moves[n].to;
                assert_int_equal (bstar_next (roles[role], from, input), to);
            }
}

static void
the_primary_waits (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    TRACE (self, "[    0] says 1 0 p\n");
    hear (self, "2 0 b");
    TRACE (self, "[    0] stores 1\n"
                 "[    0] says 3 1 p\n"
                 "[    0] is active 1\n");
    PRIMARY (self, 4);
    hear (self, "3 8 b");
    TRACE (self, "[    0] says 1 4 p\n"
                 "[    0] is passive 8\n"
                 "[    0] says 4 8 p\n");
    PRIMARY (self, 0);
    hear (self, "4 8 b");
    hear (self, "4 8 by");
    hear (self, "1");
    TRACE (self, "[    0] says 1 0 p\n");
}

static void
the_primary_alone_serves_for_a_vote_once_its_peer_was_silent (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    pass (self, FAILOVER - 1);
    vote (self);
    TRACE (self, "[    0] says 1 0 p\n");
    pass (self, 1);
    TRACE (self, "");
    vote (self);
    TRACE (self, "[ 1000] stores 1\n"
                 "[ 1000] says 3 1 p\n"
                 "[ 1000] is active 1\n");
}

static void
the_backup_waits_for_an_active_peer (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "1 0 p");
    hear (self, "4 0 p");
    hear (self, "4 0 py");
    TRACE (self, "[    0] says 2 0 b\n");
    hear (self, "3 7 p");
    TRACE (self, "[    0] is passive 7\n"
                 "[    0] says 4 7 b\n");
}

static void
a_lone_backup_serves_only_by_the_operator (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    for (int n = 0; n < 10; n++) {
        pass (self, FAILOVER);
        vote (self);
    }
    TRACE (self, "[    0] says 2 0 b\n");
    assert_int_equal (keel_star_counters (self->engine)->votes_rejected, 10);
    tell (self, KEEL_STAR_PROMOTE);
    TRACE (self, "[10000] stores 2\n"
                 "[10000] says 3 2 b\n"
                 "[10000] is active 2\n");
}

static void
of_two_active_the_higher_epoch_stays (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2 4 b");
    TRACE (self, "[    0] says 1 0 p\n"
                 "[    0] stores 5\n"
                 "[    0] says 3 5 p\n"
                 "[    0] is active 5\n");
    hear (self, "3 4 b");
    hear (self, "3"); /* of the Guide */
    hear (self, "3 5 b"); /* cannot be; the primary stays */
    TRACE (self, "");
    hear (self, "3 6 b");
    TRACE (self, "[    0] is passive 6\n"
                 "[    0] says 4 6 p\n");
    assert_int_equal (keel_star_counters (self->engine)->peer_both_active, 4);
    BACKUP (self, 0);
    hear (self, "3 1 p");
    hear (self, "1 1 p");
    hear (self, "3 2 p");
    TRACE (self, "[    0] says 2 0 b\n"
                 "[    0] is passive 1\n"
                 "[    0] says 4 1 b\n"
                 "[    0] stores 2\n"
                 "[    0] says 3 2 b\n"
                 "[    0] is active 2\n"
                 "[    0] is passive 2\n"
                 "[    0] says 4 2 b\n");
}

static void
the_active_one_minds_neither_waiting_nor_passive_peers (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2 0 b");
    hear_for (self, "4 0 b", 3 * FAILOVER);
    hear (self, "2 0 b");
    hear (self, "4 0 by");
    vote (self);
    pass (self, 5 * FAILOVER);
    vote (self);
    TRACE (self, "[    0] says 1 0 p\n"
                 "[    0] stores 1\n"
                 "[    0] says 3 1 p\n"
                 "[    0] is active 1\n"
                 "[ 4000] ! the peer is silent\n");
    assert_int_equal (keel_star_counters (self->engine)->votes, 0);
}

/*  A peer that waits has no one to serve but us. */
static void
the_passive_one_serves_when_its_peer_restarts (void **state)
{
    static const char *const words[] = {"1 7 p", "2 7 p", "1", "2"};
    story_t *self = *state;
    for (size_t n = 0; n < COUNT_OF (words); n++) {
        BACKUP (self, 0);
        hear (self, "3 7");
        hear (self, "3 7 p");
        hear (self, words[n]);
        TRACE (self, "[    0] says 2 0 b\n"
                     "[    0] is passive 7\n"
                     "[    0] says 4 7 b\n"
                     "[    0] stores 8\n"
                     "[    0] says 3 8 b\n"
                     "[    0] is active 8\n");
    }
}

static void
of_two_passive_the_primary_serves_after_the_failover_timeout (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "3 8 b");
    hear_for (self, "4 8 b", FAILOVER - 50);
    assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
    pass (self, 50);
    hear (self, "4 8 b");
    TRACE (self, "[    0] says 1 0 p\n"
                 "[    0] is passive 8\n"
                 "[    0] says 4 8 p\n"
                 "[  250] stores 8\n"
                 "[ 1000] stores 9\n"
                 "[ 1000] says 3 9 p\n"
                 "[ 1000] is active 9\n");
    BACKUP (self, 0);
    hear (self, "3 7 p");
    hear_for (self, "4 7 p", 10 * FAILOVER);
    assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
}

/*  Whole: another state in between, or silence, and it begins anew. */
static void
the_peers_passive_time_is_of_one_piece (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "3 8 b");
    hear_for (self, "4 8 b", FAILOVER - 100);
    hear (self, "3 8 b");
    hear_for (self, "4 8 b", FAILOVER - 100);
    pass (self, 2 * FAILOVER);
    hear (self, "4 8 b");
    assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
    hear_for (self, "4 8 b", FAILOVER);
    assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
}

static void
a_peer_that_yields_is_followed_at_once (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "3 7 p");
    hear (self, "4 7 p");
    hear (self, "4 7 py");
    TRACE (self, "[    0] says 2 0 b\n"
                 "[    0] is passive 7\n"
                 "[    0] says 4 7 b\n"
                 "[    0] stores 8\n"
                 "[    0] says 3 8 b\n"
                 "[    0] is active 8\n");
}

/*  One that could not store its epoch tries again, just when its peer has given up waiting for that: two are active until the
 *  peer's word has come, and no longer. */
static void
a_peer_that_is_followed_too_late_is_given_way_to (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "3 1 p");
    self->full = true;
    hear (self, "4 1 py");
    self->full = false;
    hear_for (self, "4 1 py", FAILOVER); /* the last one was under way when the peer became active again */
    hear (self, "3 3 p");
    TRACE (self, "[    0] says 2 0 b\n"
                 "[    0] is passive 1\n"
                 "[    0] says 4 1 b\n"
                 "[    0] cannot store 2\n"
                 "[    0] ! not serving: the epoch cannot be stored\n"
                 "[  250] stores 1\n"
                 "[ 1000] stores 2\n"
                 "[ 1000] says 3 2 b\n"
                 "[ 1000] is active 2\n"
                 "[ 1000] is passive 3\n"
                 "[ 1000] says 4 3 b\n");
    assert_int_equal (keel_star_counters (self->engine)->peer_both_active, 1);
}

static void
a_vote_while_the_peer_is_heard_is_none (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "3 7 p");
    pass (self, FAILOVER - 1);
    vote (self);
    hear (self, "3 7 p");
    pass (self, FAILOVER - 1);
    vote (self);
    assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
    pass (self, 1);
    vote (self);
    assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
    assert_int_equal (keel_star_counters (self->engine)->votes, 3);
    assert_int_equal (keel_star_counters (self->engine)->votes_rejected, 2);
}

/* ------------------------------------------------------------------ epochs */

static void
an_epoch_is_above_all_that_were_seen_and_of_the_role (void **state)
{
    static const struct {
        bstar_role_t role;
        uint64_t seen, next;
    } epochs[] = {
        {BSTAR_ROLE_PRIMARY, 0, 1},  {BSTAR_ROLE_PRIMARY, 1, 3},       {BSTAR_ROLE_PRIMARY, 2, 3},
        {BSTAR_ROLE_PRIMARY, 40, 41}, {BSTAR_ROLE_BACKUP, 0, 2},        {BSTAR_ROLE_BACKUP, 1, 2},
        {BSTAR_ROLE_BACKUP, 2, 4},   {BSTAR_ROLE_BACKUP, 1000001, 1000002},
        {BSTAR_ROLE_PRIMARY, BSTAR_EPOCH_MAX - 1, BSTAR_EPOCH_MAX},
        {BSTAR_ROLE_BACKUP, BSTAR_EPOCH_MAX - 1, 0},
        {BSTAR_ROLE_PRIMARY, BSTAR_EPOCH_MAX, 0},
    };
    (void) state;
    for (size_t n = 0; n < COUNT_OF (epochs); n++)
        assert_int_equal (bstar_next_epoch (epochs[n].role, epochs[n].seen), epochs[n].next);
}

static void
a_peer_that_has_used_up_all_epochs_keeps_us_from_serving (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2 9223372036854775807 b");
    TRACE (self, "[    0] says 1 0 p\n"
                 "[    0] ! not serving: the peer has used up all epochs remedy=\"remove the state files of both\"\n");
    assert_int_equal (keel_star_state (self->engine), BSTAR_PRIMARY);
}

static void
nobody_is_served_before_the_epoch_is_stored (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    self->full = true;
    hear (self, "2 0 b");
    hear_for (self, "2 0 b", FAILOVER - 50);
    TRACE (self, "[    0] says 1 0 p\n"
                 "[    0] cannot store 1\n"
                 "[    0] ! not serving: the epoch cannot be stored\n");
    self->full = false;
    hear_for (self, "2 0 b", 100);
    TRACE (self, "[ 1000] stores 1\n"
                 "[ 1000] says 3 1 p\n"
                 "[ 1000] is active 1\n");
    assert_int_equal (keel_star_counters (self->engine)->store_failures, 1);
}

static void
a_waiting_node_says_what_it_has_stored (void **state)
{
    story_t *self = *state;
    BACKUP (self, 6);
    hear (self, "1 9 p");
    pass (self, 250);
    TRACE (self, "[    0] says 2 6 b\n");
    hear (self, "3 9 p");
    pass (self, 250);
    TRACE (self, "[  250] is passive 9\n"
                 "[  250] says 4 9 b\n"
                 "[  500] stores 9\n");
}

/* ------------------------------------------------------------------ the operator, and the application */

static void
a_handover_drains_and_yields_until_the_peer_is_active (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2 0 b");
    hear (self, "4 0 b");
    self->size = 0;
    tell (self, KEEL_STAR_HANDOVER);
    TRACE (self, "[    0] drains\n");
    assert_true (keel_star_leaving (self->engine));
    hear_for (self, "4 0 b", 100);
    TRACE (self, "");
    tell (self, KEEL_STAR_DRAINED);
    TRACE (self, "[  100] is passive 1\n"
                 "[  100] says 4 1 py\n");
    hear_for (self, "4 0 b", FAILOVER - 100);
    TRACE (self, "");
    hear (self, "3 2 b");
    pass (self, 250);
    TRACE (self, "[ 1100] says 4 2 p\n"
                 "[ 1100] stores 2\n");
    assert_int_equal (keel_star_counters (self->engine)->handovers, 1);
    assert_int_equal (keel_star_counters (self->engine)->demotions, 0);
}

/*  The peer does not take over: it is of the Guide, or cannot serve. */
static void
a_handover_that_fails_ends (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2");
    hear (self, "4");
    tell (self, KEEL_STAR_HANDOVER);
    tell (self, KEEL_STAR_DRAINED);
    self->size = 0;
    hear_for (self, "4", FAILOVER + 50);
    TRACE (self, "[ 1000] stores 3\n"
                 "[ 1000] says 3 3 p\n"
                 "[ 1000] is active 3\n");
}

static void
what_the_operator_cannot_have (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    assert_non_null (keel_star_refuses_handover (self->engine, self->now));
    assert_null (keel_star_refuses_promote (self->engine, self->now));
    tell (self, KEEL_STAR_HANDOVER);
    tell (self, KEEL_STAR_DRAINED);
    hear (self, "2 0 b");
    assert_null (keel_star_refuses_handover (self->engine, self->now));
    BACKUP (self, 0);
    hear (self, "3");
    hear (self, "1");
    assert_non_null (keel_star_refuses_handover (self->engine, self->now)); /* a Guide's would not take over */
}

/*  It may just be restarting: it is waited for, for the failover timeout. */
static void
a_handover_to_a_silent_peer_waits (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2 0 b");
    pass (self, 3 * FAILOVER);
    self->size = 0;
    tell (self, KEEL_STAR_HANDOVER);
    assert_true (keel_star_leaving (self->engine));
    tell (self, KEEL_STAR_DRAINED); /* it does not */
    pass (self, FAILOVER - 1);
    assert_int_equal (self->size, 0);
    pass (self, 250);
    TRACE (self, "[ 4000] ! no handover reason=\"the peer is silent\"\n");
    assert_false (keel_star_leaving (self->engine));
    tell (self, KEEL_STAR_HANDOVER);
    hear (self, "2 0 b");
    tell (self, KEEL_STAR_DRAINED);
    TRACE (self, "[ 4249] drains\n"
                 "[ 4249] is passive 1\n"
                 "[ 4249] says 4 1 py\n");
}

static void
a_promotion_beats_an_active_peer_by_its_epoch (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "3 7 p");
    tell (self, KEEL_STAR_PROMOTE);
    hear (self, "3 7 p");
    tell (self, KEEL_STAR_PROMOTE);
    TRACE (self, "[    0] says 2 0 b\n"
                 "[    0] is passive 7\n"
                 "[    0] says 4 7 b\n"
                 "[    0] stores 8\n"
                 "[    0] says 3 8 b\n"
                 "[    0] is active 8\n");
}

static void
who_ends_hands_over (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    tell (self, KEEL_STAR_LEAVE);
    TRACE (self, "[    0] says 1 0 p\n");
    hear (self, "2 0 b");
    self->size = 0;
    tell (self, KEEL_STAR_LEAVE);
    TRACE (self, "[    0] is passive 1\n"
                 "[    0] says 4 1 py\n");
}

/*  Passive, yielding, and again after a while that grows: 1 s, 2 s, ... 10 s. */
static void
an_application_that_cannot_serve_does_not (void **state)
{
    story_t *self = *state;
    uint64_t before = 0;
    int64_t pauses[] = {1000, 2000, 4000, 8000, 10000, 10000};
    PRIMARY (self, 0);
    pass (self, FAILOVER);
    vote (self);
    for (size_t n = 0; n < COUNT_OF (pauses); n++) {
        uint64_t epoch = keel_star_epoch (self->engine);
        assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
        assert_true (epoch > before);
        before = epoch;
        step (self, (keel_star_event_t){.kind = KEEL_STAR_REFUSED, .epoch = epoch - 2}); /* of an old one */
        assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
        step (self, (keel_star_event_t){.kind = KEEL_STAR_REFUSED, .epoch = epoch});
        assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
        assert_int_equal (self->said[strlen (self->said) - 1], 'y');
        pass (self, pauses[n] - 1);
        vote (self);
        hear (self, "2 0 b");
        assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
        pass (self, 1);
        hear (self, "2 0 b");
    }
    assert_int_equal (keel_star_counters (self->engine)->refusals, COUNT_OF (pauses));
}

/* ------------------------------------------------------------------ trouble */

static void
a_peer_of_our_role_keeps_both_from_serving (void **state)
{
    static const char *const said = "not serving: the peer has our role role=primary remedy=\"start one with the other role, and let "
                                    "each name the other as its peer\"";
    story_t *self = *state;
    char trace[512];
    PRIMARY (self, 0);
    hear (self, "4 7 p");
    hear (self, "2 7 p");
    hear (self, "3 7 p");
    hear (self, "4 7 py");
    vote (self);
    tell (self, KEEL_STAR_PROMOTE);
    snprintf (trace, sizeof (trace), "[    0] says 1 0 p\n[    0] ! %s\n", said);
    assert_trace (self, trace);
    hear (self, "2 7 b"); /* it was corrected */
    TRACE (self, "[    0] stores 9\n"
                 "[    0] says 3 9 p\n"
                 "[    0] is active 9\n");
    hear (self, "1 0 p"); /* and again not */
    snprintf (trace, sizeof (trace), "[    0] ! %s\n[    0] is passive 9\n[    0] says 4 9 p\n", said);
    assert_trace (self, trace);
    pass (self, FAILOVER); /* it is gone */
    vote (self);
    assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
    assert_int_equal (keel_star_counters (self->engine)->peer_conflicts, 5);
}

static bool
says_conflict (story_t *self)
{
    char text[256], report[1024];
    text_t line = text_over (text, sizeof (text)), json = text_over (report, sizeof (report));
    keel_star_describe (self->engine, &line, self->now);
    keel_star_report (self->engine, &json, self->now);
    bool said = strstr (text, "NOT SERVING") != NULL;
    assert_int_equal (said, strstr (report, "\"trouble\"") != NULL);
    return said;
}

static void
a_peer_of_our_role_that_is_gone_is_no_trouble (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "4 7 p");
    assert_true (says_conflict (self));
    pass (self, FAILOVER);
    assert_false (says_conflict (self));
    vote (self);
    assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
    self->size = 0;
    hear (self, "4 7 p"); /* it is back, which is said again */
    assert_non_null (strstr (self->trace, "not serving: the peer has our role"));
    assert_true (says_conflict (self));
}

static void
what_is_no_state_is_no_event (void **state)
{
    static const char *const junk[] = {"5", "3x", "", "3 8 b 8", "5 8 b"};
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "3 7 p");
    self->size = 0;
    for (int n = 0; n < 100; n++) {
        hear (self, junk[(size_t) n % COUNT_OF (junk)]);
        pass (self, 10);
    }
    TRACE (self, "[  250] stores 7\n"
                 "[ 1000] ! the peer is silent\n");
    assert_int_equal (keel_star_counters (self->engine)->peer_malformed, 100);
    vote (self); /* it is no sign of life either */
    assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
}

/*  Longer than the failover timeout without a step: what it knew may be long over. */
static void
a_frozen_node_hears_before_it_serves (void **state)
{
    story_t *self = *state;
    BACKUP (self, 0);
    hear (self, "3 7 p");
    self->size = 0;
    self->now += FAILOVER + 1;
    vote (self);
    hear (self, "1 7 p"); /* of long ago */
    pass (self, 249);
    vote (self);
    hear (self, "3 9 p");
    pass (self, 1);
    vote (self);
    TRACE (self, "[ 1001] ! this process did not run for longer than the failover timeout\n"
                 "[ 1001] stores 7\n"
                 "[ 1251] says 4 9 b\n"
                 "[ 1251] stores 9\n");
    assert_int_equal (keel_star_counters (self->engine)->freezes, 1);
    pass (self, FAILOVER);
    vote (self);
    assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
}

static void
an_active_one_that_was_frozen_gives_way_at_once (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    hear (self, "2 0 b");
    self->size = 0;
    self->now += 10 * FAILOVER;
    hear (self, "3 2 b");
    TRACE (self, "[10000] ! this process did not run for longer than the failover timeout\n"
                 "[10000] is passive 2\n"
                 "[10000] says 4 2 p\n");
}

/*  Every quarter of the failover timeout, and on every change. */
static void
it_says_its_state_again_and_again (void **state)
{
    story_t *self = *state;
    PRIMARY (self, 0);
    self->all = true;
    self->size = 0;
    assert_int_equal (keel_star_next_due (self->engine), 250);
    pass (self, 510);
    hear (self, "2 0 b");
    assert_int_equal (keel_star_next_due (self->engine), 760);
    pass (self, 300);
    TRACE (self, "[  250] says 1 0 p\n"
                 "[  500] says 1 0 p\n"
                 "[  510] stores 1\n"
                 "[  510] says 3 1 p\n"
                 "[  510] is active 1\n"
                 "[  760] says 3 1 p\n");
    self->now = 1100; /* late */
    tell (self, KEEL_STAR_TICK);
    assert_int_equal (keel_star_next_due (self->engine), 1260);
    self->now = 1700; /* too late to catch up */
    tell (self, KEEL_STAR_TICK);
    assert_int_equal (keel_star_next_due (self->engine), 1950);
}

/*  A peer that has it change its state as often as it likes: that is told seldom, but what it is at last is told. */
static void
many_states_are_few_lines (void **state)
{
    story_t *self = *state;
    char active[32];
    PRIMARY (self, 0);
    hear (self, "2 0 b");
    assert_string_equal (self->state, "active epoch=1 reason=\"the peer is waiting\"");
    for (int n = 1; n <= 50; n++) {
        snprintf (active, sizeof (active), "3 %d b", 1000 * n);
        hear (self, active);
        assert_int_equal (keel_star_state (self->engine), BSTAR_PASSIVE);
        hear (self, "4 0 by");
        assert_int_equal (keel_star_state (self->engine), BSTAR_ACTIVE);
        self->size = 0;
    }
    assert_int_equal (self->states, 10);
    hear (self, "3 60000 b");
    pass (self, 1000);
    assert_int_equal (self->states, 11);
    assert_string_equal (self->state, "passive epoch=60000 reason=\"the peer is active\" more=91");
    pass (self, 20000);
    assert_int_equal (self->states, 11);
}

static void
reports_name_role_state_epoch_and_peer (void **state)
{
    story_t *self = *state;
    char text[2048];
    text_t line = text_over (text, sizeof (text));
    BACKUP (self, 0);
    keel_star_describe (self->engine, &line, self->now);
    assert_string_equal (text, "waiting, epoch 0; backup; peer not heard yet");
    hear (self, "3 7 p");
    pass (self, 1500);
    line = text_over (text, sizeof (text));
    keel_star_describe (self->engine, &line, self->now);
    assert_string_equal (text, "passive, epoch 7; backup; peer active, heard 1 s ago");
    line = text_over (text, sizeof (text));
    keel_star_report (self->engine, &line, self->now);
    assert_non_null (strstr (text, "{\"role\":\"backup\",\"state\":\"passive\",\"epoch\":7,\"leaving\":false,\"peer\":\"active\","
                                   "\"peer_epoch\":7,\"peer_age_ms\":1500,\"peer_states\":1,"));
}

#define T(test) cmocka_unit_test_setup_teardown (test, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (the_table_is_that_of_the_protocol),
        T (the_primary_waits),
        T (the_primary_alone_serves_for_a_vote_once_its_peer_was_silent),
        T (the_backup_waits_for_an_active_peer),
        T (a_lone_backup_serves_only_by_the_operator),
        T (of_two_active_the_higher_epoch_stays),
        T (the_active_one_minds_neither_waiting_nor_passive_peers),
        T (the_passive_one_serves_when_its_peer_restarts),
        T (of_two_passive_the_primary_serves_after_the_failover_timeout),
        T (the_peers_passive_time_is_of_one_piece),
        T (a_peer_that_yields_is_followed_at_once),
        T (a_peer_that_is_followed_too_late_is_given_way_to),
        T (a_vote_while_the_peer_is_heard_is_none),
        T (an_epoch_is_above_all_that_were_seen_and_of_the_role),
        T (a_peer_that_has_used_up_all_epochs_keeps_us_from_serving),
        T (nobody_is_served_before_the_epoch_is_stored),
        T (a_waiting_node_says_what_it_has_stored),
        T (a_handover_drains_and_yields_until_the_peer_is_active),
        T (a_handover_that_fails_ends),
        T (what_the_operator_cannot_have),
        T (a_handover_to_a_silent_peer_waits),
        T (a_promotion_beats_an_active_peer_by_its_epoch),
        T (who_ends_hands_over),
        T (an_application_that_cannot_serve_does_not),
        T (a_peer_of_our_role_keeps_both_from_serving),
        T (a_peer_of_our_role_that_is_gone_is_no_trouble),
        T (what_is_no_state_is_no_event),
        T (a_frozen_node_hears_before_it_serves),
        T (an_active_one_that_was_frozen_gives_way_at_once),
        T (it_says_its_state_again_and_again),
        T (many_states_are_few_lines),
        T (reports_name_role_state_epoch_and_peer),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
