/*  What a Binary Star's peer publishes, and when: whatever it is, the engine keeps its promises. Each input is a role and a sequence of
 *  words, votes, pauses and orders; the decoder sees every frame, and what it takes must come back the same when it is encoded.
 */
#include "input.h"

#include "bstar.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    keel_star_t *engine;
    int64_t now;
    uint64_t stored, epoch;
    bool bad_disk;
} fuzz_t;

static void step (fuzz_t *self, keel_star_event_t event);

static void
carry_out (fuzz_t *self, const keel_star_action_t *action)
{
    if (action->kind == KEEL_STAR_STORE) {
        if (!self->bad_disk)
            self->stored = action->epoch;
        step (self, (keel_star_event_t){.kind = self->bad_disk ? KEEL_STAR_STORE_FAILED : KEEL_STAR_STORED});
    } else if (action->kind == KEEL_STAR_ROLE && action->state == BSTAR_ACTIVE) {
        assert (action->epoch == self->stored && action->epoch > self->epoch);
        self->epoch = action->epoch;
    } else if (action->kind == KEEL_STAR_PUBLISH) {
        bstar_word_t word;
        const span_t frame = span_text (action->text);
        assert (bstar_decode (&frame, 1, &word) && word.role == keel_star_role (self->engine));
    }
}

static void
step (fuzz_t *self, keel_star_event_t event)
{
    keel_star_actions_t out;
    event.now = self->now;
    keel_star_step (self->engine, &event, &out);
    for (size_t n = 0; n < out.count; n++)
        carry_out (self, &out.items[n]);
    assert (keel_star_next_due (self->engine) <= self->now + 250);
}

static void
check_word (const input_t *input)
{
    bstar_word_t word, again;
    char text[BSTAR_WORD_MAX];
    if (!bstar_decode (input->frames, input->count, &word) || word.role == BSTAR_ROLE_UNKNOWN)
        return;
    const span_t frame = bstar_encode (&word, text);
    assert (bstar_decode (&frame, 1, &again));
    assert (word.state == again.state && word.epoch == again.epoch && word.role == again.role && word.yields == again.yields);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    input_t input = {.data = data, .left = size};
    bstar_role_t role = input_byte (&input) & 1 ? BSTAR_ROLE_PRIMARY : BSTAR_ROLE_BACKUP;
    fuzz_t fuzz = {.engine = keel_star_new (&(keel_star_config_t){.role = role, .failover_ms = 1000})};
    if (!fuzz.engine)
        abort ();
    while (input.left) {
        uint8_t what = input_byte (&input) % 16;
        fuzz.now += input_byte (&input) * (what == 15 ? 50 : 5);
        fuzz.bad_disk = what == 14;
        if (what < 8) {
            input_frames (&input);
            check_word (&input);
            step (&fuzz, (keel_star_event_t){.kind = KEEL_STAR_PEER, .frames = input.frames, .count = input.count});
        } else {
            static const keel_star_event_kind_t kinds[] = {KEEL_STAR_TICK,     KEEL_STAR_VOTE,    KEEL_STAR_PROMOTE, KEEL_STAR_HANDOVER,
                                                           KEEL_STAR_DRAINED, KEEL_STAR_REFUSED, KEEL_STAR_VOTE,    KEEL_STAR_TICK};
            step (&fuzz, (keel_star_event_t){.kind = kinds[what - 8], .epoch = fuzz.epoch});
        }
        step (&fuzz, (keel_star_event_t){.kind = KEEL_STAR_TICK});
    }
    keel_star_destroy (&fuzz.engine);
    input_free (&input);
    return 0;
}
