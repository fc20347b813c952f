/*  keel_ppworker_* and keel_spworker_* against a queue of raw frames in this process. */
#include "bare_broker.h"

#include "clock.h"

#include <keel/pirate.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* ------------------------------------------------------------------ the queue */

static bool
is_byte (zmsg_t *message, size_t frames, char byte)
{
    zframe_t *last = zmsg_last (message);
    return zmsg_size (message) == frames && zframe_size (last) == 1 && zframe_data (last)[0] == byte;
}

/*  The next message that is no heartbeat of PPP. */
static zmsg_t *
take (broker_t *queue)
{
    zmsg_t *message = broker_read (queue);
    while (is_byte (message, 1, 2)) {
        queue->beats++;
        zmsg_destroy (&message);
        message = broker_read (queue);
    }
    return message;
}

static void
expect_ready (broker_t *queue)
{
    zmsg_t *message = take (queue);
    assert_true (is_byte (message, 1, 1));
    zmsg_destroy (&message);
}

static void
expect_simple_ready (broker_t *queue)
{
    zmsg_t *message = broker_read (queue);
    assert_int_equal (zframe_size (zmsg_first (message)), 0);
    assert_true (is_byte (message, 2, 1));
    zmsg_destroy (&message);
}

/*  words: frames, parted by a space; "-" is an empty one. */
static zmsg_t *
message_of (const char *words)
{
    zmsg_t *message = zmsg_new ();
    char copy[256];
    char *rest = copy, *word;
    assert_true (strlen (words) < sizeof (copy));
    strcpy (copy, words);
    while ((word = strsep (&rest, " ")) != NULL)
        zmsg_addstr (message, strcmp (word, "-") == 0 ? "" : word);
    return message;
}

static void
send_words (broker_t *queue, const char *words)
{
    zmsg_t *message = message_of (words);
    broker_send (queue, &message);
}

static void
send_heartbeat (broker_t *queue)
{
    send_words (queue, "\2");
}

/*  The next message that is no heartbeat has these frames. */
static void
expect_words (broker_t *queue, const char *words)
{
    zmsg_t *message = take (queue), *wanted = message_of (words);
    assert_int_equal (zmsg_size (message), zmsg_size (wanted));
    zframe_t *other = zmsg_first (wanted);
    for (zframe_t *frame = zmsg_first (message); frame; frame = zmsg_next (message), other = zmsg_next (wanted))
        assert_true (zframe_eq (frame, other));
    zmsg_destroy (&message);
    zmsg_destroy (&wanted);
}

/* ------------------------------------------------------------------ workers */

static keel_ppworker_t *
new_worker (const broker_t *queue)
{
    keel_ppworker_t *worker = keel_ppworker_new (queue->endpoint);
    assert_non_null (worker);
    return worker;
}

/*  Starts it: nothing is there yet. */
static void
start (keel_ppworker_t *worker, broker_t *queue)
{
    zmsg_t *request;
    uint64_t id;
    assert_int_equal (keel_ppworker_recv (worker, &request, &id, 0), KEEL_E_TIMEOUT);
    assert_null (request);
    expect_ready (queue);
}

/*  The next request; its body is one frame. */
static uint64_t
request_of (keel_ppworker_t *worker, const char *body)
{
    zmsg_t *request;
    uint64_t id;
    assert_int_equal (keel_ppworker_recv (worker, &request, &id, PATIENCE_MS), 0);
    assert_int_equal (zmsg_size (request), 1);
    assert_true (zframe_streq (zmsg_first (request), body));
    zmsg_destroy (&request);
    return id;
}

static int
reply (keel_ppworker_t *worker, uint64_t id, const char *words)
{
    zmsg_t *body = message_of (words);
    int rc = keel_ppworker_reply (worker, id, &body);
    assert_null (body);
    return rc;
}

static void
wait_for (keel_ppworker_t *worker, const char *counter, uint64_t value)
{
    for (int64_t end = clock_now_ms () + PATIENCE_MS; keel_ppworker_counter (worker, counter) != value; usleep (1000))
        assert_true (clock_now_ms () < end);
}

