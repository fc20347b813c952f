/*  The classes of the Freelance pattern: client and server with each other, over real sockets, in threads of the test. */
#include "loopback.h"
#include "unit.h"

#include <keel/flserver.h>
#include <keel/freelance.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#define SOON_MS 20000 /* only a test that fails ever waits for so long */
#define SERVERS 3

/*  A server that runs, and what its handler does. */
typedef struct {
    keel_flserver_t *server;
    const char *endpoint;
    pthread_t thread;
    atomic_int handled;
    atomic_int inside;  /* handlers */
    atomic_int most;    /* at once */
    atomic_bool closed; /* handlers wait until it is open */
    atomic_bool deaf;   /* there is no answer */
    int rc;
} runner_t;

typedef struct {
    runner_t servers[SERVERS];
    int count;
    keel_freelance_t *client;
} scene_t;

static void
nap (void)
{
    struct timespec time = {.tv_nsec = 1000000};
    nanosleep (&time, NULL);
}

#define EVENTUALLY(condition)                                                                                          \
    do {                                                                                                               \
        int left = SOON_MS;                                                                                            \
        while (!(condition) && left-- > 0)                                                                             \
            nap ();                                                                                                    \
        assert_true (condition);                                                                                       \
    } while (0)

static zmsg_t *
handle (zmsg_t *request, void *arg)
{
    runner_t *self = arg;
    int inside = atomic_fetch_add (&self->inside, 1) + 1;
    int most = atomic_load (&self->most);
    while (inside > most && !atomic_compare_exchange_weak (&self->most, &most, inside))
        continue;
    atomic_fetch_add (&self->handled, 1);
    while (atomic_load (&self->closed))
        nap ();
    atomic_fetch_sub (&self->inside, 1);
    if (atomic_load (&self->deaf))
        zmsg_destroy (&request);
    return request;
}

static void *
run (void *arg)
{
    runner_t *self = arg;
    self->rc = keel_flserver_run (self->server, handle, self);
    return NULL;
}

static void
serve (runner_t *self, int concurrency)
{
    assert_non_null (self->server = keel_flserver_new ());
    assert_int_equal (keel_flserver_set_concurrency (self->server, concurrency), 0);
    assert_int_equal (keel_flserver_bind (self->server, loopback_any_port ()), 0);
    self->endpoint = keel_flserver_endpoint (self->server);
    assert_int_equal (pthread_create (&self->thread, NULL, run, self), 0);
}

static void
end_server (runner_t *self)
{
    if (!self->server)
        return;
    atomic_store (&self->closed, false);
    keel_flserver_stop (self->server);
    pthread_join (self->thread, NULL);
    assert_int_equal (self->rc, 0);
    keel_flserver_destroy (&self->server);
}

static int
setup (void **state)
{
    *state = calloc (1, sizeof (scene_t));
    zsys_handler_set (NULL);
    return *state ? 0 : -1;
}

static int
teardown (void **state)
{
    scene_t *scene = *state;
    keel_freelance_destroy (&scene->client);
    for (int n = 0; n < SERVERS; n++)
        end_server (&scene->servers[n]);
    free (scene);
    return 0;
}

/*  So many servers, and a client that knows them all alive. */
static scene_t *
begin (void **state, int servers, int concurrency)
{
    scene_t *scene = *state;
    assert_non_null (scene->client = keel_freelance_new (NULL));
    keel_freelance_set_timeout (scene->client, SOON_MS);
    keel_freelance_set_try (scene->client, SOON_MS);
    for (int n = 0; n < servers; n++) {
        serve (&scene->servers[n], concurrency);
        assert_int_equal (keel_freelance_add (scene->client, scene->servers[n].endpoint), 0);
    }
    EVENTUALLY (keel_freelance_living (scene->client) == servers);
    return scene;
}

static zmsg_t *
message (const char *text)
{
    zmsg_t *self = zmsg_new ();
    zmsg_addstr (self, text);
    return self;
}

static int
ask (keel_freelance_t *client, const char *text)
{
    zmsg_t *request = message (text), *reply;
    int rc = keel_freelance_request (client, &request, &reply);
    assert_null (request);
    assert_true ((rc == 0) == (reply != NULL));
    if (reply) {
        assert_int_equal (zmsg_size (reply), 1);
        assert_true (zframe_streq (zmsg_first (reply), text));
    }
    zmsg_destroy (&reply);
    return rc;
}

