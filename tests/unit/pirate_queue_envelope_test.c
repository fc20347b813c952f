/*  PROTOCOLS.md section 1 and 4: clients of any kind and any envelope depth, whose envelope comes back byte for byte, while a
 *  worker sees nothing of it but a token. */
#include "trace.h"

static void
any_client (void **state)
{
    peer (*state, "c2", REQ_CORRELATE);
    peer (*state, "c3", PROXIED (1));
    peer (*state, "c4", PROXIED (7));
    peer (*state, "c5", ((trace_dialect_t){.led = true, .hops = 6, .correlates = true, .asks = true}));
    tell (*state, "w1 READY");
    for (unsigned n = 1; n <= 5; n++) {
        tell (*state, "c%u REQUEST hello", n);
        tell (*state, "w1 ANSWER #%u world", n);
    }
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] c1 > REQUEST hello",
                   "[   0] broker > w1 REQUEST #1 hello",
                   "[   0] w1 > ANSWER #1 world",
                   "[   0] broker > c1 ANSWER world",
                   "[   0] c2@1 > REQUEST hello",
                   "[   0] broker > w1 REQUEST #2 hello",
                   "[   0] w1 > ANSWER #2 world",
                   "[   0] broker > c2@1 ANSWER world",
                   "[   0] c3 > REQUEST hello",
                   "[   0] broker > w1 REQUEST #3 hello",
                   "[   0] w1 > ANSWER #3 world",
                   "[   0] broker > c3 ANSWER world",
                   "[   0] c4 > REQUEST hello",
                   "[   0] broker > w1 REQUEST #4 hello",
                   "[   0] w1 > ANSWER #4 world",
                   "[   0] broker > c4 ANSWER world",
                   "[   0] c5@1 > REQUEST hello",
                   "[   0] broker > w1 REQUEST #5 hello",
                   "[   0] w1 > ANSWER #5 world",
                   "[   0] broker > c5@1 ANSWER world");
}

/*  The envelope that comes back is that of the request which is answered, not of the latest. */
static void
each_its_own_envelope (void **state)
{
    peer (*state, "c1", DEALER_2);
    for (unsigned n = 1; n <= 3; n++) {
        tell (*state, "w%u READY", n);
        tell (*state, "c1 REQUEST %u", n);
    }
    trace_skip (*state);
    tell (*state, "w2 ANSWER #2 B");
    tell (*state, "w3 ANSWER #3 C");
    tell (*state, "w1 ANSWER #1 A");
    TRACE (*state, "[   0] w2 > ANSWER #2 B",
                   "[   0] broker > c1@2 ANSWER B",
                   "[   0] w3 > ANSWER #3 C",
                   "[   0] broker > c1@3 ANSWER C",
                   "[   0] w1 > ANSWER #1 A",
                   "[   0] broker > c1@1 ANSWER A");
}

/*  ... also when it waited, and when it was tried before. */
static void
kept_while_it_waits (void **state)
{
    peer (*state, "c1", ((trace_dialect_t){.led = true, .hops = 7, .asks = true}));
    tell (*state, "c1 REQUEST a '' b");
    tell (*state, "w1 READY");
    trace_fate (*state, "w2", UNREACHABLE);
    tell (*state, "w1 ANSWER #1 '' A");
    TRACE (*state, "[   0] c1@1 > REQUEST a '' b",
                   "[   0] w1 > READY",
                   "[   0] broker > w1 REQUEST #1 a '' b",
                   "[   0] w1 > ANSWER #1 '' A",
                   "[   0] broker > c1@1 ANSWER '' A");
}

