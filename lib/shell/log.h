/*  The log: one line an event, on stderr: what happened in a few words, then pairs of key and value (log_event).
 *
 *  A line begins with syslog's `<N>` when stderr is the journal, else with the level's name. Control characters become
 *  spaces, so a line cannot be faked; what others chose is a value, quoted where it must be (text_add_pair), so a key cannot
 *  be faked either. Bodies and secrets are never in it. keel-log(7) has the form, and lists the events.
 *
 *  When nobody reads stderr, lines are dropped and counted rather than waited for: a stuck pipe must not stop a broker. Any
 *  thread.
 */
#ifndef KEEL_LOG_H
#define KEEL_LOG_H

#include "event.h"
#include "seldom.h"

/*  The longest line, its prefix included; what is longer is cut. No longer than PIPE_BUF, so lines of several processes that
 *  share a pipe never mix. */
#define LOG_LINE 4096

/*  Logs this level and all above it (KEEL_LOG_INFO until set); looks whether stderr is the journal. */
void log_open (keel_log_level_t level);
/*  Would a line of that level be written? */
bool log_shows (keel_log_level_t level);
/*  A sentence for whoever starts a program, or runs a tool. */
void log_at (keel_log_level_t level, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  An event: what happened, then keys and values (const char *) up to NULL. A pair whose value is NULL is left out.
 *
 *      log_event (KEEL_LOG_NOTICE, "configuration reloaded", "file", file, NULL); */
void log_event (keel_log_level_t level, const char *what, ...) __attribute__ ((sentinel));
/*  For what peers may bring about as often as they like: once a second at most for each `seldom`, but for a burst of so many, and
 *  then with how often it was held back since, as more=N. */
void log_seldom (seldom_t *seldom, int burst, keel_log_level_t level, const char *what, ...) __attribute__ ((sentinel));

#endif
