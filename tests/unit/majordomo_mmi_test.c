/*  PROTOCOLS.md section 3: what the broker says about itself. */
#include "trace.h"

#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

static void
mmi_service (void **state)
{
    peer (*state, "c2", STRICT);
    tell (*state, "c1 REQUEST mmi.service echo");
    tell (*state, "c9 REQUEST echo waits");
    tell (*state, "c1 REQUEST mmi.service echo");
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST mmi.service echo"); /* a busy one counts */
    tell (*state, "c2 REQUEST mmi.service echo");
    TRACE (*state, "[   0] c1 > REQUEST mmi.service echo",
                   "[   0] broker > c1 FINAL mmi.service 404",
                   "[   0] c9 > REQUEST echo waits",
                   "[   0] c1 > REQUEST mmi.service echo",
                   "[   0] broker > c1 FINAL mmi.service 404",
                   "[   0] w1 > READY echo",
                   "[   0] broker > w1 REQUEST #1 waits",
                   "[   0] c1 > REQUEST mmi.service echo",
                   "[   0] broker > c1 FINAL mmi.service 200",
                   "[   0] c2 > REQUEST mmi.service echo",
                   "[   0] broker > c2 FINAL mmi.service 200");
}

/*  Section 8: by the service name, not the routing id; by the prefix, not a substring. */
static void
whose_name_it_is (void **state)
{
    tell (*state, "mmi.c REQUEST echo a");
    tell (*state, "c1 REQUEST my.mmi.service b");
    tell (*state, "c1 REQUEST mmi.what b");
    tell (*state, "c1 REQUEST mmi. b");
    TRACE (*state, "[   0] mmi.c > REQUEST echo a",
                   "[   0] c1 > REQUEST my.mmi.service b",
                   "[   0] c1 > REQUEST mmi.what b",
                   "[   0] broker > c1 FINAL mmi.what 501",
                   "[   0] c1 > REQUEST mmi. b",
                   "[   0] broker > c1 FINAL mmi. 501");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 2);
    assert_int_equal (trace_figure (*state, "mmi_requests"), 2);
}

static void
other_frames_than_its_own_are_400 (void **state)
{
    static const char *const names[] = {"service", "version", "services", "workers", "stats", "explain"};
    for (size_t n = 0; n < COUNT_OF (names); n++) {
        tell (*state, "c1 REQUEST mmi.%s one two", names[n]);
        assert_string_equal (trace_last (*state), "400");
    }
    trace_admin (*state, "a1");
    tell (*state, "a1 REQUEST mmi.drain one two");
    assert_string_equal (trace_last (*state), "400");
    tell (*state, "a1 REQUEST mmi.resume one two");
    assert_string_equal (trace_last (*state), "400");
}

static void
what_changes_something_is_403_but_for_administrators (void **state)
{
    static const char *const names[] = {"drain", "resume", "promote", "handover"};
    tell (*state, "w1 READY echo");
    for (size_t n = 0; n < COUNT_OF (names); n++) {
        tell (*state, "c1 REQUEST mmi.%s echo", names[n]);
        assert_string_equal (trace_last (*state), "403");
        tell (*state, "c1 REQUEST mmi.%s echo two", names[n]);
        assert_string_equal (trace_last (*state), "403");
    }
    assert_int_equal (trace_figure (*state, "mmi_denied"), 8);
    tell (*state, "c1 REQUEST echo a");
    assert_int_equal (trace_tally (*state).requests, 1);
}

static void
a_broker_alone_has_nothing_to_promote (void **state)
{
    trace_admin (*state, "a1");
    tell (*state, "a1 REQUEST mmi.promote x");
    tell (*state, "a1 REQUEST mmi.handover x");
    TRACE (*state, "[   0] a1 > REQUEST mmi.promote x",
                   "[   0] broker > a1 FINAL mmi.promote 501",
                   "[   0] a1 > REQUEST mmi.handover x",
                   "[   0] broker > a1 FINAL mmi.handover 501");
}

