/*  The links of a port: endpoints, connections that come and go, and waiting. Through port.h alone. */
#include "port_pair.h"

#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

typedef void (scene_t) (port_pair_t *pair);

static void
play (scene_t *scene)
{
    const port_config_t config = pair_config ();
    port_pair_t pair;
    pair_open (&pair, &config);
    scene (&pair);
    pair_close (&pair);
}

#define SCENE(name)                                                                                                    \
    static void name##_scene (port_pair_t *);                                                                          \
    static void name (void **state)                                                                                    \
    {                                                                                                                  \
        (void) state;                                                                                                  \
        play (name##_scene);                                                                                           \
    }                                                                                                                  \
    static void name##_scene (port_pair_t *pair)

/* ------------------------------------------------------------------ endpoints */

static void
cannot_listen (port_t *port, const char *endpoint, int why)
{
    uint16_t listener;
    errno = 0;
    assert_int_equal (port_listen (port, endpoint, false, &listener), -1);
    assert_int_equal (errno, why);
}

static void
cannot_connect (port_t *port, const char *endpoint, int why)
{
    uint16_t link;
    errno = 0;
    assert_int_equal (port_connect (port, endpoint, &link), -1);
    assert_int_equal (errno, why);
}

SCENE (endpoints_that_are_none)
{
    for (unsigned n = 0; n < 20; n++) {
        cannot_listen (pair->here, "", EINVAL);
        cannot_listen (pair->here, "nonsense", EINVAL);
        cannot_listen (pair->here, "tcp://", EINVAL);
        cannot_listen (pair->here, "tcp://127.0.0.1", EINVAL);
        cannot_listen (pair->here, "tcp://127.0.0.1:x", EINVAL);
        cannot_listen (pair->here, "xyz://127.0.0.1:5555", EPROTONOSUPPORT);
        cannot_connect (pair->there, "", EINVAL);
        cannot_connect (pair->there, "tcp://127.0.0.1:", EINVAL);
        cannot_connect (pair->there, "xyz://127.0.0.1:5555", EPROTONOSUPPORT);
    }
    pair_join (pair, NULL); /* none of them has taken a number or a descriptor for good */
    assert_int_equal (pair->listener, 0);
    assert_int_equal (pair->link, 0);
}

SCENE (endpoints_that_are_not_ours)
{
    char missing[128];
    cannot_listen (pair->here, "tcp://nosuchdevice0:*", ENODEV);
    cannot_listen (pair->here, "tcp://192.0.2.1:*", EADDRNOTAVAIL); /* RFC 5737: of no host */
    snprintf (missing, sizeof (missing), "ipc://%s/missing/path", pair->folder);
    cannot_listen (pair->here, missing, ENOENT);
}

/*  Is taken: by another port, by ourselves; and not disturbed by our asking. */
SCENE (endpoints_that_are_taken)
{
    keel_event_t event;
    uint16_t listener;
    pair_join (pair, NULL);
    cannot_listen (pair->there, pair->ipc, EADDRINUSE);
    cannot_listen (pair->here, pair->ipc, EADDRINUSE);
    pair_say (pair, "still there");
    do
        pair_await (pair->here, &event); /* those who asked have left */
    while (event.kind == KEEL_EVENT_DISCONNECTED);
    assert_span (event.frames[0], "still there");
    assert_int_equal (port_listen (pair->here, "tcp://127.0.0.1:*", false, &listener), 0);
    cannot_listen (pair->there, port_endpoint (pair->here, listener), EADDRINUSE);
}

/*  A socket file that whoever made it has left behind is taken over. */
SCENE (ipc_path_left_behind)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = pair->ipc + strlen ("ipc://");
    memcpy (address.sun_path, path, strlen (path));
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    assert_true (fd >= 0);
    assert_int_equal (bind (fd, (struct sockaddr *) &address, sizeof (address)), 0);
    close (fd);
    assert_int_equal (access (path, F_OK), 0);
    pair_join (pair, NULL);
}

/*  A socket that listens at the ipc endpoint, as systemd would hold it. */
static int
bound_socket (const port_pair_t *pair)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = pair->ipc + strlen ("ipc://");
    memcpy (address.sun_path, path, strlen (path));
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true (fd >= 0);
    assert_int_equal (bind (fd, (struct sockaddr *) &address, sizeof (address)), 0);
    assert_int_equal (listen (fd, 16), 0);
    return fd;
}

