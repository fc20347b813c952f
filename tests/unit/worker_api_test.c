/*  keel_worker_* against a broker of raw frames in this process. */
#include "bare_broker.h"

#include "clock.h"

#include <keel/worker.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* ------------------------------------------------------------------ the broker */

static bool
is_command (zmsg_t *message, char number)
{
    zframe_t *frame = zmsg_first (message);
    assert_true (zframe_streq (frame, "MDPW02"));
    frame = zmsg_next (message);
    return zframe_size (frame) == 1 && zframe_data (frame)[0] == number;
}

/*  The next command that is no heartbeat; it must be that one. Returns what follows its number. */
static zmsg_t *
broker_expect (broker_t *self, char number)
{
    zmsg_t *message = broker_read (self);
    while (is_command (message, 5)) {
        self->beats++;
        zmsg_destroy (&message);
        message = broker_read (self);
    }
    assert_true (is_command (message, number));
    for (int n = 0; n < 2; n++) {
        zframe_t *frame = zmsg_pop (message);
        zframe_destroy (&frame);
    }
    return message;
}

static void
expect_only (broker_t *self, char number)
{
    zmsg_t *rest = broker_expect (self, number);
    zmsg_destroy (&rest);
}

#define expect_ready(self)      expect_only (self, 1)
#define expect_disconnect(self) expect_only (self, 6)

/*  number: 3 PARTIAL, 4 FINAL. */
static void
expect_answer (broker_t *self, char number, const char *token, const char *body)
{
    zmsg_t *rest = broker_expect (self, number);
    assert_int_equal (zmsg_size (rest), 3);
    assert_true (zframe_streq (zmsg_first (rest), token));
    assert_int_equal (zframe_size (zmsg_next (rest)), 0);
    assert_true (zframe_streq (zmsg_next (rest), body));
    zmsg_destroy (&rest);
}

static void
broker_command (broker_t *self, char number, const char *token, const char *body)
{
    zmsg_t *message = zmsg_new ();
    zmsg_addstr (message, "MDPW02");
    zmsg_addmem (message, &number, 1);
    if (token) {
        zmsg_addstr (message, token);
        zmsg_addstr (message, "");
        zmsg_addstr (message, body);
    }
    broker_send (self, &message);
}

#define send_request(self, token, body) broker_command (self, 2, token, body)
#define send_disconnect(self)           broker_command (self, 6, NULL, NULL)

/* ------------------------------------------------------------------ helpers */

static keel_worker_t *
new_worker (const broker_t *broker)
{
    keel_worker_t *worker = keel_worker_new (broker->endpoint, "echo");
    assert_non_null (worker);
    return worker;
}

/*  Starts it: nothing is there yet. */
static void
start (keel_worker_t *worker, broker_t *broker)
{
    zmsg_t *request;
    uint64_t id;
    assert_int_equal (keel_worker_recv (worker, &request, &id, 0), KEEL_E_TIMEOUT);
    assert_null (request);
    expect_ready (broker);
}

static uint64_t
take (keel_worker_t *worker, const char *body)
{
    zmsg_t *request;
    uint64_t id;
    assert_int_equal (keel_worker_recv (worker, &request, &id, PATIENCE_MS), 0);
    assert_true (zframe_streq (zmsg_first (request), body));
    zmsg_destroy (&request);
    return id;
}

static zmsg_t *
text (const char *words)
{
    zmsg_t *body = zmsg_new ();
    zmsg_addstr (body, words);
    return body;
}

static int
reply (keel_worker_t *worker, uint64_t id, const char *words)
{
    zmsg_t *body = text (words);
    int rc = keel_worker_reply (worker, id, &body);
    assert_null (body);
    return rc;
}

typedef struct {
    keel_worker_t *worker;
    keel_worker_handler_fn *handler;
    void *arg;
    int rc;
    pthread_t thread;
} runner_t;

static void *
run_worker (void *arg)
{
    runner_t *self = arg;
    self->rc = keel_worker_run (self->worker, self->handler, self->arg);
    return NULL;
}

