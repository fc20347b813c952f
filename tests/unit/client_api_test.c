/*  The client class against a broker that is a bare ROUTER, played by the test itself; by a thread where a call blocks. */
#include "bare_router.h"

#include <keel/client.h>

#include <poll.h>
#include <pthread.h>

typedef struct {
    zsock_t *router;
    keel_client_t *client;
    char *endpoint;
} scene_t;

static int
setup (void **state)
{
    scene_t *scene = calloc (1, sizeof (scene_t));
    zsys_handler_set (NULL);
    scene->router = router_bind (&scene->endpoint);
    scene->client = keel_client_new (scene->endpoint);
    *state = scene;
    return scene->client ? 0 : -1;
}

static int
teardown (void **state)
{
    scene_t *scene = *state;
    keel_client_destroy (&scene->client);
    zsock_destroy (&scene->router);
    free (scene->endpoint);
    free (scene);
    return 0;
}

static uint64_t
send_text (keel_client_t *client, const char *text)
{
    uint64_t id = 0;
    zmsg_t *request = message_of_text (text);
    assert_int_equal (keel_client_send (client, "echo", &request, &id), 0);
    assert_null (request);
    return id;
}

/*  To [routing id][options][""][MDPC02][01][service][body...] its envelope back, and an answer. command: "\2" partial,
 *  "\3" final. */
static void
answer (zsock_t *router, zmsg_t **request, const char *command, const char *service, const char *first,
        const char *second)
{
    zmsg_t *reply = zmsg_new ();
    zframe_t *frame = zmsg_first (*request);
    for (int n = 0; n < 3; n++, frame = zmsg_next (*request)) {
        zframe_t *copy = zframe_dup (frame);
        zmsg_append (reply, &copy);
    }
    zmsg_addstr (reply, "MDPC02");
    zmsg_addstr (reply, command);
    zmsg_addstr (reply, service);
    zmsg_addstr (reply, first);
    if (second)
        zmsg_addstr (reply, second);
    assert_int_equal (zmsg_send (&reply, router), 0);
}

/*  Does a client of several brokers ask whether this one answers? */
static bool
is_probe (zmsg_t *request)
{
    zmsg_first (request);
    for (int n = 0; n < 4; n++)
        zmsg_next (request);
    zframe_t *service = zmsg_next (request);
    return service && zframe_streq (service, "mmi.service");
}

/*  What the broker got, but for probes, which are answered: [routing id][options][""][MDPC02][01][service][body...] */
static zmsg_t *
take_request (zsock_t *router)
{
    zmsg_t *request = router_take (router);
    if (!is_probe (request))
        return request;
    answer (router, &request, "\3", "mmi.service", "200", NULL);
    zmsg_destroy (&request);
    return take_request (router);
}

static void
answer_final (zsock_t *router, const char *text)
{
    zmsg_t *request = take_request (router);
    answer (router, &request, "\3", "echo", text, NULL);
    zmsg_destroy (&request);
}

static void
assert_result (keel_client_t *client, uint64_t id, bool final, const char *text)
{
    keel_client_result_t result;
    zmsg_t *reply;
    assert_int_equal (keel_client_recv (client, &result, &reply, SOON_MS), 0);
    assert_true (result.id == id && result.final == final);
    assert_int_equal (result.code, 0);
    assert_true (zframe_streq (zmsg_first (reply), text));
    zmsg_destroy (&reply);
}

static int
recv_code (keel_client_t *client, int timeout_ms)
{
    keel_client_result_t result;
    zmsg_t *reply;
    int rc = keel_client_recv (client, &result, &reply, timeout_ms);
    assert_true (rc != 0 || result.code != 0);
    assert_null (reply);
    return rc ? rc : result.code;
}

static bool
readable (keel_client_t *client, int timeout_ms)
{
    struct pollfd item = {.fd = keel_client_fd (client), .events = POLLIN};
    return poll (&item, 1, timeout_ms) == 1;
}

