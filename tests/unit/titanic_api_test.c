/*  The Titanic client class against a broker with a Titanic behind it, which are a bare ROUTER that a thread plays from a
 *  script: what is asked, line by line, and what comes back. */
#include "unit.h"

#include <keel/titanic.h>

#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/*  How long anything may take that is to happen. */
#define SOON_MS 5000

#define TRY_MS 100

/*  answer: the frames of the body, each ended by `|`; `@` stands for the uuid that was asked with. "!404": that notice;
 *  NULL: nothing; RING: nothing, and the one who asked gets signals until it heard one. */
typedef struct {
    const char *service;
    const char *answer;
} line_t;

static const char RING[] = "ring";

typedef struct {
    zsock_t *router;
    keel_titanic_t *titanic;
    char *endpoint;
    pthread_t thread;
    pthread_t asker;
    atomic_bool heard; /* a signal, by who asked */
    const line_t *lines;
    size_t count;
    zlist_t *asked;  /* what came: "service frame frame", in order */
    char wrong[256]; /* the first line that was not as the script has it */
} scene_t;

static int
setup (void **state)
{
    scene_t *scene = calloc (1, sizeof (scene_t));
    zsys_handler_set (NULL);
    scene->router = zsock_new (ZMQ_ROUTER);
    zsock_set_linger (scene->router, 0);
    zsock_set_rcvtimeo (scene->router, SOON_MS);
    assert_int_equal (zsock_bind (scene->router, "ipc://*"), 0); /* no port that a client of another test still looks for */
    scene->endpoint = zsock_last_endpoint (scene->router);
    scene->titanic = keel_titanic_new (scene->endpoint);
    scene->asked = zlist_new ();
    zlist_autofree (scene->asked);
    *state = scene;
    return scene->titanic ? 0 : -1;
}

static int
teardown (void **state)
{
    scene_t *scene = *state;
    keel_titanic_destroy (&scene->titanic);
    assert_null (scene->titanic);
    keel_titanic_destroy (&scene->titanic);
    zsock_destroy (&scene->router);
    zlist_destroy (&scene->asked);
    free (scene->endpoint);
    free (scene);
    return 0;
}

/* ------------------------------------------------------------------ the script */

/*  Body frames as words. */
static char *
spell (zmsg_t *body, const char *service)
{
    char *words = strdup (service);
    for (zframe_t *frame = zmsg_first (body); frame; frame = zmsg_next (body)) {
        char *text = zframe_strdup (frame), *longer = zsys_sprintf ("%s %s", words, text);
        free (words);
        zstr_free (&text);
        words = longer;
    }
    return words;
}

static void
add_frames (zmsg_t *reply, const char *answer, zframe_t *uuid)
{
    for (; *answer; answer += strcspn (answer, "|") + 1) {
        size_t size = strcspn (answer, "|");
        if (size == 1 && *answer == '@')
            zmsg_addmem (reply, zframe_data (uuid), zframe_size (uuid));
        else
            zmsg_addmem (reply, answer, size);
    }
}

/*  head: [routing id][options][""][MDPC02][01][service], which becomes a FINAL; body: of the request. */
static void
answer_with (scene_t *scene, zmsg_t **head, zmsg_t *body, const char *service, const char *answer)
{
    zmsg_t *reply = zmsg_new ();
    for (int n = 0; n < 4; n++) {
        zframe_t *frame = zmsg_pop (*head);
        zmsg_append (reply, &frame);
    }
    zmsg_addstr (reply, "\3");
    zmsg_addstr (reply, *answer == '!' ? "mmi.error" : service);
    add_frames (reply, *answer == '!' ? answer + 1 : answer, zmsg_first (body));
    if (*answer == '!') {
        zmsg_addstr (reply, "for a reason");
        zmsg_addstr (reply, service);
    }
    zmsg_send (&reply, scene->router);
}

/*  One signal alone may come just before the wait that it is to interrupt. */
static void
ring (scene_t *scene)
{
    while (!atomic_load (&scene->heard)) {
        pthread_kill (scene->asker, SIGALRM);
        zclock_sleep (10);
    }
}

