#include "unit.h"

#include "herald.h"
#include "notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int systemd;

/*  Plays systemd's side: a datagram socket that the kernel names. */
static int
listen_as_systemd (void **state)
{
    (void) state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof (address);
    systemd = socket (AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (systemd < 0 || bind (systemd, (struct sockaddr *) &address, sizeof (sa_family_t)) ||
        getsockname (systemd, (struct sockaddr *) &address, &size))
        return -1;
    address.sun_path[0] = '@';
    address.sun_path[size - offsetof (struct sockaddr_un, sun_path)] = 0;
    return setenv ("NOTIFY_SOCKET", address.sun_path, 1);
}

static int
close_systemd (void **state)
{
    (void) state;
    return close (systemd);
}

static const char *
heard (void)
{
    static char text[1024];
    ssize_t size = recv (systemd, text, sizeof (text) - 1, 0);
    text[size < 0 ? 0 : size] = 0;
    return text;
}

static void
the_life_of_a_service (void **state)
{
    (void) state;
    notify_ready ("serving");
    assert_string_equal (heard (), "READY=1\nSTATUS=serving");
    notify_status ("%d workers\nREADY=0", 3);
    assert_string_equal (heard (), "STATUS=3 workers READY=0");
    notify_reloading ();
    assert_memory_equal (heard (), "RELOADING=1\nMONOTONIC_USEC=", 27);
    notify_alive ();
    assert_string_equal (heard (), "WATCHDOG=1");
    notify_stopping ("draining");
    assert_string_equal (heard (), "STOPPING=1\nSTATUS=draining");
}

static void
the_watchdog_has_an_interval (void **state)
{
    (void) state;
    assert_int_equal (notify_watchdog_ms (), 0);
    setenv ("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal (notify_watchdog_ms (), 10000);
    setenv ("WATCHDOG_PID", "1", 1); /* somebody else's */
    assert_int_equal (notify_watchdog_ms (), 0);
    unsetenv ("WATCHDOG_USEC");
    unsetenv ("WATCHDOG_PID");
}

static void
describe (const void *count, text_t *line)
{
    text_add_number (line, *(const unsigned *) count);
    text_add (line, " workers");
}

/*  At 0 it serves, with one worker; the status follows at a second's distance, when it has changed. */
static void
a_status_at_a_distance (void **state)
{
    (void) state;
    herald_t herald;
    unsigned workers = 1;
    herald_open (&herald, describe, &workers, 0);
    herald_ready (&herald);
    assert_string_equal (heard (), "READY=1\nSTATUS=1 workers");
    assert_int_equal (herald_patience (&herald, 0), -1);
    workers = 2;
    herald_turn (&herald, 400, 1);
    assert_string_equal (heard (), "");
    assert_int_equal (herald_patience (&herald, 400), 600);
    herald_turn (&herald, 1000, 1);
    assert_string_equal (heard (), "STATUS=2 workers");
    assert_int_equal (herald_patience (&herald, 1000), -1);
    herald_turn (&herald, 2500, 2); /* something happened, and all is as it was */
    herald_turn (&herald, 9000, 2); /* nothing happened */
    assert_string_equal (heard (), "");
    workers = 3;
    herald_stir (&herald);
    herald_turn (&herald, 9001, 2);
    assert_string_equal (heard (), "STATUS=3 workers");
    herald_stopping (&herald);
    assert_string_equal (heard (), "STOPPING=1\nSTATUS=3 workers");
}

static void
signs_of_life_at_their_pace (void **state)
{
    (void) state;
    herald_t herald;
    unsigned workers = 0, signs = 0;
    setenv ("WATCHDOG_USEC", "900000", 1);
    herald_open (&herald, describe, &workers, 0);
    assert_int_equal (herald_patience (&herald, 0), 300);
    for (int64_t now = 1; now <= 3000; now++) {
        herald_turn (&herald, now, 0);
        signs += strcmp (heard (), "WATCHDOG=1") == 0;
    }
    assert_int_equal (signs, 10);
    assert_int_equal (herald_patience (&herald, 3100), 200);
    unsetenv ("WATCHDOG_USEC");
}

static void
without_systemd_nothing_happens (void **state)
{
    (void) state;
    unsetenv ("NOTIFY_SOCKET");
    notify_ready ("serving");
    notify_alive ();
    assert_string_equal (heard (), "");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_life_of_a_service),
        cmocka_unit_test (the_watchdog_has_an_interval),
        cmocka_unit_test (a_status_at_a_distance),
        cmocka_unit_test (signs_of_life_at_their_pace),
        cmocka_unit_test (without_systemd_nothing_happens),
    };
    return cmocka_run_group_tests (tests, listen_as_systemd, close_systemd);
}