/* ------------------------------------------------------------------ one thread */

static void
bad_arguments_are_told (void **state)
{
    scene_t *scene = *state;
    static const char *const lists[] = {NULL,         "",                 "tcp://",   "nonsense", "tcp://127.0.0.1:1,",
                                        "inproc://x", "tcp://127.0.0.1:*"};
    for (size_t n = 0; n < COUNT_OF (lists); n++) {
        errno = 0;
        assert_null (keel_client_new (lists[n]));
        assert_int_equal (errno, EINVAL);
    }
    static const char *const services[] = {"", "with space", "n\n"};
    for (size_t n = 0; n < COUNT_OF (services); n++) {
        zmsg_t *request = message_of_text ("x"), *reply;
        assert_int_equal (keel_client_request (scene->client, services[n], &request, &reply), KEEL_E_INVALID);
        assert_true (!request && !reply);
    }
    zmsg_t *empty = zmsg_new (), *none = NULL;
    assert_int_equal (keel_client_send (scene->client, "echo", &empty, NULL), KEEL_E_INVALID);
    assert_null (empty);
    assert_int_equal (keel_client_send (scene->client, "echo", &none, NULL), KEEL_E_INVALID);
    assert_int_equal (keel_client_set_timeout (scene->client, 0), KEEL_E_INVALID);
    assert_int_equal (keel_client_set_retries (scene->client, -1), KEEL_E_INVALID);
    assert_int_equal (keel_client_set_version (scene->client, 3), KEEL_E_INVALID);
    assert_int_equal (keel_client_set_outstanding (scene->client, 0), KEEL_E_INVALID);
    assert_int_equal (recv_code (scene->client, 0), KEEL_E_STATE);
    assert_int_equal (recv_code (scene->client, -1), KEEL_E_STATE);
    keel_client_t *nothing = NULL;
    keel_client_destroy (&nothing);
}

static void
many_are_in_flight (void **state)
{
    scene_t *scene = *state;
    zmsg_t *requests[5];
    uint64_t ids[5];
    for (int n = 0; n < 5; n++)
        ids[n] = send_text (scene->client, "x");
    for (int n = 0; n < 5; n++)
        requests[n] = take_request (scene->router);
    assert_int_equal (recv_code (scene->client, 0), KEEL_E_TIMEOUT);
    assert_int_equal (keel_client_set_stock (scene->client, true), KEEL_E_STATE);
    for (int n = 4; n >= 0; n--) {
        char text[] = {(char) ('0' + n), 0};
        answer (scene->router, &requests[n], "\2", "echo", "part", NULL);
        answer (scene->router, &requests[n], "\3", "echo", text, NULL);
        assert_result (scene->client, ids[n], false, "part");
        assert_result (scene->client, ids[n], true, text);
        zmsg_destroy (&requests[n]);
    }
    assert_int_equal (recv_code (scene->client, SOON_MS), KEEL_E_STATE);
    const keel_client_counters_t *counters = keel_client_counters (scene->client);
    assert_true (counters->requests == 5 && counters->replies == 5 && counters->partials == 5);
}

static void
no_more_than_may_be (void **state)
{
    scene_t *scene = *state;
    zmsg_t *request = message_of_text ("y"), *reply;
    keel_client_set_outstanding (scene->client, 1);
    uint64_t id = send_text (scene->client, "x");
    assert_int_equal (keel_client_send (scene->client, "echo", &request, NULL), KEEL_E_BUSY);
    assert_null (request);
    request = message_of_text ("y");
    assert_int_equal (keel_client_request (scene->client, "echo", &request, &reply), KEEL_E_STATE);
    assert_true (!request && !reply);
    assert_int_equal (keel_client_cancel (scene->client, id), 0);
    assert_int_equal (keel_client_cancel (scene->client, id), KEEL_E_STATE);
    send_text (scene->client, "x");
}

