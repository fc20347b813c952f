/*  What passes through a port: messages, what is kept of them, and what is too much. Through port.h alone. */
#include "port_pair.h"

#include "body.h"
#include "clock.h"

#define LARGE 100000

/* ------------------------------------------------------------------ frames */

/*  size bytes that tell where they belong, from that seed. */
static span_t
pattern (size_t size, unsigned seed)
{
    static uint8_t bytes[2][2 * LARGE];
    uint8_t *place = bytes[seed % 2];
    assert_true (size <= sizeof (bytes[0]));
    for (size_t n = 0; n < size; n++)
        place[n] = (uint8_t) (n * 31 + (n >> 8) + seed);
    return span_make (place, size);
}

static void
expect_frames (port_t *port, const span_t frames[], size_t count, keel_event_t *event)
{
    pair_expect (port, KEEL_EVENT_MESSAGE, event);
    assert_int_equal (event->count, count);
    assert_false (event->cut);
    for (size_t n = 0; n < count; n++) {
        assert_non_null (event->frames[n].data);
        assert_true (span_equal (event->frames[n], frames[n]));
    }
}

static void
frames_go_both_ways (const char *endpoint)
{
    const port_config_t config = pair_config ();
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, endpoint);
    const span_t frames[] = {F (""), F ("small"), F (""), pattern (5000, 0), pattern (LARGE, 1), F ("")};
    pair_send (pair.there, pair.link, F (""), frames, COUNT_OF (frames), 0);
    expect_frames (pair.here, frames, COUNT_OF (frames), &event);
    assert_int_equal (event.peer.listener, pair.listener);
    assert_true (span_equal (event.peer.id, pair.id));
    assert_int_equal (event.peer.user.size, 0);
    pair_send (pair.here, pair.listener, event.peer.id, event.frames, event.count, 0); /* as they are lent */
    expect_frames (pair.there, frames, COUNT_OF (frames), &event);
    assert_int_equal (event.peer.listener, pair.link);
    pair_close (&pair);
}

static void
over_ipc (void **state)
{
    (void) state;
    frames_go_both_ways (NULL);
}

static void
over_tcp (void **state)
{
    (void) state;
    frames_go_both_ways ("tcp://127.0.0.1:*");
}

static void
administrators_come_by_their_own_endpoint (void **state)
{
    (void) state;
    const port_config_t config = pair_config ();
    port_pair_t pair;
    uint16_t admin, link;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    assert_int_equal (port_listen (pair.here, "tcp://127.0.0.1:*", true, &admin), 0);
    assert_int_not_equal (admin, pair.listener);
    assert_int_equal (port_connect (pair.there, port_endpoint (pair.here, admin), &link), 0);
    const span_t frame = F ("x");
    pair_send (pair.there, link, F (""), &frame, 1, 0);
    pair_expect (pair.here, KEEL_EVENT_MESSAGE, &event);
    assert_true (event.peer.admin && event.peer.listener == admin);
    pair_say (&pair, "y");
    pair_expect (pair.here, KEEL_EVENT_MESSAGE, &event);
    assert_true (!event.peer.admin && event.peer.listener == pair.listener);
    pair_close (&pair);
}

/* ------------------------------------------------------------------ what is kept */

/*  A large frame stays where it was, without a copy, while other messages come and go; it can be sent more than once. */
static void
kept_beyond_the_step (void **state)
{
    (void) state;
    const port_config_t config = pair_config ();
    const span_t frames[] = {F ("head"), pattern (LARGE, 0)};
    const span_t others[] = {F ("other"), pattern (LARGE, 1)};
    pool_t *pool = pool_new ();
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    pair_send (pair.there, pair.link, F (""), frames, 2, 0);
    expect_frames (pair.here, frames, 2, &event);
    const uint8_t *place = event.frames[1].data;
    body_t *body = body_new (pool, event.frames, 2, NULL, 0);
    assert_non_null (body);
    pair_send (pair.here, pair.listener, pair.id, event.frames, 2, 0); /* what is kept can be passed on at once too */
    expect_frames (pair.there, frames, 2, &event);
    pair_send (pair.there, pair.link, F (""), others, 2, 0);
    expect_frames (pair.here, others, 2, &event);
    port_wait (pair.here, 0);
    assert_ptr_equal (body_frames (body)[1].data, place);
    assert_true (span_equal (body_frames (body)[1], frames[1]));
    for (unsigned n = 0; n < 2; n++) {
        pair_send (pair.here, pair.listener, pair.id, body_frames (body), 2, 0);
        expect_frames (pair.there, frames, 2, &event);
    }
    body_release (&body);
    pair_close (&pair);
    pool_destroy (&pool);
}

/*  ... also once its sender is gone. */
static void
kept_beyond_the_connection (void **state)
{
    (void) state;
    const port_config_t config = pair_config ();
    const span_t frames[] = {F ("head"), pattern (LARGE, 0)};
    pool_t *pool = pool_new ();
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    pair_send (pair.there, pair.link, F (""), frames, 2, 0);
    expect_frames (pair.here, frames, 2, &event);
    body_t *body = body_new (pool, event.frames, 2, NULL, 0);
    port_destroy (&pair.there);
    pair_expect (pair.here, KEEL_EVENT_DISCONNECTED, &event);
    assert_true (span_equal (body_frames (body)[1], frames[1]));
    body_release (&body);
    pair_close (&pair);
    pool_destroy (&pool);
}