static void
mmi_version (void **state)
{
    tell (*state, "c1 REQUEST mmi.version x");
    TRACE (*state, "[   0] c1 > REQUEST mmi.version x",
                   "[   0] broker > c1 FINAL mmi.version 200 {\"keel\":\"" KEEL_VERSION "\",\"mdp\":[\"0.1\",\"0.2\"]}");
}

static void
mmi_services (void **state)
{
    tell (*state, "c1 REQUEST mmi.services x");
    tell (*state, "w1 READY one");
    tell (*state, "c2 REQUEST two a");
    tell (*state, "c2 REQUEST one b");
    trace_skip (*state);
    tell (*state, "c1 REQUEST mmi.services x");
    TRACE (*state, "[   0] c1 > REQUEST mmi.services x",
                   "[   0] broker > c1 FINAL mmi.services 200 {\"services\":["
                   "{\"service\":\"one\",\"workers\":1,\"waiting\":0,\"held\":1,\"draining\":false,"
                   "\"answered\":0,\"failed\":0,\"oldest_ms\":0,\"answered_us\":{},\"waited_us\":{\"1\":1}},"
                   "{\"service\":\"two\",\"workers\":0,\"waiting\":1,\"held\":0,\"draining\":false,"
                   "\"answered\":0,\"failed\":0,\"oldest_ms\":0,\"answered_us\":{},\"waited_us\":{}}],\"left_out\":0}");
}

/*  What mmi.services says of the only service, from its figures on. */
static void
figures (void **state, const char *expected)
{
    tell (*state, "c9 REQUEST mmi.services x");
    const char *found = strstr (trace_last (*state), "\"answered\":");
    assert_non_null (found);
    assert_memory_equal (found, expected, strlen (expected));
}

/*  From acceptance: until the final answer, and until the first attempt. */
static void
how_long_requests_take (void **state)
{
    tell (*state, "w1 READY echo");
    trace_set_us (*state, 900);
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    trace_wait_only (*state, 1);
    trace_set_us (*state, 0);
    tell (*state, "w1 FINAL #1 a"); /* after 100 usec */
    figures (state, "\"answered\":1,\"failed\":0,\"oldest_ms\":0,\"answered_us\":{\"128\":1},\"waited_us\":{\"1\":1,\"128\":1}}");
    pass (*state, 2);
    tell (*state, "w1 FINAL #2 b"); /* after 2100 */
    figures (state, "\"answered\":2,\"failed\":0,\"oldest_ms\":0,\"answered_us\":{\"128\":1,\"4096\":1},");
}

/*  A part of an answer is none, and what comes back is counted from when it was accepted, its wait only once. */
static void
how_long_a_requeued_one_takes (void **state)
{
    peer (*state, "w1", WORKER_2);
    peer (*state, "c1", STRICT);
    tell (*state, "w0 READY echo");
    tell (*state, "w1 READY echo");
    tell (*state, "c2 REQUEST echo x");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "w0 DISCONNECT");
    pass (*state, 20);
    tell (*state, "w1 PARTIAL #2 a");
    figures (state, "\"answered\":0,\"failed\":0,\"oldest_ms\":20,\"answered_us\":{},\"waited_us\":{\"1\":2}}");
    tell (*state, "w1 FINAL #2 a");
    pass (*state, 20);
    tell (*state, "w1 FINAL #3 a");
    figures (state, "\"answered\":2,\"failed\":0,\"oldest_ms\":0,\"answered_us\":{\"32768\":1,\"65536\":1},"
                    "\"waited_us\":{\"1\":2}}");
}

/*  Those that fail are counted as that, and in none of the delays. */
static void
how_many_fail (void **state)
{
    peer (*state, "w1", WORKER_2);
    peer (*state, "c1", STRICT);
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    tell (*state, "w1 PARTIAL #1 a");
    tell (*state, "w1 DISCONNECT"); /* half-way: 502 */
    tell (*state, "w1 READY echo");
    trace_config (*state)->dispatch.ttl_ms = 0;
    figures (state, "\"answered\":0,\"failed\":1,\"oldest_ms\":0,\"answered_us\":{},\"waited_us\":{\"1\":2}}");
}

