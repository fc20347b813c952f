/*  The Lazy Pirate class against servers that are bare ROUTERs, played by threads of the test. */
#include "bare_router.h"

#include <keel/pirate.h>

#include <pthread.h>

typedef struct {
    zsock_t *router;
    char *endpoint;
    keel_pirate_t *pirate;
    const char *script; /* a letter a request: e echo, 2 echo twice, s a stale echo before, g garbage before, - nothing,
                           x the server ends */
    pthread_t thread;
} scene_t;

static int
setup (void **state)
{
    scene_t *scene = calloc (1, sizeof (scene_t));
    zsys_handler_set (NULL);
    scene->router = router_bind (&scene->endpoint);
    scene->pirate = keel_pirate_new (scene->endpoint);
    *state = scene;
    return scene->pirate ? keel_pirate_set_timeout (scene->pirate, SOON_MS) : -1;
}

static int
teardown (void **state)
{
    scene_t *scene = *state;
    keel_pirate_destroy (&scene->pirate);
    zsock_destroy (&scene->router);
    free (scene->endpoint);
    free (scene);
    return 0;
}

static void
send_copy (zsock_t *router, const zmsg_t *message)
{
    zmsg_t *copy = zmsg_dup ((zmsg_t *) (uintptr_t) message);
    assert_int_equal (zmsg_send (&copy, router), 0);
}

/*  [routing id][options][""]: an id that is one off. */
static void
send_stale (zsock_t *router, const zmsg_t *request)
{
    zmsg_t *copy = zmsg_dup ((zmsg_t *) (uintptr_t) request);
    zmsg_first (copy);
    zframe_data (zmsg_next (copy))[19]--;
    assert_int_equal (zmsg_send (&copy, router), 0);
}

/*  No body, no delimiter, no envelope. */
static void
send_garbage (zsock_t *router, const zmsg_t *request)
{
    zframe_t *id = zmsg_first ((zmsg_t *) (uintptr_t) request);
    static const char *const garbage[][2] = {{"", NULL}, {"x", "y"}, {"", "z"}};
    for (size_t n = 0; n < COUNT_OF (garbage); n++) {
        zmsg_t *message = zmsg_new ();
        zmsg_addmem (message, zframe_data (id), zframe_size (id));
        for (size_t at = 0; at < 2 && garbage[n][at]; at++)
            zmsg_addstr (message, garbage[n][at]);
        assert_int_equal (zmsg_send (&message, router), 0);
    }
}

static void *
play (void *argument)
{
    scene_t *self = argument;
    for (const char *at = self->script; *at; at++) {
        zmsg_t *request = router_take (self->router);
        if (*at == 's')
            send_stale (self->router, request);
        if (*at == 'g')
            send_garbage (self->router, request);
        if (*at == '2')
            send_copy (self->router, request);
        if (*at == 'x')
            zsock_destroy (&self->router);
        else if (*at != '-')
            send_copy (self->router, request);
        zmsg_destroy (&request);
    }
    return NULL;
}

static void
start (scene_t *scene, const char *script)
{
    scene->script = script;
    assert_int_equal (pthread_create (&scene->thread, NULL, play, scene), 0);
}

static void
finish (scene_t *scene)
{
    assert_int_equal (pthread_join (scene->thread, NULL), 0);
}

static int
request (keel_pirate_t *pirate, const char *text)
{
    zmsg_t *message = message_of_text (text), *reply;
    int rc = keel_pirate_request (pirate, &message, &reply);
    assert_null (message);
    assert_true ((rc == 0) == (reply != NULL));
    if (reply) {
        assert_int_equal (zmsg_size (reply), 1);
        assert_true (zframe_streq (zmsg_first (reply), text));
    }
    zmsg_destroy (&reply);
    return rc;
}

/* ------------------------------------------------------------------ tests */

