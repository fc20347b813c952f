#include "unit.h"

#include "mdbench_histogram.h"

#include <string.h>

static histogram_t histogram;

static int
clear (void **state)
{
    (void) state;
    memset (&histogram, 0, sizeof (histogram));
    return 0;
}

static void
is_zero_when_empty (void **state)
{
    (void) state;
    assert_int_equal (histogram_permille (&histogram, 500), 0);
    assert_true (histogram_mean (&histogram) == 0);
}

static void
is_exact_for_small_values (void **state)
{
    (void) state;
    for (uint64_t value = 1; value <= 100; value++)
        histogram_add (&histogram, value);
    assert_int_equal (histogram_permille (&histogram, 500), 50);
    assert_int_equal (histogram_permille (&histogram, 990), 99);
    assert_int_equal (histogram_permille (&histogram, 999), 100);
    assert_int_equal (histogram_permille (&histogram, 1000), 100);
    assert_true (histogram_mean (&histogram) == 50.5);
}

/*  Every value on either side of a power of two, and the greatest there is. */
static void
knows_any_value_to_one_in_128 (void **state)
{
    (void) state;
    for (unsigned bit = 0; bit < 64; bit++)
        for (int step = -1; step <= 1; step++) {
            const uint64_t value = ((uint64_t) 1 << bit) + (uint64_t) (int64_t) step;
            clear (NULL);
            histogram_add (&histogram, value);
            histogram_add (&histogram, UINT64_MAX); /* so that the first is not the greatest, which is exact */
            const uint64_t said = histogram_permille (&histogram, 500);
            assert_true (said >= value);
            assert_true (said - value <= value / 128);
        }
}

static void
percentiles_never_exceed_the_greatest (void **state)
{
    (void) state;
    histogram_add (&histogram, 1000000);
    histogram_add (&histogram, 1000001);
    assert_int_equal (histogram_permille (&histogram, 1), 1000001);
    assert_int_equal (histogram_permille (&histogram, 1000), 1000001);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (is_zero_when_empty, clear),
        cmocka_unit_test_setup (is_exact_for_small_values, clear),
        cmocka_unit_test_setup (knows_any_value_to_one_in_128, clear),
        cmocka_unit_test_setup (percentiles_never_exceed_the_greatest, clear),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
