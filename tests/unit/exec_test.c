/*  Commands good and bad. Each is /bin/sh or a tool that every system has. */
#include "unit.h"

#include "clock.h"
#include "exec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MEGABYTE (1 << 20)
#define LONG_MS  20000

static exec_config_t
config_of (char **argv)
{
    return (exec_config_t){
        .argv = argv, .timeout_ms = LONG_MS, .output_max = EXEC_OUTPUT_MAX, .error_max = EXEC_ERROR_MAX};
}

static bool
run_limited (const char *script, span_t input, int64_t timeout_ms, size_t output_max, exec_result_t *result)
{
    char *argv[] = {"sh", "-c", (char *) (uintptr_t) script, NULL};
    exec_config_t config = config_of (argv);
    config.timeout_ms = timeout_ms;
    config.output_max = output_max;
    config.error_max = 100;
    return exec_run (&config, &input, 1, result);
}

static bool
run (const char *script, span_t input, exec_result_t *result)
{
    return run_limited (script, input, LONG_MS, EXEC_OUTPUT_MAX, result);
}

static void
assert_fails (const char *script, const char *reason)
{
    exec_result_t result;
    assert_false (run (script, F (""), &result));
    assert_string_equal (result.reason, reason);
    exec_result_clear (&result);
}

static size_t
open_descriptors (void)
{
    size_t count = 0;
    DIR *folder = opendir ("/proc/self/fd");
    assert_non_null (folder);
    while (readdir (folder))
        count++;
    closedir (folder);
    return count;
}