static void
runner_start (runner_t *self)
{
    assert_int_equal (pthread_create (&self->thread, NULL, run_worker, self), 0);
}

static void
runner_end (runner_t *self)
{
    pthread_join (self->thread, NULL);
    assert_int_equal (self->rc, 0);
    keel_worker_destroy (&self->worker);
}

/* ------------------------------------------------------------------ tests */

static void
arguments_are_checked (void **state)
{
    (void) state;
    static const char *const bad[][2] = {{"", "echo"},
                                         {"tcp://127.0.0.1", "echo"},
                                         {"tcp://127.0.0.1:1,", "echo"},
                                         {"tcp://127.0.0.1:1", ""},
                                         {"tcp://127.0.0.1:1", "two words"},
                                         {"tcp://127.0.0.1:1", "mmi.service"},
                                         {"inproc://nowhere", "echo"},
                                         {NULL, "echo"},
                                         {"tcp://127.0.0.1:1", NULL}};
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        errno = 0;
        assert_null (keel_worker_new (bad[n][0], bad[n][1]));
        assert_int_equal (errno, EINVAL);
    }
    keel_worker_t *worker = NULL;
    keel_worker_destroy (&worker);
    worker = keel_worker_new ("tcp://127.0.0.1:1,ipc:///nowhere", "echo");
    assert_non_null (worker);
    assert_int_equal (keel_worker_set_heartbeat (worker, 0), KEEL_E_INVALID);
    assert_int_equal (keel_worker_set_liveness (worker, -1), KEEL_E_INVALID);
    assert_int_equal (keel_worker_set_concurrency (worker, 65536), KEEL_E_INVALID);
    assert_int_equal (keel_worker_set_version (worker, 3), KEEL_E_INVALID);
    assert_int_equal (keel_worker_set_concurrency (worker, 65535), 0);
    assert_int_equal (keel_worker_run (worker, echo, NULL), KEEL_E_INVALID);
    assert_int_equal (reply (worker, 1, "to nothing"), KEEL_E_STATE);
    keel_worker_stop (worker);
    assert_int_equal (keel_worker_counter (worker, "requests"), 0);
    keel_worker_destroy (&worker);
    assert_null (worker);
}

static void
own_loop_with_parts_and_failure (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    keel_worker_t *worker = new_worker (&broker);
    start (worker, &broker);
    assert_int_equal (keel_worker_set_version (worker, 1), KEEL_E_STATE);
    send_request (&broker, "t1", "one");
    uint64_t id = take (worker, "one");
    zmsg_t *part = text ("part");
    assert_int_equal (keel_worker_partial (worker, id, &part), 0);
    assert_null (part);
    zmsg_t *empty = zmsg_new ();
    assert_int_equal (keel_worker_partial (worker, id, &empty), 0);
    assert_int_equal (reply (worker, id, "end"), 0);
    expect_answer (&broker, 3, "t1", "part");
    expect_answer (&broker, 3, "t1", "");
    expect_answer (&broker, 4, "t1", "end");
    send_request (&broker, "t2", "two");
    assert_int_equal (keel_worker_fail (worker, take (worker, "two")), 0);
    expect_disconnect (&broker);
    expect_ready (&broker);
    assert_int_equal (keel_worker_counter (worker, "answers"), 1);
    assert_int_equal (keel_worker_counter (worker, "failures"), 1);
    assert_int_equal (keel_worker_counter (worker, "sessions"), 2);
    assert_int_equal (keel_worker_counter (worker, "no such"), 0);
    keel_worker_destroy (&worker);
    expect_disconnect (&broker);
    broker_close (&broker);
}

static void
destroy_sends_answers_and_disconnect (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    keel_worker_t *worker = new_worker (&broker);
    start (worker, &broker);
    send_request (&broker, "t1", "one");
    assert_int_equal (reply (worker, take (worker, "one"), "done"), 0);
    send_request (&broker, "t2", "never taken");
    keel_worker_destroy (&worker);
    expect_answer (&broker, 4, "t1", "done");
    expect_disconnect (&broker);
    broker_close (&broker);
}