/*  A worker of either class that runs in a thread. */
typedef struct {
    keel_ppworker_t *paranoid;
    keel_spworker_t *simple;
    keel_worker_handler_fn *handler;
    void *arg;
    int rc;
    pthread_t thread;
} runner_t;

static void *
run_worker (void *arg)
{
    runner_t *self = arg;
    self->rc = self->paranoid ? keel_ppworker_run (self->paranoid, self->handler, self->arg)
                              : keel_spworker_run (self->simple, self->handler, self->arg);
    return NULL;
}

static void
runner_start (runner_t *self)
{
    assert_int_equal (pthread_create (&self->thread, NULL, run_worker, self), 0);
}

static void
runner_stop (runner_t *self)
{
    if (self->paranoid)
        keel_ppworker_stop (self->paranoid);
    else
        keel_spworker_stop (self->simple);
}

static void
runner_end (runner_t *self)
{
    runner_stop (self);
    pthread_join (self->thread, NULL);
    assert_int_equal (self->rc, 0);
    keel_ppworker_destroy (&self->paranoid);
    keel_spworker_destroy (&self->simple);
}

/* ------------------------------------------------------------------ Paranoid */

static void
arguments_are_checked (void **state)
{
    (void) state;
    static const char *const bad[] = {"", "tcp://127.0.0.1", "tcp://127.0.0.1:1,", "inproc://nowhere", NULL};
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        errno = 0;
        assert_null (keel_ppworker_new (bad[n]));
        assert_int_equal (errno, EINVAL);
        errno = 0;
        assert_null (keel_spworker_new (bad[n]));
        assert_int_equal (errno, EINVAL);
    }
    keel_ppworker_t *worker = NULL;
    keel_ppworker_destroy (&worker);
    worker = keel_ppworker_new ("tcp://127.0.0.1:1,ipc:///nowhere");
    assert_non_null (worker);
    assert_int_equal (keel_ppworker_set_heartbeat (worker, 0), KEEL_E_INVALID);
    assert_int_equal (keel_ppworker_set_liveness (worker, 1001), KEEL_E_INVALID);
    assert_int_equal (reply (worker, 1, "to nothing"), KEEL_E_STATE);
    keel_ppworker_stop (worker);
    assert_int_equal (keel_ppworker_run (worker, echo, NULL), KEEL_E_STATE);
    assert_int_equal (keel_ppworker_counter (worker, "requests"), 0);
    keel_ppworker_destroy (&worker);
    assert_null (worker);
    keel_spworker_t *simple = NULL;
    keel_spworker_destroy (&simple);
    simple = keel_spworker_new ("tcp://127.0.0.1:1");
    keel_spworker_destroy (&simple);
    assert_null (simple);
}

static void
own_loop_with_failure (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    start (worker, &queue);
    assert_int_equal (keel_ppworker_set_liveness (worker, 1), KEEL_E_STATE);
    send_words (&queue, "c1 hop - one");
    assert_int_equal (reply (worker, request_of (worker, "one"), "a - b"), 0);
    expect_words (&queue, "c1 hop - a - b");
    send_words (&queue, "c2 - two");
    assert_int_equal (keel_ppworker_fail (worker, request_of (worker, "two")), 0);
    expect_ready (&queue);
    send_words (&queue, "- three");
    zmsg_t *empty = zmsg_new ();
    assert_int_equal (keel_ppworker_reply (worker, request_of (worker, "three"), &empty), 0);
    expect_words (&queue, "- -");
    assert_int_equal (keel_ppworker_counter (worker, "answers"), 2);
    assert_int_equal (keel_ppworker_counter (worker, "failures"), 1);
    assert_int_equal (keel_ppworker_counter (worker, "sessions"), 2);
    assert_int_equal (keel_ppworker_counter (worker, "no such"), 0);
    keel_ppworker_destroy (&worker);
    broker_close (&queue);
}

static void
destroy_sends_what_was_answered (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    start (worker, &queue);
    send_words (&queue, "c1 - one");
    assert_int_equal (reply (worker, request_of (worker, "one"), "done"), 0);
    keel_ppworker_destroy (&worker);
    expect_words (&queue, "c1 - done");
    broker_close (&queue);
}

