/*  Golden traces of the worker's engine on a virtual clock, in MDP: what it does, and when. */
#include "worker_bench.h"

#include "memory.h"

#include <stdio.h>

/*  The broker's commands, in 0.2. */
#define HEARTBEAT  F ("MDPW02"), F ("\5")
#define DISCONNECT F ("MDPW02"), F ("\6")
#define REQUEST    F ("MDPW02"), F ("\2")

/*  A request of that token; returns its id. */
static uint64_t
request (bench_t *self, uint16_t endpoint, const char *token)
{
    self->last = 0;
    HEAR (self, endpoint, REQUEST, span_text (token), F (""), F ("body"));
    return self->last;
}

static uint64_t
begun (bench_t *self, uint16_t endpoint, const char *token)
{
    uint64_t id = request (self, endpoint, token);
    assert_true (worker_engine_begin (self->engine, id));
    return id;
}

static void
open_mdp (bench_t *self, uint16_t endpoint_count, uint16_t credit, uint8_t version)
{
    worker_engine_config_t config = {.speech = &worker_speaks_mdp,
                                     .service = "echo",
                                     .endpoints = endpoints,
                                     .endpoint_count = endpoint_count,
                                     .version = version,
                                     .credit = credit,
                                     .heartbeat_ms = 100,
                                     .liveness = 3,
                                     .seed = 7};
    open_bench (self, &config);
}

/*  A bench that is connected; its READY is out of the trace. */
static void
open_ready (bench_t *self, uint16_t endpoint_count, uint16_t credit)
{
    open_mdp (self, endpoint_count, credit, 2);
    run_to (self, 0);
    forget_trace (self);
}

/* ------------------------------------------------------------------ sessions */

static void
first_tick_connects (void **state)
{
    (void) state;
    bench_t bench;
    open_mdp (&bench, 1, 1, 2);
    assert_int_equal (worker_engine_next_due (bench.engine), 0);
    run_to (&bench, 0);
    assert_trace (&bench, "[    0] 0 connect\n[    0] 0 < MDPW02 1 echo\n");
    close_bench (&bench);
}

static void
credit_is_said_when_above_one (void **state)
{
    (void) state;
    bench_t bench;
    open_mdp (&bench, 1, 65535, 1);
    run_to (&bench, 0);
    assert_trace (&bench, "[    0] 0 connect\n[    0] 0 < - MDPW01 1 echo 65535\n");
    close_bench (&bench);
}

static void
heartbeats_go_on_while_busy (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    run_to (&bench, 150);
    uint64_t id = begun (&bench, 0, "t1");
    run_to (&bench, 320);
    assert_true (answer (&bench, id, LAST, "done"));
    assert_trace (&bench, "[  100] 0 < MDPW02 5\n"
                          "[  150] request body\n"
                          "[  200] 0 < MDPW02 5\n"
                          "[  300] 0 < MDPW02 5\n"
                          "[  320] 0 < MDPW02 4 t1 - done\n");
    close_bench (&bench);
}

static void
silence_of_the_only_broker_backs_off (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    int64_t span = 1000;
    for (int n = 0; n < 8; n++) {
        int64_t start = bench.now;
        run_to (&bench, start + 299);
        bench.size = 0;
        run_to (&bench, start + 300);
        assert_non_null (strstr (bench.trace, "0 close\n"));
        assert_int_equal (counter (&bench, WORKER_ENGINE_SILENT), n + 1);
        due_within (&bench, span / 2, span);
        span = span * 2 > 32000 ? 32000 : span * 2;
        bench.size = 0;
        plain (&bench, KEEL_EVENT_TICK, 0);
        assert_non_null (strstr (bench.trace, "0 connect\n"));
        assert_non_null (strstr (bench.trace, "MDPW02 1 echo\n"));
    }
    HEAR (&bench, 0, HEARTBEAT); /* it lives: the next silence starts over */
    run_to (&bench, bench.now + 300);
    due_within (&bench, 500, 1000);
    close_bench (&bench);
}

static void
any_command_is_a_sign_of_life (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 2);
    for (int64_t now = 250; now < 2000; now += 250) {
        run_to (&bench, now);
        if (now % 500)
            HEAR (&bench, 0, HEARTBEAT);
        else
            answer (&bench, begun (&bench, 0, "t"), LAST, "x");
    }
    assert_int_equal (counter (&bench, WORKER_ENGINE_SILENT), 0);
    assert_int_equal (counter (&bench, WORKER_ENGINE_SESSIONS), 1);
    close_bench (&bench);
}