static void
bad_arguments_are_told (void **state)
{
    scene_t *scene = *state;
    static const char *const lists[] = {NULL, "", "tcp://", "nonsense", "tcp://127.0.0.1:1,", "inproc://x"};
    for (size_t n = 0; n < COUNT_OF (lists); n++) {
        errno = 0;
        assert_null (keel_pirate_new (lists[n]));
        assert_int_equal (errno, EINVAL);
    }
    zmsg_t *empty = zmsg_new (), *none = NULL, *reply;
    assert_int_equal (keel_pirate_request (scene->pirate, &empty, &reply), KEEL_E_INVALID);
    assert_true (!empty && !reply);
    assert_int_equal (keel_pirate_request (scene->pirate, &none, &reply), KEEL_E_INVALID);
    assert_int_equal (keel_pirate_resume (scene->pirate, &reply), KEEL_E_STATE);
    assert_int_equal (keel_pirate_set_timeout (scene->pirate, 0), KEEL_E_INVALID);
    assert_int_equal (keel_pirate_set_retries (scene->pirate, -1), KEEL_E_INVALID);
    assert_int_equal (keel_pirate_set_retries (scene->pirate, 1001), KEEL_E_INVALID);
    keel_pirate_t *nothing = NULL;
    keel_pirate_destroy (&nothing);
}

static void
requests_are_answered_one_by_one (void **state)
{
    scene_t *scene = *state;
    start (scene, "e2sge");
    static const char *const texts[] = {"one", "two", "three", "four", "five"};
    for (size_t n = 0; n < COUNT_OF (texts); n++)
        assert_int_equal (request (scene->pirate, texts[n]), 0);
    finish (scene);
    const keel_pirate_counters_t *counters = keel_pirate_counters (scene->pirate);
    assert_true (counters->requests == 5 && counters->replies == 5 && counters->retries == 0);
    assert_true (counters->late == 3); /* the second of two, the stale one, one of the garbage */
    assert_true (counters->malformed == 2);
}

static void
bodies_come_whole (void **state)
{
    scene_t *scene = *state;
    size_t size = 3000000;
    uint8_t *bytes = malloc (size);
    zmsg_t *message = zmsg_new (), *reply;
    assert_non_null (bytes);
    memset (bytes, 0xa5, size);
    for (int n = 0; n < 500; n++)
        zmsg_addmem (message, bytes, n == 7 ? size : (size_t) n);
    zmsg_t *sent = zmsg_dup (message);
    start (scene, "e");
    assert_int_equal (keel_pirate_request (scene->pirate, &message, &reply), 0);
    assert_true (zmsg_eq (sent, reply));
    finish (scene);
    zmsg_destroy (&sent);
    zmsg_destroy (&reply);
    free (bytes);
}

static void
silence_is_tried_again (void **state)
{
    scene_t *scene = *state;
    keel_pirate_set_timeout (scene->pirate, 700);
    start (scene, "--e---");
    assert_int_equal (request (scene->pirate, "x"), 0);
    keel_pirate_set_retries (scene->pirate, 2);
    assert_int_equal (request (scene->pirate, "y"), KEEL_E_TIMEOUT);
    assert_string_equal (keel_pirate_error (scene->pirate), keel_strerror (KEEL_E_TIMEOUT));
    finish (scene);
    assert_true (keel_pirate_counters (scene->pirate)->retries == 4);
    assert_true (keel_pirate_counters (scene->pirate)->failed == 1);
}

static void
nobody_there_is_told (void **state)
{
    (void) state;
    keel_pirate_t *pirate = keel_pirate_new ("ipc:///nonexistent/keel");
    keel_pirate_set_timeout (pirate, 50);
    int64_t since = zclock_mono ();
    assert_int_equal (request (pirate, "x"), KEEL_E_NO_SERVER);
    assert_true (zclock_mono () - since >= 4 * 50);
    assert_string_equal (keel_pirate_error (pirate), "no server answers");
    keel_pirate_destroy (&pirate);
}

static void
a_server_that_ends_is_noticed_at_once (void **state)
{
    scene_t *scene = *state;
    keel_pirate_set_timeout (scene->pirate, 60000);
    keel_pirate_set_retries (scene->pirate, 0);
    int64_t since = zclock_mono ();
    start (scene, "x");
    assert_int_equal (request (scene->pirate, "x"), KEEL_E_FAILED);
    assert_string_equal (keel_pirate_error (scene->pirate), "the connection ended before the answer came");
    assert_true (zclock_mono () - since < SOON_MS);
    finish (scene);
}