static void
play_line (scene_t *scene, const line_t *line)
{
    zmsg_t *head = zmsg_new (), *body = zmsg_recv (scene->router);
    for (int n = 0; body && n < 5; n++) {
        zframe_t *frame = zmsg_pop (body);
        zmsg_append (head, &frame);
    }
    char *service = body ? zmsg_popstr (body) : strdup ("nothing");
    char *words = body ? spell (body, service) : strdup (service);
    zlist_append (scene->asked, words);
    if (strcmp (service, line->service) != 0 && !*scene->wrong)
        snprintf (scene->wrong, sizeof (scene->wrong), "%s instead of %s", words, line->service);
    if (body && line->answer == RING)
        ring (scene);
    else if (body && line->answer)
        answer_with (scene, &head, body, service, line->answer);
    free (words);
    zstr_free (&service);
    zmsg_destroy (&head);
    zmsg_destroy (&body);
}

static void *
play (void *argument)
{
    scene_t *scene = argument;
    for (size_t n = 0; n < scene->count; n++)
        play_line (scene, &scene->lines[n]);
    return NULL;
}

static void
begin (scene_t *scene, const line_t *lines, size_t count)
{
    scene->lines = lines;
    scene->count = count;
    assert_int_equal (pthread_create (&scene->thread, NULL, play, scene), 0);
}

#define BEGIN(scene, ...)                                                                                              \
    static const line_t lines[] = {__VA_ARGS__};                                                                       \
    begin (scene, lines, COUNT_OF (lines))

/*  The script was played to its end. */
static void
end (scene_t *scene)
{
    pthread_join (scene->thread, NULL);
    assert_string_equal (scene->wrong, "");
}

static const char *
asked (scene_t *scene, size_t number)
{
    const char *words = zlist_first (scene->asked);
    while (number-- > 0)
        words = zlist_next (scene->asked);
    assert_non_null (words);
    return words;
}

/* ------------------------------------------------------------------ what is asked for */

static int
submit (scene_t *scene, const char *service, char *uuid)
{
    zmsg_t *request = zmsg_new ();
    zmsg_addstr (request, "one");
    zmsg_addstr (request, "two");
    int rc = keel_titanic_submit (scene->titanic, service, &request, uuid);
    assert_null (request);
    return rc;
}

static int
submit_as (scene_t *scene, const char *uuid)
{
    zmsg_t *request = zmsg_new ();
    zmsg_addstr (request, "one");
    int rc = keel_titanic_submit_as (scene->titanic, "echo", &request, uuid);
    assert_null (request);
    return rc;
}

static int
fetch (scene_t *scene, const char *uuid, int wait_ms, const char *first)
{
    zmsg_t *reply;
    int rc = keel_titanic_fetch (scene->titanic, uuid, wait_ms, &reply);
    assert_true ((rc == 0) == (reply != NULL));
    if (rc == 0)
        assert_true (zframe_streq (zmsg_first (reply), first));
    zmsg_destroy (&reply);
    return rc;
}

#define UUID  "0190A6E01B2C7D3E8F400123456789AB"
#define OTHER "0190A6E01B2C7D3E8F400123456789AC"

/* ------------------------------------------------------------------ uuids */

static void
a_uuid_is_of_version_7_and_never_the_same (void **state)
{
    char uuids[100][KEEL_UUID_SIZE];
    (void) state;
    for (size_t n = 0; n < COUNT_OF (uuids); n++) {
        keel_titanic_uuid (uuids[n]);
        assert_int_equal (strlen (uuids[n]), 32);
        assert_int_equal (strspn (uuids[n], "0123456789ABCDEF"), 32);
        assert_true (uuids[n][12] == '7' && strchr ("89AB", uuids[n][16]));
        for (size_t other = 0; other < n; other++)
            assert_string_not_equal (uuids[n] + 13, uuids[other] + 13);
    }
    char digits[13] = {0};
    memcpy (digits, uuids[0], 12);
    int64_t then = strtoll (digits, NULL, 16), now = (int64_t) time (NULL) * 1000;
    assert_true (then > now - 60000 && then < now + 60000);
}

/*  Each digit of the random part takes many values. */
static void
all_of_a_uuid_is_random_but_time_and_version (void **state)
{
    unsigned seen[32] = {0};
    (void) state;
    for (int n = 0; n < 200; n++) {
        char uuid[KEEL_UUID_SIZE];
        keel_titanic_uuid (uuid);
        for (int digit = 13; digit < 32; digit++)
            seen[digit] |= 1u << (isdigit (uuid[digit]) ? uuid[digit] - '0' : uuid[digit] - 'A' + 10);
    }
    for (int digit = 13; digit < 32; digit++)
        assert_int_equal (seen[digit], digit == 16 ? 0x0f00 : 0xffff);
}

/* ------------------------------------------------------------------ submit */

