#include "unit.h"

#include "captured.h"
#include "exit_codes.h"
#include "sample_program.h"
#include "temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const program_t daemon_like = {
    .name = "sample",
    .summary = "Serves as a sample.",
    .settings = sample_settings,
    .size = sizeof (sample_t),
    .config = true,
};
static const program_t tool_like = {
    .name = "sample",
    .summary = "Serves as a sample.",
    .usage = "SERVICE [FRAME...]",
    .fewest = 1,
    .settings = sample_settings,
    .size = sizeof (sample_t),
    .terse = true,
    .notes = "Exit codes: some.",
};

static sample_t sample;
static options_t options;
static const char *logged;
static char *words[32];

/*  line: the command line, split at blanks */
static int
parse (const program_t *program, const char *line)
{
    static char copy[1024];
    int count = 0;
    snprintf (copy, sizeof (copy), "sample %s", line);
    for (char *word = strtok (copy, " "); word; word = strtok (NULL, " "))
        words[count++] = word;
    words[count] = NULL;
    captured_begin (STDERR_FILENO);
    int rc = options_parse (&options, program, count, words, &sample);
    logged = captured_end ();
    return rc;
}

static void
assert_refused (const program_t *program, const char *line, const char *error)
{
    char expected[512];
    assert_int_equal (parse (program, line), EXIT_USAGE);
    snprintf (expected, sizeof (expected), "ERROR: %s; try 'sample --help'\n", error);
    assert_string_equal (logged, expected);
}

static void
assert_listens (size_t n, const char *endpoint, bool admin)
{
    assert_true (n < sample.listen.count);
    assert_string_equal (sample.listen.items[n].text, endpoint);
    assert_int_equal (sample.listen.items[n].admin, admin);
}

static void
presets_hold_without_options (void **state)
{
    (void) state;
    assert_int_equal (parse (&daemon_like, ""), -1);
    assert_string_equal (logged, "");
    assert_int_equal (sample.listen.count, 1);
    assert_listens (0, "tcp://127.0.0.1:5555", false);
    assert_int_equal (sample.heartbeat_ms, 2500);
    assert_int_equal (sample.queued_bytes, 1 << 30);
    assert_null (sample.role);
    assert_false (sample.json);
    assert_int_equal (options.argument_count, 0);
    options_close (&options);
}

static void
options_of_each_kind (void **state)
{
    (void) state;
    assert_int_equal (parse (&daemon_like,
                             "-b tcp://*:1 --admin=ipc://a --bind ipc://b --heartbeat 100 --queued-bytes 2K "
                             "--backup --state-bind tcp://*:* --state-file x -jvv"),
                      -1);
    assert_int_equal (sample.listen.count, 3);
    assert_listens (0, "tcp://*:1", false);
    assert_listens (1, "ipc://a", true);
    assert_listens (2, "ipc://b", false);
    assert_int_equal (sample.heartbeat_ms, 100);
    assert_int_equal (sample.queued_bytes, 2048);
    assert_string_equal (sample.role, "backup");
    assert_string_equal (sample.state_bind, "tcp://*:*");
    assert_string_equal (sample.state_file, "x");
    assert_true (sample.json);
    assert_int_equal (options.verbose, 2);
    assert_true (options_given (&options, "heartbeat"));
    assert_false (options_given (&options, "liveness"));
    options_close (&options);
}

static void
arguments_come_with_options_around (void **state)
{
    (void) state;
    assert_int_equal (parse (&tool_like, "echo --heartbeat 100 - -- cat -b --json"), -1);
    assert_int_equal (options.argument_count, 5);
    assert_string_equal (options.arguments[0], "echo");
    assert_string_equal (options.arguments[1], "-");
    assert_string_equal (options.arguments[2], "cat");
    assert_string_equal (options.arguments[4], "--json");
    assert_null (options.arguments[5]);
    assert_false (sample.json);
    options_close (&options);
}