static void
broker_that_restarts_is_found (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    keel_worker_t *worker = new_worker (&broker);
    start (worker, &broker);
    send_request (&broker, "t1", "one");
    uint64_t id = take (worker, "one");
    zsock_destroy (&broker.router);
    for (int64_t end = clock_now_ms () + PATIENCE_MS; keel_worker_counter (worker, "lost") == 0;)
        assert_true (clock_now_ms () < end);
    broker_bind (&broker);
    expect_ready (&broker);
    send_request (&broker, "t2", "two");
    uint64_t next = take (worker, "two");
    assert_int_equal (reply (worker, id, "late"), KEEL_E_STATE);
    assert_int_equal (keel_worker_fail (worker, id), KEEL_E_STATE);
    assert_int_equal (reply (worker, next, "in time"), 0);
    expect_answer (&broker, 4, "t2", "in time");
    assert_int_equal (keel_worker_counter (worker, "late"), 2);
    keel_worker_destroy (&worker);
    broker_close (&broker);
}

static void
disconnect_makes_requests_void (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    keel_worker_t *worker = new_worker (&broker);
    assert_int_equal (keel_worker_set_concurrency (worker, 3), 0);
    start (worker, &broker);
    send_request (&broker, "t1", "begun");
    uint64_t id = take (worker, "begun");
    send_request (&broker, "t2", "waits");
    send_disconnect (&broker);
    expect_ready (&broker);
    send_request (&broker, "t3", "new");
    uint64_t next = take (worker, "new"); /* and not the one that waited */
    assert_int_equal (reply (worker, id, "late"), KEEL_E_STATE);
    assert_int_equal (reply (worker, next, "new"), 0);
    expect_answer (&broker, 4, "t3", "new");
    assert_int_equal (keel_worker_counter (worker, "refused"), 1);
    assert_int_equal (keel_worker_counter (worker, "returned"), 1);
    keel_worker_destroy (&worker);
    broker_close (&broker);
}

static void
dead_broker_of_a_list_is_passed_over (void **state)
{
    (void) state;
    broker_t broker;
    char list[256];
    broker_open (&broker);
    snprintf (list, sizeof (list), "ipc://%s/nobody,%s", broker.folder, broker.endpoint);
    keel_worker_t *worker = keel_worker_new (list, "echo");
    assert_non_null (worker);
    assert_int_equal (keel_worker_set_heartbeat (worker, 60000), 0); /* it is not silence that is noticed */
    start (worker, &broker);
    keel_worker_destroy (&worker);
    broker_close (&broker);
}

static void
bodies_large_and_many_pass (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    runner_t runner = {.worker = new_worker (&broker), .handler = echo};
    runner_start (&runner);
    expect_ready (&broker);
    uint8_t *big = calloc (1, 1 << 20);
    assert_non_null (big);
    zmsg_t *request = zmsg_new ();
    zmsg_addstr (request, "MDPW02");
    zmsg_addmem (request, "\2", 1);
    zmsg_addstr (request, "token");
    zmsg_addstr (request, "");
    for (int n = 0; n < 100; n++)
        zmsg_addmem (request, big, n == 50 ? 1 << 20 : 10);
    free (big);
    broker_send (&broker, &request);
    zmsg_t *answer = broker_expect (&broker, 4);
    assert_int_equal (zmsg_size (answer), 102);
    assert_int_equal (zmsg_content_size (answer), 5 + 99 * 10 + (1 << 20));
    zmsg_destroy (&answer);
    keel_worker_stop (runner.worker);
    expect_disconnect (&broker);
    runner_end (&runner);
    broker_close (&broker);
}

typedef struct {
    pthread_barrier_t all_there;
} meeting_t;

static zmsg_t *
meet (zmsg_t *request, void *arg)
{
    meeting_t *meeting = arg;
    pthread_barrier_wait (&meeting->all_there);
    return request;
}

