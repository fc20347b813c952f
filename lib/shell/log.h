/*  The log: one line an event, on stderr.
 *
 *  A line begins with syslog's `<N>` when stderr is the journal, else with the level's name. Control characters become
 *  spaces, so a line cannot be faked. When nobody reads stderr, lines are dropped and counted rather than waited for:
 *  a stuck pipe must not stop a broker. Any thread.
 */
#ifndef KEEL_LOG_H
#define KEEL_LOG_H

#include "event.h"

/*  The longest line, its prefix included; what is longer is cut. Under PIPE_BUF, so lines of several processes that
 *  share a pipe never mix. */
#define LOG_LINE 2048

/*  Logs this level and all above it (KEEL_LOG_INFO until set); looks whether stderr is the journal. */
void log_open (keel_log_level_t level);
/*  Would a line of that level be written? */
bool log_shows (keel_log_level_t level);
void log_at (keel_log_level_t level, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  For what peers may bring about as often as they like: written at most once a second for each `seldom`, and then with how
 *  often it was held back since. One thread a seldom; all zero at first. */
typedef struct {
    int64_t after_ms; /* when it may be written again */
    uint64_t unsaid;
} log_seldom_t;

void log_seldom (log_seldom_t *seldom, keel_log_level_t level, const char *text);

#endif