static uint64_t
send_text (keel_freelance_t *client, const char *text)
{
    zmsg_t *request = message (text);
    uint64_t id;
    assert_int_equal (keel_freelance_send (client, &request, &id), 0);
    assert_null (request);
    return id;
}

/*  The next result is the answer to that. */
static void
receive (keel_freelance_t *client, uint64_t id)
{
    keel_freelance_result_t result;
    zmsg_t *reply;
    assert_int_equal (keel_freelance_recv (client, &result, &reply, -1), 0);
    assert_int_equal (result.code, 0);
    assert_true (result.id == id);
    assert_non_null (reply);
    zmsg_destroy (&reply);
}

static int
handled (const scene_t *scene)
{
    int sum = 0;
    for (int n = 0; n < SERVERS; n++)
        sum += atomic_load (&scene->servers[n].handled);
    return sum;
}

/* ------------------------------------------------------------------ requests */

static void
a_request_is_answered (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    zmsg_t *request = message ("one"), *reply;
    zmsg_addmem (request, "", 0);
    zmsg_addstr (request, "three");
    assert_int_equal (keel_freelance_request (scene->client, &request, &reply), 0);
    assert_int_equal (zmsg_size (reply), 3);
    assert_true (zframe_streq (zmsg_first (reply), "one"));
    assert_int_equal (zframe_size (zmsg_next (reply)), 0);
    assert_true (zframe_streq (zmsg_next (reply), "three"));
    zmsg_destroy (&reply);
    for (int n = 0; n < 100; n++)
        assert_int_equal (ask (scene->client, "again"), 0);
    assert_int_equal (handled (scene), 101);
}

static void
a_large_body_passes (void **state)
{
    const size_t size = 3 << 20;
    scene_t *scene = begin (state, 1, 1);
    uint8_t *bytes = malloc (size);
    for (size_t n = 0; n < size; n++)
        bytes[n] = (uint8_t) (n * 7 >> 3);
    zmsg_t *request = zmsg_new (), *reply;
    zmsg_addmem (request, bytes, size);
    for (int n = 0; n < 50; n++)
        zmsg_addstr (request, "small");
    assert_int_equal (keel_freelance_request (scene->client, &request, &reply), 0);
    assert_int_equal (zmsg_size (reply), 51);
    assert_memory_equal (zframe_data (zmsg_first (reply)), bytes, size);
    zmsg_destroy (&reply);
    free (bytes);
}

/*  No server gets one twice. */
static void
thousands_are_in_flight (void **state)
{
    enum { COUNT = 5000 };
    scene_t *scene = begin (state, 3, 1);
    static uint8_t seen[COUNT];
    memset (seen, 0, sizeof (seen));
    uint64_t first = 0;
    for (int n = 0; n < COUNT; n++) {
        char text[16];
        snprintf (text, sizeof (text), "%d", n);
        uint64_t id = send_text (scene->client, text);
        first = n ? first : id;
    }
    for (int n = 0; n < COUNT; n++) {
        keel_freelance_result_t result;
        zmsg_t *reply;
        assert_int_equal (keel_freelance_recv (scene->client, &result, &reply, -1), 0);
        assert_int_equal (result.code, 0);
        char *text = zmsg_popstr (reply);
        assert_int_equal (atoi (text), result.id - first);
        assert_int_equal (seen[result.id - first]++, 0);
        free (text);
        zmsg_destroy (&reply);
    }
    assert_int_equal (handled (scene), COUNT);
    keel_freelance_counters_t counters = keel_freelance_counters (scene->client);
    assert_int_equal (counters.requests, COUNT);
    assert_int_equal (counters.replies, COUNT);
    assert_int_equal (counters.retries, 0);
    for (int n = 0; n < 3; n++) /* shared out */
        assert_true (atomic_load (&scene->servers[n].handled) > COUNT / 10);
}

typedef struct {
    keel_freelance_t *client;
    pthread_t thread;
    int number;
    int failed;
} asker_t;

