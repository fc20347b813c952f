/*  PROTOCOLS.md section 1: whatever stands before the command goes back with the answer, byte for byte. That it does is
 *  checked by the harness in every trace; here every form is asked for once. */
#include "trace.h"

static void
ask_once (trace_t *trace, trace_dialect_t client)
{
    peer (trace, "c1", client);
    tell (trace, "w1 READY echo");
    tell (trace, "c1 REQUEST echo hello");
    tell (trace, "w1 FINAL #1 hello");
}

static void
req (void **state)
{
    ask_once (*state, REQ);
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] c1 > REQUEST echo hello",
                   "[   0] broker > w1 REQUEST #1 hello",
                   "[   0] w1 > FINAL #1 hello",
                   "[   0] broker > c1 FINAL echo hello");
}

static void
req_with_correlation (void **state)
{
    ask_once (*state, REQ_CORRELATE);
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] c1@1 > REQUEST echo hello",
                   "[   0] broker > w1 REQUEST #1 hello",
                   "[   0] w1 > FINAL #1 hello",
                   "[   0] broker > c1@1 FINAL echo hello");
}

/*  Answers come as the workers have them; the client tells by its own frame which is which. */
static void
dealer_with_many_in_flight (void **state)
{
    peer (*state, "c1", DEALER_2);
    tell (*state, "w1 READY echo 3");
    trace_skip (*state);
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    tell (*state, "c1 REQUEST echo c");
    tell (*state, "w1 FINAL #2 B");
    tell (*state, "w1 FINAL #3 C");
    tell (*state, "w1 FINAL #1 A");
    TRACE (*state, "[   0] c1@1 > REQUEST echo a",
                   "[   0] broker > w1 REQUEST #1 a",
                   "[   0] c1@2 > REQUEST echo b",
                   "[   0] broker > w1 REQUEST #2 b",
                   "[   0] c1@3 > REQUEST echo c",
                   "[   0] broker > w1 REQUEST #3 c",
                   "[   0] w1 > FINAL #2 B",
                   "[   0] broker > c1@2 FINAL echo B",
                   "[   0] w1 > FINAL #3 C",
                   "[   0] broker > c1@3 FINAL echo C",
                   "[   0] w1 > FINAL #1 A",
                   "[   0] broker > c1@1 FINAL echo A");
}

/*  One hop a proxy, up to the 8 frames that an envelope may have. */
static void
behind_proxies (void **state)
{
    tell (*state, "w1 READY echo");
    for (unsigned hops = 1; hops <= 8; hops++) {
        peer (*state, "c1", PROXIED (hops));
        trace_skip (*state);
        tell (*state, "c1 REQUEST echo hello");
        tell (*state, "w1 FINAL #%u hello", hops);
        assert_int_equal (trace_tally (*state).finals, hops);
    }
}

static void
behind_too_many_proxies (void **state)
{
    peer (*state, "c1", PROXIED (9));
    tell (*state, "c1 REQUEST echo hello");
    TRACE (*state, "[   0] c1 > REQUEST echo hello",
                   "[   0] broker ! malformed message dropped reason=envelope");
}

static void
behind_a_proxy_with_correlation_and_options (void **state)
{
    ask_once (*state, (trace_dialect_t){.version = 2, .led = true, .hops = 2, .correlates = true, .asks = true});
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] c1@1 > REQUEST echo hello",
                   "[   0] broker > w1 REQUEST #1 hello",
                   "[   0] w1 > FINAL #1 hello",
                   "[   0] broker > c1@1 FINAL echo hello");
}

static void
strict_without_delimiter (void **state)
{
    ask_once (*state, STRICT);
    TRACE (*state, "[   0] w1 > READY echo",
                   "[   0] c1 > REQUEST echo hello",
                   "[   0] broker > w1 REQUEST #1 hello",
                   "[   0] w1 > FINAL #1 hello",
                   "[   0] broker > c1 FINAL echo hello");
}

/*  0.1 without a delimiter is not what RFC 7 says, but is as clear; and is answered as it asked. */
static void
bare_0_1 (void **state)
{
    ask_once (*state, (trace_dialect_t){.version = 1});
    assert_int_equal (trace_tally (*state).finals, 1);
}

static void
led_0_2 (void **state)
{
    ask_once (*state, REQ_2);
    assert_int_equal (trace_tally (*state).finals, 1);
}

