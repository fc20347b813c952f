/*  Golden traces of the worker's engine on a virtual clock, as the Pirates speak: PPP, and the Simple Pirate. */
#include "worker_bench.h"

#include "memory.h"
#include "pirate.h"

#define HEARTBEAT F ("\2")

/* ------------------------------------------------------------------ the bench */

static worker_engine_config_t
config_of (const worker_speech_t *speech, uint16_t endpoint_count)
{
    return (worker_engine_config_t){.speech = speech,
                                    .service = "",
                                    .endpoints = endpoints,
                                    .endpoint_count = endpoint_count,
                                    .credit = 1,
                                    .heartbeat_ms = 100,
                                    .liveness = 3,
                                    .seed = 7};
}

/*  A bench that is connected; its READY is out of the trace. */
static void
open_ready (bench_t *self, const worker_speech_t *speech, uint16_t endpoint_count)
{
    worker_engine_config_t config = config_of (speech, endpoint_count);
    open_bench (self, &config);
    run_to (self, 0);
    forget_trace (self);
}

static void
open_ppp (bench_t *self)
{
    open_ready (self, &worker_speaks_ppp, 1);
}

static void
open_simple (bench_t *self)
{
    open_ready (self, &worker_speaks_simple, 1);
}

/*  A request of that client, delivered; 0: it was not. */
static uint64_t
request (bench_t *self, const char *client)
{
    self->last = 0;
    HEAR (self, 0, span_text (client), F (""), F ("body"));
    return self->last;
}

static uint64_t
request_simple (bench_t *self, const char *client)
{
    self->last = 0;
    HEAR (self, 0, F (""), span_text (client), F (""), F ("body"));
    return self->last;
}

static uint64_t
begin (bench_t *self, uint64_t id)
{
    assert_true (worker_engine_begin (self->engine, id));
    return id;
}

/* ------------------------------------------------------------------ PPP: sessions */

static void
ppp_ready_heartbeats_and_answers (void **state)
{
    (void) state;
    bench_t bench;
    worker_engine_config_t config = config_of (&worker_speaks_ppp, 1);
    open_bench (&bench, &config);
    assert_int_equal (worker_engine_next_due (bench.engine), 0);
    run_to (&bench, 150);
    uint64_t id = begin (&bench, request (&bench, "c1"));
    run_to (&bench, 320); /* busy, and heartbeats all the same */
    assert_true (answer (&bench, id, LAST, "done"));
    assert_false (answer (&bench, id, LAST, "again"));
    assert_trace (&bench, "[    0] 0 connect\n"
                          "[    0] 0 < 1\n"
                          "[  100] 0 < 2\n"
                          "[  150] request body\n"
                          "[  200] 0 < 2\n"
                          "[  300] 0 < 2\n"
                          "[  320] 0 < c1 - done\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_LATE), 1);
    close_bench (&bench);
}

static void
ppp_silence_backs_off_from_one_second (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    int64_t span = 1000;
    for (int n = 0; n < 8; n++) {
        run_to (&bench, bench.now + 299);
        forget_trace (&bench);
        run_to (&bench, bench.now + 1);
        assert_non_null (strstr (bench.trace, "0 close\n"));
        assert_int_equal (counter (&bench, WORKER_ENGINE_SILENT), n + 1);
        due_within (&bench, span / 2, span);
        span = span * 2 > 32000 ? 32000 : span * 2;
        forget_trace (&bench);
        plain (&bench, KEEL_EVENT_TICK, 0);
        assert_non_null (strstr (bench.trace, "0 connect\n"));
        assert_non_null (strstr (bench.trace, "0 < 1\n"));
    }
    HEAR (&bench, 0, HEARTBEAT); /* it lives: the next silence starts over */
    run_to (&bench, bench.now + 300);
    due_within (&bench, 500, 1000);
    close_bench (&bench);
}

static void
ppp_any_word_is_a_sign_of_life_and_garbage_is_none (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    for (int64_t now = 250; now < 1500; now += 250) {
        run_to (&bench, now);
        if (now % 500)
            HEAR (&bench, 0, HEARTBEAT);
        else
            answer (&bench, begin (&bench, request (&bench, "c")), LAST, "x");
    }
    assert_int_equal (counter (&bench, WORKER_ENGINE_SESSIONS), 1);
    for (int64_t now = 1300; now <= 1550; now += 50) {
        run_to (&bench, now);
        HEAR (&bench, 0, F ("neither"));
    }
    assert_int_equal (counter (&bench, WORKER_ENGINE_SILENT), 1);
    close_bench (&bench);
}

static void
ppp_silence_makes_the_request_void (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    uint64_t id = begin (&bench, request (&bench, "c1"));
    run_to (&bench, 300);
    assert_false (worker_engine_holds (bench.engine, id));
    run_to (&bench, 1300);
    forget_trace (&bench);
    assert_false (answer (&bench, id, LAST, "late"));
    assert_trace (&bench, "");
    assert_int_equal (counter (&bench, WORKER_ENGINE_LATE), 1);
    close_bench (&bench);
}

static void
ppp_connection_that_ends_is_made_again_soon (void **state)
{
    (void) state;
    static const keel_event_kind_t ends[] = {KEEL_EVENT_DISCONNECTED, KEEL_EVENT_REFUSED};
    bench_t bench;
    open_ppp (&bench);
    int64_t span = 50;
    for (int n = 0; n < 8; n++) {
        plain (&bench, ends[n % 2], 0);
        due_within (&bench, span / 2, span);
        span = span * 2 > 2000 ? 2000 : span * 2;
        forget_trace (&bench);
        plain (&bench, KEEL_EVENT_TICK, 0);
        assert_non_null (strstr (bench.trace, "0 < 1\n"));
    }
    assert_int_equal (counter (&bench, WORKER_ENGINE_LOST), 8);
    close_bench (&bench);
}

static void
ppp_goes_to_the_next_queue_of_a_list (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, &worker_speaks_ppp, 2);
    run_to (&bench, 300);
    due_within (&bench, 25, 50);
    forget_trace (&bench);
    plain (&bench, KEEL_EVENT_TICK, 0);
    assert_non_null (strstr (bench.trace, "1 connect\n"));
    assert_non_null (strstr (bench.trace, "1 < 1\n"));
    close_bench (&bench);
}

