#include "unit.h"

#include "backoff.h"

static void
assert_between (int64_t delay, int64_t low, int64_t high)
{
    assert_true (delay >= low && delay <= high);
}

static void
spans_double_up_to_the_limit (void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        random_t random = {seed};
        backoff_t backoff = backoff_make (1000, 32000);
        for (int64_t span = 1000; span <= 32000; span *= 2)
            assert_between (backoff_next (&backoff, &random), span / 2, span);
        for (int n = 0; n < 10; n++)
            assert_between (backoff_next (&backoff, &random), 16000, 32000);
    }
}

static void
a_limit_that_is_no_power_is_kept_too (void **state)
{
    (void) state;
    random_t random = {1};
    backoff_t backoff = backoff_make (100, 250);
    assert_between (backoff_next (&backoff, &random), 50, 100);
    assert_between (backoff_next (&backoff, &random), 100, 200);
    for (int n = 0; n < 100; n++)
        assert_between (backoff_next (&backoff, &random), 125, 250);
}

static void
extreme_limits_do_not_overflow (void **state)
{
    (void) state;
    random_t random = {1};
    backoff_t backoff = backoff_make (1, INT64_MAX);
    for (int n = 0; n < 100; n++)
        assert_true (backoff_next (&backoff, &random) >= 0);
    backoff = backoff_make (1, 1);
    for (int n = 0; n < 10; n++)
        assert_between (backoff_next (&backoff, &random), 0, 1);
}

static void
a_success_starts_over (void **state)
{
    (void) state;
    random_t random = {7};
    backoff_t backoff = backoff_make (100, 30000);
    for (int n = 0; n < 5; n++)
        backoff_next (&backoff, &random);
    backoff_reset (&backoff);
    assert_between (backoff_next (&backoff, &random), 50, 100);
}

static void
a_seed_is_a_run (void **state)
{
    (void) state;
    random_t one = {42}, same = {42}, other = {43};
    backoff_t first = backoff_make (1000, 32000), second = first, third = first;
    bool differs = false;
    for (int n = 0; n < 20; n++) {
        int64_t delay = backoff_next (&first, &one);
        assert_true (delay == backoff_next (&second, &same));
        differs = differs || delay != backoff_next (&third, &other);
    }
    assert_true (differs);
}

static void
numbers_stay_below_their_bound (void **state)
{
    (void) state;
    random_t random = {3};
    bool seen[7] = {false};
    for (int n = 0; n < 1000; n++)
        seen[random_below (&random, COUNT_OF (seen))] = true;
    for (size_t n = 0; n < COUNT_OF (seen); n++)
        assert_true (seen[n]);
    assert_int_equal (random_below (&random, 1), 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (spans_double_up_to_the_limit),
        cmocka_unit_test (a_limit_that_is_no_power_is_kept_too),
        cmocka_unit_test (extreme_limits_do_not_overflow),
        cmocka_unit_test (a_success_starts_over),
        cmocka_unit_test (a_seed_is_a_run),
        cmocka_unit_test (numbers_stay_below_their_bound),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