/*  Over a socket that somebody else holds too. Left, it takes nobody new, and all who are there go on; who came meanwhile is the next
 *  port's. */
SCENE (sockets_that_outlive_a_port)
{
    const port_config_t config = pair_config ();
    const span_t frame = F ("answer");
    keel_event_t event;
    uint16_t late;
    int held = bound_socket (pair);
    assert_int_equal (port_adopt (pair->here, pair->ipc, dup (held), true, &pair->listener), 0);
    assert_string_equal (port_endpoint (pair->here, pair->listener), pair->ipc);
    assert_int_equal (port_connect (pair->there, pair->ipc, &pair->link), 0);
    pair_say (pair, "early");
    pair_expect (pair->here, KEEL_EVENT_MESSAGE, &event);
    assert_true (event.peer.admin);
    memcpy (pair->id_bytes, event.peer.id.data, event.peer.id.size);
    pair->id = span_make (pair->id_bytes, event.peer.id.size);

    port_leave (pair->here, pair->listener);
    assert_int_equal (port_connect (pair->there, pair->ipc, &late), 0);
    pair_send (pair->there, late, F (""), &F ("late"), 1, 0);
    for (unsigned n = 0; n < 100; n++) {
        pair_say (pair, "still");
        pair_expect_text (pair->here, "still");
        pair_send (pair->here, pair->listener, pair->id, &frame, 1, 0);
        pair_expect_text (pair->there, "answer");
    }

    port_destroy (&pair->here);
    pair->here = port_new (&config);
    assert_int_equal (port_adopt (pair->here, pair->ipc, held, false, &pair->listener), 0);
    pair_expect_text (pair->here, "late");
}

static void
announced (port_t *port, const char *endpoint, const char *start, bool real_port)
{
    uint16_t listener;
    assert_int_equal (port_listen (port, endpoint, false, &listener), 0);
    const char *given = port_endpoint (port, listener);
    assert_memory_equal (given, start, strlen (start));
    if (real_port)
        assert_in_range (strtol (given + strlen (start), NULL, 10), 1, 65535);
    else
        assert_string_equal (given, start);
}

SCENE (endpoints_as_they_are_announced)
{
    announced (pair->here, "tcp://127.0.0.1:*", "tcp://127.0.0.1:", true);
    announced (pair->here, "tcp://127.0.0.1:0", "tcp://127.0.0.1:", true);
    announced (pair->here, "tcp://*:*", "tcp://*:", true);
    announced (pair->here, "tcp://lo:*", "tcp://lo:", true);
    announced (pair->here, pair->ipc, pair->ipc, false);
}

/* ------------------------------------------------------------------ connections */

/*  ... and what was sent meanwhile is not lost. */
SCENE (nobody_listens_yet)
{
    assert_int_equal (port_connect (pair->there, pair->ipc, &pair->link), 0);
    pair_say (pair, "early");
    pair_refused (pair->there, pair->link);
    pair_refused (pair->there, pair->link);
    assert_int_equal (port_listen (pair->here, pair->ipc, false, &pair->listener), 0);
    pair_expect_text (pair->here, "early");
    pair_say (pair, "late");
    pair_expect_text (pair->here, "late");
}

/*  Sends until it is known there that the peer is gone, which may be after the end of its connection was told. */
static void
expect_unreachable (port_pair_t *pair)
{
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    const span_t frame = F ("x");
    keel_event_t event = {.kind = KEEL_EVENT_MESSAGE};
    while (event.kind != KEEL_EVENT_UNREACHABLE) {
        assert_true (clock_now_ms () < deadline);
        pair_send (pair->here, pair->listener, pair->id, &frame, 1, 5);
        port_wait (pair->here, 1);
        port_receive (pair->here, &event);
    }
    assert_int_equal (event.tag, 5);
    assert_true (span_equal (event.peer.id, pair->id));
}

SCENE (the_one_who_connected_leaves)
{
    keel_event_t event;
    pair_join (pair, NULL);
    port_close (pair->there, pair->link, false);
    pair_expect (pair->here, KEEL_EVENT_DISCONNECTED, &event);
    assert_int_equal (event.peer.listener, pair->listener);
    expect_unreachable (pair);
}

