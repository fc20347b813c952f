#include "log.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*  How long the first line waits for a full pipe. Those after it do not, until the pipe takes lines again. */
#define PATIENCE_MS 100

static const struct {
    const char *name;
    const char *priority; /* syslog's */
} levels[] = {
    [KEEL_LOG_ERROR] = {"ERROR: ", "<3>"},   [KEEL_LOG_WARNING] = {"WARNING: ", "<4>"},
    [KEEL_LOG_NOTICE] = {"NOTICE: ", "<5>"}, [KEEL_LOG_INFO] = {"INFO: ", "<6>"},
    [KEEL_LOG_DEBUG] = {"DEBUG: ", "<7>"},
};

static _Atomic (keel_log_level_t) shown = KEEL_LOG_INFO;
static atomic_bool journal;

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static unsigned long lost; /* lines, under the mutex */

/*  systemd says which stream is the journal's; stderr may have been redirected since. */
static bool
is_journal (void)
{
    const char *stream = getenv ("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat info;
    return stream && sscanf (stream, "%llu:%llu", &device, &inode) == 2 && fstat (STDERR_FILENO, &info) == 0 &&
           info.st_dev == device && info.st_ino == inode;
}

void
log_open (keel_log_level_t level)
{
    atomic_store (&shown, level);
    atomic_store (&journal, is_journal ());
}

bool
log_shows (keel_log_level_t level)
{
    return level <= atomic_load (&shown);
}

/*  A pipe or socket that polls as writable takes a line of less than PIPE_BUF whole. */
static bool
write_line (const char *line, size_t size)
{
    struct pollfd stream = {.fd = STDERR_FILENO, .events = POLLOUT};
    int rc;
    do
        rc = poll (&stream, 1, lost ? 0 : PATIENCE_MS);
    while (rc < 0 && errno == EINTR);
    if (rc <= 0 || !(stream.revents & POLLOUT))
        return false;
    return write (STDERR_FILENO, line, size) == (ssize_t) size;
}

static const char *
prefix_of (keel_log_level_t level)
{
    return atomic_load (&journal) ? levels[level].priority : levels[level].name;
}

/*  Says that lines were lost as soon as there is a reader again. */
static void
write_or_count (const char *line, size_t size)
{
    pthread_mutex_lock (&writing);
    if (lost) {
        char words[80];
        int length = snprintf (words, sizeof (words), "%slog lines lost, nobody read them count=%lu\n",
                               prefix_of (KEEL_LOG_WARNING), lost);
        if (write_line (words, (size_t) length))
            lost = 0;
    }
    if (lost || !write_line (line, size))
        lost++;
    pthread_mutex_unlock (&writing);
}

static void
clean (char *text)
{
    for (; *text; text++)
        if ((unsigned char) *text < ' ' || *text == 0x7f)
            *text = ' ';
}

void
log_at (keel_log_level_t level, const char *format, ...)
{
    if (!log_shows (level))
        return;
    int error = errno;
    char line[LOG_LINE];
    int start = snprintf (line, sizeof (line), "%s", prefix_of (level));
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (line + start, sizeof (line) - (size_t) start - 1, format, arguments);
    va_end (arguments);
    clean (line);
    size_t size = strlen (line);
    line[size++] = '\n';
    write_or_count (line, size);
    errno = error;
}

/*  pairs: keys and values, up to NULL. */
static void
add_pairs (text_t *line, va_list pairs)
{
    const char *key;
    while ((key = va_arg (pairs, const char *))) {
        const char *value = va_arg (pairs, const char *);
        if (value)
            text_add_pair_text (line, key, value);
    }
}

void
log_event (keel_log_level_t level, const char *what, ...)
{
    char buffer[LOG_LINE];
    text_t line = text_over (buffer, sizeof (buffer));
    text_add (&line, what);
    va_list pairs;
    va_start (pairs, what);
    add_pairs (&line, pairs);
    va_end (pairs);
    log_at (level, "%s", buffer);
}

/*  Under the mutex, as handlers' threads may share one. */
static bool
take_turn (seldom_t *seldom, int burst, text_t *line)
{
    static pthread_mutex_t turns = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock (&turns);
    bool may = seldom_may (seldom, clock_now_ms (), burst);
    if (may)
        seldom_add (seldom, line);
    pthread_mutex_unlock (&turns);
    return may;
}

void
log_seldom (seldom_t *seldom, int burst, keel_log_level_t level, const char *what, ...)
{
    char buffer[LOG_LINE];
    text_t line = text_over (buffer, sizeof (buffer));
    text_add (&line, what);
    if (!take_turn (seldom, burst, &line))
        return;
    va_list pairs;
    va_start (pairs, what);
    add_pairs (&line, pairs);
    va_end (pairs);
    log_at (level, "%s", buffer);
}
