/*  Every command of the table in mdp.h as it must stand on the wire. */
#include "unit.h"

#include "mdp.h"

#define TOKEN "0123456789abcdef"

static span_t *out;

/*  Room for MDP_HEAD_MAX frames and not one more. */
static int
setup (void **state)
{
    (void) state;
    static const span_t room[MDP_HEAD_MAX];
    out = guarded_bytes (room, sizeof (room));
    return 0;
}

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static void
assert_frames (size_t count, const span_t expected[], size_t expected_count)
{
    assert_int_equal (count, expected_count);
    for (size_t n = 0; n < count; n++) {
        assert_non_null (out[n].data);
        assert_null (out[n].hold);
        assert_true (span_equal (out[n], expected[n]));
    }
}

#define assert_encodes(call, ...)                                                                                      \
    assert_frames (call, (span_t[]){__VA_ARGS__}, COUNT_OF (((span_t[]){__VA_ARGS__})))

static void
client_request (void **state)
{
    (void) state;
    assert_encodes (mdp_encode_client_request (out, 1, F ("echo")), F ("MDPC01"), F ("echo"));
    assert_encodes (mdp_encode_client_request (out, 2, F ("echo")), F ("MDPC02"), F ("\1"), F ("echo"));
}

static void
answers_to_client (void **state)
{
    (void) state;
    assert_encodes (mdp_encode_client_reply (out, 1, MDP_FINAL, F ("echo")), F ("MDPC01"), F ("echo"));
    assert_encodes (mdp_encode_client_reply (out, 2, MDP_PARTIAL, F ("echo")), F ("MDPC02"), F ("\2"), F ("echo"));
    assert_encodes (mdp_encode_client_reply (out, 2, MDP_FINAL, F ("echo")), F ("MDPC02"), F ("\3"), F ("echo"));
}

static void
ready (void **state)
{
    (void) state;
    assert_encodes (mdp_encode_ready (out, 1, F ("echo"), F ("")), F ("MDPW01"), F ("\1"), F ("echo"));
    assert_encodes (mdp_encode_ready (out, 2, F ("echo"), F ("")), F ("MDPW02"), F ("\1"), F ("echo"));
    assert_encodes (mdp_encode_ready (out, 1, F ("echo"), F ("16")), F ("MDPW01"), F ("\1"), F ("echo"), F ("16"));
    assert_encodes (mdp_encode_ready (out, 2, F ("echo"), F ("16")), F ("MDPW02"), F ("\1"), F ("echo"), F ("16"));
}

static void
request_to_worker (void **state)
{
    (void) state;
    assert_encodes (mdp_encode_worker_request (out, 1, F (TOKEN)), F ("MDPW01"), F ("\2"), F (TOKEN), F (""));
    assert_encodes (mdp_encode_worker_request (out, 2, F (TOKEN)), F ("MDPW02"), F ("\2"), F (TOKEN), F (""));
}

static void
workers_answers (void **state)
{
    (void) state;
    assert_encodes (mdp_encode_worker_reply (out, 1, MDP_FINAL, F (TOKEN)), F ("MDPW01"), F ("\3"), F (TOKEN), F (""));
    assert_encodes (mdp_encode_worker_reply (out, 2, MDP_PARTIAL, F (TOKEN)), F ("MDPW02"), F ("\3"), F (TOKEN), F (""));
    assert_encodes (mdp_encode_worker_reply (out, 2, MDP_FINAL, F (TOKEN)), F ("MDPW02"), F ("\4"), F (TOKEN), F (""));
}

static void
heartbeat_and_disconnect (void **state)
{
    (void) state;
    assert_encodes (mdp_encode_control (out, 1, MDP_HEARTBEAT), F ("MDPW01"), F ("\4"));
    assert_encodes (mdp_encode_control (out, 1, MDP_DISCONNECT), F ("MDPW01"), F ("\5"));
    assert_encodes (mdp_encode_control (out, 2, MDP_HEARTBEAT), F ("MDPW02"), F ("\5"));
    assert_encodes (mdp_encode_control (out, 2, MDP_DISCONNECT), F ("MDPW02"), F ("\6"));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (client_request),  TEST (answers_to_client), TEST (ready),  TEST (request_to_worker),
        TEST (workers_answers), TEST (heartbeat_and_disconnect),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
