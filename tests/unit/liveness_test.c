/*  The lists of liveness by themselves, against a peer by peer reckoning. The rules stand in majordomo_liveness_test.c. */
#include "unit.h"

#include "event.h"
#include "liveness.h"
#include "random.h"

#define PEERS 40

static const liveness_config_t leniently = {.interval_ms = 10, .liveness = 3, .busy_timeout_ms = 100};
static const liveness_config_t strictly = {.interval_ms = 10, .liveness = 3, .busy_timeout_ms = 0};

typedef struct {
    liveness_t liveness;
    liveness_peer_t peers[PEERS];
    bool there[PEERS];
} fixture_t;

static int64_t
expiry_of (const liveness_t *liveness, const liveness_peer_t *peer)
{
    bool lenient = peer->busy && !peer->beats_while_busy && liveness->config.busy_timeout_ms;
    return peer->heard_at + (lenient ? liveness->config.busy_timeout_ms : 3 * liveness->config.interval_ms);
}

/*  The earliest of all, found by looking at each. */
static int64_t
due_of (const fixture_t *self)
{
    int64_t due = KEEL_NEVER;
    for (size_t n = 0; n < PEERS; n++) {
        if (!self->there[n])
            continue;
        int64_t beat = self->peers[n].sent_at + self->liveness.config.interval_ms;
        int64_t expiry = expiry_of (&self->liveness, &self->peers[n]);
        due = beat < due ? beat : due;
        due = expiry < due ? expiry : due;
    }
    return due;
}

/*  Each list is in order of its due times, and everybody stands in the one of his rule. */
static void
check_order (const fixture_t *self)
{
    const liveness_t *liveness = &self->liveness;
    for (const liveness_peer_t *peer = liveness->sent; peer && peer->sent_next; peer = peer->sent_next)
        assert_true (peer->sent_at <= peer->sent_next->sent_at);
    for (const liveness_peer_t *peer = liveness->strict; peer; peer = peer->heard_next) {
        assert_false (peer->lenient);
        assert_true (!peer->heard_next || peer->heard_at <= peer->heard_next->heard_at);
    }
    for (const liveness_peer_t *peer = liveness->lenient; peer; peer = peer->heard_next) {
        assert_true (peer->lenient && peer->busy && !peer->beats_while_busy);
        assert_true (!peer->heard_next || peer->heard_at <= peer->heard_next->heard_at);
    }
}

static void
check (const fixture_t *self, int64_t now)
{
    const liveness_peer_t *expired = liveness_expired (&self->liveness, now);
    const liveness_peer_t *waiting = liveness_waiting (&self->liveness, now);
    bool any_expired = false, any_waiting = false;
    for (size_t n = 0; n < PEERS; n++)
        if (self->there[n]) {
            any_expired |= expiry_of (&self->liveness, &self->peers[n]) <= now;
            any_waiting |= self->peers[n].sent_at + self->liveness.config.interval_ms <= now;
            assert_int_equal (liveness_over (&self->liveness, &self->peers[n], now),
                              expiry_of (&self->liveness, &self->peers[n]) <= now);
        }
    assert_int_equal (expired != NULL, any_expired);
    assert_int_equal (waiting != NULL, any_waiting);
    assert_true (!expired || expiry_of (&self->liveness, expired) <= now);
    assert_int_equal (liveness_due (&self->liveness), due_of (self));
}

static void
do_something (fixture_t *self, size_t which, unsigned what, int64_t now)
{
    liveness_peer_t *peer = &self->peers[which];
    if (!self->there[which]) {
        liveness_add (&self->liveness, peer, now);
        self->there[which] = true;
    } else if (what == 0) {
        liveness_remove (&self->liveness, peer);
        self->there[which] = false;
    } else if (what == 1) {
        liveness_heard (&self->liveness, peer, now);
    } else if (what == 2) {
        liveness_sent (&self->liveness, peer, now);
    } else if (what == 3) {
        liveness_beat (&self->liveness, peer, peer->busy ? peer->sent_at : KEEL_NEVER, now);
    } else if (peer->busy) {
        liveness_idle (&self->liveness, peer, now);
    } else {
        liveness_busy (&self->liveness, peer, now);
    }
}

static void
nobody_is_never_due (void **state)
{
    (void) state;
    fixture_t self = {.liveness = {.config = leniently}};
    check (&self, 1000000);
}

static void
as_if_each_were_looked_at (void **state)
{
    (void) state;
    fixture_t self = {0};
    random_t random = {99};
    liveness_configure (&self.liveness, leniently);
    for (int64_t now = 0; now < 20000; now++) {
        uint64_t dice = random_next (&random);
        do_something (&self, dice % PEERS, (unsigned) (dice >> 32) % 6, now);
        if (now % 500 == 499)
            liveness_configure (&self.liveness, now % 1000 == 999 ? leniently : strictly);
        check_order (&self);
        check (&self, now);
        check (&self, now + 25);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (nobody_is_never_due),
        cmocka_unit_test (as_if_each_were_looked_at),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
