#include "unit.h"

#include "mdbench_body.h"

#include <string.h>

#define SIZE 300

static const body_id_t id = {.client = 3, .slot = 7, .sequence = 1234};

static void
a_body_matches_its_own_id_only (void **state)
{
    (void) state;
    bodies_t bodies;
    uint8_t data[SIZE];
    body_id_t found;
    assert_int_equal (bodies_open (&bodies, SIZE), 0);
    bodies_write (&bodies, &id, data);
    assert_true (bodies_identify (&bodies, data, SIZE, &found));
    assert_memory_equal (&found, &id, sizeof (id));
    assert_true (bodies_match (&bodies, &id, data));
    assert_false (bodies_match (&bodies, &(body_id_t){3, 7, 1235}, data));
    assert_false (bodies_match (&bodies, &(body_id_t){4, 7, 1234}, data));
    bodies_close (&bodies);
}

static void
each_byte_counts (void **state)
{
    (void) state;
    bodies_t bodies;
    uint8_t data[SIZE];
    assert_int_equal (bodies_open (&bodies, SIZE), 0);
    bodies_write (&bodies, &id, data);
    for (size_t n = 0; n < SIZE; n++) {
        data[n] ^= 1;
        assert_false (bodies_match (&bodies, &id, data));
        data[n] ^= 1;
    }
    bodies_close (&bodies);
}

static void
another_size_is_no_body (void **state)
{
    (void) state;
    bodies_t bodies;
    uint8_t data[SIZE + 1] = {0};
    body_id_t found;
    assert_int_equal (bodies_open (&bodies, SIZE), 0);
    assert_false (bodies_identify (&bodies, data, SIZE - 1, &found));
    assert_false (bodies_identify (&bodies, data, SIZE + 1, &found));
    bodies_close (&bodies);
}

static void
the_smallest_is_its_id (void **state)
{
    (void) state;
    bodies_t bodies;
    uint8_t data[BODY_SMALLEST];
    assert_int_equal (bodies_open (&bodies, BODY_SMALLEST), 0);
    bodies_write (&bodies, &id, data);
    assert_true (bodies_match (&bodies, &id, data));
    bodies_close (&bodies);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_body_matches_its_own_id_only),
        cmocka_unit_test (each_byte_counts),
        cmocka_unit_test (another_size_is_no_body),
        cmocka_unit_test (the_smallest_is_its_id),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