/* ------------------------------------------------------------------ too much */

static void
too_many_frames_are_cut (void **state)
{
    (void) state;
    const port_config_t config = pair_config ();
    span_t frames[20];
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    for (size_t n = 0; n < COUNT_OF (frames); n++)
        frames[n] = F ("frame");
    pair_send (pair.there, pair.link, F (""), frames, COUNT_OF (frames), 0);
    pair_send (pair.there, pair.link, F (""), frames, config.frames, 0);
    pair_expect (pair.here, KEEL_EVENT_MESSAGE, &event);
    assert_true (event.cut && event.count == config.frames);
    expect_frames (pair.here, frames, config.frames, &event);
    pair_close (&pair);
}

/*  Both ends hear of it; the link comes back by itself. */
static void
too_large_a_frame_ends_the_connection (void **state)
{
    (void) state;
    port_config_t config = pair_config ();
    config.frame_bytes = 1000;
    port_pair_t pair;
    keel_event_t event;
    const span_t large = pattern (1001, 0), fits = pattern (1000, 1);
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    pair_send (pair.there, pair.link, F (""), &large, 1, 0);
    pair_expect (pair.here, KEEL_EVENT_DISCONNECTED, &event);
    assert_int_equal (event.peer.listener, pair.listener);
    pair_expect (pair.there, KEEL_EVENT_DISCONNECTED, &event);
    assert_int_equal (event.peer.listener, pair.link);
    pair_send (pair.there, pair.link, F (""), &fits, 1, 0);
    expect_frames (pair.here, &fits, 1, &event);
    pair_close (&pair);
}

/* ------------------------------------------------------------------ what cannot be sent */

static void
nobody_has_that_id (void **state)
{
    (void) state;
    const port_config_t config = pair_config ();
    const span_t frames[] = {F ("one"), F ("two")};
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    for (uint64_t tag = 1; tag <= 100; tag++)
        pair_send (pair.here, pair.listener, tag % 2 ? F ("nobody") : F ("\0some"), frames, 2, tag);
    for (uint64_t tag = 1; tag <= 100; tag++) {
        assert_true (port_receive (pair.here, &event));
        assert_int_equal (event.kind, KEEL_EVENT_UNREACHABLE);
        assert_int_equal (event.tag, tag);
        assert_int_equal (event.peer.listener, pair.listener);
        assert_true (span_equal (event.peer.id, tag % 2 ? F ("nobody") : F ("\0some")));
    }
    assert_false (port_receive (pair.here, &event));
    pair_send (pair.here, pair.listener, pair.id, frames, 2, 0); /* nothing is left over for the next */
    expect_frames (pair.there, frames, 2, &event);
    pair_close (&pair);
}

/*  Sends to the peer until one fails; returns how many did not. */
static uint64_t
fill (port_pair_t *pair, span_t frame)
{
    keel_event_t event;
    for (uint64_t tag = 0; tag < 10000; tag++) {
        pair_send (pair->here, pair->listener, pair->id, &frame, 1, tag);
        if (!port_receive (pair->here, &event))
            continue;
        assert_int_equal (event.kind, KEEL_EVENT_FULL);
        assert_int_equal (event.tag, tag);
        assert_true (span_equal (event.peer.id, pair->id));
        return tag;
    }
    fail ();
    return 0;
}

static void
a_peer_that_does_not_read (void **state)
{
    (void) state;
    port_config_t config = pair_config ();
    config.pipe = 10;
    const span_t frame = pattern (LARGE, 0);
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    uint64_t sent = fill (&pair, frame);
    assert_in_range (sent, config.pipe, 1000);
    while (sent--)
        expect_frames (pair.there, &frame, 1, &event);
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    do { /* it has room again, though libzmq takes a moment to hear of it */
        pair_send (pair.here, pair.listener, pair.id, &frame, 1, 7);
        assert_true (clock_now_ms () < deadline);
    } while (port_receive (pair.here, &event));
    expect_frames (pair.there, &frame, 1, &event);
    pair_close (&pair);
}

/*  As many as the pipe takes may wait, however fast they come: none fails while their reader keeps up. */
static void
a_peer_that_reads_in_time (void **state)
{
    (void) state;
    port_config_t config = pair_config ();
    config.pipe = 100;
    const span_t frame = F ("x");
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    pair_join (&pair, NULL);
    for (unsigned round = 0; round < 200; round++) {
        for (int n = 0; n < config.pipe; n++) {
            pair_send (pair.here, pair.listener, pair.id, &frame, 1, 0);
            pair_send (pair.there, pair.link, F (""), &frame, 1, 0);
        }
        for (int n = 0; n < config.pipe; n++) {
            expect_frames (pair.here, &frame, 1, &event);
            expect_frames (pair.there, &frame, 1, &event);
        }
    }
    pair_close (&pair);
}

