#include "unit.h"

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
        cmocka_unit_test (without_systemd_nothing_happens),
    };
    return cmocka_run_group_tests (tests, listen_as_systemd, close_systemd);
}
