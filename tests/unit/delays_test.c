#include "unit.h"

#include "delays.h"

#include <string.h>

static void
a_delay_counts_below_the_next_power_of_two (void **state)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } cases[] = {{0, 0},     {1, 1},     {2, 2},         {3, 2},         {4, 3},          {1023, 10},
                 {1024, 11}, {1025, 11}, {67108863, 26}, {67108864, 27}, {134217728, 27}, {INT64_MAX, 27}};
    (void) state;
    for (size_t n = 0; n < COUNT_OF (cases); n++) {
        delays_t delays = {{0}};
        delays_add (&delays, cases[n].us);
        assert_int_equal (delays.counts[cases[n].bucket], 1);
        assert_int_equal (delays_total (&delays), 1);
    }
}

static void
a_report_has_the_buckets_that_are_not_empty (void **state)
{
    char buffer[256];
    text_t json = text_over (buffer, sizeof (buffer));
    delays_t delays = {{0}};
    (void) state;
    text_add (&json, "{");
    delays_report (&delays, &json, "none");
    delays_add (&delays, 0);
    delays_add (&delays, 100);
    delays_add (&delays, 127);
    delays_add (&delays, INT64_MAX);
    delays_report (&delays, &json, "some");
    assert_string_equal (json.data, "{\"none\":{},\"some\":{\"1\":1,\"128\":2,\"134217728\":1}");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_delay_counts_below_the_next_power_of_two),
        cmocka_unit_test (a_report_has_the_buckets_that_are_not_empty),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