/*  Connects as a health check does, hangs up, and waits until the other side has closed too. */
static void
visit (const char *ipc)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    char bytes[256];
    ssize_t size;
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    strcpy (address.sun_path, ipc + strlen ("ipc://"));
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof (patience));
    assert_int_equal (connect (fd, (struct sockaddr *) &address, sizeof (address)), 0);
    assert_int_equal (shutdown (fd, SHUT_WR), 0);
    while ((size = read (fd, bytes, sizeof (bytes))) > 0)
        continue;
    assert_true (size == 0 || errno == ECONNRESET);
    close (fd);
}

SCENE (the_end_of_a_stranger_is_not_told_of)
{
    keel_event_t event;
    pair_join (pair, NULL);
    for (unsigned n = 0; n < 5; n++) {
        visit (pair->ipc);
        port_wait (pair->here, 0);
        assert_false (port_receive (pair->here, &event));
    }
    port_close (pair->there, pair->link, false);
    pair_expect (pair->here, KEEL_EVENT_DISCONNECTED, &event);
}

SCENE (the_one_who_listened_leaves)
{
    keel_event_t event;
    pair_join (pair, NULL);
    port_close (pair->here, pair->listener, false);
    pair_expect (pair->there, KEEL_EVENT_DISCONNECTED, &event);
    assert_int_equal (event.peer.listener, pair->link);
    pair_refused (pair->there, pair->link);
    pair_join (pair, NULL); /* and returns; there has a second link now */
}

/* ------------------------------------------------------------------ numbers */

/*  A number is given again, and what happened to the link that had it before is not told of the new one. */
SCENE (numbers_are_given_again)
{
    const span_t frame = F ("x");
    keel_event_t event;
    uint16_t again, other;
    pair_join (pair, NULL);
    assert_int_equal (port_connect (pair->there, pair->ipc, &other), 0);
    assert_int_not_equal (other, pair->link);
    for (uint64_t tag = 0; !port_receive (pair->there, &event); tag++) { /* to its brim, as nobody reads */
        assert_true (tag < 100000);
        pair_send (pair->there, pair->link, F (""), &frame, 1, tag);
    }
    assert_int_equal (event.kind, KEEL_EVENT_FULL);
    pair_send (pair->there, pair->link, F (""), &frame, 1, 1);
    port_close (pair->there, pair->link, false);
    assert_int_equal (port_connect (pair->there, "tcp://127.0.0.1:1", &again), 0);
    assert_int_equal (again, pair->link);
    pair_refused (pair->there, again);
    pair_send (pair->there, other, F (""), &frame, 1, 0);
}

SCENE (closed_numbers_take_nothing)
{
    const span_t frame = F ("x");
    keel_event_t event;
    pair_join (pair, NULL);
    port_close (pair->there, pair->link, false);
    port_close (pair->there, pair->link, false);
    pair_send (pair->there, pair->link, F (""), &frame, 1, 9);
    pair_expect (pair->there, KEEL_EVENT_UNREACHABLE, &event);
    assert_int_equal (event.tag, 9);
    assert_int_equal (event.peer.listener, pair->link);
    assert_false (port_wait (pair->there, 0));
    assert_false (port_receive (pair->there, &event));
}

SCENE (numbers_run_out)
{
    uint16_t link;
    unsigned count = 0;
    while (port_connect (pair->there, pair->ipc, &link) == 0)
        assert_int_equal (link, count++);
    assert_int_equal (errno, EMFILE);
    assert_in_range (count, 100, 256);
    port_close (pair->there, 3, false);
    assert_int_equal (port_connect (pair->there, pair->ipc, &link), 0);
    assert_int_equal (link, 3);
}

static int
listen_bare (char endpoint[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof (address);
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    assert_int_equal (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof (yes)), 0);
    assert_int_equal (bind (fd, (struct sockaddr *) &address, size), 0);
    assert_int_equal (listen (fd, 8), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *) &address, &size), 0);
    snprintf (endpoint, 64, "tcp://127.0.0.1:%u", ntohs (address.sin_port));
    return fd;
}

