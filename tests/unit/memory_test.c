#include "unit.h"

#include "memory.h"

static int
reset (void **state)
{
    (void) state;
    memory_seam = (memory_seam_t){0};
    return 0;
}

static void
blocks_are_zeroed (void **state)
{
    (void) state;
    uint8_t *block = memory_new (1000);
    assert_non_null (block);
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal (block[n], 0);
    memory_free (block);
    memory_free (NULL);
}

static void
no_bytes_is_a_block_too (void **state)
{
    (void) state;
    void *block = memory_new (0);
    assert_non_null (block);
    memory_free (block);
}

static void
the_seam_refuses_one_call (void **state)
{
    (void) state;
    memory_seam.fail_at = 2;
    void *first = memory_new (8), *second = memory_new (8), *third = memory_new (8);
    assert_non_null (first);
    assert_null (second);
    assert_non_null (third);
    assert_int_equal (memory_seam.calls, 3);
    memory_free (first);
    memory_free (third);
}

static void
the_seam_refuses_from_a_call_on (void **state)
{
    (void) state;
    memory_seam.fail_all = 2;
    void *first = memory_new (8);
    assert_non_null (first);
    assert_null (memory_new (8));
    assert_null (memory_new (8));
    memory_free (first);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (blocks_are_zeroed, reset),
        cmocka_unit_test_setup (no_bytes_is_a_block_too, reset),
        cmocka_unit_test_setup (the_seam_refuses_one_call, reset),
        cmocka_unit_test_setup (the_seam_refuses_from_a_call_on, reset),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
