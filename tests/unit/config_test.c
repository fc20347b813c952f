#include "unit.h"

#include "config.h"
#include "sample_program.h"
#include "temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sample_t sample;
static int lines[SETTINGS_MOST];
static char problem[CONFIG_PROBLEM];

/*  A problem's file name is cut off, as it is another one each time. */
static int
read_bytes (const char *text, size_t size)
{
    char name[TEMPORARY_NAME];
    temporary_write (name, text, size);
    sample = (sample_t){0};
    problem[0] = 0;
    int rc = config_read (name, sample_settings, lines, &sample, problem);
    if (rc) {
        assert_memory_equal (problem, name, strlen (name));
        memmove (problem, problem + strlen (name) + 1, strlen (problem + strlen (name) + 1) + 1);
    }
    unlink (name);
    return rc;
}

static void
assert_problem (const char *text, const char *expected)
{
    assert_int_equal (read_bytes (text, strlen (text)), -1);
    assert_string_equal (problem, expected);
}

static void
a_whole_file (void **state)
{
    (void) state;
    static const char text[] = "#   A broker\n"
                               "listen\n"
                               "    endpoint = \"tcp://127.0.0.1:5555\"   # clients\n"
                               "listen\n"
                               "    endpoint = ipc:///run/keel/admin\n"
                               "    admin = 1\n"
                               "\n"
                               "heartbeat\n"
                               "    interval = 100\r\n"
                               "    # not too low\n"
                               "    liveness = 5 # times\n"
                               "limits\n"
                               "    queued-bytes = 16M\n"
                               "pair\n"
                               "    role = 'backup'\n"
                               "    state-file = \"/a # b\"\n"
                               "json = 1";
    assert_int_equal (read_bytes (text, sizeof (text) - 1), 0);
    assert_int_equal (sample.listen.count, 2);
    assert_string_equal (sample.listen.items[0].text, "tcp://127.0.0.1:5555");
    assert_false (sample.listen.items[0].admin);
    assert_string_equal (sample.listen.items[1].text, "ipc:///run/keel/admin");
    assert_true (sample.listen.items[1].admin);
    assert_int_equal (sample.heartbeat_ms, 100);
    assert_int_equal (sample.liveness, 5);
    assert_int_equal (sample.queued_bytes, 16 << 20);
    assert_string_equal (sample.role, "backup");
    assert_string_equal (sample.state_file, "/a # b");
    assert_true (sample.json);
    assert_null (sample.state_bind);
    assert_int_equal (lines[0], 5);
    assert_int_equal (lines[3], 9);
    assert_int_equal (lines[6], 15);
    assert_int_equal (lines[8], 0);
    assert_int_equal (sample.listen.items[0].line, 3);
    assert_int_equal (sample.listen.items[1].line, 5);
}

static void
empty_files_are_fine (void **state)
{
    (void) state;
    assert_int_equal (read_bytes ("", 0), 0);
    assert_int_equal (read_bytes ("\n# nothing\n\n", 12), 0);
    assert_int_equal (read_bytes ("heartbeat\n", 10), 0);
}

static void
unknown_keys (void **state)
{
    (void) state;
    assert_problem ("heartbeat\n    interval = 100\n    intervall = 1\n",
                    "3: unknown key 'heartbeat/intervall'; known in this section: interval, liveness");
    assert_problem ("\nheartbeet\n    interval = 100\n",
                    "2: unknown key 'heartbeet'; known here: listen, heartbeat, limits, pair, json");
    assert_problem ("listen\n    endpoint = ipc://a\n    amin = 1\n",
                    "3: unknown key 'listen/amin'; known in this section: endpoint, admin");
    assert_problem ("interval = 100\n", "1: unknown key 'interval'; known here: listen, heartbeat, limits, pair, json");
}

static void
bad_values (void **state)
{
    (void) state;
    assert_problem ("heartbeat\n    # fast\n    interval = 5\n",
                    "3: heartbeat/interval '5': must be milliseconds from 10 to 3600000");
    assert_problem ("heartbeat\n    interval = 10s\n",
                    "2: heartbeat/interval '10s': must be milliseconds from 10 to 3600000");
    assert_problem ("heartbeat\n    liveness\n", "2: heartbeat/liveness '': the value is missing");
    assert_problem ("json = yes\n", "1: json 'yes': must be 0 or 1");
    assert_problem ("pair\n    role = master\n", "2: pair/role 'master': must be primary or backup");
    assert_problem ("pair\n    state-bind = \"5556\"\n", "2: pair/state-bind '5556': bad endpoint: it must begin with "
                                                         "tcp:// or ipc://");
}

