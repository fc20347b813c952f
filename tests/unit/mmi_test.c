#include "unit.h"

#include "mmi.h"

static const struct {
    const char *name;
    mmi_t mmi;
    bool named;
    bool admin;
} services[] = {
    {"mmi.service", MMI_SERVICE, true, false},    {"mmi.version", MMI_VERSION, false, false},
    {"mmi.services", MMI_SERVICES, false, false}, {"mmi.workers", MMI_WORKERS, false, false},
    {"mmi.stats", MMI_STATS, false, false},       {"mmi.explain", MMI_EXPLAIN, true, false},
    {"mmi.drain", MMI_DRAIN, true, true},         {"mmi.resume", MMI_RESUME, true, true},
    {"mmi.promote", MMI_PROMOTE, false, true},    {"mmi.handover", MMI_HANDOVER, false, true},
};

static void
every_service_is_known (void **state)
{
    (void) state;
    assert_int_equal (COUNT_OF (services), MMI_UNKNOWN);
    for (size_t n = 0; n < COUNT_OF (services); n++) {
        span_t name = span_text (services[n].name);
        assert_int_equal (mmi_decode (*guarded_frames (&name, 1)), services[n].mmi);
        assert_true (mmi_is_reserved (name));
        assert_int_equal (mmi_names_service (services[n].mmi), services[n].named);
        assert_int_equal (mmi_needs_admin (services[n].mmi), services[n].admin);
    }
    guarded_free_all ();
}

static void
others_are_unknown (void **state)
{
    (void) state;
    const span_t names[] = {F (""), F ("mmi."), F ("mmi.x"), F ("mmi.servic"), F ("mmi.service2"), F ("MMI.service"),
                            F ("echo"), F ("mmi.service\0")};
    const span_t *copy = guarded_frames (names, COUNT_OF (names));
    for (size_t n = 0; n < COUNT_OF (names); n++)
        assert_int_equal (mmi_decode (copy[n]), MMI_UNKNOWN);
    assert_false (mmi_needs_admin (MMI_UNKNOWN));
    assert_false (mmi_names_service (MMI_UNKNOWN));
    guarded_free_all ();
}

/*  A prefix, not a substring. */
static void
reserved_is_what_starts_with_the_prefix (void **state)
{
    (void) state;
    assert_true (mmi_is_reserved (F ("mmi.")));
    assert_true (mmi_is_reserved (F ("mmi.anything")));
    assert_false (mmi_is_reserved (F ("mmi")));
    assert_false (mmi_is_reserved (F ("mmiservice")));
    assert_false (mmi_is_reserved (F ("my.mmi.service")));
    assert_false (mmi_is_reserved (F ("")));
}

/*  Stock clients compare the frame: three digits and nothing else. */
static void
codes_are_three_digits (void **state)
{
    (void) state;
    static const unsigned codes[] = {200, 400, 403, 404, 429, 501, 502, 503, 504};
    for (size_t n = 0; n < COUNT_OF (codes); n++) {
        span_t frame = mmi_code (codes[n]);
        assert_int_equal (frame.size, 3);
        assert_int_equal ((frame.data[0] - '0') * 100 + (frame.data[1] - '0') * 10 + (frame.data[2] - '0'), codes[n]);
        assert_true (mmi_reason (codes[n]).size > 0);
    }
    assert_span (mmi_code (404), "404");
    assert_span (mmi_reason (200), "ok");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_service_is_known),
        cmocka_unit_test (others_are_unknown),
        cmocka_unit_test (reserved_is_what_starts_with_the_prefix),
        cmocka_unit_test (codes_are_three_digits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
