#include "notify.h"

#include "clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

/*  A line of STATUS= that is longer is cut. */
#define STATUS_MOST 512

static void
clean (char *text)
{
    for (; *text; text++)
        if (*text == '\n' || *text == '\r')
            *text = ' ';
}

static void
tell (const char *state, const char *status)
{
    char line[STATUS_MOST];
    snprintf (line, sizeof (line), "%s", status);
    clean (line);
    (void) sd_notifyf (0, "%sSTATUS=%s", state, line);
}

bool
notify_heard (void)
{
    return getenv ("NOTIFY_SOCKET");
}

void
notify_ready (const char *status)
{
    tell ("READY=1\n", status);
}

/*  The time is for Type=notify-reload, which wants to know that the reload is the one it asked for. */
void
notify_reloading (void)
{
    (void) sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_now_us ());
}

void
notify_stopping (const char *status)
{
    tell ("STOPPING=1\n", status);
}

void
notify_status (const char *format, ...)
{
    char line[STATUS_MOST];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (line, sizeof (line), format, arguments);
    va_end (arguments);
    tell ("", line);
}

int64_t
notify_watchdog_ms (void)
{
    uint64_t usec = 0;
    if (sd_watchdog_enabled (0, &usec) <= 0)
        return 0;
    int64_t third = (int64_t) (usec / 3000);
    return third > 0 ? third : 1;
}

void
notify_alive (void)
{
    (void) sd_notify (0, "WATCHDOG=1");
}