static void
what_is_wrong_is_said (void **state)
{
    (void) state;
    assert_refused (&daemon_like, "--colour", "unknown option '--colour'");
    assert_refused (&daemon_like, "-jx", "unknown option '-x'");
    assert_refused (&tool_like, "-c x", "unknown option '-c'");
    assert_refused (&daemon_like, "--bind", "option '--bind' wants a value");
    assert_refused (&daemon_like, "-b", "option '-b' wants a value");
    assert_refused (&daemon_like, "--json=1", "option '--json=1' takes no value");
    assert_refused (&daemon_like, "--help=1", "option '--help=1' takes no value");
    assert_refused (&daemon_like, "--heartbeat 5", "--heartbeat '5': must be milliseconds from 10 to 3600000");
    assert_refused (&daemon_like, "--bind 5555",
                    "--bind '5555': bad endpoint: it must begin with tcp:// or ipc://");
    assert_refused (&daemon_like, "--broker tcp://*:1",
                    "--broker 'tcp://*:1': bad endpoint: one connects to an address, not to *");
    assert_refused (&daemon_like, "--state-file=", "--state-file '': the value is missing");
    assert_refused (&daemon_like, "--primary --json --backup", "--primary and --backup exclude each other");
    assert_refused (&daemon_like, "extra", "unexpected argument 'extra'");
    assert_refused (&tool_like, "--json", "an argument is missing: sample [OPTION]... SERVICE [FRAME...]");
}

static void
help_and_version_go_to_stdout (void **state)
{
    (void) state;
    captured_begin (STDOUT_FILENO);
    int rc[2];
    char *help[] = {"sample", "--json", "--help", NULL}, *version[] = {"sample", "-V", NULL};
    rc[0] = options_parse (&options, &tool_like, 3, help, &sample);
    rc[1] = options_parse (&options, &tool_like, 2, version, &sample);
    const char *printed = captured_end ();
    assert_int_equal (rc[0], EXIT_OK);
    assert_int_equal (rc[1], EXIT_OK);
    static const char start[] = "Usage: sample [OPTION]... SERVICE [FRAME...]\nServes as a sample.\n\n  -b, ";
    assert_memory_equal (printed, start, sizeof (start) - 1);
    assert_non_null (strstr (printed, "\n  -b, --bind EP             listen there (default tcp://127.0.0.1:5555)\n"));
    assert_non_null (strstr (printed, "\n      --heartbeat MS        time between heartbeats (default 2500)\n"));
    assert_non_null (strstr (printed, "a broker (default $KEEL_BROKER, else tcp://127.0.0.1:5555)\n"));
    assert_non_null (strstr (printed, "\n      --primary             be the primary of a pair\n"));
    assert_non_null (strstr (printed, "\nExit codes: some.\nsample (Keel) "));
    assert_null (strstr (printed, "--config"));
}

static void
brokers_from_the_environment (void **state)
{
    (void) state;
    setenv ("KEEL_BROKER", "tcp://a:1,tcp://b:2", 1);
    assert_int_equal (parse (&daemon_like, ""), -1);
    assert_int_equal (sample.brokers.count, 2);
    assert_string_equal (sample.brokers.items[1].text, "tcp://b:2");
    options_close (&options);
    assert_int_equal (parse (&daemon_like, "--broker ipc://c"), -1);
    assert_int_equal (sample.brokers.count, 1);
    assert_string_equal (sample.brokers.items[0].text, "ipc://c");
    options_close (&options);
    setenv ("KEEL_BROKER", "tcp://a:1,b", 1);
    assert_refused (
        &daemon_like, "",
        "environment variable KEEL_BROKER 'b': bad endpoint: it must begin with tcp:// or ipc://");
    setenv ("KEEL_BROKER", "", 1);
    assert_int_equal (parse (&daemon_like, ""), -1);
    assert_string_equal (sample.brokers.items[0].text, "tcp://127.0.0.1:5555");
    options_close (&options);
    unsetenv ("KEEL_BROKER");
}

static const char file_text[] = "listen\n"
                                "    endpoint = ipc://f\n"
                                "heartbeat\n"
                                "    interval = 111\n"
                                "    liveness = 4\n"
                                "pair\n"
                                "    role = primary\n";

static int
parse_with_file (const char *text, const char *line, char name[TEMPORARY_NAME])
{
    char all[TEMPORARY_NAME + 512];
    temporary_write (name, text, strlen (text));
    snprintf (all, sizeof (all), "-c %s %s", name, line);
    return parse (&daemon_like, all);
}

static void
options_override_the_file (void **state)
{
    (void) state;
    char name[TEMPORARY_NAME];
    assert_int_equal (parse_with_file (file_text, "--heartbeat 222 --backup --admin ipc://a", name), -1);
    unlink (name);
    assert_int_equal (sample.heartbeat_ms, 222);
    assert_int_equal (sample.liveness, 4);
    assert_string_equal (sample.role, "backup");
    assert_int_equal (sample.listen.count, 2);
    assert_listens (0, "ipc://f", false);
    assert_listens (1, "ipc://a", true);
    options_close (&options);
    assert_int_equal (parse_with_file (file_text, "--admin ipc://a -b ipc://b", name), -1);
    unlink (name);
    assert_int_equal (sample.heartbeat_ms, 111);
    assert_int_equal (sample.listen.count, 2);
    assert_listens (0, "ipc://a", true);
    assert_listens (1, "ipc://b", false);
    options_close (&options);
}