/*  Not that of whose turn it is: the oldest. */
static void
the_oldest_is_found_among_the_turns (void **state)
{
    tell (*state, "w1 READY echo");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c1 REQUEST echo b");
    tell (*state, "c1 REQUEST echo c");
    pass (*state, 10);
    tell (*state, "c2 REQUEST echo d");
    tell (*state, "w1 FINAL #1 a"); /* c1's b goes, then it is c2's turn */
    pass (*state, 5);
    figures (state, "\"answered\":1,\"failed\":0,\"oldest_ms\":15,");
}

static void
mmi_workers (void **state)
{
    peer (*state, "w2", WORKER_2);
    tell (*state, "w1 READY one");
    pass (*state, 10);
    tell (*state, "w2 READY two 5");
    tell (*state, "c2 REQUEST two a");
    trace_skip (*state);
    pass (*state, 5);
    tell (*state, "c1 REQUEST mmi.workers x");
    TRACE (*state, "[  15] c1 > REQUEST mmi.workers x",
                   "[  15] broker > c1 FINAL mmi.workers 200 {\"workers\":["
                   "{\"id\":\"7731\",\"listener\":0,\"service\":\"one\",\"mdp\":\"0.1\",\"credit\":1,\"held\":0,"
                   "\"silent_ms\":15,\"beats_while_busy\":false},"
                   "{\"id\":\"7732\",\"listener\":0,\"service\":\"two\",\"mdp\":\"0.2\",\"credit\":5,\"held\":1,"
                   "\"silent_ms\":5,\"beats_while_busy\":false}],\"left_out\":0}");
}

/*  A list of everything is cut rather than stopping the broker. */
static void
a_long_list_is_cut (void **state)
{
    char name[256];
    trace_config (*state)->dispatch.services = 20000;
    trace_mute (*state);
    for (unsigned n = 0; n < 12000; n++) {
        snprintf (name, sizeof (name), "%0255u", n);
        tell (*state, "c1 REQUEST %s a", name);
    }
    tell (*state, "c1 REQUEST mmi.services x");
    const char *left = strstr (trace_last (*state), "\"left_out\":");
    assert_non_null (left);
    assert_in_range (strtoul (left + 11, NULL, 10), 1000, 11999);
    assert_string_equal (strchr (left, '}'), "}");
}

/*  Every counter and gauge of the three maps, and each reason of the malformed. */
static void
mmi_stats (void **state)
{
    static const char *const keys[] = {
#define X(name) #name,
        DISPATCH_COUNTER_MAP (X) QUEUE_COUNTER_MAP (X) MAJORDOMO_COUNTER_MAP (X)
#undef X
#define X(name, key) key,
            VERDICT_MAP (X)
#undef X
                "uptime_ms", "services", "workers", "clients", "waiting", "held", "bytes"};
    pass (*state, 10);
    tell (*state, "w1 READY echo");
    pass (*state, 77);
    tell (*state, "c1 REQUEST mmi.stats x");
    for (size_t n = 0; n < COUNT_OF (keys); n++) {
        char quoted[64];
        snprintf (quoted, sizeof (quoted), "\"%s\":", keys[n]);
        if (strcmp (keys[n], "ok") != 0)
            assert_non_null (strstr (trace_last (*state), quoted));
    }
    assert_non_null (strstr (trace_last (*state), "{\"uptime_ms\":77,\"services\":1,\"workers\":1,"));
    assert_int_equal (trace_figure (*state, "uptime_ms"), 77);
    assert_int_equal (trace_figure (*state, "messages"), 2);
}

static void
explain (trace_t *trace, const char *expected)
{
    char quoted[64];
    tell (trace, "c9 REQUEST mmi.explain echo");
    snprintf (quoted, sizeof (quoted), "\"reason\":\"%s\"", expected);
    assert_non_null (strstr (trace_last (trace), quoted));
}