static void *
ask_on_and_on (void *arg)
{
    asker_t *self = arg;
    for (int n = 0; n < 200; n++) {
        char text[32];
        snprintf (text, sizeof (text), "%d.%d", self->number, n);
        self->failed += ask (self->client, text) != 0;
    }
    return NULL;
}

static void
several_threads_ask_at_once (void **state)
{
    asker_t askers[8];
    scene_t *scene = begin (state, 2, 2);
    for (int n = 0; n < 8; n++) {
        askers[n] = (asker_t){.client = scene->client, .number = n};
        assert_int_equal (pthread_create (&askers[n].thread, NULL, ask_on_and_on, &askers[n]), 0);
    }
    for (int n = 0; n < 8; n++) {
        pthread_join (askers[n].thread, NULL);
        assert_int_equal (askers[n].failed, 0);
    }
    assert_int_equal (handled (scene), 1600);
}

static void
a_cancelled_request_has_no_result (void **state)
{
    keel_freelance_result_t result;
    zmsg_t *reply;
    scene_t *scene = begin (state, 1, 1);
    atomic_store (&scene->servers[0].closed, true);
    uint64_t first = send_text (scene->client, "a"), second = send_text (scene->client, "b");
    EVENTUALLY (atomic_load (&scene->servers[0].handled) == 1);
    assert_int_equal (keel_freelance_cancel (scene->client, first), 0);
    assert_int_equal (keel_freelance_cancel (scene->client, first), KEEL_E_STATE);
    atomic_store (&scene->servers[0].closed, false);
    receive (scene->client, second);
    assert_int_equal (keel_freelance_recv (scene->client, &result, &reply, -1), KEEL_E_STATE);
    uint64_t third = send_text (scene->client, "c");
    EVENTUALLY (keel_freelance_counters (scene->client).replies == 2);
    assert_int_equal (keel_freelance_cancel (scene->client, third), 0); /* its result was there already */
    assert_int_equal (keel_freelance_recv (scene->client, &result, &reply, 0), KEEL_E_STATE);
}

static void
no_more_than_may_be (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    zmsg_t *request = message ("c");
    assert_int_equal (keel_freelance_set_outstanding (scene->client, 2), 0);
    uint64_t first = send_text (scene->client, "a");
    send_text (scene->client, "b");
    assert_int_equal (keel_freelance_send (scene->client, &request, NULL), KEEL_E_BUSY);
    assert_null (request);
    receive (scene->client, first);
    send_text (scene->client, "c");
}

/* ------------------------------------------------------------------ the descriptor, and the client's own thread */

static bool
is_readable (int fd, int timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll (&wait, 1, timeout_ms) == 1;
}

static void
the_descriptor_tells_of_results (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    int fd = keel_freelance_fd (scene->client);
    assert_true (fd >= 0);
    assert_false (is_readable (fd, 0));
    for (int n = 0; n < 20; n++) {
        uint64_t first = send_text (scene->client, "a"), second = send_text (scene->client, "b");
        assert_true (is_readable (fd, SOON_MS));
        receive (scene->client, first);
        receive (scene->client, second);
        assert_false (is_readable (fd, 0));
    }
    assert_int_equal (keel_freelance_fd (scene->client), fd);
    assert_int_equal (ask (scene->client, "a request of its own raises nothing"), 0);
    assert_false (is_readable (fd, 0));
}

/*  Servers are looked after, and results come in, though nobody calls. */
static void
its_thread_works_while_nobody_calls (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    assert_int_equal (ask (scene->client, "a"), 0);
    send_text (scene->client, "b");
    EVENTUALLY (keel_freelance_counters (scene->client).replies == 2);
    assert_int_equal (keel_freelance_set_ping (scene->client, 20), 0);
    uint64_t pongs = keel_freelance_counters (scene->client).pongs;
    EVENTUALLY (keel_freelance_counters (scene->client).pongs >= pongs + 3);
    assert_int_equal (keel_freelance_counters (scene->client).deaths, 0);
}

/* ------------------------------------------------------------------ servers come and go */