/*  Large frames, many frames, empty frames: as they were. */
static void
bodies_come_whole (void **state)
{
    scene_t *scene = *state;
    size_t size = 3000000;
    uint8_t *bytes = malloc (size);
    zmsg_t *request = zmsg_new (), *reply, *sent;
    keel_client_result_t result;
    assert_non_null (bytes);
    memset (bytes, 0xa5, size);
    for (int n = 0; n < 500; n++)
        zmsg_addmem (request, bytes, n == 7 ? size : (size_t) n);
    sent = zmsg_dup (request);
    assert_int_equal (keel_client_send (scene->client, "echo", &request, NULL), 0);
    request = take_request (scene->router);
    zmsg_t *back = zmsg_dup (request);
    zframe_t *command = zmsg_first (back);
    for (int n = 0; n < 4; n++)
        command = zmsg_next (back);
    zframe_reset (command, "\3", 1);
    assert_int_equal (zmsg_send (&back, scene->router), 0);
    assert_int_equal (keel_client_recv (scene->client, &result, &reply, SOON_MS), 0);
    assert_true (zmsg_eq (sent, reply));
    zmsg_destroy (&request);
    zmsg_destroy (&reply);
    zmsg_destroy (&sent);
    free (bytes);
}

static void
an_ended_connection_is_left_soon (void **state)
{
    scene_t *scene = *state;
    char *other_endpoint, *both;
    zsock_t *other = router_bind (&other_endpoint);
    assert_true (asprintf (&both, "%s,%s", scene->endpoint, other_endpoint) > 0);
    keel_client_destroy (&scene->client);
    scene->client = keel_client_new (both);
    keel_client_set_timeout (scene->client, 60000);
    uint64_t id = send_text (scene->client, "x");
    zmsg_t *request = take_request (scene->router);
    zmsg_destroy (&request);
    zsock_destroy (&scene->router);
    int64_t since = zclock_mono ();
    while (!(zsock_events (other) & ZMQ_POLLIN) && zclock_mono () < since + SOON_MS)
        assert_int_equal (recv_code (scene->client, 10), KEEL_E_TIMEOUT);
    answer_final (other, "second");
    assert_result (scene->client, id, true, "second");
    assert_true (keel_client_counters (scene->client)->failovers >= 1);
    zsock_destroy (&other);
    free (other_endpoint);
    free (both);
}

static void
a_signal_interrupts_and_loses_nothing (void **state)
{
    scene_t *scene = *state;
    uint64_t id = send_text (scene->client, "x");
    ring_every_20_ms (true);
    assert_int_equal (recv_code (scene->client, -1), KEEL_E_INTERRUPTED);
    ring_every_20_ms (false);
    answer_final (scene->router, "y");
    assert_result (scene->client, id, true, "y");
    zmsg_t *request = message_of_text ("z"), *reply;
    ring_every_20_ms (true);
    assert_int_equal (keel_client_request (scene->client, "echo", &request, &reply), KEEL_E_INTERRUPTED);
    ring_every_20_ms (false);
    assert_true (!request && !reply);
    answer_final (scene->router, "late");
    id = send_text (scene->client, "w");
    answer_final (scene->router, "right");
    assert_result (scene->client, id, true, "right");
    assert_true (rung () > 0);
}

/* ------------------------------------------------------------------ the descriptor */

/*  Calls recv as the documentation says; the code that ended it. */
static int
drain (keel_client_t *client)
{
    keel_client_result_t result;
    zmsg_t *reply;
    int rc;
    while ((rc = keel_client_recv (client, &result, &reply, 0)) == 0)
        zmsg_destroy (&reply);
    return rc;
}

