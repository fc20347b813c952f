#include "unit.h"

#include <keel/keel.h>

static const int errors[] = {
#define X(name, number, text) KEEL_E_##name,
    KEEL_ERROR_MAP (X)
#undef X
};

static void
errors_are_negative_and_told_apart (void **state)
{
    (void) state;
    for (size_t n = 0; n < COUNT_OF (errors); n++) {
        assert_true (errors[n] < 0);
        for (size_t other = 0; other < n; other++) {
            assert_int_not_equal (errors[n], errors[other]);
            assert_string_not_equal (keel_strerror (errors[n]), keel_strerror (errors[other]));
        }
    }
}

static void
every_number_has_a_text (void **state)
{
    (void) state;
    assert_string_equal (keel_strerror (0), "no error");
    assert_string_equal (keel_strerror (KEEL_E_TIMEOUT), "no answer in time");
    assert_string_equal (keel_strerror (1), "unknown error");
    assert_string_equal (keel_strerror (INT32_MIN), "unknown error");
}

/*  ABI: programs were compiled with these. */
static void
numbers_do_not_change (void **state)
{
    (void) state;
    assert_int_equal (KEEL_E_TIMEOUT, -1);
    assert_int_equal (KEEL_E_NO_SERVER, -7);
    assert_int_equal (KEEL_E_NOT_STORED, -8);
    assert_int_equal (KEEL_E_PENDING, -300);
    assert_int_equal (KEEL_E_UNKNOWN, -400);
    assert_int_equal (KEEL_E_NO_WORKER, -404);
    assert_int_equal (KEEL_E_DEAD, -500);
    assert_int_equal (KEEL_E_DEADLINE, -504);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (errors_are_negative_and_told_apart),
        cmocka_unit_test (every_number_has_a_text),
        cmocka_unit_test (numbers_do_not_change),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