static void
concurrency_is_credit_and_threads (void **state)
{
    (void) state;
    broker_t broker;
    meeting_t meeting;
    pthread_barrier_init (&meeting.all_there, NULL, 3);
    broker_open (&broker);
    runner_t runner = {.worker = new_worker (&broker), .handler = meet, .arg = &meeting};
    assert_int_equal (keel_worker_set_concurrency (runner.worker, 3), 0);
    runner_start (&runner);
    zmsg_t *ready = broker_expect (&broker, 1);
    assert_true (zframe_streq (zmsg_first (ready), "echo"));
    assert_true (zframe_streq (zmsg_next (ready), "3"));
    zmsg_destroy (&ready);
    for (int round = 0; round < 20; round++) {
        send_request (&broker, "t1", "a");
        send_request (&broker, "t2", "b");
        send_request (&broker, "t3", "c");
        for (int n = 0; n < 3; n++)
            expect_only (&broker, 4);
    }
    keel_worker_stop (runner.worker);
    expect_disconnect (&broker);
    runner_end (&runner);
    pthread_barrier_destroy (&meeting.all_there);
    broker_close (&broker);
}

static void
heartbeats_go_on_while_the_handler_works (void **state)
{
    (void) state;
    broker_t broker;
    atomic_bool flag = false;
    broker_open (&broker);
    runner_t runner = {.worker = new_worker (&broker), .handler = wait_for_flag, .arg = &flag};
    assert_int_equal (keel_worker_set_heartbeat (runner.worker, 20), 0);
    assert_int_equal (keel_worker_set_liveness (runner.worker, 1000), 0);
    runner_start (&runner);
    expect_ready (&broker);
    send_request (&broker, "t1", "long");
    for (int n = 0; n < 5; n++) {
        zmsg_t *beat = broker_read (&broker);
        assert_true (is_command (beat, 5));
        zmsg_destroy (&beat);
    }
    keel_worker_stop (runner.worker); /* it drains: what runs is finished */
    zmsg_t *beat = broker_read (&broker);
    assert_true (is_command (beat, 5));
    zmsg_destroy (&beat);
    atomic_store (&flag, true);
    expect_answer (&broker, 4, "t1", "long");
    expect_disconnect (&broker);
    runner_end (&runner);
    broker_close (&broker);
}

static void
failed_handler_gives_back (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    runner_t runner = {.worker = new_worker (&broker), .handler = give_up};
    runner_start (&runner);
    expect_ready (&broker);
    for (int n = 0; n < 10; n++) {
        send_request (&broker, "t1", "poison");
        expect_disconnect (&broker);
        expect_ready (&broker);
    }
    keel_worker_stop (runner.worker);
    expect_disconnect (&broker);
    runner_end (&runner);
    broker_close (&broker);
}

static zmsg_t *
stop_itself (zmsg_t *request, void *arg)
{
    keel_worker_stop (*(keel_worker_t **) arg);
    return request;
}

static void
handler_may_stop_the_worker (void **state)
{
    (void) state;
    broker_t broker;
    broker_open (&broker);
    runner_t runner = {.worker = new_worker (&broker), .handler = stop_itself};
    runner.arg = &runner.worker;
    runner_start (&runner);
    expect_ready (&broker);
    send_request (&broker, "t1", "last");
    expect_answer (&broker, 4, "t1", "last");
    expect_disconnect (&broker);
    pthread_join (runner.thread, NULL);
    zmsg_t *request;
    uint64_t id;
    assert_int_equal (keel_worker_recv (runner.worker, &request, &id, -1), KEEL_E_STATE);
    assert_int_equal (keel_worker_run (runner.worker, echo, NULL), KEEL_E_STATE);
    keel_worker_destroy (&runner.worker);
    broker_close (&broker);
}

static void
of_the_application (int number)
{
    (void) number;
}

typedef struct {
    pthread_t idler;
    atomic_bool over;
    struct sigaction during[2];
} termination_t;