/*  As a balancer does before servers that are gone: nothing that was sent has left, and it is connected again. */
SCENE (one_who_accepts_and_hangs_up_refuses)
{
    char endpoint[64];
    int fd = listen_bare (endpoint);
    assert_int_equal (port_connect (pair->there, endpoint, &pair->link), 0);
    pair_say (pair, "kept");
    for (int n = 0; n < 2; n++) {
        close (accept (fd, NULL, NULL));
        pair_refused (pair->there, pair->link);
    }
    close (fd);
    assert_int_equal (port_listen (pair->here, endpoint, false, &pair->listener), 0);
    pair_expect_text (pair->here, "kept");
}

/* ------------------------------------------------------------------ waiting */

SCENE (waiting_ends_with_its_time)
{
    pair_join (pair, NULL);
    int64_t start = clock_now_ms ();
    assert_false (port_wait (pair->here, 20));
    assert_true (clock_now_ms () - start >= 19);
    assert_false (port_wait (pair->here, 0));
}

SCENE (waiting_ends_with_a_watched_descriptor)
{
    int fd = eventfd (0, EFD_CLOEXEC);
    pair_join (pair, NULL);
    assert_int_equal (port_watch (pair->here, fd), 0);
    assert_false (port_wait (pair->here, 0));
    assert_int_equal (eventfd_write (fd, 1), 0);
    assert_true (port_wait (pair->here, -1));
    pair_say (pair, "message");
    assert_true (port_wait (pair->here, -1)); /* it is still readable */
    pair_expect_text (pair->here, "message");
    close (fd);
    assert_int_equal (port_watch (pair->here, fd), -1);
}

static void
on_alarm (int number)
{
    (void) number;
}

SCENE (waiting_ends_with_a_signal)
{
    const struct itimerval often = {.it_interval.tv_usec = 10000, .it_value.tv_usec = 10000}, never = {0};
    struct sigaction action = {.sa_handler = on_alarm}, before;
    pair_join (pair, NULL);
    sigaction (SIGALRM, &action, &before);
    setitimer (ITIMER_REAL, &often, NULL); /* the first may come before the wait */
    assert_true (port_wait (pair->here, -1));
    setitimer (ITIMER_REAL, &never, NULL);
    sigaction (SIGALRM, &before, NULL);
}

static bool
readable (const port_t *port, int timeout_ms)
{
    struct pollfd item = {.fd = port_fd (port), .events = POLLIN};
    return poll (&item, 1, timeout_ms) == 1;
}

/*  Whoever waits for the descriptor, and then reads until there is nothing, hears of every message: of many at once, and
 *  of those that come while it sends. */
SCENE (the_descriptor_tells_of_all)
{
    const span_t frame = F ("x");
    keel_event_t event;
    unsigned heard = 0;
    pair_join (pair, NULL);
    for (unsigned n = 0; n < 500; n++) {
        pair_say (pair, "x");
        if (n % 5 == 0)
            pair_send (pair->here, pair->listener, pair->id, &frame, 1, 0);
    }
    while (heard < 500) {
        port_wait (pair->here, 0);
        while (port_receive (pair->here, &event))
            heard += event.kind == KEEL_EVENT_MESSAGE;
        assert_true (heard == 500 || readable (pair->here, PATIENCE_MS));
    }
    port_wait (pair->here, 0);
    assert_false (port_receive (pair->here, &event));
    assert_false (readable (pair->here, 0));
    port_destroy (&pair->there);
    assert_true (readable (pair->here, PATIENCE_MS));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (endpoints_that_are_none),
        cmocka_unit_test (endpoints_that_are_not_ours),
        cmocka_unit_test (endpoints_that_are_taken),
        cmocka_unit_test (ipc_path_left_behind),
        cmocka_unit_test (sockets_that_outlive_a_port),
        cmocka_unit_test (endpoints_as_they_are_announced),
        cmocka_unit_test (nobody_listens_yet),
        cmocka_unit_test (the_one_who_connected_leaves),
        cmocka_unit_test (the_end_of_a_stranger_is_not_told_of),
        cmocka_unit_test (the_one_who_listened_leaves),
        cmocka_unit_test (numbers_are_given_again),
        cmocka_unit_test (closed_numbers_take_nothing),
        cmocka_unit_test (numbers_run_out),
        cmocka_unit_test (one_who_accepts_and_hangs_up_refuses),
        cmocka_unit_test (waiting_ends_with_its_time),
        cmocka_unit_test (waiting_ends_with_a_watched_descriptor),
        cmocka_unit_test (waiting_ends_with_a_signal),
        cmocka_unit_test (the_descriptor_tells_of_all),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