/*  Frames of a body may be empty, also the first and the only one, and look like anything. */
static void
bodies (void **state)
{
    tell (*state, "w1 READY");
    tell (*state, "c1 REQUEST ''");
    tell (*state, "w1 ANSWER #1 ''");
    tell (*state, "c1 REQUEST '' '' MDPC01");
    tell (*state, "w1 ANSWER #2 '' ''");
    TELL_FRAMES (*state, "c1", F (""), F ("\1"));
    TELL_FRAMES (*state, "w1", F (""), F ("\2"), F (""), F ("x"));
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] c1 > REQUEST ''",
                   "[   0] broker > w1 REQUEST #1 ''",
                   "[   0] w1 > ANSWER #1 ''",
                   "[   0] broker > c1 ANSWER ''",
                   "[   0] c1 > REQUEST '' '' MDPC01",
                   "[   0] broker > w1 REQUEST #2 '' '' MDPC01",
                   "[   0] w1 > ANSWER #2 '' ''",
                   "[   0] broker > c1 ANSWER '' ''",
                   "[   0] c1 > '' \\x01",
                   "[   0] broker > w1 REQUEST #3 \\x01",
                   "[   0] w1 > '' \\x02 '' x");
}

/*  Its ttl is the time that it may wait; 0 and a frame that is nearly one are the queue's own. */
static void
the_options_frame (void **state)
{
    peer (*state, "c1", ASKING_FOR (100));
    peer (*state, "c2", ASKING);
    tell (*state, "c1 REQUEST a");
    tell (*state, "c2 REQUEST b");
    TELL_FRAMES (*state, "c3", F ("KEEL\1\0\0\1\0\0\0\144abcdefgh"), F (""), F ("c"));
    TELL_FRAMES (*state, "c4", F ("KEEL\1\0\0\0\0\0\0\144abcdefgh"), F ("x"), F (""), F ("d"));
    pass (*state, 99);
    assert_int_equal (trace_gauges (*state).waiting, 4);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).waiting, 3);
    pass (*state, 59899);
    assert_int_equal (trace_gauges (*state).waiting, 3);
    pass (*state, 1);
    assert_int_equal (trace_gauges (*state).waiting, 0);
    assert_int_equal (trace_figure (*state, "failed_404"), 4);
    assert_int_equal (trace_tally (*state).notices + trace_tally (*state).finals, 0); /* there is no word for it */
}

/*  Two listeners of each kind; a routing id is a peer's of its own on each. */
static void
several_listeners (void **state)
{
    trace_pirate_config (*state)->frontends = 2;
    trace_listener (*state, "c1", 0);
    trace_listener (*state, "c2", 1);
    trace_same_id (*state, "c2", "c1");
    trace_listener (*state, "w1", 2);
    trace_listener (*state, "w2", 3);
    trace_same_id (*state, "w1", "c1");
    trace_same_id (*state, "w2", "c1");
    tell (*state, "w1 READY");
    tell (*state, "w2 READY");
    tell (*state, "c2 REQUEST two");
    tell (*state, "c1 REQUEST one");
    tell (*state, "w1 ANSWER #2 not-yours");
    tell (*state, "w2 ANSWER #2 ONE");
    tell (*state, "w1 ANSWER #1 TWO");
    TRACE (*state, "[   0] w1 > READY",
                   "[   0] w2 > READY",
                   "[   0] c2 > REQUEST two",
                   "[   0] broker > w1 REQUEST #1 two",
                   "[   0] c1 > REQUEST one",
                   "[   0] broker > w2 REQUEST #2 one",
                   "[   0] w1 > ANSWER #2 not-yours",
                   "[   0] w2 > ANSWER #2 ONE",
                   "[   0] broker > c1 ANSWER ONE",
                   "[   0] w1 > ANSWER #1 TWO",
                   "[   0] broker > c2 ANSWER TWO");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (any_client),
        PARANOID (any_client),
        SIMPLE (each_its_own_envelope),
        PARANOID (each_its_own_envelope),
        SIMPLE (kept_while_it_waits),
        PARANOID (kept_while_it_waits),
        PARANOID (bodies),
        SIMPLE (the_options_frame),
        PARANOID (the_options_frame),
        SIMPLE (several_listeners),
        PARANOID (several_listeners),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