/*  Takes the signal. It is not left to the kernel to choose a thread: under ThreadSanitizer one that waits in
 *  pthread_cond_wait would see it only afterwards. */
static void *
idle (void *arg)
{
    termination_t *self = arg;
    while (!atomic_load (&self->over))
        usleep (1000);
    return NULL;
}

static zmsg_t *
terminate (zmsg_t *request, void *arg)
{
    termination_t *self = arg;
    sigaction (SIGTERM, NULL, &self->during[0]);
    pthread_kill (self->idler, SIGTERM);
    sigaction (SIGTERM, NULL, &self->during[1]);
    while (self->during[1].sa_handler != of_the_application) { /* the first signal puts it back */
        usleep (1000);
        sigaction (SIGTERM, NULL, &self->during[1]);
    }
    return request;
}

static void
signal_drains_and_handlers_are_put_back (void **state)
{
    (void) state;
    broker_t broker;
    termination_t termination = {.over = false};
    struct sigaction after;
    struct sigaction mine = {.sa_handler = of_the_application};
    sigaction (SIGTERM, &mine, NULL);
    signal (SIGINT, SIG_IGN);
    broker_open (&broker);
    assert_int_equal (pthread_create (&termination.idler, NULL, idle, &termination), 0);
    runner_t runner = {.worker = new_worker (&broker), .handler = terminate, .arg = &termination};
    runner_start (&runner);
    expect_ready (&broker);
    sigaction (SIGINT, NULL, &after);
    assert_ptr_equal (after.sa_handler, SIG_IGN);
    send_request (&broker, "t1", "last");
    expect_answer (&broker, 4, "t1", "last");
    expect_disconnect (&broker);
    runner_end (&runner);
    assert_ptr_not_equal (termination.during[0].sa_handler, of_the_application);
    sigaction (SIGTERM, NULL, &after);
    assert_ptr_equal (after.sa_handler, of_the_application);
    signal (SIGTERM, SIG_DFL);
    signal (SIGINT, SIG_DFL);
    atomic_store (&termination.over, true);
    pthread_join (termination.idler, NULL);
    broker_close (&broker);
}

static void
hostile_broker_does_no_harm (void **state)
{
    (void) state;
    broker_t broker;
    atomic_int lines = 0;
    broker_open (&broker);
    keel_worker_t *worker = new_worker (&broker);
    keel_worker_set_log (worker, count_line, &lines);
    start (worker, &broker);
    for (int n = 0; n < 1000; n++) {
        zmsg_t *message = zmsg_new ();
        for (int frame = 0; frame <= n % 5; frame++)
            zmsg_addmem (message, "MDPW02\2\0\0\0\0", (size_t) (n * 7 + frame * 3) % 10);
        broker_send (&broker, &message);
    }
    send_request (&broker, "t1", "after");
    assert_int_equal (reply (worker, take (worker, "after"), "fine"), 0);
    expect_answer (&broker, 4, "t1", "fine");
    assert_int_equal (keel_worker_counter (worker, "malformed"), 1000);
    assert_in_range (atomic_load (&lines), 2, 20);
    keel_worker_destroy (&worker);
    broker_close (&broker);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (arguments_are_checked),
        cmocka_unit_test (own_loop_with_parts_and_failure),
        cmocka_unit_test (destroy_sends_answers_and_disconnect),
        cmocka_unit_test (broker_that_restarts_is_found),
        cmocka_unit_test (disconnect_makes_requests_void),
        cmocka_unit_test (dead_broker_of_a_list_is_passed_over),
        cmocka_unit_test (bodies_large_and_many_pass),
        cmocka_unit_test (concurrency_is_credit_and_threads),
        cmocka_unit_test (heartbeats_go_on_while_the_handler_works),
        cmocka_unit_test (failed_handler_gives_back),
        cmocka_unit_test (handler_may_stop_the_worker),
        cmocka_unit_test (signal_drains_and_handlers_are_put_back),
        cmocka_unit_test (hostile_broker_does_no_harm),
    };
    return cmocka_run_group_tests (tests, leave_signals, NULL);
}