static void
silence_goes_to_the_next_of_a_list_soon (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 2, 1);
    run_to (&bench, 300);
    assert_trace (&bench, "[  100] 0 < MDPW02 5\n[  200] 0 < MDPW02 5\n[  300] 0 close\n");
    due_within (&bench, 25, 50);
    plain (&bench, KEEL_EVENT_TICK, 0);
    assert_non_null (strstr (bench.trace, "1 connect\n"));
    assert_non_null (strstr (bench.trace, "1 < MDPW02 1 echo\n"));
    close_bench (&bench);
}

static void
refusal_goes_round_the_list_and_backs_off (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 3, 1);
    for (uint16_t n = 0; n < 90; n++) {
        int64_t span = bench.now / 40 > 50 ? bench.now / 40 : 50;
        bench.size = 0;
        HEAR (&bench, n % 3, DISCONNECT);
        due_within (&bench, span - span / 4, span);
        plain (&bench, KEEL_EVENT_TICK, 0);
        char expected[32];
        snprintf (expected, sizeof (expected), "%d connect\n", (n + 1) % 3);
        assert_non_null (strstr (bench.trace, expected));
    }
    assert_int_equal (counter (&bench, WORKER_ENGINE_REFUSED), 90);
    assert_in_range (bench.now, 3000, 20000);
    close_bench (&bench);
}

static void
refusal_by_the_only_broker_backs_off (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    int64_t span = 50;
    for (int n = 0; n < 9; n++) {
        bench.size = 0;
        HEAR (&bench, 0, DISCONNECT);
        due_within (&bench, span / 2, span);
        span = span * 2 > 2000 ? 2000 : span * 2;
        plain (&bench, KEEL_EVENT_TICK, 0);
    }
    close_bench (&bench);
}

static void
lost_connection_is_made_again_soon (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    HEAR (&bench, 0, HEARTBEAT);
    plain (&bench, KEEL_EVENT_DISCONNECTED, 0);
    assert_trace (&bench, "[    0] 0 close\n");
    due_within (&bench, 25, 50);
    plain (&bench, KEEL_EVENT_TICK, 0);
    assert_int_equal (counter (&bench, WORKER_ENGINE_SESSIONS), 2);
    assert_int_equal (counter (&bench, WORKER_ENGINE_LOST), 1);
    close_bench (&bench);
}

static void
what_comes_of_a_closed_link_is_nothing (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 2, 1);
    plain (&bench, KEEL_EVENT_DISCONNECTED, 1);
    HEAR (&bench, 1, DISCONNECT);
    assert_trace (&bench, "");
    HEAR (&bench, 0, DISCONNECT);
    plain (&bench, KEEL_EVENT_DISCONNECTED, 0);
    HEAR (&bench, 0, REQUEST, F ("t"), F (""), F ("x"));
    assert_trace (&bench, "[    0] 0 close\n");
    close_bench (&bench);
}