/*  One client may change its form from request to request. */
static void
each_request_has_its_own_form (void **state)
{
    tell (*state, "w1 READY echo");
    trace_skip (*state);
    peer (*state, "c1", STRICT);
    tell (*state, "c1 REQUEST echo strict");
    tell (*state, "w1 FINAL #1 strict");
    peer (*state, "c1", PROXIED (1));
    tell (*state, "c1 REQUEST echo proxied");
    tell (*state, "w1 FINAL #2 proxied");
    TRACE (*state, "[   0] c1 > REQUEST echo strict",
                   "[   0] broker > w1 REQUEST #1 strict",
                   "[   0] w1 > FINAL #1 strict",
                   "[   0] broker > c1 FINAL echo strict",
                   "[   0] c1 > REQUEST echo proxied",
                   "[   0] broker > w1 REQUEST #2 proxied",
                   "[   0] w1 > FINAL #2 proxied",
                   "[   0] broker > c1 FINAL echo proxied");
}

/*  A worker gets its commands in the form in which it registered. */
static void
workers_of_every_form (void **state)
{
    peer (*state, "w1", WORKER_1);
    peer (*state, "w2", WORKER_1_BARE);
    peer (*state, "w3", WORKER_2);
    peer (*state, "w4", WORKER_2_LED);
    for (unsigned n = 1; n <= 4; n++)
        tell (*state, "w%u READY echo", n);
    trace_skip (*state);
    for (unsigned n = 1; n <= 4; n++)
        tell (*state, "c1 REQUEST echo %u", n);
    TRACE (*state, "[   0] c1 > REQUEST echo 1",
                   "[   0] broker > w1 REQUEST #1 1",
                   "[   0] c1 > REQUEST echo 2",
                   "[   0] broker > w2 REQUEST #2 2",
                   "[   0] c1 > REQUEST echo 3",
                   "[   0] broker > w3 REQUEST #3 3",
                   "[   0] c1 > REQUEST echo 4",
                   "[   0] broker > w4 REQUEST #4 4");
    pass (*state, 2500);
    TRACE (*state, "[2500] broker > w1 HEARTBEAT",
                   "[2500] broker > w2 HEARTBEAT",
                   "[2500] broker > w3 HEARTBEAT",
                   "[2500] broker > w4 HEARTBEAT");
    tell (*state, "DRAIN");
    pass (*state, 30000);
    assert_int_equal (trace_tally (*state).disconnects, 4);
}

/*  The frames of a request that waits are kept, so the envelope is too. */
static void
after_waiting (void **state)
{
    peer (*state, "c1", (trace_dialect_t){.version = 2, .led = true, .hops = 3, .correlates = true});
    tell (*state, "c1 REQUEST echo '' two");
    pass (*state, 100);
    tell (*state, "w1 READY echo");
    tell (*state, "w1 FINAL #1 '' three");
    TRACE (*state, "[   0] c1@1 > REQUEST echo '' two",
                   "[ 100] w1 > READY echo",
                   "[ 100] broker > w1 REQUEST #1 '' two",
                   "[ 100] w1 > FINAL #1 '' three",
                   "[ 100] broker > c1@1 FINAL echo '' three");
}

static void
not_quite_options (void **state)
{
    static const char *const frames[] = {
        "KEEL\1\1\0\0\0\0\0\1abcdefg",    /* short */
        "KEEL\2\1\0\0\0\0\0\1abcdefgh",   /* another version */
        "KEEL\1\3\0\0\0\0\0\1abcdefgh",   /* a reserved flag */
        "KEEL\1\1\1\0\0\0\0\1abcdefgh",   /* a reserved byte */
    };
    tell (*state, "w1 READY busy");
    tell (*state, "c9 REQUEST busy one");
    for (size_t n = 0; n < COUNT_OF (frames); n++)
        TELL_FRAMES (*state, "c1", span_make (frames[n], n ? 20 : 19), F (""), F ("MDPC01"), F ("busy"), F ("two"));
    pass (*state, 10); /* its ttl of 1 msec was none, nor its wish for notices */
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, COUNT_OF (frames));
    assert_int_equal (trace_tally (*state).notices, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (req),
        T (req_with_correlation),
        T (dealer_with_many_in_flight),
        T (behind_proxies),
        T (behind_too_many_proxies),
        T (behind_a_proxy_with_correlation_and_options),
        T (strict_without_delimiter),
        T (bare_0_1),
        T (led_0_2),
        T (each_request_has_its_own_form),
        T (workers_of_every_form),
        T (after_waiting),
        T (not_quite_options),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
