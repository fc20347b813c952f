/*  Tells systemd how the service is; does nothing where there is no systemd. */
#ifndef KEEL_NOTIFY_H
#define KEEL_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*  Is there somebody to tell? */
bool notify_heard (void);
/*  Serving, with a status line. Also ends a reload. */
void notify_ready (const char *status);
void notify_reloading (void);
void notify_stopping (const char *status);
/*  One line, for `systemctl status`. */
void notify_status (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/*  How often the watchdog wants a notify_alive, msec, with a margin; 0: there is none. */
int64_t notify_watchdog_ms (void);
void notify_alive (void);

#endif