static void
submit_sends_a_uuid_of_its_own (void **state)
{
    scene_t *scene = *state;
    char uuid[KEEL_UUID_SIZE], words[100];
    BEGIN (scene, {"titanic.submit", "200|@|"});
    assert_int_equal (submit (scene, "echo", uuid), 0);
    end (scene);
    snprintf (words, sizeof (words), "titanic.submit %s echo one two", uuid);
    assert_string_equal (asked (scene, 0), words);
    assert_int_equal (keel_titanic_counters (scene->titanic)->submitted, 1);
}

static void
a_lost_answer_is_asked_for_again_under_the_same_uuid (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.submit", NULL}, {"titanic.submit", NULL}, {"titanic.submit", "200 again|@|"});
    keel_titanic_set_timeout (scene->titanic, TRY_MS);
    assert_int_equal (submit (scene, "echo", NULL), 0);
    end (scene);
    assert_string_equal (asked (scene, 0), asked (scene, 1));
    assert_string_equal (asked (scene, 0), asked (scene, 2));
    assert_int_equal (keel_titanic_counters (scene->titanic)->retries, 2);
}

/*  Titanic is restarted; it died over the request; the broker drains, is full. */
static void
what_passes_is_waited_out (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.submit", "!404|"}, {"titanic.submit", "!502|"}, {"titanic.submit", "!503|"},
           {"titanic.submit", "!504|"}, {"titanic.submit", "!429|"}, {"titanic.submit", "200|@|"});
    assert_int_equal (submit (scene, "echo", NULL), 0);
    end (scene);
    assert_int_equal (keel_titanic_counters (scene->titanic)->failed, 0);
    assert_string_equal (asked (scene, 0), asked (scene, 5));
}

static void
what_does_not_pass_is_said (void **state)
{
    scene_t *scene = *state;
    char uuid[KEEL_UUID_SIZE];
    BEGIN (scene, {"titanic.submit", "!403|"}, {"titanic.submit", "500 the store is full|"},
           {"titanic.submit", "200|" OTHER "|"}, {"titanic.submit", "200|"}, {"titanic.submit", "hello|"},
           {"titanic.submit", "300|"});
    assert_int_equal (submit (scene, "echo", uuid), KEEL_E_NOT_ALLOWED);
    assert_int_equal (strlen (uuid), 32);
    assert_int_equal (submit (scene, "echo", uuid), KEEL_E_NOT_STORED);
    assert_string_equal (keel_titanic_error (scene->titanic), "titanic.submit: 500 the store is full");
    for (int n = 0; n < 4; n++)
        assert_int_equal (submit (scene, "echo", uuid), KEEL_E_ANSWER);
    end (scene);
    assert_int_equal (keel_titanic_counters (scene->titanic)->failed, 6);
    assert_int_equal (keel_titanic_counters (scene->titanic)->submitted, 0);
}

/*  The time of all tries is one: what was spent on the first questions is not there for the last. */
static void
a_time_without_a_titanic_ends (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.submit", "!404|"}, {"titanic.submit", NULL}, {"titanic.submit", NULL});
    keel_titanic_set_timeout (scene->titanic, 500);
    keel_titanic_set_retries (scene->titanic, 1);
    int64_t start = zclock_mono ();
    assert_int_equal (submit (scene, "echo", NULL), KEEL_E_TIMEOUT);
    assert_true (zclock_mono () - start < SOON_MS);
    end (scene);
}

static void
no_retries_means_one_try (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.submit", "!404|"});
    keel_titanic_set_retries (scene->titanic, 0);
    assert_int_equal (submit (scene, "echo", NULL), KEEL_E_NO_WORKER);
    end (scene);
    assert_int_equal (keel_titanic_counters (scene->titanic)->retries, 0);
}

static void
a_request_goes_on_under_the_uuid_of_its_owner (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.submit", "200|@|"}, {"titanic.submit", "200|" UUID "|"});
    assert_int_equal (submit_as (scene, UUID), 0);
    assert_int_equal (submit_as (scene, "0190a6e01b2c7d3e8f400123456789ab"), 0);
    end (scene);
    assert_string_equal (asked (scene, 0), "titanic.submit " UUID " echo one");
}