static void
refused_answer_ends_the_session_and_heartbeat_does_not (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    step (&bench, (keel_event_t){.kind = KEEL_EVENT_FULL, .tag = 0});
    assert_trace (&bench, "");
    answer (&bench, begun (&bench, 0, "t"), LAST, "x");
    bench.size = 0;
    step (&bench, (keel_event_t){.kind = KEEL_EVENT_FULL, .tag = 1});
    assert_trace (&bench, "[    0] 0 close\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_UNSENT), 1);
    close_bench (&bench);
}

/* ------------------------------------------------------------------ requests */

static void
version_one_has_its_delimiter (void **state)
{
    (void) state;
    bench_t bench;
    open_mdp (&bench, 1, 1, 1);
    run_to (&bench, 0);
    HEAR (&bench, 0, F (""), F ("MDPW01"), F ("\2"), F ("client"), F (""), F ("a"), F (""));
    assert_true (worker_engine_begin (bench.engine, bench.last));
    answer (&bench, bench.last, LAST, "b");
    run_to (&bench, 100);
    worker_engine_quit (bench.engine, 100, bench.actions);
    carry_out (&bench);
    assert_trace (&bench, "[    0] 0 connect\n"
                          "[    0] 0 < - MDPW01 1 echo\n"
                          "[    0] request a -\n"
                          "[    0] 0 < - MDPW01 3 client - b\n"
                          "[  100] 0 < - MDPW01 4\n"
                          "[  100] 0 < - MDPW01 5\n"
                          "[  100] 0 close, linger\n");
    close_bench (&bench);
}

static void
answers_come_in_any_order_and_parts (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 2);
    uint64_t one = begun (&bench, 0, "t1");
    uint64_t two = begun (&bench, 0, "t2");
    assert_true (answer (&bench, two, PART, "2a"));
    assert_true (answer (&bench, one, LAST, "1"));
    assert_true (answer (&bench, two, LAST, "2b"));
    assert_false (answer (&bench, two, LAST, "again"));
    assert_trace (&bench, "[    0] request body\n"
                          "[    0] request body\n"
                          "[    0] 0 < MDPW02 3 t2 - 2a\n"
                          "[    0] 0 < MDPW02 4 t1 - 1\n"
                          "[    0] 0 < MDPW02 4 t2 - 2b\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_LATE), 1);
    close_bench (&bench);
}

static void
answers_of_an_older_session_are_dropped (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 3);
    uint64_t worked_on = begun (&bench, 0, "t1");
    uint64_t waiting = request (&bench, 0, "t2");
    uint64_t session = worker_engine_session (bench.engine);
    HEAR (&bench, 0, DISCONNECT);
    assert_int_not_equal (worker_engine_session (bench.engine), session);
    run_to (&bench, 60);
    begun (&bench, 0, "t3"); /* takes the slot of the first */
    forget_trace (&bench);
    assert_false (worker_engine_holds (bench.engine, worked_on));
    assert_false (worker_engine_waits (bench.engine, waiting));
    assert_false (worker_engine_begin (bench.engine, waiting));
    assert_false (answer (&bench, worked_on, LAST, "late"));
    assert_false (fail_request (&bench, worked_on));
    assert_trace (&bench, "");
    assert_int_equal (counter (&bench, WORKER_ENGINE_LATE), 2);
    assert_int_equal (counter (&bench, WORKER_ENGINE_RETURNED), 1);
    close_bench (&bench);
}

static void
failure_gives_back_and_starts_anew (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    assert_true (fail_request (&bench, begun (&bench, 0, "t1")));
    assert_trace (&bench, "[    0] request body\n[    0] 0 < MDPW02 6\n[    0] 0 < MDPW02 1 echo\n");
    begun (&bench, 0, "t1");
    assert_int_equal (counter (&bench, WORKER_ENGINE_FAILURES), 1);
    close_bench (&bench);
}

static void
failure_lets_what_is_begun_finish_first (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 3);
    uint64_t one = begun (&bench, 0, "t1");
    uint64_t two = begun (&bench, 0, "t2");
    uint64_t three = request (&bench, 0, "t3");
    assert_true (fail_request (&bench, one));
    assert_false (worker_engine_begin (bench.engine, three));
    assert_int_equal (request (&bench, 0, "t4"), 0); /* crossed it: goes back with the others */
    run_to (&bench, 100);
    assert_true (answer (&bench, two, LAST, "2"));
    assert_trace (&bench, "[    0] request body\n"
                          "[    0] request body\n"
                          "[    0] request body\n"
                          "[  100] 0 < MDPW02 5\n"
                          "[  100] 0 < MDPW02 4 t2 - 2\n"
                          "[  100] 0 < MDPW02 6\n"
                          "[  100] 0 close, linger\n"
                          "[  100] 0 connect\n"
                          "[  100] 0 < MDPW02 1 echo 3\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_RETURNED), 2);
    close_bench (&bench);
}

static void
more_than_the_credit_is_given_back (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 2);
    uint64_t one = begun (&bench, 0, "t1");
    request (&bench, 0, "t2");
    for (int n = 0; n < 1000; n++)
        assert_int_equal (request (&bench, 0, "more"), 0);
    assert_int_equal (counter (&bench, WORKER_ENGINE_EXCESS), 1);
    assert_int_equal (counter (&bench, WORKER_ENGINE_RETURNED), 999);
    answer (&bench, one, LAST, "1");
    assert_trace (&bench, "[    0] request body\n"
                          "[    0] request body\n"
                          "[    0] 0 < MDPW02 4 t1 - 1\n"
                          "[    0] 0 < MDPW02 6\n"
                          "[    0] 0 close, linger\n"
                          "[    0] 0 connect\n"
                          "[    0] 0 < MDPW02 1 echo 2\n");
    close_bench (&bench);
}