/*  A link with nobody at its end fills likewise. */
static void
a_link_that_nobody_takes (void **state)
{
    (void) state;
    port_config_t config = pair_config ();
    config.pipe = 10;
    const span_t frame = F ("x");
    port_pair_t pair;
    keel_event_t event;
    pair_open (&pair, &config);
    assert_int_equal (port_connect (pair.there, pair.ipc, &pair.link), 0);
    uint64_t tag = 0;
    do
        pair_send (pair.there, pair.link, F (""), &frame, 1, ++tag);
    while (!port_receive (pair.there, &event) && tag < 10000);
    assert_int_equal (event.kind, KEEL_EVENT_FULL);
    assert_int_equal (event.tag, tag);
    assert_int_equal (event.peer.listener, pair.link);
    assert_in_range (tag, config.pipe + 1, 1000);
    pair_close (&pair);
}

/* ------------------------------------------------------------------ turns */

#define FLOOD      300
#define TURN_BOUND 65 /* a turn of the one, then the other */

typedef struct {
    port_pair_t pair;
    uint16_t listener; /* here's second */
    uint16_t link;     /* there's to it */
    port_t *witness;   /* ... and to this */
    uint16_t testimony;
} flooded_t;

/*  Both lead from the same port, so what goes to the witness last has the flood before it. The connections are made: else
 *  making them would end a wait. */
static void
flooded_open (flooded_t *self)
{
    const port_config_t config = pair_config ();
    const span_t frame = F ("made");
    uint16_t listener;
    pair_open (&self->pair, &config);
    pair_join (&self->pair, NULL);
    self->witness = port_new (&config);
    assert_int_equal (port_listen (self->pair.here, "tcp://127.0.0.1:*", false, &self->listener), 0);
    assert_int_equal (port_listen (self->witness, "tcp://127.0.0.1:*", false, &listener), 0);
    const char *here = port_endpoint (self->pair.here, self->listener);
    assert_int_equal (port_connect (self->pair.there, here, &self->link), 0);
    assert_int_equal (port_connect (self->pair.there, port_endpoint (self->witness, listener), &self->testimony), 0);
    pair_send (self->pair.there, self->link, F (""), &frame, 1, 0);
    pair_expect_text (self->pair.here, "made");
    pair_send (self->pair.there, self->testimony, F (""), &frame, 1, 0);
    pair_expect_text (self->witness, "made");
}

/*  One message waits at one listener, then the other is flooded. Returns when the one came; 1: first. */
static unsigned
flood (flooded_t *self, bool swapped)
{
    port_pair_t *pair = &self->pair;
    const uint16_t calm = swapped ? pair->link : self->link, flooded = swapped ? self->link : pair->link;
    const uint16_t listener = swapped ? pair->listener : self->listener;
    const span_t frame = F ("x");
    keel_event_t event;
    unsigned place = 0;
    assert_false (port_receive (pair->here, &event));
    pair_send (pair->there, calm, F (""), &frame, 1, 0);
    port_wait (pair->here, PATIENCE_MS);
    for (unsigned n = 0; n < FLOOD; n++)
        pair_send (pair->there, flooded, F (""), &frame, 1, 0);
    pair_send (pair->there, self->testimony, F (""), &frame, 1, 0);
    pair_expect_text (self->witness, "x");
    port_wait (pair->here, 0);
    for (unsigned n = 1; n <= FLOOD + 1; n++) {
        pair_expect (pair->here, KEEL_EVENT_MESSAGE, &event);
        if (event.peer.listener == listener)
            place = n;
    }
    return place;
}

/*  However much comes to one listener, another has its turn. Whose turn is first, and whether all of a flood is there when
 *  it is read, is chance: it is repeated until the one has come amidst it. */
static void
a_flood_leaves_others_their_turn (void **state)
{
    (void) state;
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    flooded_t flooded;
    flooded_open (&flooded);
    unsigned amidst = 0;
    for (unsigned round = 0; amidst < 10; round++) {
        unsigned place = flood (&flooded, round % 2);
        assert_in_range (place, 1, TURN_BOUND);
        amidst += place > 1;
        assert_true (clock_now_ms () < deadline);
    }
    port_destroy (&flooded.witness);
    pair_close (&flooded.pair);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (over_ipc),
        cmocka_unit_test (over_tcp),
        cmocka_unit_test (administrators_come_by_their_own_endpoint),
        cmocka_unit_test (kept_beyond_the_step),
        cmocka_unit_test (kept_beyond_the_connection),
        cmocka_unit_test (too_many_frames_are_cut),
        cmocka_unit_test (too_large_a_frame_ends_the_connection),
        cmocka_unit_test (nobody_has_that_id),
        cmocka_unit_test (a_peer_that_does_not_read),
        cmocka_unit_test (a_peer_that_reads_in_time),
        cmocka_unit_test (a_link_that_nobody_takes),
        cmocka_unit_test (a_flood_leaves_others_their_turn),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