static void
the_descriptor_tells_of_answers (void **state)
{
    scene_t *scene = *state;
    int fd = keel_client_fd (scene->client);
    assert_int_equal (drain (scene->client), KEEL_E_STATE);
    assert_false (readable (scene->client, 0));
    for (int round = 0; round < 20; round++) {
        uint64_t ids[3];
        for (int n = 0; n < 3; n++)
            ids[n] = send_text (scene->client, "x");
        for (int n = 0; n < 3; n++)
            answer_final (scene->router, "y");
        for (int n = 0; n < 3; n++) {
            keel_client_result_t result;
            zmsg_t *reply;
            int rc;
            do {
                assert_true (readable (scene->client, SOON_MS)); /* it may tell of nothing, never of too little */
                rc = keel_client_recv (scene->client, &result, &reply, 0);
            } while (rc == KEEL_E_TIMEOUT);
            assert_int_equal (rc, 0);
            assert_true (result.id == ids[n]);
            zmsg_destroy (&reply);
        }
        assert_int_equal (drain (scene->client), KEEL_E_STATE);
        assert_false (readable (scene->client, 0));
    }
    assert_int_equal (keel_client_fd (scene->client), fd);
}

/*  A caller who only ever calls recv when the descriptor tells it to sees retries go out, and the failure. */
static void
the_descriptor_tells_of_retries (void **state)
{
    scene_t *scene = *state;
    keel_client_set_timeout (scene->client, 100);
    keel_client_set_retries (scene->client, 2);
    send_text (scene->client, "x");
    int rc = KEEL_E_TIMEOUT, turns = 0;
    for (; rc == KEEL_E_TIMEOUT; turns++) {
        assert_true (readable (scene->client, SOON_MS));
        rc = recv_code (scene->client, 0);
    }
    assert_int_equal (rc, KEEL_E_NO_BROKER);
    assert_true (turns < 50); /* it sleeps in between */
    assert_true (keel_client_counters (scene->client)->retries == 2);
}

static void
the_descriptor_tells_of_a_lost_connection (void **state)
{
    scene_t *scene = *state;
    keel_client_set_timeout (scene->client, 60000);
    send_text (scene->client, "x");
    zmsg_t *request = take_request (scene->router);
    zmsg_destroy (&request);
    while (!readable (scene->client, 0) || drain (scene->client) != KEEL_E_TIMEOUT)
        continue;
    zsock_destroy (&scene->router);
    int64_t end = zclock_mono () + SOON_MS;
    while (keel_client_counters (scene->client)->retries == 0 && zclock_mono () < end)
        if (readable (scene->client, SOON_MS))
            drain (scene->client);
    assert_true (keel_client_counters (scene->client)->retries == 1);
}

/* ------------------------------------------------------------------ a broker of its own thread */

typedef struct {
    scene_t *scene;
    const char *script; /* a letter a request: e echo, p partial and final, n notice, - no answer */
    bool stock;
} player_t;

static void
play_stock (player_t *self, zmsg_t **request)
{
    assert_int_equal (zmsg_size (*request), 5); /* [routing id][""][MDPC01][service][body] */
    assert_int_equal (zmsg_send (request, self->scene->router), 0);
}

static void *
play (void *argument)
{
    player_t *self = argument;
    for (const char *at = self->script; *at; at++) {
        zmsg_t *request = take_request (self->scene->router);
        if (self->stock && *at != '-')
            play_stock (self, &request);
        else if (*at == 'n')
            answer (self->scene->router, &request, "\3", "mmi.error", "404", "no\nworker");
        else if (*at == 'p')
            answer (self->scene->router, &request, "\2", "echo", "one", "two");
        if (!self->stock && (*at == 'e' || *at == 'p'))
            answer (self->scene->router, &request, "\3", "echo", "end", NULL);
        zmsg_destroy (&request);
    }
    return NULL;
}

static pthread_t
start_player (player_t *player)
{
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, play, player), 0);
    return thread;
}

static int
request_echo (keel_client_t *client, zmsg_t **reply)
{
    zmsg_t *request = message_of_text ("x");
    int rc = keel_client_request (client, "echo", &request, reply);
    assert_null (request);
    assert_true ((rc == 0) == (*reply != NULL));
    return rc;
}