static void
servers_are_added_and_removed (void **state)
{
    scene_t *scene = begin (state, 2, 1);
    const char *one = scene->servers[0].endpoint, *other = scene->servers[1].endpoint;
    assert_int_equal (keel_freelance_add (scene->client, one), KEEL_E_STATE);
    assert_int_equal (keel_freelance_remove (scene->client, one), 0);
    assert_int_equal (keel_freelance_remove (scene->client, one), KEEL_E_STATE);
    assert_int_equal (ask (scene->client, "a"), 0);
    assert_int_equal (ask (scene->client, "b"), 0);
    assert_int_equal (atomic_load (&scene->servers[1].handled), 2);
    for (int n = 0; n < 20; n++) { /* at once again: libzmq must not be told of a peer twice */
        assert_int_equal (keel_freelance_add (scene->client, one), 0);
        assert_int_equal (keel_freelance_remove (scene->client, one), 0);
    }
    assert_int_equal (keel_freelance_remove (scene->client, other), 0);
    assert_int_equal (keel_freelance_add (scene->client, one), 0);
    assert_int_equal (ask (scene->client, "c"), 0);
    assert_int_equal (atomic_load (&scene->servers[0].handled), 1);
}

static void
what_a_removed_server_holds_goes_to_others (void **state)
{
    scene_t *scene = begin (state, 2, 1);
    keel_freelance_set_policy (scene->client, KEEL_FREELANCE_ORDERED);
    atomic_store (&scene->servers[0].closed, true);
    uint64_t id = send_text (scene->client, "a");
    EVENTUALLY (atomic_load (&scene->servers[0].handled) == 1);
    assert_int_equal (keel_freelance_remove (scene->client, scene->servers[0].endpoint), 0);
    receive (scene->client, id);
    assert_int_equal (atomic_load (&scene->servers[1].handled), 1);
}

/*  One that stops has answered what it took; what it had not taken goes to others when its connection ends. */
static void
a_server_that_stops_costs_no_request (void **state)
{
    enum { COUNT = 3000 };
    scene_t *scene = begin (state, 2, 1);
    for (int n = 0; n < COUNT; n++) {
        send_text (scene->client, "a");
        if (n == COUNT / 2) {
            EVENTUALLY (atomic_load (&scene->servers[0].handled) > 0);
            end_server (&scene->servers[0]);
        }
    }
    for (int n = 0; n < COUNT; n++) {
        keel_freelance_result_t result;
        zmsg_t *reply;
        assert_int_equal (keel_freelance_recv (scene->client, &result, &reply, -1), 0);
        assert_int_equal (result.code, 0);
        zmsg_destroy (&reply);
    }
}

static void
the_next_server_is_tried (void **state)
{
    scene_t *scene = begin (state, 2, 1);
    keel_freelance_set_policy (scene->client, KEEL_FREELANCE_ORDERED);
    keel_freelance_set_try (scene->client, 100);
    atomic_store (&scene->servers[0].deaf, true);
    assert_int_equal (ask (scene->client, "a"), 0);
    assert_int_equal (atomic_load (&scene->servers[0].handled), 1);
    assert_int_equal (atomic_load (&scene->servers[1].handled), 1);
    assert_int_equal (keel_freelance_counters (scene->client).retries, 1);
    assert_int_equal (keel_flserver_counters (scene->servers[0].server).failed, 1);
}

static void
shotgun_asks_all (void **state)
{
    scene_t *scene = begin (state, 3, 1);
    assert_int_equal (keel_freelance_set_policy (scene->client, KEEL_FREELANCE_SHOTGUN), 0);
    atomic_store (&scene->servers[1].deaf, true);
    assert_int_equal (ask (scene->client, "a"), 0);
    EVENTUALLY (handled (scene) == 3);
    EVENTUALLY (keel_freelance_counters (scene->client).late == 1);
    assert_int_equal (keel_freelance_counters (scene->client).copies, 2);
}

/* ------------------------------------------------------------------ how it fails */

static void
without_a_server_it_says_so (void **state)
{
    scene_t *scene = *state;
    assert_non_null (scene->client = keel_freelance_new ("tcp://127.0.0.1:1,ipc:///nonexistent/keel"));
    assert_int_equal (keel_freelance_set_timeout (scene->client, 50), 0);
    assert_int_equal (ask (scene->client, "a"), KEEL_E_NO_SERVER);
    assert_string_equal (keel_freelance_error (scene->client), keel_strerror (KEEL_E_NO_SERVER));
    keel_freelance_destroy (&scene->client);
    assert_non_null (scene->client = keel_freelance_new (""));
    keel_freelance_set_timeout (scene->client, 50);
    assert_int_equal (ask (scene->client, "a"), KEEL_E_NO_SERVER);
}