static void
what_cannot_be_asked_is_not (void **state)
{
    scene_t *scene = *state;
    char uuid[KEEL_UUID_SIZE];
    static const char *const services[] = {NULL,          "",           "a b", "titanic.request", "titanic.x",
                                           "mmi.service", "caf\xc3\xa9"};
    static const char *const uuids[] = {
        NULL, "", "ABC", "../../../../etc/passwd", UUID "0", "G190A6E01B2C7D3E8F400123456789AB"};
    zmsg_t *none = NULL, *empty = zmsg_new (), *reply;
    for (size_t n = 0; n < COUNT_OF (services); n++)
        assert_int_equal (submit (scene, services[n], uuid), KEEL_E_INVALID);
    assert_string_equal (uuid, "");
    for (size_t n = 0; n < COUNT_OF (uuids); n++) {
        assert_int_equal (submit_as (scene, uuids[n]), KEEL_E_INVALID);
        assert_int_equal (fetch (scene, uuids[n], 0, NULL), KEEL_E_INVALID);
        assert_int_equal (keel_titanic_close (scene->titanic, uuids[n]), KEEL_E_INVALID);
    }
    assert_int_equal (keel_titanic_submit (scene->titanic, "echo", &none, uuid), KEEL_E_INVALID);
    assert_int_equal (keel_titanic_submit (scene->titanic, "echo", &empty, uuid), KEEL_E_INVALID);
    assert_null (empty);
    assert_int_equal (keel_titanic_call (scene->titanic, "echo", &none, 0, NULL, &reply), KEEL_E_INVALID);
    assert_null (reply);
}

/*  One that has RFC 9's services only. */
static void
titanic_may_make_the_uuid (void **state)
{
    scene_t *scene = *state;
    char uuid[KEEL_UUID_SIZE];
    BEGIN (scene, {"titanic.request", "200|0190a6e01b2c7d3e8f400123456789ab|"}, {"titanic.request", "200|nonsense|"},
           {"titanic.request", "500 full|"});
    keel_titanic_set_submit (scene->titanic, false);
    assert_int_equal (submit (scene, "echo", uuid), 0);
    assert_string_equal (uuid, "0190a6e01b2c7d3e8f400123456789ab");
    assert_int_equal (submit (scene, "echo", uuid), KEEL_E_ANSWER);
    assert_string_equal (uuid, "");
    assert_int_equal (submit (scene, "echo", uuid), KEEL_E_NOT_STORED);
    assert_int_equal (submit_as (scene, UUID), KEEL_E_STATE);
    end (scene);
    assert_string_equal (asked (scene, 0), "titanic.request echo one two");
}

/* ------------------------------------------------------------------ fetch, close, call */

static void
each_status_of_a_reply_has_its_code (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.reply", "200|yes||"}, {"titanic.reply", "300|"}, {"titanic.reply", "400|"},
           {"titanic.reply", "500 three attempts failed|"}, {"titanic.reply", "200|"}, {"titanic.reply", "x|"});
    assert_int_equal (fetch (scene, UUID, 0, "yes"), 0);
    assert_int_equal (fetch (scene, UUID, 0, NULL), KEEL_E_PENDING);
    assert_int_equal (fetch (scene, UUID, SOON_MS, NULL), KEEL_E_UNKNOWN);
    assert_int_equal (fetch (scene, UUID, SOON_MS, NULL), KEEL_E_DEAD);
    assert_string_equal (keel_titanic_error (scene->titanic), "titanic.reply: 500 three attempts failed");
    assert_int_equal (fetch (scene, UUID, 0, NULL), KEEL_E_ANSWER);
    assert_int_equal (fetch (scene, UUID, 0, NULL), KEEL_E_ANSWER);
    end (scene);
    const keel_titanic_counters_t *counters = keel_titanic_counters (scene->titanic);
    assert_true (counters->fetched == 1 && counters->pending == 1 && counters->failed == 4);
}

static void
a_reply_is_waited_for_through_a_restart (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.reply", "300|"}, {"titanic.reply", "!404|"}, {"titanic.reply", "300|"},
           {"titanic.reply", "200|late|"});
    assert_int_equal (fetch (scene, UUID, SOON_MS, "late"), 0);
    end (scene);
}

static void
close_goes_on_until_it_is_done (void **state)
{
    scene_t *scene = *state;
    BEGIN (scene, {"titanic.close", NULL}, {"titanic.close", "!404|"}, {"titanic.close", "200|"},
           {"titanic.close", "500 cannot write|"});
    keel_titanic_set_timeout (scene->titanic, TRY_MS);
    keel_titanic_set_retries (scene->titanic, 20);
    assert_int_equal (keel_titanic_close (scene->titanic, UUID), 0);
    assert_int_equal (keel_titanic_close (scene->titanic, UUID), KEEL_E_NOT_STORED);
    end (scene);
    assert_int_equal (keel_titanic_counters (scene->titanic)->closed, 1);
}