static void
request_that_is_cut_is_given_back (void **state)
{
    (void) state;
    bench_t bench;
    span_t frames[] = {REQUEST, F ("t"), F (""), F ("x")};
    open_ready (&bench, 1, 1);
    step (&bench,
          (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = frames, .count = COUNT_OF (frames), .cut = true});
    assert_trace (&bench, "[    0] 0 < MDPW02 6\n[    0] 0 < MDPW02 1 echo\n");
    close_bench (&bench);
}

static void
malformed_messages_are_dropped_and_no_sign_of_life (void **state)
{
    (void) state;
    bench_t bench;
    static uint8_t big[256];
    open_ready (&bench, 1, 1);
    run_to (&bench, 50);
    hear_frames (&bench, 0, NULL, 0);
    HEAR (&bench, 0, F (""));
    HEAR (&bench, 0, F (""), F (""), HEARTBEAT);
    HEAR (&bench, 0, F ("MDPW02"));
    HEAR (&bench, 0, F ("MDPW01"), F ("\4"));
    HEAR (&bench, 0, F ("MDPC02"), F ("\1"), F ("echo"), F ("x"));
    HEAR (&bench, 0, F ("MDPW02"), F ("\7"));
    HEAR (&bench, 0, F ("MDPW02"), F ("\1"), F ("echo"));
    HEAR (&bench, 0, F ("MDPW02"), F ("\4"), F ("t"), F (""), F ("x"));
    HEAR (&bench, 0, REQUEST, F ("t"), F (""));
    HEAR (&bench, 0, REQUEST, F ("t"), F ("no"), F ("x"));
    HEAR (&bench, 0, REQUEST, span_make (big, sizeof (big)), F (""), F ("x"));
    assert_trace (&bench, "");
    assert_int_equal (counter (&bench, WORKER_ENGINE_MALFORMED), 12);
    run_to (&bench, 300);
    assert_int_equal (counter (&bench, WORKER_ENGINE_SILENT), 1);
    close_bench (&bench);
}

static void
malformed_messages_fill_no_log (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    unsigned lines = 0;
    for (bench.now = 0; bench.now < 2000; bench.now++) {
        span_t frame = F ("rubbish");
        keel_event_t event = {.kind = KEEL_EVENT_MESSAGE, .now = bench.now, .frames = &frame, .count = 1};
        worker_engine_step (bench.engine, &event, bench.actions);
        lines += (unsigned) bench.actions->count;
        keel_actions_clear (bench.actions);
    }
    assert_int_equal (lines, 2);
    close_bench (&bench);
}

static void
tokens_of_other_brokers_are_opaque (void **state)
{
    (void) state;
    bench_t bench;
    static uint8_t big[255];
    open_ready (&bench, 1, 1);
    memset (big, 0xff, sizeof (big));
    HEAR (&bench, 0, REQUEST, span_make (big, sizeof (big)), F (""), F ("x"));
    assert_true (worker_engine_begin (bench.engine, bench.last));
    span_t body = F ("y");
    worker_engine_answer (bench.engine, bench.last, LAST, &body, 1, 0, bench.actions);
    const keel_action_t *action = &bench.actions->items[0];
    assert_true (span_is (action->head[2], big, sizeof (big)));
    close_bench (&bench);
}

/* ------------------------------------------------------------------ the end */

static void
drain_without_requests_leaves_at_once (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    assert_trace (&bench, "[    0] 0 < MDPW02 6\n[    0] 0 close, linger\n");
    assert_true (worker_engine_gone (bench.engine));
    assert_int_equal (worker_engine_next_due (bench.engine), KEEL_NEVER);
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    assert_trace (&bench, "");
    close_bench (&bench);
}

