/*  What must hold of every run of two Binary Stars, and how it is told. */
#include "star.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static void
tell (const star_run_t *run, const char *format, va_list arguments)
{
    printf ("[%7d] ", (int) run->now);
    vprintf (format, arguments);
    printf ("\n");
}

void
star_trace (const star_run_t *run, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    if (run->traced)
        tell (run, format, arguments);
    va_end (arguments);
}

void
star_fail (star_run_t *run, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    if (!run->failed) {
        printf ("seed %" PRIu64 ": ", run->seed);
        tell (run, format, arguments);
    }
    va_end (arguments);
    run->failed = true;
}

void
star_check_thaw (star_run_t *run, star_node_t *node)
{
    if (run->now - node->turn_at > run->failover)
        node->thawed_at = run->now;
}

void
star_check_word (star_run_t *run, star_node_t *node, const char *text)
{
    const span_t frame = span_text (text);
    if (!bstar_decode (&frame, 1, &node->heard))
        star_fail (run, "%c hears '%s', which is no state", node->name, text);
    node->heard_at = run->now;
    if (node->heard.epoch > node->heard_epoch)
        node->heard_epoch = node->heard.epoch;
}

static void
check_epoch (star_run_t *run, const star_node_t *node, uint64_t epoch)
{
    if (node->disk != epoch)
        star_fail (run, "%c serves with epoch %" PRIu64 ", %" PRIu64 " is stored", node->name, epoch, node->disk);
    if (epoch % 2 != (node->number == 0))
        star_fail (run, "%c takes epoch %" PRIu64 ", which is the other's", node->name, epoch);
    if (epoch <= node->heard_epoch)
        star_fail (run, "%c takes epoch %" PRIu64 ", but has heard %" PRIu64, node->name, epoch, node->heard_epoch);
    for (unsigned n = 0; n < run->activations && n < STAR_EPOCHS && !run->forgot; n++)
        if (run->epochs[n] == epoch)
            star_fail (run, "%c takes epoch %" PRIu64 " for a second time", node->name, epoch);
}

void
star_check_activation (star_run_t *run, star_node_t *node, uint64_t epoch)
{
    bool hears_active = run->now - node->heard_at < run->failover && node->heard.state == BSTAR_ACTIVE;
    check_epoch (run, node, epoch);
    if (hears_active && !run->promoting)
        star_fail (run, "%c takes over from a peer that it hears to be active", node->name);
    if (run->now - node->thawed_at < run->failover / 4 && !run->promoting)
        star_fail (run, "%c was frozen, and serves before it has heard anything", node->name);
    if (run->activations < STAR_EPOCHS)
        run->epochs[run->activations] = epoch;
    run->activations++;
}

/*  Links and nodes are whole. One that yields and is not followed serves again some time; a peer that could not follow before may
 *  do so as long as it has not heard of that. */
static void
check_calm (star_run_t *run, int64_t ms)
{
    if (!run->hindered)
        star_fail (run, "two are active, and nothing has happened");
    if (run->both_ms > run->delay + ms)
        star_fail (run, "two are active for longer than a word is on its way");
}

/*  Two intervals: one to publish, and the delay on the way; a thaw counts from when it was. */
void
star_check_both (star_run_t *run, int64_t ms)
{
    const star_node_t *one = &run->nodes[0], *other = &run->nodes[1];
    bool both = one->active && other->active;
    bool hear = !run->cut[STAR_LINK_STATE] && run->now >= one->frozen_until && run->now >= other->frozen_until;
    run->both_total += both ? ms : 0;
    run->both_ms = both && hear ? run->both_ms + ms : 0;
    if (both && run->calm && !run->healed)
        check_calm (run, ms);
    if (run->both_ms > run->failover / 2 + run->delay + 2 * ms)
        star_fail (run, "two are active, hear each other, and stay so");
}