static void
bad_listen_sections (void **state)
{
    (void) state;
    assert_problem ("listen\n    endpoint = ipc://a\nlisten\n    admin = 1\n",
                    "3: this 'listen' has no endpoint; add endpoint = \"tcp://ADDRESS:PORT\" below it");
    assert_problem ("listen\n    endpoint = tcp://a\n    admin = 1\n",
                    "2: listen/endpoint 'tcp://a': bad endpoint: a port is missing, tcp://ADDRESS:PORT");
    assert_problem ("listen\n    admin = 2\n", "2: listen/admin '2': must be 0 or 1");
    assert_problem ("listen\n    endpoint = ipc://a\n    endpoint = ipc://b\n",
                    "3: a second 'listen/endpoint' in one section; begin another 'listen'");
    assert_problem ("listen = ipc://a\n",
                    "1: 'listen' is a section and has no value; write its keys below it, indented");
}

static void
values_and_sections_are_told_apart (void **state)
{
    (void) state;
    assert_problem ("heartbeat = 100\n",
                    "1: 'heartbeat' is a section and has no value; write its keys below it, indented");
    assert_problem ("heartbeat\n    interval = 100\n        liveness = 2\n",
                    "3: 'heartbeat/interval' is a value, nothing can stand below it; check the indentation");
}

static void
duplicates (void **state)
{
    (void) state;
    assert_problem ("heartbeat\n    interval = 100\nlimits\nheartbeat\n    interval = 100\n",
                    "5: a second 'heartbeat/interval', the first is on line 2; delete one");
    assert_problem ("pair\n    role = primary\n    role = backup\n",
                    "3: a second 'pair/role', the first is on line 2; delete one");
}

static void
bad_syntax (void **state)
{
    (void) state;
    assert_problem ("heartbeat\n  interval = 1\n", "2: bad indentation; indent with 4 spaces a level");
    assert_problem ("heartbeat\n\tinterval = 1\n", "2: a tab; indent with 4 spaces a level");
    assert_problem ("    interval = 1\n",
                    "1: indented deeper than a key of the section above; indent with 4 spaces a level");
    assert_problem ("heartbeat\n    interval 100\n", "2: `=' is missing; write NAME = VALUE");
    assert_problem ("heartbeat\n    interval =\n", "2: the value is missing; write NAME = VALUE");
    assert_problem ("heartbeat\n    interval = # 100\n", "2: the value is missing; write NAME = VALUE");
    assert_problem ("pair\n    state-file = \"x\n", "2: the closing quote is missing");
    assert_problem ("pair\n    state-file = \"x\" y\n", "2: something follows the closing quote; only a # comment may");
    assert_problem ("{ \"json\": 1 }\n", "1: no name; write NAME = VALUE, or the NAME of a section");
    assert_problem ("json/ = 1\n", "1: a name cannot begin or end with /");
}

static void
no_text_at_all (void **state)
{
    (void) state;
    char text[3000] = "json = 1\n# ";
    memset (text + 11, 'x', 2000);
    assert_problem (text, "2: the line is longer than 1023 bytes; make it shorter");
    assert_int_equal (read_bytes ("json = 1\n\0\n", 11), -1);
    assert_string_equal (problem, "2: a zero byte; this is no text file");
    size_t size = CONFIG_BYTES + 1;
    char *much = calloc (1, size);
    assert_int_equal (read_bytes (memset (much, '\n', size), size), -1);
    assert_string_equal (problem, " cannot be read: File too large; check the name and its permissions");
    free (much);
}

static void
missing_files (void **state)
{
    (void) state;
    assert_int_equal (config_read ("/nowhere/x.cfg", sample_settings, lines, &sample, problem), -1);
    assert_string_equal (
        problem, "/nowhere/x.cfg: cannot be read: No such file or directory; check the name and its permissions");
    assert_int_equal (config_read ("/", sample_settings, lines, &sample, problem), -1);
    assert_string_equal (problem, "/: cannot be read: Is a directory; check the name and its permissions");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_whole_file),        cmocka_unit_test (empty_files_are_fine),
        cmocka_unit_test (unknown_keys),        cmocka_unit_test (bad_values),
        cmocka_unit_test (bad_listen_sections), cmocka_unit_test (values_and_sections_are_told_apart),
        cmocka_unit_test (duplicates),          cmocka_unit_test (bad_syntax),
        cmocka_unit_test (no_text_at_all),      cmocka_unit_test (missing_files),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