static void
a_bad_file_is_78 (void **state)
{
    (void) state;
    char name[TEMPORARY_NAME], expected[TEMPORARY_NAME + 512];
    assert_int_equal (parse_with_file ("json = 1\nheartbeet\n", "", name), EXIT_CONFIG);
    unlink (name);
    snprintf (expected, sizeof (expected),
              "ERROR: %s:2: unknown key 'heartbeet'; known here: listen, heartbeat, limits, pair, json\n", name);
    assert_string_equal (logged, expected);
    assert_int_equal (parse (&daemon_like, "--config /nowhere/x"), EXIT_CONFIG);
    assert_non_null (strstr (logged, "/nowhere/x: cannot be read: No such file"));
    assert_int_equal (parse (&daemon_like, "--config /nowhere/x --heartbeat x"), EXIT_USAGE);
}

static void
rewrite (const char *name, const char *text)
{
    FILE *file = fopen (name, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

static int
reload (void)
{
    captured_begin (STDERR_FILENO);
    int rc = options_reload (&options, &sample);
    logged = captured_end ();
    return rc;
}

static void
a_reload_takes_what_it_can (void **state)
{
    (void) state;
    char name[TEMPORARY_NAME], expected[TEMPORARY_NAME + 512];
    assert_int_equal (parse_with_file (file_text, "--admin ipc://a", name), -1);
    assert_int_equal (reload (), 0);
    assert_string_equal (logged, "");
    rewrite (name, "listen\n    endpoint = ipc://f\nheartbeat\n    interval = 333\npair\n    role = primary\n");
    assert_int_equal (reload (), 0);
    snprintf (expected, sizeof (expected),
              "INFO: setting changed key=heartbeat/interval file=%s\n"
              "WARNING: setting needs a restart key=heartbeat/liveness file=%s\n",
              name, name);
    assert_string_equal (logged, expected);
    assert_int_equal (sample.heartbeat_ms, 333);
    assert_int_equal (sample.liveness, 4);
    rewrite (name, "heartbeat\n    interval = 444\n    x = 1\n");
    assert_int_equal (reload (), -1);
    assert_int_equal (sample.heartbeat_ms, 333);
    unlink (name);
    options_close (&options);
}

static void
programs_find_errors_too (void **state)
{
    (void) state;
    assert_int_equal (parse (&daemon_like, "--primary"), -1);
    captured_begin (STDERR_FILENO);
    int rc = options_fail (&options, "--%s needs --state-bind", sample.role);
    logged = captured_end ();
    assert_int_equal (rc, EXIT_USAGE);
    assert_string_equal (logged, "ERROR: --primary needs --state-bind; try 'sample --help'\n");
    options_close (&options);
}

static void
errors_name_the_line_of_the_file (void **state)
{
    (void) state;
    char name[TEMPORARY_NAME], expected[TEMPORARY_NAME + 512];
    assert_int_equal (parse_with_file (file_text, "--check-config", name), -1);
    assert_true (options.check);
    assert_int_equal (options_line (&options, "listen"), 2);
    assert_int_equal (options_line (&options, "pair/state-file"), 0);
    captured_begin (STDERR_FILENO);
    int rc = options_fail_at (&options, options_line (&options, "listen"), "not %s", "there");
    logged = captured_end ();
    assert_int_equal (rc, EXIT_CONFIG);
    snprintf (expected, sizeof (expected), "ERROR: %s:2: not there\n", name);
    assert_string_equal (logged, expected);
    unlink (name);
    options_close (&options);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (presets_hold_without_options),       cmocka_unit_test (options_of_each_kind),
        cmocka_unit_test (arguments_come_with_options_around), cmocka_unit_test (what_is_wrong_is_said),
        cmocka_unit_test (help_and_version_go_to_stdout),      cmocka_unit_test (brokers_from_the_environment),
        cmocka_unit_test (options_override_the_file),          cmocka_unit_test (a_bad_file_is_78),
        cmocka_unit_test (a_reload_takes_what_it_can),         cmocka_unit_test (programs_find_errors_too),
        cmocka_unit_test (errors_name_the_line_of_the_file),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
