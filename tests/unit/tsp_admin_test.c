/*  What an operator says to Titanic: the table of wire/tsp_admin.h. */
#include "unit.h"

#include "tsp_admin.h"

#define UUID "0190A6E01B2C7D3E8F400123456789AB"

#define FRAMES(...) guarded_frames ((const span_t[]){__VA_ARGS__}, COUNT_OF (((const span_t[]){__VA_ARGS__}))), \
        COUNT_OF (((const span_t[]){__VA_ARGS__}))

static int
free_guarded (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static void
arguments_of_list_may_be_empty_or_left_out (void **state)
{
    (void) state;
    tsp_admin_t question;
    assert_null (tsp_admin_decode (FRAMES (F ("list")), &question));
    assert_int_equal (question.kind, TSP_ADMIN_LIST);
    assert_int_equal (question.service.size, 0);
    assert_int_equal (question.state, TSP_STATE_ANY);
    assert_int_equal (question.older_ms, 0);
    assert_int_equal (question.limit, TSP_LIST_DEFAULT);
    assert_null (tsp_admin_decode (FRAMES (F ("list"), F ("echo"), F ("dead"), F ("60000"), F ("7")), &question));
    assert_span (question.service, "echo");
    assert_int_equal (question.state, TSP_STATE_DEAD);
    assert_int_equal (question.older_ms, 60000);
    assert_int_equal (question.limit, 7);
    assert_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F (""), F (""), F ("")), &question));
}

static void
one_request_is_named_by_its_uuid (void **state)
{
    (void) state;
    static const char *const words[] = {"show", "requeue", "purge"};
    for (size_t n = 0; n < COUNT_OF (words); n++) {
        tsp_admin_t question;
        assert_null (tsp_admin_decode (FRAMES (span_text (words[n]), F (UUID)), &question));
        assert_int_equal (question.service.size, 0);
        assert_int_equal (question.uuid.bytes[15], 0xab);
        assert_non_null (tsp_admin_decode (FRAMES (span_text (words[n])), &question));
        assert_non_null (tsp_admin_decode (FRAMES (span_text (words[n]), F ("x")), &question));
        assert_non_null (tsp_admin_decode (FRAMES (span_text (words[n]), F (UUID), F (UUID)), &question));
    }
}

static void
a_service_is_requeued_or_purged_whole (void **state)
{
    (void) state;
    tsp_admin_t question;
    assert_null (tsp_admin_decode (FRAMES (F ("requeue"), F ("service"), F ("echo")), &question));
    assert_span (question.service, "echo");
    assert_null (tsp_admin_decode (FRAMES (F ("purge"), F ("service"), F ("echo")), &question));
    assert_int_equal (question.state, TSP_STATE_ANY);
    assert_null (tsp_admin_decode (FRAMES (F ("purge"), F ("service"), F ("echo"), F ("done")), &question));
    assert_int_equal (question.state, TSP_STATE_DONE);
    assert_non_null (tsp_admin_decode (FRAMES (F ("requeue"), F ("service"), F ("echo"), F ("dead")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("purge"), F ("service")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("purge"), F ("service"), F ("a b")), &question));
}

static void
the_rest_is_short (void **state)
{
    (void) state;
    tsp_admin_t question;
    assert_null (tsp_admin_decode (FRAMES (F ("stats")), &question));
    assert_int_equal (question.kind, TSP_ADMIN_STATS);
    assert_null (tsp_admin_decode (FRAMES (F ("backup"), F ("/var/backups/titanic")), &question));
    assert_span (question.path, "/var/backups/titanic");
}

static void
what_is_malformed_has_a_reason (void **state)
{
    (void) state;
    tsp_admin_t question;
    assert_non_null (tsp_admin_decode (NULL, 0, &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("lists")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("stats"), F ("x")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("backup")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("backup"), F ("relative")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("backup"), F ("/a\0b")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F ("a b")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F ("alive")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F (""), F ("-1")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F (""), F ("1234567890123456")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F (""), F (""), F ("0")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F (""), F (""), F ("1001")), &question));
    assert_non_null (tsp_admin_decode (FRAMES (F ("list"), F (""), F (""), F (""), F (""), F ("")), &question));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown (arguments_of_list_may_be_empty_or_left_out, free_guarded),
        cmocka_unit_test_teardown (one_request_is_named_by_its_uuid, free_guarded),
        cmocka_unit_test_teardown (a_service_is_requeued_or_purged_whole, free_guarded),
        cmocka_unit_test_teardown (the_rest_is_short, free_guarded),
        cmocka_unit_test_teardown (what_is_malformed_has_a_reason, free_guarded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