static void
drain_finishes_what_is_begun (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 2);
    uint64_t one = begun (&bench, 0, "t1");
    uint64_t two = request (&bench, 0, "t2");
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    assert_false (worker_engine_begin (bench.engine, two));
    run_to (&bench, 150);
    assert_false (worker_engine_gone (bench.engine));
    answer (&bench, one, LAST, "1");
    assert_true (worker_engine_gone (bench.engine));
    assert_trace (&bench, "[    0] request body\n"
                          "[    0] request body\n"
                          "[  100] 0 < MDPW02 5\n"
                          "[  150] 0 < MDPW02 4 t1 - 1\n"
                          "[  150] 0 < MDPW02 6\n"
                          "[  150] 0 close, linger\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_RETURNED), 1);
    close_bench (&bench);
}

static void
drain_ends_with_the_broker_too (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    uint64_t one = begun (&bench, 0, "t1");
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    HEAR (&bench, 0, DISCONNECT);
    assert_true (worker_engine_gone (bench.engine));
    assert_false (answer (&bench, one, LAST, "1"));
    assert_trace (&bench, "[    0] request body\n[    0] 0 close\n");
    close_bench (&bench);
}

static void
drain_while_waiting_ends_at_once (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, 1, 1);
    HEAR (&bench, 0, DISCONNECT);
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    assert_true (worker_engine_gone (bench.engine));
    assert_int_equal (worker_engine_next_due (bench.engine), KEEL_NEVER);
    close_bench (&bench);
}

/*  Each allocation fails once: nothing is lost but that request, which goes back. */
static void
without_memory_requests_go_back (void **state)
{
    (void) state;
    static char token[256];
    memset (token, 't', 255);
    for (uint64_t n = 1; n < 8; n++) {
        worker_engine_config_t config = {.speech = &worker_speaks_mdp,
                                         .service = "echo",
                                         .endpoints = endpoints,
                                         .endpoint_count = 1,
                                         .version = 2,
                                         .credit = 1,
                                         .heartbeat_ms = 100,
                                         .liveness = 3};
        bench_t bench = {.actions = keel_actions_new (16)};
        memory_seam = (memory_seam_t){.fail_at = n};
        bench.engine = worker_engine_new (&config);
        if (bench.engine) {
            run_to (&bench, 0);
            uint64_t id = request (&bench, 0, token);
            if (id == 0) {
                assert_int_equal (counter (&bench, WORKER_ENGINE_EXCESS), 1);
                assert_int_equal (counter (&bench, WORKER_ENGINE_SESSIONS), 2);
            }
        }
        memory_seam = (memory_seam_t){0};
        close_bench (&bench);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (first_tick_connects),
        cmocka_unit_test (credit_is_said_when_above_one),
        cmocka_unit_test (heartbeats_go_on_while_busy),
        cmocka_unit_test (silence_of_the_only_broker_backs_off),
        cmocka_unit_test (any_command_is_a_sign_of_life),
        cmocka_unit_test (silence_goes_to_the_next_of_a_list_soon),
        cmocka_unit_test (refusal_goes_round_the_list_and_backs_off),
        cmocka_unit_test (refusal_by_the_only_broker_backs_off),
        cmocka_unit_test (lost_connection_is_made_again_soon),
        cmocka_unit_test (what_comes_of_a_closed_link_is_nothing),
        cmocka_unit_test (refused_answer_ends_the_session_and_heartbeat_does_not),
        cmocka_unit_test (version_one_has_its_delimiter),
        cmocka_unit_test (answers_come_in_any_order_and_parts),
        cmocka_unit_test (answers_of_an_older_session_are_dropped),
        cmocka_unit_test (failure_gives_back_and_starts_anew),
        cmocka_unit_test (failure_lets_what_is_begun_finish_first),
        cmocka_unit_test (more_than_the_credit_is_given_back),
        cmocka_unit_test (request_that_is_cut_is_given_back),
        cmocka_unit_test (malformed_messages_are_dropped_and_no_sign_of_life),
        cmocka_unit_test (malformed_messages_fill_no_log),
        cmocka_unit_test (tokens_of_other_brokers_are_opaque),
        cmocka_unit_test (drain_without_requests_leaves_at_once),
        cmocka_unit_test (drain_finishes_what_is_begun),
        cmocka_unit_test (drain_ends_with_the_broker_too),
        cmocka_unit_test (drain_while_waiting_ends_at_once),
        cmocka_unit_test (without_memory_requests_go_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
