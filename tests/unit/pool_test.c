#include "unit.h"

#include "memory.h"
#include "pool.h"

static int
setup (void **state)
{
    memory_seam = (memory_seam_t){0};
    *state = pool_new ();
    return *state ? 0 : -1;
}

static int
teardown (void **state)
{
    pool_t *pool = *state;
    memory_seam = (memory_seam_t){0};
    pool_destroy (&pool);
    return pool ? -1 : 0;
}

static void
destroying_takes_none (void **state)
{
    (void) state;
    pool_t *none = NULL;
    pool_destroy (&none);
    assert_null (none);
}

static void
new_without_memory_is_null (void **state)
{
    (void) state;
    memory_seam = (memory_seam_t){.fail_at = 1};
    assert_null (pool_new ());
    memory_seam = (memory_seam_t){0};
}

/*  Every size is taken twice and filled to its last byte: neighbours must not touch. */
static void
every_size_has_its_own_aligned_bytes (void **state)
{
    pool_t *pool = *state;
    for (size_t size = 1; size <= POOL_LARGEST + 3; size += size < 300 ? 1 : 61) {
        uint8_t *one = pool_take (pool, size), *other = pool_take (pool, size);
        assert_true (one && other);
        assert_int_equal ((uintptr_t) one % _Alignof (max_align_t), 0);
        assert_int_equal ((uintptr_t) other % _Alignof (max_align_t), 0);
        memset (one, 0x11, size);
        memset (other, 0x22, size);
        assert_int_equal (one[size - 1], 0x11);
        assert_int_equal (other[0], 0x22);
        pool_give (pool, one, size);
        pool_give (pool, other, size);
    }
}

static void
cost_is_at_most_a_quarter_more (void **state)
{
    (void) state;
    size_t before = 0;
    for (size_t size = 1; size <= POOL_LARGEST; size++) {
        size_t cost = pool_cost (size);
        assert_true (cost >= size && cost >= before);
        assert_int_equal (cost % 16, 0);
        if (size > 64)
            assert_true (cost - size < size / 4 + 1);
        before = cost;
    }
    assert_int_equal (pool_cost (1), 32);
    assert_int_equal (pool_cost (33), 48);
    assert_int_equal (pool_cost (65), 80);
    assert_int_equal (pool_cost (POOL_LARGEST), POOL_LARGEST);
    assert_int_equal (pool_cost (POOL_LARGEST + 1), POOL_LARGEST + 1);
}

static void
steady_state_allocates_nothing (void **state)
{
    pool_t *pool = *state;
    void *blocks[500];
    uint64_t warm = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < COUNT_OF (blocks); n++)
            assert_non_null (blocks[n] = pool_take (pool, 16 + n));
        for (size_t n = 0; n < COUNT_OF (blocks); n++)
            pool_give (pool, blocks[n], 16 + n);
        if (POOL_POOLS && round)
            assert_int_equal (memory_seam.calls, warm);
        warm = memory_seam.calls;
    }
}

/*  More than one slab holds, each block filled: none may reach into another, nor past its slab. */
static void
a_full_slab_is_followed_by_another (void **state)
{
    enum { BLOCKS = 3000, BYTES = 64 };
    static uint8_t *blocks[BLOCKS];
    pool_t *pool = *state;
    for (size_t n = 0; n < BLOCKS; n++) {
        assert_non_null (blocks[n] = pool_take (pool, BYTES));
        memset (blocks[n], (int) (n % 251), BYTES);
    }
    if (POOL_POOLS)
        assert_int_equal (memory_seam.calls, 1 + (BLOCKS + 1022) / 1023); /* a slab spends 16 bytes on itself */
    for (size_t n = 0; n < BLOCKS; n++) {
        for (size_t byte = 0; byte < BYTES; byte++)
            assert_int_equal (blocks[n][byte], n % 251);
        pool_give (pool, blocks[n], BYTES);
    }
}

static void
sizes_of_one_class_share_blocks (void **state)
{
    pool_t *pool = *state;
    void *block = pool_take (pool, 100);
    pool_give (pool, block, 100);
    void *again = pool_take (pool, 112);
    if (POOL_POOLS)
        assert_ptr_equal (block, again);
    pool_give (pool, again, 112);
    pool_give (pool, NULL, 112);
}

static void
taking_without_memory_is_null_and_recovers (void **state)
{
    pool_t *pool = *state;
    memory_seam.fail_all = 1;
    assert_null (pool_take (pool, 100));
    assert_null (pool_take (pool, POOL_LARGEST + 1));
    memory_seam.fail_all = 0;
    void *block = pool_take (pool, 100);
    assert_non_null (block);
    pool_give (pool, block, 100);
}

static void
large_blocks_go_back_at_once (void **state)
{
    pool_t *pool = *state;
    for (int n = 0; n < 3; n++) {
        uint8_t *block = pool_take (pool, 1 << 20);
        assert_non_null (block);
        block[(1 << 20) - 1] = 1;
        pool_give (pool, block, 1 << 20);
    }
    assert_int_equal (memory_seam.calls, 1 + 3);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (destroying_takes_none),
        cmocka_unit_test (new_without_memory_is_null),
        cmocka_unit_test_setup_teardown (every_size_has_its_own_aligned_bytes, setup, teardown),
        cmocka_unit_test (cost_is_at_most_a_quarter_more),
        cmocka_unit_test_setup_teardown (steady_state_allocates_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown (a_full_slab_is_followed_by_another, setup, teardown),
        cmocka_unit_test_setup_teardown (sizes_of_one_class_share_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown (taking_without_memory_is_null_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown (large_blocks_go_back_at_once, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
