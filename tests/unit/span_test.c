#include "unit.h"

static void
text_has_no_terminator (void **state)
{
    (void) state;
    assert_span (span_text ("echo"), "echo");
    assert_span (span_text (""), "");
    assert_span (SPAN_OF ("a\0b"), "a\0b");
    assert_null ((SPAN_OF ("x")).hold);
    assert_non_null (span_text ("").data);
}

static void
equality_is_of_size_and_bytes (void **state)
{
    (void) state;
    assert_true (span_equal (F ("echo"), F ("echo")));
    assert_false (span_equal (F ("echo"), F ("ech")));
    assert_false (span_equal (F ("echo"), F ("echO")));
    assert_true (span_equal (F (""), F ("")));
    assert_true (span_is (F ("\1"), "\1", 1));
    assert_false (span_is (F ("\1\1"), "\1", 1));
}

static void
prefix_is_looked_for_within_the_span (void **state)
{
    (void) state;
    const span_t *frames = guarded_frames ((span_t[]){F ("mmi."), F ("mm"), F ("")}, 3);
    assert_true (span_starts (frames[0], "mmi."));
    assert_false (span_starts (frames[1], "mmi."));
    assert_false (span_starts (frames[2], "mmi."));
    assert_true (span_starts (frames[2], ""));
    assert_false (span_starts (F ("x.mmi."), "mmi."));
    guarded_free_all ();
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (text_has_no_terminator),
        cmocka_unit_test (equality_is_of_size_and_bytes),
        cmocka_unit_test (prefix_is_looked_for_within_the_span),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