/*  It was promised to the queue, which would hear nothing of it. */
static void
stop_leaves_the_request_that_has_come (void **state)
{
    (void) state;
    broker_t queue;
    zmsg_t *request;
    uint64_t id;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    start (worker, &queue);
    send_words (&queue, "c1 - one");
    wait_for (worker, "requests", 1);
    keel_ppworker_stop (worker);
    assert_int_equal (reply (worker, request_of (worker, "one"), "done"), 0);
    expect_words (&queue, "c1 - done");
    assert_int_equal (keel_ppworker_recv (worker, &request, &id, -1), KEEL_E_STATE);
    keel_ppworker_destroy (&worker);
    broker_close (&queue);
}

static void
queue_that_restarts_is_found (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    start (worker, &queue);
    send_words (&queue, "c1 - one");
    uint64_t id = request_of (worker, "one");
    zsock_destroy (&queue.router);
    wait_for (worker, "lost", 1);
    broker_bind (&queue);
    expect_ready (&queue);
    send_words (&queue, "c2 - two");
    uint64_t next = request_of (worker, "two");
    assert_int_equal (reply (worker, id, "late"), KEEL_E_STATE);
    assert_int_equal (keel_ppworker_fail (worker, id), KEEL_E_STATE);
    assert_int_equal (reply (worker, next, "in-time"), 0);
    expect_words (&queue, "c2 - in-time");
    assert_int_equal (keel_ppworker_counter (worker, "late"), 2);
    keel_ppworker_destroy (&worker);
    broker_close (&queue);
}

static void
silent_queue_is_left_and_tried_again (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    assert_int_equal (keel_ppworker_set_heartbeat (worker, 20), 0);
    start (worker, &queue);
    int64_t since = clock_now_ms ();
    expect_ready (&queue);
    assert_true (clock_now_ms () - since >= 60 + 500 - 20); /* READY took a moment to come here */
    assert_int_equal (keel_ppworker_counter (worker, "silent"), 1);
    keel_ppworker_destroy (&worker);
    broker_close (&queue);
}

static void
heartbeats_go_on_while_the_handler_works (void **state)
{
    (void) state;
    broker_t queue;
    atomic_bool flag = false;
    broker_open (&queue);
    runner_t runner = {.paranoid = new_worker (&queue), .handler = wait_for_flag, .arg = &flag};
    assert_int_equal (keel_ppworker_set_heartbeat (runner.paranoid, 20), 0);
    assert_int_equal (keel_ppworker_set_liveness (runner.paranoid, 1000), 0);
    runner_start (&runner);
    expect_ready (&queue);
    send_words (&queue, "c1 - long");
    for (int n = 0; n < 10; n++) {
        zmsg_t *beat = broker_read (&queue);
        assert_true (is_byte (beat, 1, 2));
        zmsg_destroy (&beat);
        send_heartbeat (&queue);
        if (n == 5)
            runner_stop (&runner); /* what runs is finished */
    }
    atomic_store (&flag, true);
    expect_words (&queue, "c1 - long");
    runner_end (&runner);
    broker_close (&queue);
}

static void
failed_handler_gives_back (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    runner_t runner = {.paranoid = new_worker (&queue), .handler = give_up};
    runner_start (&runner);
    expect_ready (&queue);
    for (int n = 0; n < 10; n++) {
        send_words (&queue, "c1 - poison");
        expect_ready (&queue);
    }
    runner_end (&runner);
    broker_close (&queue);
}

/*  What was promised is one request: the first is answered, and READY gives back the others. */
static void
excess_is_given_back (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    start (worker, &queue);
    send_words (&queue, "c1 - one");
    send_words (&queue, "c2 - two");
    send_words (&queue, "c3 - three");
    wait_for (worker, "returned", 1); /* the third; the second is the excess */
    assert_int_equal (reply (worker, request_of (worker, "one"), "1"), 0);
    expect_words (&queue, "c1 - 1");
    expect_ready (&queue);
    send_words (&queue, "c2 - two");
    assert_int_equal (reply (worker, request_of (worker, "two"), "2"), 0);
    expect_words (&queue, "c2 - 2");
    keel_ppworker_destroy (&worker);
    broker_close (&queue);
}