/*  What any child of this program gets besides 0 to 2, since whoever ran it left it open. */
static int
inherited_descriptors (void)
{
    int count = 0;
    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl (fd, F_GETFD);
        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

static void
frames_are_joined_and_answered (void **state)
{
    (void) state;
    char *argv[] = {"cat", NULL};
    exec_config_t config = config_of (argv);
    span_t frames[] = {F ("one"), F (""), F ("\0two"), F ("")};
    exec_result_t result;
    assert_true (exec_run (&config, frames, COUNT_OF (frames), &result));
    assert_int_equal (result.output_size, 7);
    assert_memory_equal (result.output, "one\0two", 8);
    exec_result_clear (&result);
}

static void
no_frames_is_an_empty_stdin (void **state)
{
    (void) state;
    char *argv[] = {"cat", NULL};
    exec_config_t config = config_of (argv);
    exec_result_t result;
    assert_true (exec_run (&config, NULL, 0, &result));
    assert_int_equal (result.output_size, 0);
    exec_result_clear (&result);
}

/*  More than any pipe holds, both ways at once. */
static void
large_bodies_pass (void **state)
{
    (void) state;
    uint8_t *big = malloc (8 * MEGABYTE);
    assert_non_null (big);
    for (size_t n = 0; n < 8 * MEGABYTE; n++)
        big[n] = (uint8_t) (n * 2654435761u >> 13);
    exec_result_t result;
    assert_true (run ("cat", span_make (big, 8 * MEGABYTE), &result));
    assert_int_equal (result.output_size, 8 * MEGABYTE);
    assert_memory_equal (result.output, big, 8 * MEGABYTE);
    exec_result_clear (&result);
    free (big);
}

static void
failures_say_why (void **state)
{
    (void) state;
    assert_fails ("exit 3", "exit status 3");
    assert_fails ("kill -9 $$", "killed by signal 9");
    char *argv[] = {"/no/such/command", NULL};
    exec_config_t config = config_of (argv);
    exec_result_t result;
    assert_false (exec_run (&config, NULL, 0, &result));
    assert_string_equal (result.reason, "cannot be run: No such file or directory");
    exec_result_clear (&result);
}

static void
stderr_is_kept_up_to_its_limit (void **state)
{
    (void) state;
    exec_result_t result;
    assert_false (run ("echo out; echo oops >&2; exit 1", F (""), &result));
    assert_string_equal (result.error, "oops\n");
    exec_result_clear (&result);
    assert_true (run ("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo done", F (""), &result));
    assert_int_equal (result.error_size, 100);
    assert_string_equal (result.output, "done\n");
    exec_result_clear (&result);
}

static void
output_is_bounded (void **state)
{
    (void) state;
    exec_result_t result;
    assert_true (run_limited ("head -c 100000 /dev/zero", F (""), LONG_MS, 100000, &result));
    assert_int_equal (result.output_size, 100000);
    exec_result_clear (&result);
    assert_false (run_limited ("head -c 100001 /dev/zero", F (""), LONG_MS, 100000, &result));
    assert_string_equal (result.reason, "its answer is larger than the limit");
    exec_result_clear (&result);
    assert_false (run_limited ("yes", F (""), LONG_MS, 100000, &result));
    exec_result_clear (&result);
}

/*  The time is over for the whole group, whatever holds the pipes or floods them. */
static void
time_is_limited (void **state)
{
    (void) state;
    static const char *const scripts[] = {"sleep 100", "sleep 100 & sleep 100", "trap '' TERM INT; sleep 100",
                                          "exec >&- 2>&- <&-; sleep 100", "yes >&2"};
    for (size_t n = 0; n < COUNT_OF (scripts); n++) {
        exec_result_t result;
        int64_t start = clock_now_ms ();
        assert_false (run_limited (scripts[n], F ("x"), 200, EXEC_OUTPUT_MAX, &result));
        assert_string_equal (result.reason, "no end within 200 ms");
        assert_true (clock_now_ms () - start >= 200);
        exec_result_clear (&result);
    }
}

/*  What it left running is not waited for, and does not stay. */
static void
nothing_outlives_it (void **state)
{
    (void) state;
    exec_result_t result;
    assert_true (run ("sleep 1000 & echo $!", F (""), &result));
    pid_t left = atoi (result.output);
    exec_result_clear (&result);
    assert_true (left > 0);
    char path[64], line[256];
    snprintf (path, sizeof (path), "/proc/%d/stat", (int) left);
    for (int64_t end = clock_now_ms () + LONG_MS;
         clock_now_ms () < end;) { /* whoever inherits it may be slow to reap */
        FILE *stat = fopen (path, "r");
        if (!stat)
            return;
        bool zombie = fgets (line, sizeof (line), stat) && strstr (line, ") Z ");
        fclose (stat);
        if (zombie)
            return;
        sched_yield ();
    }
    fail_msg ("process %d lives", (int) left);
}

static void
unread_stdin_does_no_harm (void **state)
{
    (void) state;
    uint8_t *big = calloc (1, MEGABYTE);
    assert_non_null (big);
    for (int n = 0; n < 20; n++) {
        exec_result_t result;
        assert_true (run (n % 2 ? "echo no thanks" : "exec <&-; sleep 0.02; echo no thanks", span_make (big, MEGABYTE),
                          &result));
        assert_string_equal (result.output, "no thanks\n");
        exec_result_clear (&result);
    }
    free (big);
}

/*  Up to SIGWINCH: those that the C library keeps for itself are its affair. */
static void
signals_are_as_in_a_fresh_program (void **state)
{
    (void) state;
    sigset_t all, before;
    exec_result_t result;
    sigfillset (&all);
    signal (SIGUSR1, SIG_IGN);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    assert_true (run ("sed -nE 's/^Sig(Blk|Ign):.*(.{7})$/\\1 \\2/p' /proc/self/status", F (""), &result));
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    signal (SIGUSR1, SIG_DFL);
    assert_string_equal (result.output, "Blk 0000000\nIgn 0000000\n");
    exec_result_clear (&result);
}

static void
descriptors_do_not_leak (void **state)
{
    (void) state;
    exec_result_t result;
    size_t before = open_descriptors ();
    for (int n = 0; n < 10; n++) {
        run_limited (n % 2 ? "exit 1" : "sleep 10 & yes", F (""), 50, 1000, &result);
        exec_result_clear (&result);
    }
    assert_int_equal (open_descriptors (), before);
    assert_true (run ("ls /proc/self/fd | wc -l", F (""), &result));
    assert_int_equal (atoi (result.output), 4 + inherited_descriptors ()); /* 0 to 2, and the folder that ls reads */
    exec_result_clear (&result);
}

/*  A program whose own 0 to 2 are closed has its pipes there. */
static void
standard_descriptors_may_be_closed (void **state)
{
    (void) state;
    int kept[3];
    exec_result_t result;
    for (int n = 0; n < 3; n++) {
        kept[n] = fcntl (n, F_DUPFD_CLOEXEC, 10);
        close (n);
    }
    bool good = run ("cat; echo err >&2", F ("in"), &result);
    for (int n = 0; n < 3; n++) {
        dup2 (kept[n], n);
        close (kept[n]);
    }
    assert_true (good);
    assert_string_equal (result.output, "in");
    assert_string_equal (result.error, "err\n");
    exec_result_clear (&result);
}

static void *
run_some (void *arg)
{
    intptr_t bad = 0;
    for (int n = 0; n < 10; n++) {
        exec_result_t result;
        bad += !run ("cat", span_text (arg), &result) || strcmp (result.output, arg) != 0;
        exec_result_clear (&result);
    }
    return (void *) bad;
}

static void
threads_do_not_mix (void **state)
{
    (void) state;
    static char words[8][2] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    pthread_t threads[8];
    for (int n = 0; n < 8; n++)
        assert_int_equal (pthread_create (&threads[n], NULL, run_some, words[n]), 0);
    for (int n = 0; n < 8; n++) {
        void *bad;
        pthread_join (threads[n], &bad);
        assert_null (bad);
    }
}

static void *
sleep_long (void *arg)
{
    exec_result_t *result = arg;
    return (void *) (intptr_t) run ("sleep 1000", F (""), result);
}

static void
all_can_be_killed (void **state)
{
    (void) state;
    exec_result_t result = {0};
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, sleep_long, &result), 0);
    void *good;
    do
        exec_kill_all ();
    while (pthread_tryjoin_np (thread, &good) == EBUSY);
    assert_null (good);
    assert_string_equal (result.reason, "killed by signal 9");
    exec_result_clear (&result);
}