static void
ppp_unsent_answer_ends_the_session_and_heartbeat_does_not (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    step (&bench, (keel_event_t){.kind = KEEL_EVENT_FULL, .tag = 0});
    assert_trace (&bench, "");
    answer (&bench, begin (&bench, request (&bench, "c")), LAST, "x");
    forget_trace (&bench);
    step (&bench, (keel_event_t){.kind = KEEL_EVENT_FULL, .tag = 1});
    assert_trace (&bench, "[    0] 0 close\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_UNSENT), 1);
    close_bench (&bench);
}

/* ------------------------------------------------------------------ PPP: requests */

/*  The longest envelope, each frame at its limit, comes back byte for byte; so does the shortest. */
static void
ppp_envelope_is_given_back (void **state)
{
    (void) state;
    bench_t bench;
    static uint8_t bytes[PIRATE_EXTRA_MAX][ENVELOPE_EXTRA_SIZE_MAX];
    span_t frames[PIRATE_EXTRA_MAX + 3];
    for (size_t extra = 0; extra <= PIRATE_EXTRA_MAX; extra++) {
        open_ppp (&bench);
        for (size_t n = 0; n < extra; n++) {
            memset (bytes[n], (int) (0xff - n), sizeof (bytes[n]));
            frames[n] = span_make (bytes[n], n % 2 ? 1 : sizeof (bytes[n]));
        }
        frames[extra] = F ("");
        frames[extra + 1] = F ("body");
        frames[extra + 2] = F ("");
        hear_frames (&bench, 0, frames, extra + 3);
        span_t body = F ("y");
        begin (&bench, bench.last);
        assert_true (worker_engine_answer (bench.engine, bench.last, LAST, &body, 1, 0, bench.actions));
        const keel_action_t *action = &bench.actions->items[0];
        assert_int_equal (action->head_count, extra + 1);
        for (size_t n = 0; n <= extra; n++)
            assert_true (span_equal (action->head[n], frames[n]));
        close_bench (&bench);
    }
}

static void
ppp_failure_is_ready_again_on_the_same_link (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    for (int n = 0; n < 3; n++)
        assert_true (fail_request (&bench, begin (&bench, request (&bench, "c"))));
    assert_trace (&bench, "[    0] request body\n[    0] 0 < 1\n"
                          "[    0] request body\n[    0] 0 < 1\n"
                          "[    0] request body\n[    0] 0 < 1\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_FAILURES), 3);
    assert_int_equal (counter (&bench, WORKER_ENGINE_SESSIONS), 4);
    close_bench (&bench);
}

/*  One request was promised. What more comes is dropped, and READY gives it back once the one that is held is answered,
 *  whether that was begun or not. */
static void
ppp_excess_is_given_back_after_the_one_that_is_held (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    uint64_t id = request (&bench, "c1");
    for (int n = 0; n < 1000; n++)
        assert_int_equal (request (&bench, "more"), 0);
    assert_true (worker_engine_waits (bench.engine, id));
    begin (&bench, id);
    assert_int_equal (request (&bench, "more"), 0);
    assert_true (answer (&bench, id, LAST, "1"));
    assert_int_not_equal (request (&bench, "c2"), 0);
    assert_trace (&bench, "[    0] request body\n"
                          "[    0] 0 < c1 - 1\n"
                          "[    0] 0 < 1\n"
                          "[    0] request body\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_EXCESS), 1);
    assert_int_equal (counter (&bench, WORKER_ENGINE_RETURNED), 1000);
    close_bench (&bench);
}

static void
ppp_request_that_is_cut_is_given_back (void **state)
{
    (void) state;
    bench_t bench;
    span_t frames[] = {F ("c"), F (""), F ("x")};
    open_ppp (&bench);
    step (&bench,
          (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = frames, .count = COUNT_OF (frames), .cut = true});
    assert_trace (&bench, "[    0] 0 < 1\n");
    close_bench (&bench);
}

static void
ppp_malformed_messages_are_dropped (void **state)
{
    (void) state;
    bench_t bench;
    static uint8_t big[256];
    span_t deep[PIRATE_EXTRA_MAX + 3];
    for (size_t n = 0; n < COUNT_OF (deep); n++)
        deep[n] = F ("hop");
    deep[PIRATE_EXTRA_MAX + 1] = F ("");
    memset (big, 'x', sizeof (big));
    open_ppp (&bench);
    hear_frames (&bench, 0, NULL, 0);
    HEAR (&bench, 0, F (""));
    HEAR (&bench, 0, F ("\1")); /* READY is the worker's word */
    HEAR (&bench, 0, F ("\3"));
    HEAR (&bench, 0, F ("\2\2"));
    HEAR (&bench, 0, F ("\2"), F ("\2"));
    HEAR (&bench, 0, F ("c"), F ("no delimiter"), F ("x"));
    HEAR (&bench, 0, F ("c"), F (""));
    HEAR (&bench, 0, span_make (big, sizeof (big)), F (""), F ("x"));
    hear_frames (&bench, 0, deep, COUNT_OF (deep));
    assert_trace (&bench, "");
    assert_int_equal (counter (&bench, WORKER_ENGINE_MALFORMED), 10);
    close_bench (&bench);
}

/*  Each allocation fails once: nothing is lost but that request, which goes back. */
static void
ppp_without_memory_requests_go_back (void **state)
{
    (void) state;
    static char client[256];
    memset (client, 'c', 255);
    for (uint64_t n = 1; n < 8; n++) {
        worker_engine_config_t config = config_of (&worker_speaks_ppp, 1);
        bench_t bench = {.actions = keel_actions_new (16)};
        memory_seam = (memory_seam_t){.fail_at = n};
        bench.engine = worker_engine_new (&config);
        if (bench.engine) {
            run_to (&bench, 0);
            uint64_t id = request (&bench, client);
            if (id == 0) {
                assert_int_equal (counter (&bench, WORKER_ENGINE_EXCESS), 1);
                assert_int_equal (counter (&bench, WORKER_ENGINE_SESSIONS), 2);
            }
        }
        memory_seam = (memory_seam_t){0};
        close_bench (&bench);
    }
}

/* ------------------------------------------------------------------ PPP: the end */

static void
ppp_drain_finishes_what_is_held (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    uint64_t id = request (&bench, "c1");
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    assert_int_equal (request (&bench, "c2"), 0);
    begin (&bench, id); /* it had come before */
    run_to (&bench, 150);
    assert_false (worker_engine_gone (bench.engine));
    answer (&bench, id, LAST, "1");
    assert_true (worker_engine_gone (bench.engine));
    assert_int_equal (worker_engine_next_due (bench.engine), KEEL_NEVER);
    assert_trace (&bench, "[    0] request body\n"
                          "[  100] 0 < 2\n"
                          "[  150] 0 < c1 - 1\n"
                          "[  150] 0 close, linger\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_RETURNED), 1);
    close_bench (&bench);
}

static void
ppp_drain_ends_with_a_failure_too (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    uint64_t id = begin (&bench, request (&bench, "c1"));
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    fail_request (&bench, id);
    assert_true (worker_engine_gone (bench.engine));
    assert_trace (&bench, "[    0] request body\n[    0] 0 close, linger\n");
    close_bench (&bench);
}

static void
ppp_quit_says_nothing_more (void **state)
{
    (void) state;
    bench_t bench;
    open_ppp (&bench);
    begin (&bench, request (&bench, "c1"));
    forget_trace (&bench);
    worker_engine_quit (bench.engine, 0, bench.actions);
    carry_out (&bench);
    assert_trace (&bench, "[    0] 0 close, linger\n");
    assert_true (worker_engine_gone (bench.engine));
    close_bench (&bench);
}

/* ------------------------------------------------------------------ Simple Pirate */

static void
simple_is_ready_once_and_then_by_its_answers (void **state)
{
    (void) state;
    bench_t bench;
    worker_engine_config_t config = config_of (&worker_speaks_simple, 1);
    open_bench (&bench, &config);
    run_to (&bench, 0);
    for (int n = 0; n < 3; n++)
        assert_true (answer (&bench, begin (&bench, request_simple (&bench, "c1")), LAST, "done"));
    bench.last = 0;
    HEAR (&bench, 0, F (""), F (""), F ("no client"));
    assert_true (answer (&bench, begin (&bench, bench.last), LAST, "x"));
    assert_trace (&bench, "[    0] 0 connect\n[    0] 0 < - 1\n"
                          "[    0] request body\n[    0] 0 < - c1 - done\n"
                          "[    0] request body\n[    0] 0 < - c1 - done\n"
                          "[    0] request body\n[    0] 0 < - c1 - done\n"
                          "[    0] request no client\n[    0] 0 < - - x\n");
    close_bench (&bench);
}

static void
simple_neither_heartbeats_nor_minds_silence (void **state)
{
    (void) state;
    bench_t bench;
    open_simple (&bench);
    assert_int_equal (worker_engine_next_due (bench.engine), KEEL_NEVER);
    bench.now = 86400000;
    plain (&bench, KEEL_EVENT_TICK, 0);
    begin (&bench, request_simple (&bench, "c1"));
    assert_int_equal (worker_engine_next_due (bench.engine), KEEL_NEVER);
    close_bench (&bench);
}

static void
simple_is_ready_again_when_its_connection_ended (void **state)
{
    (void) state;
    bench_t bench;
    open_simple (&bench);
    uint64_t id = begin (&bench, request_simple (&bench, "c1"));
    plain (&bench, KEEL_EVENT_DISCONNECTED, 0);
    due_within (&bench, 25, 50);
    forget_trace (&bench);
    plain (&bench, KEEL_EVENT_TICK, 0);
    assert_non_null (strstr (bench.trace, "0 connect\n"));
    assert_non_null (strstr (bench.trace, "0 < - 1\n"));
    assert_false (answer (&bench, id, LAST, "late"));
    close_bench (&bench);
}

/*  A command that always fails does not spin; one that succeeds starts the pauses over. */
static void
simple_failure_is_a_fresh_connection_after_a_pause (void **state)
{
    (void) state;
    bench_t bench;
    open_ready (&bench, &worker_speaks_simple, 2);
    int64_t span = 50;
    for (int n = 0; n < 8; n++) {
        uint64_t id = begin (&bench, request_simple (&bench, "c"));
        forget_trace (&bench);
        assert_true (fail_request (&bench, id));
        assert_non_null (strstr (bench.trace, "0 close, linger\n"));
        assert_null (strstr (bench.trace, "<"));
        due_within (&bench, span / 2, span);
        span = span * 2 > 2000 ? 2000 : span * 2;
        forget_trace (&bench);
        plain (&bench, KEEL_EVENT_TICK, 0);
        assert_non_null (strstr (bench.trace, "0 connect\n")); /* the same queue */
        assert_non_null (strstr (bench.trace, "0 < - 1\n"));
    }
    answer (&bench, begin (&bench, request_simple (&bench, "c")), LAST, "x");
    fail_request (&bench, begin (&bench, request_simple (&bench, "c")));
    due_within (&bench, 25, 50);
    assert_int_equal (counter (&bench, WORKER_ENGINE_FAILURES), 9);
    close_bench (&bench);
}

static void
simple_excess_is_dropped (void **state)
{
    (void) state;
    bench_t bench;
    open_simple (&bench);
    uint64_t id = request_simple (&bench, "c1");
    for (int n = 0; n < 1000; n++)
        assert_int_equal (request_simple (&bench, "more"), 0);
    assert_true (answer (&bench, begin (&bench, id), LAST, "1"));
    assert_trace (&bench, "[    0] request body\n[    0] 0 < - c1 - 1\n");
    assert_int_equal (counter (&bench, WORKER_ENGINE_EXCESS), 1000);
    close_bench (&bench);
}

static void
simple_request_that_is_cut_is_a_failure (void **state)
{
    (void) state;
    bench_t bench;
    span_t frames[] = {F (""), F ("c"), F (""), F ("x")};
    open_simple (&bench);
    step (&bench,
          (keel_event_t){.kind = KEEL_EVENT_MESSAGE, .frames = frames, .count = COUNT_OF (frames), .cut = true});
    assert_trace (&bench, "[    0] 0 close, linger\n");
    due_within (&bench, 25, 50);
    close_bench (&bench);
}

static void
simple_malformed_messages_are_dropped (void **state)
{
    (void) state;
    bench_t bench;
    open_simple (&bench);
    hear_frames (&bench, 0, NULL, 0);
    HEAR (&bench, 0, F (""));
    HEAR (&bench, 0, F (""), F (""));
    HEAR (&bench, 0, F (""), F ("\1"));
    HEAR (&bench, 0, F (""), HEARTBEAT);
    HEAR (&bench, 0, HEARTBEAT);
    HEAR (&bench, 0, F ("c"), F (""), F ("no lead"));
    HEAR (&bench, 0, F (""), F ("c"), F (""));
    assert_trace (&bench, "");
    assert_int_equal (counter (&bench, WORKER_ENGINE_MALFORMED), 8);
    close_bench (&bench);
}

static void
simple_drain_finishes_what_is_held (void **state)
{
    (void) state;
    bench_t bench;
    open_simple (&bench);
    uint64_t id = begin (&bench, request_simple (&bench, "c1"));
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    answer (&bench, id, LAST, "1");
    assert_true (worker_engine_gone (bench.engine));
    assert_trace (&bench, "[    0] request body\n[    0] 0 < - c1 - 1\n[    0] 0 close, linger\n");
    close_bench (&bench);
}

static void
simple_drain_in_the_pause_ends_at_once (void **state)
{
    (void) state;
    bench_t bench;
    open_simple (&bench);
    fail_request (&bench, begin (&bench, request_simple (&bench, "c1")));
    plain (&bench, KEEL_EVENT_DRAIN, 0);
    assert_true (worker_engine_gone (bench.engine));
    close_bench (&bench);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (ppp_ready_heartbeats_and_answers),
        cmocka_unit_test (ppp_silence_backs_off_from_one_second),
        cmocka_unit_test (ppp_any_word_is_a_sign_of_life_and_garbage_is_none),
        cmocka_unit_test (ppp_silence_makes_the_request_void),
        cmocka_unit_test (ppp_connection_that_ends_is_made_again_soon),
        cmocka_unit_test (ppp_goes_to_the_next_queue_of_a_list),
        cmocka_unit_test (ppp_unsent_answer_ends_the_session_and_heartbeat_does_not),
        cmocka_unit_test (ppp_envelope_is_given_back),
        cmocka_unit_test (ppp_failure_is_ready_again_on_the_same_link),
        cmocka_unit_test (ppp_excess_is_given_back_after_the_one_that_is_held),
        cmocka_unit_test (ppp_request_that_is_cut_is_given_back),
        cmocka_unit_test (ppp_malformed_messages_are_dropped),
        cmocka_unit_test (ppp_without_memory_requests_go_back),
        cmocka_unit_test (ppp_drain_finishes_what_is_held),
        cmocka_unit_test (ppp_drain_ends_with_a_failure_too),
        cmocka_unit_test (ppp_quit_says_nothing_more),
        cmocka_unit_test (simple_is_ready_once_and_then_by_its_answers),
        cmocka_unit_test (simple_neither_heartbeats_nor_minds_silence),
        cmocka_unit_test (simple_is_ready_again_when_its_connection_ended),
        cmocka_unit_test (simple_failure_is_a_fresh_connection_after_a_pause),
        cmocka_unit_test (simple_excess_is_dropped),
        cmocka_unit_test (simple_request_that_is_cut_is_a_failure),
        cmocka_unit_test (simple_malformed_messages_are_dropped),
        cmocka_unit_test (simple_drain_finishes_what_is_held),
        cmocka_unit_test (simple_drain_in_the_pause_ends_at_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