/*  The end of an idle link is known before the next request: it costs no try. */
static void
a_server_restarted_in_between_costs_no_try (void **state)
{
    scene_t *scene = *state;
    keel_pirate_set_retries (scene->pirate, 0);
    start (scene, "e");
    assert_int_equal (request (scene->pirate, "x"), 0);
    finish (scene);
    zsock_destroy (&scene->router);
    int64_t end = zclock_mono () + SOON_MS;
    while (keel_pirate_counters (scene->pirate)->disconnects == 0) {
        zmsg_t *reply;
        assert_int_equal (keel_pirate_resume (scene->pirate, &reply), KEEL_E_STATE);
        assert_true (zclock_mono () < end);
    }
    scene->router = zsock_new (ZMQ_ROUTER);
    zsock_set_linger (scene->router, 0);
    while (zsock_bind (scene->router, "%s", scene->endpoint) < 0)
        assert_true (zclock_mono () < end);
    start (scene, "e");
    assert_int_equal (request (scene->pirate, "y"), 0);
    finish (scene);
}

static void
the_first_that_answers_serves (void **state)
{
    scene_t *scene = *state;
    char *both;
    assert_true (asprintf (&both, "ipc:///nonexistent/keel,%s", scene->endpoint) > 0);
    keel_pirate_t *pirate = keel_pirate_new (both);
    keel_pirate_set_retries (pirate, 0);
    start (scene, "ee");
    for (int n = 0; n < 2; n++)
        assert_int_equal (request (pirate, "x"), 0);
    finish (scene);
    assert_true (keel_pirate_counters (pirate)->failovers == 1);
    keel_pirate_destroy (&pirate);
    free (both);
}

/*  [routing id][""][body]: nothing extra, and a fresh routing id each time. */
static void
a_stock_server_is_served (void **state)
{
    scene_t *scene = *state;
    keel_pirate_set_stock (scene->pirate, true);
    start (scene, "e2-e");
    for (int n = 0; n < 3; n++) {
        if (n == 2)
            keel_pirate_set_timeout (scene->pirate, 700);
        assert_int_equal (request (scene->pirate, "x"), 0);
    }
    finish (scene);
    const keel_pirate_counters_t *counters = keel_pirate_counters (scene->pirate);
    assert_true (counters->retries == 1 && counters->malformed == 0);
}

static void
a_signal_interrupts_and_loses_nothing (void **state)
{
    scene_t *scene = *state;
    zmsg_t *message = message_of_text ("x"), *reply;
    ring_every_20_ms (true);
    assert_int_equal (keel_pirate_request (scene->pirate, &message, &reply), KEEL_E_INTERRUPTED);
    assert_true (!message && !reply);
    ring_every_20_ms (false);
    start (scene, "e");
    assert_int_equal (keel_pirate_resume (scene->pirate, &reply), 0);
    assert_true (zframe_streq (zmsg_first (reply), "x"));
    zmsg_destroy (&reply);
    finish (scene);
    message = message_of_text ("given up");
    ring_every_20_ms (true);
    assert_int_equal (keel_pirate_request (scene->pirate, &message, &reply), KEEL_E_INTERRUPTED);
    ring_every_20_ms (false);
    message = router_take (scene->router);
    assert_int_equal (zmsg_send (&message, scene->router), 0);
    start (scene, "e");
    assert_int_equal (request (scene->pirate, "y"), 0);
    finish (scene);
    const keel_pirate_counters_t *counters = keel_pirate_counters (scene->pirate);
    assert_true (rung () > 0 && counters->retries == 0 && counters->cancelled == 1);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (bad_arguments_are_told),
        TEST (requests_are_answered_one_by_one),
        TEST (bodies_come_whole),
        TEST (silence_is_tried_again),
        cmocka_unit_test (nobody_there_is_told),
        TEST (a_server_that_ends_is_noticed_at_once),
        TEST (a_server_restarted_in_between_costs_no_try),
        TEST (the_first_that_answers_serves),
        TEST (a_stock_server_is_served),
        TEST (a_signal_interrupts_and_loses_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
