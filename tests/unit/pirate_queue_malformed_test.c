/*  PROTOCOLS.md section 4 and 1: what is no message is dropped, counted by its reason, said in the log at most once a second a
 *  reason, and changes nothing. */
#include "trace.h"

#define BYTES_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define EXTRAS_8 F ("1"), F ("2"), F ("3"), F ("4"), F ("5"), F ("6"), F ("7"), F ("8")

typedef struct {
    const char *reason;
    span_t frames[16];
    size_t count;
} sample_t;

#define SAMPLE(reason, ...)                                                                                            \
    {                                                                                                                  \
        reason, {__VA_ARGS__}, COUNT_OF (((span_t[]){__VA_ARGS__}))                                                    \
    }

/*  Each alone, beside a worker that is busy; then all is as it was. */
static void
each_is_counted (trace_t *trace, const char *name, const sample_t samples[], size_t count)
{
    tell (trace, "w1 READY");
    tell (trace, "c1 REQUEST a");
    for (size_t n = 0; n < count; n++) {
        uint64_t before = trace_figure (trace, samples[n].reason);
        pass (trace, 1000);
        trace_skip (trace);
        tell_frames (trace, name, samples[n].frames, samples[n].count);
        assert_true (trace_said (trace, "malformed message dropped reason="));
        assert_int_equal (trace_figure (trace, samples[n].reason), before + 1);
        assert_int_equal (trace_figure (trace, "malformed"), n + 1);
    }
    assert_int_equal (trace_figure (trace, "accepted"), 1);
    assert_int_equal (trace_gauges (trace).workers, 1);
    assert_int_equal (trace_tally (trace).finals, 0);
    tell (trace, "w1 ANSWER #1 A");
    assert_true (trace_said (trace, "broker > c1 ANSWER A"));
}

static void
of_clients (void **state)
{
    const sample_t samples[] = {
        SAMPLE ("delimiter", F ("a")),
        SAMPLE ("delimiter", F ("\1")),
        SAMPLE ("delimiter", F ("a"), F ("b")),
        SAMPLE ("body", F ("")),
        SAMPLE ("body", F ("mark"), F ("")),
        SAMPLE ("envelope", EXTRAS_8, F ("9"), F (""), F ("x")),
        SAMPLE ("envelope", F (BYTES_64 BYTES_64 BYTES_64 BYTES_64), F (""), F ("x")),
    };
    each_is_counted (*state, "c2", samples, COUNT_OF (samples));
}

/*  From the busy worker itself: it stays busy. */
static void
of_simple_workers (void **state)
{
    const sample_t samples[] = {
        SAMPLE ("short", F ("")),
        SAMPLE ("delimiter", F ("\1")),
        SAMPLE ("delimiter", F ("x"), F (""), F ("y")),
        SAMPLE ("delimiter", F (""), F ("x"), F ("y")),
        SAMPLE ("command", F (""), F ("\2")),
        SAMPLE ("command", F (""), F ("\1\1")),
        SAMPLE ("command", F (""), F ("")),
        SAMPLE ("command", F (""), F ("READY")),
        SAMPLE ("body", F (""), F ("0123456789abcdef"), F ("")),
        SAMPLE ("envelope", F (""), F ("0"), EXTRAS_8, F ("9"), F (""), F ("x")),
        SAMPLE ("envelope", F (""), F (BYTES_64 BYTES_64 BYTES_64 BYTES_64), F (""), F ("x")),
    };
    each_is_counted (*state, "w1", samples, COUNT_OF (samples));
}

static void
of_paranoid_workers (void **state)
{
    const sample_t samples[] = {
        SAMPLE ("command", F ("")),
        SAMPLE ("command", F ("\3")),
        SAMPLE ("command", F ("\1\1")),
        SAMPLE ("command", F ("x")),
        SAMPLE ("delimiter", F ("\1"), F ("\1")),
        SAMPLE ("delimiter", F ("\2"), F ("more")),
        SAMPLE ("body", F ("0123456789abcdef"), F ("")),
        SAMPLE ("envelope", F ("0"), EXTRAS_8, F ("9"), F (""), F ("x")),
        SAMPLE ("envelope", F (BYTES_64 BYTES_64 BYTES_64 BYTES_64), F (""), F ("x")),
    };
    each_is_counted (*state, "w1", samples, COUNT_OF (samples));
}

/*  A message of no frames at all: no port gives one, and no engine may mind. */
static void
of_nothing (void **state)
{
    tell_frames (*state, "c1", NULL, 0);
    tell_frames (*state, "w1", NULL, 0);
    assert_int_equal (trace_figure (*state, "short"), 2);
}

static void
said_once_a_second (void **state)
{
    for (unsigned n = 0; n < 5; n++)
        TELL_FRAMES (*state, "c1", F ("noise"));
    pass (*state, 999);
    TELL_FRAMES (*state, "c1", F ("noise"));
    TELL_FRAMES (*state, "c1", F (""));
    assert_int_equal (trace_tally (*state).logs, 2);
    pass (*state, 1);
    trace_skip (*state);
    TELL_FRAMES (*state, "c1", F ("noise"));
    TRACE (*state, "[1000] c1 > noise",
                   "[1000] broker ! malformed message dropped reason=delimiter more=5");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        SIMPLE (of_clients),
        PARANOID (of_clients),
        SIMPLE (of_simple_workers),
        PARANOID (of_paranoid_workers),
        SIMPLE (of_nothing),
        PARANOID (of_nothing),
        SIMPLE (said_once_a_second),
        PARANOID (said_once_a_second),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
