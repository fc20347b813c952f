#include "unit.h"

#include "daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
signals_come_one_by_one (void **state)
{
    (void) state;
    daemon_t self;
    assert_int_equal (daemon_open (&self), 0);
    assert_int_equal (daemon_signal (&self), 0);
    raise (SIGTERM);
    raise (SIGHUP);
    struct pollfd waiting = {.fd = daemon_fd (&self), .events = POLLIN};
    assert_int_equal (poll (&waiting, 1, 0), 1);
    int first = daemon_signal (&self), second = daemon_signal (&self);
    assert_true ((first == SIGHUP && second == SIGTERM) || (first == SIGTERM && second == SIGHUP));
    assert_int_equal (daemon_signal (&self), 0);
    raise (SIGINT);
    assert_int_equal (daemon_signal (&self), SIGINT);
    raise (SIGUSR1);
    assert_int_equal (daemon_signal (&self), SIGUSR1);
    daemon_close (&self);
    daemon_close (&self);
}

static void
a_closed_pipe_does_not_kill (void **state)
{
    (void) state;
    daemon_t self;
    int ends[2];
    assert_int_equal (daemon_open (&self), 0);
    assert_int_equal (pipe (ends), 0);
    close (ends[0]);
    assert_int_equal (write (ends[1], "x", 1), -1);
    close (ends[1]);
    daemon_close (&self);
}

static void
files_up_to_the_hard_limit (void **state)
{
    (void) state;
    struct rlimit files;
    assert_int_equal (getrlimit (RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max / 2;
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &files), 0);
    daemon_t self;
    assert_int_equal (daemon_open (&self), 0);
    daemon_close (&self);
    assert_int_equal (getrlimit (RLIMIT_NOFILE, &files), 0);
    assert_true (files.rlim_cur == files.rlim_max);
}

/*  One that waits counts as well; the others are not to disturb. */
static void
a_signal_after_the_work_is_done (void **state)
{
    (void) state;
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        daemon_t self;
        int rc = daemon_open (&self);
        raise (SIGHUP);
        raise (SIGUSR1);
        raise (SIGTERM);
        daemon_finish ();
        _exit (rc ? 1 : 2); /* not reached */
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (signals_come_one_by_one),
        cmocka_unit_test (a_signal_after_the_work_is_done),
        cmocka_unit_test (a_closed_pipe_does_not_kill),
        cmocka_unit_test (files_up_to_the_hard_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
