/*  The simulator of Binary Star: two engines, two clients and three links on a virtual clock, and every misfortune that a seed
 *  draws: links cut in any combination, delays, states that come late in a heap, freezes, crashes, restarts with and without
 *  the state file, disks that fail, applications that refuse, operators.
 *
 *  What holds, whatever happens (star_check.c says it step by step):
 *  - no two activations share an epoch, and each is above all that the node has stored or heard;
 *  - nobody serves before its epoch is stored; nobody takes over from a peer that it hears to be active, but by order;
 *  - who was frozen hears first;
 *  - two active ones that can hear each other become one within two publishing intervals;
 *  - without misfortune there are never two; when no more has happened than that a disk failed or an application refused, there
 *    are two for no longer than a word is on its way;
 *  and once all is healed and clients ask: one becomes active, stays so, hands over when told to, and when it dies the other follows.
 *
 *      keel_star_sim --seeds 1..2000           keel_star_sim --seed 42 --trace
 *      keel_star_sim_faults --faults           each planted fault must be found
 */
#include "star.h"

#include "bstar_fault.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUANTUM_MS 5

#ifdef STAR_FAULTS
bool star_faults[STAR_FAULTS_COUNT];
#endif

/* ------------------------------------------------------------------ the plan */

static bool
chance (star_run_t *run, unsigned per_mille)
{
    return random_below (&run->random, 1000) < per_mille;
}

static int64_t
between (star_run_t *run, int64_t least, int64_t most)
{
    return least + (int64_t) random_below (&run->random, (uint64_t) (most - least + 1));
}

static void
draw_plan (star_run_t *run)
{
    static const int64_t failovers[] = {100, 200, 500, 2000};
    run->failover = failovers[between (run, 0, 3)];
    run->delay = between (run, 0, run->failover / 20);
    run->pace = between (run, 10, run->failover / 2);
    run->calm = chance (run, 200);
    run->chaos = (unsigned) between (run, 1, 30); /* per mille, a quantum */
    run->disk_bad = chance (run, 300) ? 200 : 0;
    run->refusing = chance (run, 300) ? 300 : 0;
    run->forgetful = chance (run, 200);
    run->operators = chance (run, 500);
    star_trace (run, "failover %d, delay %d, pace %d, calm %d, chaos %u, disk_bad %u, refusing %u, forgetful %d, operators %d",
                (int) run->failover, (int) run->delay, (int) run->pace, run->calm, run->chaos, run->disk_bad, run->refusing,
                run->forgetful, run->operators);
}

/* ------------------------------------------------------------------ the network */

static void
send_word (star_run_t *run, star_node_t *from, const char *text)
{
    star_node_t *to = &run->nodes[1 - from->number];
    if (run->cut[STAR_LINK_STATE] && !run->holds)
        return;
    if (!to->up || to->word_count == STAR_WORDS)
        return;
    star_word_t *word = &to->words[to->word_count++];
    word->at = run->now + between (run, 0, run->delay);
    if (to->word_count > 1 && word->at < to->words[to->word_count - 2].at)
        word->at = to->words[to->word_count - 2].at; /* one connection: in order */
    snprintf (word->text, sizeof (word->text), "%s", text);
}

static void step (star_run_t *run, star_node_t *node, keel_star_event_t event);

static void
store (star_run_t *run, star_node_t *node, uint64_t epoch)
{
    bool bad = run->disk_bad && !run->healed && chance (run, run->disk_bad);
    run->hindered |= bad;
    if (!bad)
        node->disk = epoch;
    step (run, node, (keel_star_event_t){.kind = bad ? KEEL_STAR_STORE_FAILED : KEEL_STAR_STORED});
}

static void
change_role (star_run_t *run, star_node_t *node, const keel_star_action_t *action)
{
    star_trace (run, "%c is %s, epoch %" PRIu64, node->name, bstar_state_name (action->state), action->epoch);
    node->active = action->state == BSTAR_ACTIVE;
    node->leaving = false;
    if (!node->active)
        return;
    star_check_activation (run, node, action->epoch);
    node->epoch = action->epoch;
    node->refuses = run->refusing && !run->healed && chance (run, run->refusing);
    run->hindered |= node->refuses;
}

