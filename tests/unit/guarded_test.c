/*  That the guard is one: a child that goes too far must die of it. */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (deed_t) (void);

static uint8_t *bytes;
static const span_t *frames;
static volatile size_t sink;

static bool
survives (deed_t *deed)
{
    int status = 0;
    pid_t child = fork ();
    if (child == 0) {
        signal (SIGSEGV, SIG_DFL);
        deed ();
        _exit (0);
    }
    assert_true (child > 0);
    assert_int_equal (waitpid (child, &status, 0), child);
    return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static void
stay_within (void)
{
    sink = (size_t) bytes[0] + bytes[2] + frames[1].size + frames[0].data[2];
}

static void
read_a_byte_too_far (void)
{
    sink = bytes[3];
}

static void
read_a_frame_too_far (void)
{
    sink = frames[2].size;
}

static void
read_an_empty_frame (void)
{
    sink = frames[1].data[0];
}

static void
write_a_sealed_byte (void)
{
    bytes[0] = 1;
}

static void
one_step_too_far_is_fatal (void **state)
{
    (void) state;
    bytes = guarded_bytes ("abc", 3);
    frames = guarded_frames ((span_t[]){F ("one"), F ("")}, 2);
    assert_true (survives (stay_within));
    assert_true (survives (write_a_sealed_byte));
    assert_false (survives (read_a_byte_too_far));
    assert_false (survives (read_a_frame_too_far));
    assert_false (survives (read_an_empty_frame));
    guarded_seal ();
    assert_true (survives (stay_within));
    assert_false (survives (write_a_sealed_byte));
    guarded_free_all ();
}

int
main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (one_step_too_far_is_fatal)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