static void
a_request_waits_for_its_whole_answer (void **state)
{
    player_t player = {.scene = *state, .script = "ep"};
    pthread_t thread = start_player (&player);
    zmsg_t *reply;
    assert_int_equal (request_echo (player.scene->client, &reply), 0);
    assert_int_equal (zmsg_size (reply), 1);
    zmsg_destroy (&reply);
    assert_int_equal (request_echo (player.scene->client, &reply), 0);
    assert_int_equal (zmsg_size (reply), 3);
    assert_true (zframe_streq (zmsg_first (reply), "one"));
    assert_true (zframe_streq (zmsg_last (reply), "end"));
    zmsg_destroy (&reply);
    pthread_join (thread, NULL);
}

static void
failures_are_told_apart (void **state)
{
    player_t player = {.scene = *state, .script = "n---e"};
    keel_client_t *client = player.scene->client;
    pthread_t thread = start_player (&player);
    zmsg_t *reply;
    keel_client_set_timeout (client, SOON_MS);
    assert_int_equal (request_echo (client, &reply), KEEL_E_NO_WORKER);
    assert_string_equal (keel_client_error (client), "404 no?worker");
    keel_client_set_timeout (client, 50);
    keel_client_set_retries (client, 2);
    assert_int_equal (request_echo (client, &reply), KEEL_E_TIMEOUT);
    assert_string_equal (keel_client_error (client), keel_strerror (KEEL_E_TIMEOUT));
    keel_client_set_timeout (client, SOON_MS);
    assert_int_equal (request_echo (client, &reply), 0);
    zmsg_destroy (&reply);
    pthread_join (thread, NULL);
    zsock_destroy (&player.scene->router);
    keel_client_destroy (&player.scene->client);
    player.scene->client = client = keel_client_new (player.scene->endpoint);
    keel_client_set_timeout (client, 50);
    keel_client_set_retries (client, 1);
    assert_int_equal (request_echo (client, &reply), KEEL_E_NO_BROKER);
}

static void
a_stock_broker_is_served (void **state)
{
    player_t player = {.scene = *state, .script = "ee-e", .stock = true};
    keel_client_t *client = player.scene->client;
    pthread_t thread = start_player (&player);
    zmsg_t *reply;
    assert_int_equal (keel_client_set_stock (client, true), 0);
    assert_int_equal (keel_client_set_version (client, 1), 0);
    keel_client_set_timeout (client, 500);
    for (int n = 0; n < 3; n++) {
        assert_int_equal (request_echo (client, &reply), 0);
        assert_true (zframe_streq (zmsg_first (reply), "x"));
        zmsg_destroy (&reply);
    }
    assert_true (keel_client_counters (client)->retries == 1);
    pthread_join (thread, NULL);
}

static void
the_first_that_answers_serves (void **state)
{
    player_t player = {.scene = *state, .script = "ee"};
    char *both;
    assert_true (asprintf (&both, "ipc:///nonexistent/keel,%s", player.scene->endpoint) > 0);
    keel_client_t *client = keel_client_new (both);
    pthread_t thread = start_player (&player);
    zmsg_t *reply;
    keel_client_set_timeout (client, 500);
    for (int n = 0; n < 2; n++) {
        assert_int_equal (request_echo (client, &reply), 0);
        zmsg_destroy (&reply);
    }
    assert_true (keel_client_counters (client)->failovers >= 1);
    keel_client_destroy (&client);
    pthread_join (thread, NULL);
    free (both);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (bad_arguments_are_told),
        TEST (many_are_in_flight),
        TEST (no_more_than_may_be),
        TEST (bodies_come_whole),
        TEST (an_ended_connection_is_left_soon),
        TEST (a_signal_interrupts_and_loses_nothing),
        TEST (the_descriptor_tells_of_answers),
        TEST (the_descriptor_tells_of_retries),
        TEST (the_descriptor_tells_of_a_lost_connection),
        TEST (a_request_waits_for_its_whole_answer),
        TEST (failures_are_told_apart),
        TEST (a_stock_broker_is_served),
        TEST (the_first_that_answers_serves),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
