#include "unit.h"

#include "captured.h"
#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
levels_have_names (void **state)
{
    (void) state;
    unsetenv ("JOURNAL_STREAM");
    captured_begin (STDERR_FILENO);
    log_open (KEEL_LOG_INFO);
    log_at (KEEL_LOG_ERROR, "one %d", 1);
    log_at (KEEL_LOG_WARNING, "two");
    log_at (KEEL_LOG_NOTICE, "three");
    log_at (KEEL_LOG_INFO, "four");
    log_at (KEEL_LOG_DEBUG, "not shown");
    assert_string_equal (captured_end (), "ERROR: one 1\nWARNING: two\nNOTICE: three\nINFO: four\n");
}

static void
the_level_filters (void **state)
{
    (void) state;
    captured_begin (STDERR_FILENO);
    log_open (KEEL_LOG_ERROR);
    log_at (KEEL_LOG_WARNING, "not shown");
    log_open (KEEL_LOG_DEBUG);
    log_at (KEEL_LOG_DEBUG, "shown");
    const char *text = captured_end ();
    assert_string_equal (text, "DEBUG: shown\n");
    assert_true (log_shows (KEEL_LOG_DEBUG));
}

/*  stream: of JOURNAL_STREAM. The text that a line then has. */
static const char *
log_with_stream (bool same_inode)
{
    struct stat info;
    char stream[64];
    captured_begin (STDERR_FILENO);
    fstat (STDERR_FILENO, &info);
    snprintf (stream, sizeof (stream), "%llu:%llu", (unsigned long long) info.st_dev,
              (unsigned long long) info.st_ino + (same_inode ? 0 : 1));
    setenv ("JOURNAL_STREAM", stream, 1);
    log_open (KEEL_LOG_INFO);
    log_at (KEEL_LOG_WARNING, "words");
    const char *text = captured_end ();
    unsetenv ("JOURNAL_STREAM");
    log_open (KEEL_LOG_INFO);
    return text;
}

static void
the_journal_gets_priorities (void **state)
{
    (void) state;
    assert_string_equal (log_with_stream (true), "<4>words\n");
    assert_string_equal (log_with_stream (false), "WARNING: words\n");
}

static void
an_event_is_one_line (void **state)
{
    (void) state;
    captured_begin (STDERR_FILENO);
    log_at (KEEL_LOG_INFO, "a\nERROR: b\t\033[1m");
    assert_string_equal (captured_end (), "INFO: a ERROR: b  [1m\n");
    char words[2 * LOG_LINE];
    memset (words, 'x', sizeof (words));
    words[sizeof (words) - 1] = 0;
    captured_begin (STDERR_FILENO);
    log_at (KEEL_LOG_INFO, "%s", words);
    const char *text = captured_end ();
    assert_int_equal (strlen (text), LOG_LINE - 1);
    assert_int_equal (text[LOG_LINE - 2], '\n');
}

static void
what_comes_often_is_said_seldom (void **state)
{
    (void) state;
    seldom_t one = {0}, other = {0}, burst = {0};
    captured_begin (STDERR_FILENO);
    for (int n = 0; n < 5; n++)
        log_seldom (&one, 1, KEEL_LOG_WARNING, "100% one", "who", "x", NULL);
    log_seldom (&other, 1, KEEL_LOG_WARNING, "other", NULL);
    one.after_ms = 0; /* a second later */
    log_seldom (&one, 1, KEEL_LOG_WARNING, "100% one", "who", "y", NULL);
    one.after_ms = 0;
    log_seldom (&one, 1, KEEL_LOG_WARNING, "100% one", NULL);
    for (int n = 0; n < 5; n++)
        log_seldom (&burst, 3, KEEL_LOG_INFO, "burst", NULL);
    assert_string_equal (captured_end (), "WARNING: 100% one who=x\nWARNING: other\nWARNING: 100% one more=4 who=y\n"
                                          "WARNING: 100% one\nINFO: burst\nINFO: burst\nINFO: burst\n");
    assert_int_equal (burst.unsaid, 2);
}

static void
an_event_has_pairs (void **state)
{
    (void) state;
    captured_begin (STDERR_FILENO);
    log_event (KEEL_LOG_NOTICE, "100% done", NULL);
    log_event (KEEL_LOG_INFO, "told", "key", "plain", "none", NULL, "hostile", "a b=\"c\"\nNOTICE: x", "empty", "", NULL);
    log_event (KEEL_LOG_DEBUG, "not shown", "key", "value", NULL);
    assert_string_equal (captured_end (), "NOTICE: 100% done\n"
                                          "INFO: told key=plain hostile=\"a b=\\\"c\\\"\\nNOTICE: x\" empty=\"\"\n");
}

/*  stderr is a small pipe that nobody reads. Two pages: one that fills, one that tells the kernel there is room. */
static int
replace_stderr_with_pipe (int *reader)
{
    int ends[2];
    int original = dup (STDERR_FILENO);
    assert_int_equal (pipe (ends), 0);
    fcntl (ends[1], F_SETPIPE_SZ, 8192);
    dup2 (ends[1], STDERR_FILENO);
    close (ends[1]);
    *reader = ends[0];
    return original;
}

static void
a_full_pipe_costs_lines_not_time (void **state)
{
    (void) state;
    static char text[65536];
    int reader, original = replace_stderr_with_pipe (&reader);
    for (int n = 0; n < 1000; n++)
        log_at (KEEL_LOG_INFO, "a line that nobody reads, number %d", n);
    ssize_t size = read (reader, text, sizeof (text));
    log_at (KEEL_LOG_INFO, "read again");
    ssize_t more = read (reader, text + size, sizeof (text) - (size_t) size - 1);
    dup2 (original, STDERR_FILENO);
    close (original);
    close (reader);
    text[size + more] = 0;
    const char *lost = strstr (text, "WARNING: log lines lost, nobody read them count=");
    assert_non_null (lost);
    char *end;
    unsigned long count = strtoul (strchr (lost, '=') + 1, &end, 10);
    assert_true (count > 0 && count < 1000);
    assert_string_equal (end, "\nINFO: read again\n");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (levels_have_names),
        cmocka_unit_test (the_level_filters),
        cmocka_unit_test (the_journal_gets_priorities),
        cmocka_unit_test (an_event_is_one_line),
        cmocka_unit_test (what_comes_often_is_said_seldom),
        cmocka_unit_test (an_event_has_pairs),
        cmocka_unit_test (a_full_pipe_costs_lines_not_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