static void
carry_out (star_run_t *run, star_node_t *node, const keel_star_action_t *action)
{
    switch (action->kind) {
    case KEEL_STAR_PUBLISH:
        send_word (run, node, action->text);
        break;
    case KEEL_STAR_STORE:
        store (run, node, action->epoch);
        break;
    case KEEL_STAR_ROLE:
        change_role (run, node, action);
        break;
    case KEEL_STAR_DRAIN:
        node->leaving = true;
        node->drained_at = run->now + between (run, 0, run->failover);
        break;
    case KEEL_STAR_LOG:
        star_trace (run, "%c: %s", node->name, action->text);
        break;
    }
}

static void
step (star_run_t *run, star_node_t *node, keel_star_event_t event)
{
    keel_star_actions_t out;
    event.now = run->now;
    keel_star_step (node->engine, &event, &out);
    for (size_t n = 0; n < out.count; n++)
        carry_out (run, node, &out.items[n]);
}

static void
hear (star_run_t *run, star_node_t *node)
{
    while (node->word_count && node->words[0].at <= run->now && !run->cut[STAR_LINK_STATE]) {
        const span_t frame = span_text (node->words[0].text);
        star_check_word (run, node, node->words[0].text);
        step (run, node, (keel_star_event_t){.kind = KEEL_STAR_PEER, .frames = &frame, .count = 1});
        memmove (&node->words[0], &node->words[1], --node->word_count * sizeof (star_word_t));
    }
}

/*  What each turn of a program does: the peer first, then the clock, then who asks. */
static void
take_turn (star_run_t *run, star_node_t *node)
{
    if (!node->up || run->now < node->frozen_until)
        return;
    star_check_thaw (run, node);
    hear (run, node);
    if (keel_star_next_due (node->engine) <= run->now)
        step (run, node, (keel_star_event_t){.kind = KEEL_STAR_TICK});
    if (node->active && node->refuses)
        step (run, node, (keel_star_event_t){.kind = KEEL_STAR_REFUSED, .epoch = node->epoch});
    if (node->leaving && run->now >= node->drained_at)
        step (run, node, (keel_star_event_t){.kind = KEEL_STAR_DRAINED});
    if (node->asked && !node->active)
        step (run, node, (keel_star_event_t){.kind = KEEL_STAR_VOTE});
    node->asked = false;
    node->turn_at = run->now;
}

/* ------------------------------------------------------------------ misfortunes */

static void
start (star_run_t *run, star_node_t *node)
{
    if (run->forgetful && !run->healed && chance (run, 300)) {
        star_trace (run, "%c has lost its file", node->name);
        node->disk = 0;
        run->forgot = true;
    }
    const keel_star_config_t config = {.role = node->number ? BSTAR_ROLE_BACKUP : BSTAR_ROLE_PRIMARY,
                                       .failover_ms = run->failover,
                                       .epoch = node->disk};
    node->engine = keel_star_new (&config);
    node->up = true;
    node->active = node->leaving = node->asked = false;
    node->word_count = 0;
    node->heard_at = INT64_MIN / 2;
    node->heard_epoch = 0;
    node->turn_at = run->now;
    node->thawed_at = INT64_MIN / 2;
    node->frozen_until = 0;
    star_trace (run, "%c starts", node->name);
}

static void
crash (star_run_t *run, star_node_t *node)
{
    if (!node->up)
        return;
    star_trace (run, "%c crashes", node->name);
    keel_star_destroy (&node->engine);
    node->up = node->active = false;
    node->restart_at = run->now + between (run, 0, 4 * run->failover);
}

static void
set_link (star_run_t *run, star_link_t link, bool cut)
{
    static const char *const names[] = {"state", "client-a", "client-b"};
    if (run->cut[link] == cut)
        return;
    star_trace (run, "link %s is %s", names[link], cut ? "cut" : "whole");
    run->cut[link] = cut;
    if (link == STAR_LINK_STATE && cut)
        run->holds = chance (run, 500); /* what is sent meanwhile comes late, or never */
}

static void
order (star_run_t *run, star_node_t *node)
{
    if (!node->up || run->now < node->frozen_until)
        return;
    bool promote = chance (run, 200);
    run->promoting = promote;
    step (run, node, (keel_star_event_t){.kind = promote ? KEEL_STAR_PROMOTE : KEEL_STAR_HANDOVER});
    run->promoting = false;
}

static void
strike (star_run_t *run)
{
    star_node_t *node = &run->nodes[between (run, 0, 1)];
    switch (between (run, 0, 5)) {
    case 0:
    case 1:
        set_link (run, (star_link_t) between (run, 0, 2), chance (run, 500));
        break;
    case 2:
        crash (run, node);
        break;
    case 3:
        node->frozen_until = run->now + between (run, 1, 3 * run->failover);
        star_trace (run, "%c freezes until %d", node->name, (int) node->frozen_until);
        break;
    case 4:
        if (run->operators)
            order (run, node);
        break;
    default:
        set_link (run, STAR_LINK_STATE, false);
        break;
    }
}