typedef struct {
    int pipe[2];
    int calls;
    int most; /* calls until it has enough */
} attention_t;

static bool
note_call (void *arg)
{
    attention_t *self = arg;
    char byte;
    assert_int_equal (read (self->pipe[0], &byte, 1), 1);
    return ++self->calls < self->most;
}

/*  The caller's descriptor is looked at while a command runs, and may end it. */
static void
a_callers_descriptor_is_attended (void **state)
{
    (void) state;
    char *argv[] = {"sh", "-c", "printf xy >&5; echo done; test $0 = short || sleep 1000", "short", NULL};
    attention_t self = {.most = 10};
    exec_result_t result;
    assert_int_equal (pipe (self.pipe), 0);
    assert_int_equal (dup2 (self.pipe[1], 5), 5);
    exec_config_t config = config_of (argv);
    config.attend = note_call;
    config.arg = &self;
    config.fd = self.pipe[0];
    assert_true (exec_run (&config, NULL, 0, &result));
    assert_in_range (self.calls, 0, 2); /* it may end first */
    exec_result_clear (&result);
    for (; self.calls < 2; self.calls++)
        assert_int_equal (read (self.pipe[0], (char[1]){0}, 1), 1);
    argv[3] = "long";
    self = (attention_t){.pipe = {self.pipe[0], self.pipe[1]}, .most = 2};
    assert_false (exec_run (&config, NULL, 0, &result));
    assert_string_equal (result.reason, "stopped");
    assert_int_equal (self.calls, 2);
    exec_result_clear (&result);
    for (int n = 0; n < 2; n++)
        close (self.pipe[n]);
    close (5);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (frames_are_joined_and_answered),
        cmocka_unit_test (no_frames_is_an_empty_stdin),
        cmocka_unit_test (large_bodies_pass),
        cmocka_unit_test (failures_say_why),
        cmocka_unit_test (stderr_is_kept_up_to_its_limit),
        cmocka_unit_test (output_is_bounded),
        cmocka_unit_test (time_is_limited),
        cmocka_unit_test (nothing_outlives_it),
        cmocka_unit_test (unread_stdin_does_no_harm),
        cmocka_unit_test (signals_are_as_in_a_fresh_program),
        cmocka_unit_test (descriptors_do_not_leak),
        cmocka_unit_test (standard_descriptors_may_be_closed),
        cmocka_unit_test (threads_do_not_mix),
        cmocka_unit_test (all_can_be_killed),
        cmocka_unit_test (a_callers_descriptor_is_attended),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
