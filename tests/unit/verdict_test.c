#include "unit.h"

#include "verdict.h"

static void
keys_are_counters_names (void **state)
{
    (void) state;
    for (verdict_t verdict = VERDICT_OK; verdict < VERDICTS; verdict++) {
        const char *key = verdict_key (verdict);
        assert_true (strlen (key) > 0);
        assert_int_equal (strspn (key, "abcdefghijklmnopqrstuvwxyz-"), strlen (key));
        for (verdict_t other = VERDICT_OK; other < verdict; other++)
            assert_string_not_equal (key, verdict_key (other));
    }
}

static void
names_match (void **state)
{
    (void) state;
    assert_int_equal (VERDICT_OK, 0);
    assert_string_equal (verdict_key (VERDICT_OK), "ok");
    assert_string_equal (verdict_key (VERDICT_NO_HEADER), "no-header");
    assert_string_equal (verdict_key (VERDICT_FRAMES), "frames");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (keys_are_counters_names),
        cmocka_unit_test (names_match),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