/* ------------------------------------------------------------------ time */

static void
ask (star_run_t *run)
{
    if (run->now < run->ask_at)
        return;
    run->ask_at = run->now + run->pace;
    for (int n = 0; n < 2; n++)
        if (!run->cut[STAR_LINK_A + n] && run->nodes[n].up)
            run->nodes[n].asked = true;
}

static void
pass (star_run_t *run, int64_t ms, bool misfortunes)
{
    for (int64_t end = run->now + ms; run->now < end && !run->failed; run->now += QUANTUM_MS) {
        if (misfortunes && chance (run, run->chaos))
            strike (run);
        for (int n = 0; n < 2; n++)
            if (!run->nodes[n].up && run->now >= run->nodes[n].restart_at)
                start (run, &run->nodes[n]);
        ask (run);
        int first = (int) between (run, 0, 1);
        take_turn (run, &run->nodes[first]);
        take_turn (run, &run->nodes[1 - first]);
        star_check_both (run, QUANTUM_MS);
    }
}

static star_node_t *
only_active (star_run_t *run)
{
    star_node_t *one = &run->nodes[0], *other = &run->nodes[1];
    if (one->active == other->active)
        return NULL;
    return one->active ? one : other;
}

/*  All is well from now on: one serves, and goes on so. */
static star_node_t *
settle (star_run_t *run, const char *when)
{
    pass (run, 12 * run->failover, false);
    star_node_t *active = only_active (run);
    unsigned activations = run->activations;
    if (!run->failed && !active)
        star_fail (run, "%s: not one is active", when);
    pass (run, 4 * run->failover, false);
    if (!run->failed && (only_active (run) != active || run->activations != activations))
        star_fail (run, "%s: it does not stay so", when);
    return active;
}

static void
heal (star_run_t *run)
{
    run->healed = true;
    star_trace (run, "all is healed");
    for (star_link_t link = 0; link < STAR_LINKS; link++)
        set_link (run, link, false);
    for (int n = 0; n < 2; n++) {
        run->nodes[n].frozen_until = 0;
        run->nodes[n].refuses = false;
        if (!run->nodes[n].up)
            start (run, &run->nodes[n]);
    }
}

static void
try_handover (star_run_t *run, star_node_t *active)
{
    star_node_t *other = &run->nodes[1 - active->number];
    star_trace (run, "a handover");
    step (run, active, (keel_star_event_t){.kind = KEEL_STAR_HANDOVER});
    step (run, active, (keel_star_event_t){.kind = KEEL_STAR_DRAINED});
    pass (run, run->delay + 2 * QUANTUM_MS, false);
    if (!run->failed && (!other->active || active->active))
        star_fail (run, "a handover is not followed at once");
}

static void
try_death (star_run_t *run, star_node_t *active)
{
    star_node_t *other = &run->nodes[1 - active->number];
    star_trace (run, "%c dies", active->name);
    crash (run, active);
    active->restart_at = INT64_MAX;
    pass (run, run->failover + run->delay + 2 * run->pace + 4 * QUANTUM_MS, false);
    if (!run->failed && !other->active)
        star_fail (run, "nobody follows the dead one");
}

bool
star_run (uint64_t seed, bool traced, star_tally_t *tally)
{
    star_run_t run = {.seed = seed, .traced = traced, .random = {seed}};
    for (int n = 0; n < 2; n++)
        run.nodes[n] = (star_node_t){.number = n, .name = n ? 'b' : 'a'};
    draw_plan (&run);
    for (int n = 0; n < 2; n++)
        run.nodes[n].restart_at = between (&run, 0, run.calm ? run.failover / 2 : 3 * run.failover);
    pass (&run, run.calm ? 20 * run.failover : 60 * run.failover, !run.calm);
    heal (&run);
    star_node_t *active = settle (&run, "healed");
    if (!run.failed)
        try_handover (&run, active);
    active = run.failed ? NULL : settle (&run, "after a handover");
    if (!run.failed)
        try_death (&run, active);
    for (int n = 0; n < 2; n++)
        keel_star_destroy (&run.nodes[n].engine);
    tally->runs++;
    tally->activations += run.activations;
    tally->both_ms += run.both_total;
    return !run.failed;
}