static void
without_an_answer_it_says_so (void **state)
{
    keel_freelance_result_t result;
    zmsg_t *reply;
    scene_t *scene = begin (state, 1, 1);
    atomic_store (&scene->servers[0].deaf, true);
    assert_int_equal (keel_freelance_set_timeout (scene->client, 50), 0);
    assert_int_equal (ask (scene->client, "a"), KEEL_E_TIMEOUT);
    assert_non_null (strstr (keel_freelance_error (scene->client), "in time"));
    uint64_t id = send_text (scene->client, "b");
    assert_int_equal (keel_freelance_recv (scene->client, &result, &reply, 0), KEEL_E_TIMEOUT);
    assert_int_equal (keel_freelance_recv (scene->client, &result, &reply, -1), 0);
    assert_true (result.id == id && result.code == KEEL_E_TIMEOUT);
    assert_null (reply);
}

static void
do_nothing (int number)
{
    (void) number;
}

static void
a_signal_interrupts (void **state)
{
    struct sigaction action = {.sa_handler = do_nothing};
    keel_freelance_result_t result;
    zmsg_t *reply;
    scene_t *scene = begin (state, 1, 1);
    atomic_store (&scene->servers[0].closed, true);
    uint64_t id = send_text (scene->client, "a");
    sigaction (SIGALRM, &action, NULL);
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}, .it_interval = {.tv_usec = 20000}};
    setitimer (ITIMER_REAL, &soon, NULL);
    int rc = keel_freelance_recv (scene->client, &result, &reply, -1);
    int other = ask (scene->client, "b");
    setitimer (ITIMER_REAL, &(struct itimerval){0}, NULL);
    assert_int_equal (rc, KEEL_E_INTERRUPTED);
    assert_int_equal (other, KEEL_E_INTERRUPTED);
    atomic_store (&scene->servers[0].closed, false);
    receive (scene->client, id);
}

static void
what_is_not_valid_is_refused (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    static const char *const endpoints[] = {"nonsense", "tcp://", "tcp://127.0.0.1:1,", ",", "tcp://127.0.0.1:x"};
    for (size_t n = 0; n < COUNT_OF (endpoints); n++) {
        errno = 0;
        assert_null (keel_freelance_new (endpoints[n]));
        assert_int_equal (errno, EINVAL);
        assert_int_equal (keel_freelance_add (scene->client, endpoints[n]), KEEL_E_INVALID);
    }
    assert_int_equal (keel_freelance_set_timeout (scene->client, 0), KEEL_E_INVALID);
    assert_int_equal (keel_freelance_set_try (scene->client, -1), KEEL_E_INVALID);
    assert_int_equal (keel_freelance_set_ping (scene->client, 86400001), KEEL_E_INVALID);
    assert_int_equal (keel_freelance_set_policy (scene->client, (keel_freelance_policy_t) 3), KEEL_E_INVALID);
    assert_int_equal (keel_freelance_set_outstanding (scene->client, 0), KEEL_E_INVALID);
    zmsg_t *empty = zmsg_new (), *none = NULL;
    assert_int_equal (keel_freelance_send (scene->client, &empty, NULL), KEEL_E_INVALID);
    assert_int_equal (keel_freelance_send (scene->client, &none, NULL), KEEL_E_INVALID);
    keel_freelance_t *nobody = NULL;
    keel_freelance_destroy (&nobody);
}

static void
it_ends_with_requests_in_flight (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    atomic_store (&scene->servers[0].closed, true);
    for (int n = 0; n < 10; n++)
        send_text (scene->client, "a");
    keel_freelance_destroy (&scene->client);
}

/* ------------------------------------------------------------------ the server */

static void
pings_are_answered_while_handlers_work (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    keel_freelance_set_ping (scene->client, 50);
    atomic_store (&scene->servers[0].closed, true);
    uint64_t id = send_text (scene->client, "a");
    EVENTUALLY (atomic_load (&scene->servers[0].handled) == 1);
    uint64_t pongs = keel_freelance_counters (scene->client).pongs;
    EVENTUALLY (keel_freelance_counters (scene->client).pongs >= pongs + 5);
    assert_int_equal (keel_freelance_living (scene->client), 1);
    atomic_store (&scene->servers[0].closed, false);
    receive (scene->client, id);
}