static void
hostile_queue_does_no_harm (void **state)
{
    (void) state;
    broker_t queue;
    atomic_int lines = 0;
    broker_open (&queue);
    keel_ppworker_t *worker = new_worker (&queue);
    keel_ppworker_set_log (worker, count_line, &lines);
    start (worker, &queue);
    for (int n = 0; n < 1000; n++) {
        zmsg_t *message = zmsg_new ();
        for (int frame = 0; frame <= n % 12; frame++)
            zmsg_addmem (message, "\1\2\3\4\5\6\7\0\1\2", (size_t) (1 + (n * 7 + frame * 3) % 9));
        if (zmsg_size (message) == 1)
            zframe_reset (zmsg_first (message), "\1\2", 2);
        broker_send (&queue, &message);
    }
    send_words (&queue, "c1 - after");
    assert_int_equal (reply (worker, request_of (worker, "after"), "fine"), 0);
    expect_words (&queue, "c1 - fine");
    assert_int_equal (keel_ppworker_counter (worker, "malformed"), 1000);
    assert_in_range (atomic_load (&lines), 2, 20);
    keel_ppworker_destroy (&worker);
    broker_close (&queue);
}

/* ------------------------------------------------------------------ Simple */

static void
simple_is_ready_by_its_answers (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    runner_t runner = {.simple = keel_spworker_new (queue.endpoint), .handler = echo};
    runner_start (&runner);
    expect_simple_ready (&queue);
    for (int n = 0; n < 10; n++) {
        send_words (&queue, "- c1 hop - one -");
        expect_words (&queue, "- c1 hop - one -");
    }
    assert_int_equal (keel_spworker_counter (runner.simple, "sessions"), 1);
    runner_end (&runner);
    broker_close (&queue);
}

static void
simple_failure_comes_back_over_a_fresh_connection (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    runner_t runner = {.simple = keel_spworker_new (queue.endpoint), .handler = give_up};
    runner_start (&runner);
    expect_simple_ready (&queue);
    for (int n = 0; n < 3; n++) {
        zframe_t *before = zframe_dup (queue.peer);
        send_words (&queue, "- c1 - poison");
        expect_simple_ready (&queue);
        assert_false (zframe_eq (before, queue.peer));
        zframe_destroy (&before);
    }
    assert_int_equal (keel_spworker_counter (runner.simple, "failures"), 3);
    runner_end (&runner);
    broker_close (&queue);
}

static void
simple_finds_a_queue_that_restarts (void **state)
{
    (void) state;
    broker_t queue;
    broker_open (&queue);
    runner_t runner = {.simple = keel_spworker_new (queue.endpoint), .handler = echo};
    runner_start (&runner);
    expect_simple_ready (&queue);
    zsock_destroy (&queue.router);
    broker_bind (&queue);
    expect_simple_ready (&queue);
    send_words (&queue, "- c1 - one");
    expect_words (&queue, "- c1 - one");
    runner_end (&runner);
    broker_close (&queue);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (arguments_are_checked),
        cmocka_unit_test (own_loop_with_failure),
        cmocka_unit_test (destroy_sends_what_was_answered),
        cmocka_unit_test (stop_leaves_the_request_that_has_come),
        cmocka_unit_test (queue_that_restarts_is_found),
        cmocka_unit_test (silent_queue_is_left_and_tried_again),
        cmocka_unit_test (heartbeats_go_on_while_the_handler_works),
        cmocka_unit_test (failed_handler_gives_back),
        cmocka_unit_test (excess_is_given_back),
        cmocka_unit_test (hostile_queue_does_no_harm),
        cmocka_unit_test (simple_is_ready_by_its_answers),
        cmocka_unit_test (simple_failure_comes_back_over_a_fresh_connection),
        cmocka_unit_test (simple_finds_a_queue_that_restarts),
    };
    return cmocka_run_group_tests (tests, leave_signals, NULL);
}