static void
mmi_explain (void **state)
{
    trace_admin (*state, "a1");
    tell (*state, "c1 REQUEST mmi.explain echo");
    assert_string_equal (trace_last (*state), "404");
    tell (*state, "c1 REQUEST echo a");
    tell (*state, "c2 REQUEST echo b");
    pass (*state, 20);
    trace_skip (*state);
    tell (*state, "c1 REQUEST mmi.explain echo");
    TRACE (*state, "[  20] c1 > REQUEST mmi.explain echo",
                   "[  20] broker > c1 FINAL mmi.explain 200 "
                   "'{\"service\":\"echo\",\"workers\":0,\"waiting\":2,\"held\":0,\"draining\":false,"
                   "\"answered\":0,\"failed\":0,\"oldest_ms\":20,\"answered_us\":{},\"waited_us\":{},"
                   "\"reason\":\"no worker\",\"clients_waiting\":2}'");
    tell (*state, "w1 READY echo");
    explain (*state, "all busy");
    tell (*state, "w2 READY echo 2");
    explain (*state, "nothing waits");
    tell (*state, "a1 REQUEST mmi.drain echo");
    explain (*state, "draining");
}

/*  A drained service refuses what is new and serves what waits; its record stays until it is resumed. */
static void
mmi_drain_and_resume (void **state)
{
    trace_admin (*state, "a1");
    peer (*state, "c1", ASKING);
    tell (*state, "a1 REQUEST mmi.drain echo");
    assert_string_equal (trace_last (*state), "404");
    tell (*state, "c1 REQUEST echo waits");
    trace_skip (*state);
    tell (*state, "a1 REQUEST mmi.drain echo");
    tell (*state, "c1 REQUEST echo refused");
    tell (*state, "w1 READY echo");
    tell (*state, "w1 FINAL #1 done");
    tell (*state, "w1 DISCONNECT");
    TRACE (*state, "[   0] a1 > REQUEST mmi.drain echo",
                   "[   0] broker > a1 FINAL mmi.drain 200",
                   "[   0] c1@2 > REQUEST echo refused",
                   "[   0] broker ! request refused code=503 service=echo client=6331",
                   "[   0] broker > c1@2 FINAL mmi.error 503 'queue full or draining' echo",
                   "[   0] w1 > READY echo",
                   "[   0] broker > w1 REQUEST #1 waits",
                   "[   0] w1 > FINAL #1 done",
                   "[   0] broker > c1@1 FINAL echo done",
                   "[   0] w1 > DISCONNECT");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 1);
    tell (*state, "a1 REQUEST mmi.resume echo");
    assert_string_equal (trace_last (*state), "200");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).services, 0);
    tell (*state, "c1 REQUEST echo again");
    assert_int_equal (keel_majordomo_gauges (trace_engine (*state)).waiting, 1);
}

/*  mmi. requests are no load of a client's: they count neither as accepted nor as outstanding. */
static void
mmi_is_beside_the_queue (void **state)
{
    trace_config (*state)->dispatch.queued = 1;
    trace_config (*state)->dispatch.outstanding = 1;
    tell (*state, "c1 REQUEST echo a");
    for (unsigned n = 0; n < 10; n++) {
        tell (*state, "c1 REQUEST mmi.service echo");
        assert_string_equal (trace_last (*state), "404");
    }
    assert_int_equal (trace_figure (*state, "accepted"), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (mmi_service),
        T (whose_name_it_is),
        T (other_frames_than_its_own_are_400),
        T (what_changes_something_is_403_but_for_administrators),
        T (a_broker_alone_has_nothing_to_promote),
        T (mmi_version),
        T (mmi_services),
        T (how_long_requests_take),
        T (how_long_a_requeued_one_takes),
        T (how_many_fail),
        T (the_oldest_is_found_among_the_turns),
        T (mmi_workers),
        T (a_long_list_is_cut),
        T (mmi_stats),
        T (mmi_explain),
        T (mmi_drain_and_resume),
        T (mmi_is_beside_the_queue),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