static int
call (scene_t *scene, int wait_ms, char *uuid, const char *first)
{
    zmsg_t *request = zmsg_new (), *reply;
    zmsg_addstr (request, "one");
    int rc = keel_titanic_call (scene->titanic, "echo", &request, wait_ms, uuid, &reply);
    assert_true ((rc == 0) == (reply != NULL));
    if (rc == 0)
        assert_true (zframe_streq (zmsg_first (reply), first));
    zmsg_destroy (&reply);
    return rc;
}

static void
a_call_does_all_three (void **state)
{
    scene_t *scene = *state;
    char uuid[KEEL_UUID_SIZE];
    BEGIN (scene, {"titanic.submit", "200|@|"}, {"titanic.reply", "300|"}, {"titanic.reply", "200|yes|"},
           {"titanic.close", "200|"}, {"titanic.submit", "200|@|"}, {"titanic.reply", "300|"},
           {"titanic.submit", "200|@|"}, {"titanic.reply", "200|yes|"}, {"titanic.close", "500|"});
    assert_int_equal (call (scene, -1, uuid, "yes"), 0);
    assert_int_equal (strlen (uuid), 32);
    assert_int_equal (call (scene, 0, uuid, NULL), KEEL_E_PENDING);
    assert_int_equal (strlen (uuid), 32);
    assert_int_equal (call (scene, 0, NULL, "yes"), 0);
    end (scene);
    const keel_titanic_counters_t *counters = keel_titanic_counters (scene->titanic);
    assert_true (counters->submitted == 3 && counters->fetched == 2 && counters->closed == 1 &&
                 counters->unclosed == 1);
}

/* ------------------------------------------------------------------ the rest */

static void
no_broker_is_told_apart (void **state)
{
    (void) state;
    zmsg_t *reply;
    keel_titanic_t *titanic = keel_titanic_new ("ipc:///nonexistent/keel");
    keel_titanic_set_timeout (titanic, TRY_MS);
    keel_titanic_set_retries (titanic, 0);
    assert_int_equal (keel_titanic_fetch (titanic, UUID, SOON_MS, &reply), KEEL_E_NO_BROKER);
    assert_null (reply);
    keel_titanic_destroy (&titanic);
}

static void
endpoints_and_settings_are_checked (void **state)
{
    scene_t *scene = *state;
    assert_null (keel_titanic_new ("nonsense"));
    assert_int_equal (errno, EINVAL);
    assert_null (keel_titanic_new (NULL));
    assert_int_equal (keel_titanic_set_timeout (scene->titanic, 0), KEEL_E_INVALID);
    assert_int_equal (keel_titanic_set_retries (scene->titanic, -1), KEEL_E_INVALID);
    assert_int_equal (keel_titanic_set_retries (scene->titanic, 1001), KEEL_E_INVALID);
    assert_string_equal (keel_titanic_error (scene->titanic), "");
}

static void
catch_alarm (int number)
{
    (void) number;
}

static void
a_signal_interrupts_a_wait (void **state)
{
    scene_t *scene = *state;
    struct sigaction action = {.sa_handler = catch_alarm}, before;
    scene->asker = pthread_self ();
    sigaction (SIGALRM, &action, &before);
    BEGIN (scene, {"titanic.reply", RING});
    int rc = fetch (scene, UUID, -1, NULL);
    atomic_store (&scene->heard, true);
    end (scene);
    sigaction (SIGALRM, &before, NULL);
    assert_int_equal (rc, KEEL_E_INTERRUPTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_uuid_is_of_version_7_and_never_the_same),
        cmocka_unit_test (all_of_a_uuid_is_random_but_time_and_version),
        TEST (submit_sends_a_uuid_of_its_own),
        TEST (a_lost_answer_is_asked_for_again_under_the_same_uuid),
        TEST (what_passes_is_waited_out),
        TEST (what_does_not_pass_is_said),
        TEST (a_time_without_a_titanic_ends),
        TEST (no_retries_means_one_try),
        TEST (a_request_goes_on_under_the_uuid_of_its_owner),
        TEST (what_cannot_be_asked_is_not),
        TEST (titanic_may_make_the_uuid),
        TEST (each_status_of_a_reply_has_its_code),
        TEST (a_reply_is_waited_for_through_a_restart),
        TEST (close_goes_on_until_it_is_done),
        TEST (a_call_does_all_three),
        cmocka_unit_test (no_broker_is_told_apart),
        TEST (endpoints_and_settings_are_checked),
        TEST (a_signal_interrupts_a_wait),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