static void
as_many_work_as_may (void **state)
{
    scene_t *scene = begin (state, 1, 4);
    runner_t *server = &scene->servers[0];
    atomic_store (&server->closed, true);
    for (int n = 0; n < 10; n++)
        send_text (scene->client, "a");
    EVENTUALLY (atomic_load (&server->inside) == 4);
    EVENTUALLY (keel_flserver_counters (server->server).requests == 10);
    assert_int_equal (atomic_load (&server->most), 4);
    atomic_store (&server->closed, false);
    EVENTUALLY (keel_freelance_counters (scene->client).replies == 10);
    assert_int_equal (atomic_load (&server->most), 4);
    assert_int_equal (keel_flserver_counters (server->server).answered, 10);
}

static void
a_server_that_stops_finishes_what_it_has_taken (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    runner_t *server = &scene->servers[0];
    atomic_store (&server->closed, true);
    for (int n = 0; n < 5; n++)
        send_text (scene->client, "a");
    EVENTUALLY (keel_flserver_counters (server->server).requests == 5);
    keel_flserver_stop (server->server);
    send_text (scene->client, "b");
    EVENTUALLY (keel_flserver_counters (server->server).refused == 1);
    atomic_store (&server->closed, false);
    EVENTUALLY (keel_freelance_counters (scene->client).replies == 5);
}

static void
it_says_why_it_cannot_listen (void **state)
{
    scene_t *scene = begin (state, 1, 1);
    keel_flserver_t *server = keel_flserver_new ();
    assert_null (keel_flserver_endpoint (server));
    assert_int_equal (keel_flserver_run (server, handle, NULL), KEEL_E_STATE);
    assert_int_equal (keel_flserver_bind (server, "nonsense"), KEEL_E_INVALID);
    assert_int_equal (keel_flserver_bind (server, NULL), KEEL_E_INVALID);
    assert_int_equal (keel_flserver_bind (server, scene->servers[0].endpoint), KEEL_E_ADDRESS);
    assert_int_equal (errno, EADDRINUSE);
    assert_int_equal (keel_flserver_set_concurrency (server, 0), KEEL_E_INVALID);
    assert_int_equal (keel_flserver_set_concurrency (server, 1025), KEEL_E_INVALID);
    assert_int_equal (keel_flserver_set_advertise (server, "nonsense"), KEEL_E_INVALID);
    assert_int_equal (keel_flserver_set_advertise (server, "tcp://far.example:1"), 0);
    assert_int_equal (keel_flserver_set_advertise (server, NULL), 0);
    assert_int_equal (keel_flserver_bind (scene->servers[0].server, "tcp://127.0.0.1:*"), KEEL_E_STATE);
    keel_flserver_stop (server);
    keel_flserver_destroy (&server);
    keel_flserver_destroy (&server);
}

#define SCENE(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SCENE (a_request_is_answered),
        SCENE (a_large_body_passes),
        SCENE (thousands_are_in_flight),
        SCENE (several_threads_ask_at_once),
        SCENE (a_cancelled_request_has_no_result),
        SCENE (no_more_than_may_be),
        SCENE (the_descriptor_tells_of_results),
        SCENE (its_thread_works_while_nobody_calls),
        SCENE (servers_are_added_and_removed),
        SCENE (what_a_removed_server_holds_goes_to_others),
        SCENE (a_server_that_stops_costs_no_request),
        SCENE (the_next_server_is_tried),
        SCENE (shotgun_asks_all),
        SCENE (without_a_server_it_says_so),
        SCENE (without_an_answer_it_says_so),
        SCENE (a_signal_interrupts),
        SCENE (what_is_not_valid_is_refused),
        SCENE (it_ends_with_requests_in_flight),
        SCENE (pings_are_answered_while_handlers_work),
        SCENE (as_many_work_as_may),
        SCENE (a_server_that_stops_finishes_what_it_has_taken),
        SCENE (it_says_why_it_cannot_listen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
