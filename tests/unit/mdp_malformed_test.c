/*  Every way to be malformed, and its verdict; and that no cut-off or twisted message is read past its end. */
#include "unit.h"

#include "mdp.h"

typedef verdict_t (decoder_t) (const span_t frames[], size_t count, mdp_command_t *command);

#define TOKEN "0123456789abcdef"

static mdp_command_t last;

static int
teardown (void **state)
{
    (void) state;
    guarded_free_all ();
    return 0;
}

static verdict_t
decode (decoder_t *decoder, const span_t frames[], size_t count)
{
    const span_t *copy = guarded_frames (frames, count);
    guarded_seal ();
    return decoder (copy, count, &last);
}

#define DECODE(side, ...)                                                                                              \
    decode (mdp_decode_at_##side, (span_t[]){__VA_ARGS__}, COUNT_OF (((span_t[]){__VA_ARGS__})))

#define assert_verdict(verdict, ...) assert_int_equal (DECODE (__VA_ARGS__), VERDICT_##verdict)

static void
nothing_is_short (void **state)
{
    (void) state;
    assert_int_equal (decode (mdp_decode_at_broker, NULL, 0), VERDICT_SHORT);
    assert_int_equal (last.role, MDP_NOBODY);
    assert_int_equal (decode (mdp_decode_at_client, NULL, 0), VERDICT_SHORT);
    assert_int_equal (decode (mdp_decode_at_worker, NULL, 0), VERDICT_SHORT);
}

static void
short_ones (void **state)
{
    (void) state;
    assert_verdict (SHORT, broker, F ("MDPC01"));
    assert_verdict (SHORT, broker, F ("MDPC02"));
    assert_verdict (SHORT, broker, F ("MDPC02"), F ("\1"));
    assert_verdict (SHORT, broker, F ("MDPW01"));
    assert_verdict (SHORT, broker, F ("MDPW01"), F ("\1"));
    assert_verdict (SHORT, broker, F ("MDPW01"), F ("\3"));
    assert_verdict (SHORT, broker, F ("MDPW02"), F ("\4"), F (TOKEN));
    assert_verdict (SHORT, client, F ("MDPC01"));
    assert_verdict (SHORT, client, F ("MDPC02"));
    assert_verdict (SHORT, client, F ("MDPC02"), F ("\3"));
    assert_verdict (SHORT, worker, F ("MDPW02"));
    assert_verdict (SHORT, worker, F ("MDPW02"), F ("\2"));
    assert_verdict (SHORT, worker, F ("MDPW02"), F ("\2"), F (TOKEN));
}

static void
headers (void **state)
{
    (void) state;
    const span_t bad[] = {F (""),       F ("M"),      F ("MDPC0"),   F ("MDPC011"), F ("MDPC00"), F ("MDPC03"),
                          F ("MDPX01"), F ("mdpc01"), F ("MDPC\0\1"), F ("MDPC10"), F ("XDPC01"), F ("MDPc01")};
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        span_t frame = *guarded_frames (&bad[n], 1);
        assert_false (mdp_is_header (frame));
        assert_verdict (HEADER, broker, frame, F ("\1"), F ("echo"), F ("x"));
        assert_int_equal (last.role, MDP_NOBODY);
        assert_verdict (HEADER, client, frame, F ("\3"), F ("echo"), F ("x"));
        assert_verdict (HEADER, worker, frame, F ("\4"));
    }
    const span_t good[] = {F ("MDPC01"), F ("MDPC02"), F ("MDPW01"), F ("MDPW02")};
    for (size_t n = 0; n < COUNT_OF (good); n++)
        assert_true (mdp_is_header (*guarded_frames (&good[n], 1)));
}

static void
each_side_takes_its_own_headers (void **state)
{
    (void) state;
    assert_verdict (HEADER, client, F ("MDPW01"), F ("\3"), F (TOKEN), F (""), F ("x"));
    assert_verdict (HEADER, worker, F ("MDPC02"), F ("\2"), F (TOKEN), F (""), F ("x"));
}

static void
command_frames (void **state)
{
    (void) state;
    assert_verdict (COMMAND, broker, F ("MDPC02"), F (""), F ("echo"), F ("x"));
    assert_verdict (COMMAND, broker, F ("MDPC02"), F ("\0"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, broker, F ("MDPC02"), F ("\1\1"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, broker, F ("MDPC02"), F ("\2"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, broker, F ("MDPC02"), F ("\3"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, broker, F ("MDPC02"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, broker, F ("MDPW01"), F (""));
    assert_verdict (COMMAND, broker, F ("MDPW01"), F ("\4\4"));
    assert_verdict (COMMAND, client, F ("MDPC02"), F ("\1"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, client, F ("MDPC02"), F ("\4"), F ("echo"), F ("x"));
    assert_verdict (COMMAND, client, F ("MDPC02"), F (""), F ("echo"), F ("x"));
    assert_verdict (COMMAND, worker, F ("MDPW02"), F (""), F (TOKEN), F (""), F ("x"));
}

/*  All 256 bytes a worker's command may have: those that the version has, from that side, and no others. */
static void
unknown_command_bytes (void **state)
{
    (void) state;
    for (unsigned byte = 0; byte < 256; byte++) {
        span_t number = span_make (&(uint8_t){(uint8_t) byte}, 1);
        bool ok = byte == 1 || (byte >= 3 && byte <= 5);
        assert_int_equal (DECODE (broker, F ("MDPW01"), number, F ("echo"), F ("")) == VERDICT_COMMAND, !ok);
        ok = byte == 1 || (byte >= 3 && byte <= 6);
        assert_int_equal (DECODE (broker, F ("MDPW02"), number, F ("echo"), F ("")) == VERDICT_COMMAND, !ok);
        assert_int_equal (last.version, 2);
        assert_int_equal (last.role, MDP_WORKER);
        ok = byte == 2 || byte == 4 || byte == 5;
        assert_int_equal (DECODE (worker, F ("MDPW01"), number, F ("id"), F ("")) == VERDICT_COMMAND, !ok);
        ok = byte == 2 || byte == 5 || byte == 6;
        assert_int_equal (DECODE (worker, F ("MDPW02"), number, F ("id"), F ("")) == VERDICT_COMMAND, !ok);
        guarded_free_all ();
    }
}

static void
service_names (void **state)
{
    (void) state;
    char name[MDP_SERVICE_MAX + 1];
    memset (name, 'n', sizeof (name));
    const span_t bad[] = {F (""), F ("two words"), F (" x"), F ("tab\t"), F ("nul\0"), F ("del\x7f"), F ("\xc3\xa9"),
                          span_make (name, 256)};
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        assert_verdict (SERVICE, broker, F ("MDPC01"), bad[n], F ("x"));
        assert_verdict (SERVICE, broker, F ("MDPC02"), F ("\1"), bad[n], F ("x"));
        assert_verdict (SERVICE, broker, F ("MDPW01"), F ("\1"), bad[n]);
        assert_verdict (SERVICE, broker, F ("MDPW02"), F ("\1"), bad[n], F ("5"));
        assert_verdict (SERVICE, client, F ("MDPC01"), bad[n], F ("x"));
    }
    assert_verdict (OK, broker, F ("MDPW01"), F ("\1"), span_make (name, 255));
    assert_verdict (OK, broker, F ("MDPW01"), F ("\1"), F ("!~"));
}

/*  A bad READY must be told DISCONNECT in its own version: who and what is known all the same. */
static void
a_bad_ready_is_still_known_as_one (void **state)
{
    (void) state;
    assert_verdict (SERVICE, broker, F ("MDPW02"), F ("\1"), F ("two words"));
    assert_int_equal (last.role, MDP_WORKER);
    assert_int_equal (last.version, 2);
    assert_int_equal (last.kind, MDP_READY);
    assert_verdict (CREDIT, broker, F ("MDPW01"), F ("\1"), F ("echo"), F ("0"));
    assert_int_equal (last.version, 1);
    assert_int_equal (last.kind, MDP_READY);
    assert_span (last.service, "echo");
}

static void
credits (void **state)
{
    (void) state;
    const span_t bad[] = {F (""), F ("0"), F ("00000"), F ("65536"), F ("99999"), F ("000001"), F ("-1"), F ("+1"),
                          F (" 1"), F ("1 "), F ("1\0"), F ("0x1"), F ("ten"), F ("1.0"), F ("4294967297")};
    for (size_t n = 0; n < COUNT_OF (bad); n++)
        assert_verdict (CREDIT, broker, F ("MDPW02"), F ("\1"), F ("echo"), bad[n]);
    assert_verdict (CREDIT, broker, F ("MDPW01"), F ("\1"), F ("echo"), F ("1"), F (""));
}

static void
delimiters (void **state)
{
    (void) state;
    assert_verdict (DELIMITER, broker, F ("MDPW01"), F ("\3"), F (TOKEN), F ("hello"));
    assert_verdict (DELIMITER, broker, F ("MDPW02"), F ("\3"), F (TOKEN), F ("\0"), F ("hello"));
    assert_verdict (DELIMITER, broker, F ("MDPW02"), F ("\4"), F (TOKEN), F (" "), F ("hello"));
    assert_verdict (DELIMITER, worker, F ("MDPW01"), F ("\2"), F (TOKEN), F ("hello"), F (""));
}

static void
bodies (void **state)
{
    (void) state;
    assert_verdict (BODY, broker, F ("MDPC01"), F ("echo"));
    assert_verdict (BODY, broker, F ("MDPC02"), F ("\1"), F ("echo"));
    assert_verdict (BODY, broker, F ("MDPW01"), F ("\3"), F (TOKEN), F (""));
    assert_verdict (BODY, broker, F ("MDPW02"), F ("\3"), F (TOKEN), F (""));
    assert_verdict (BODY, broker, F ("MDPW02"), F ("\4"), F (TOKEN), F (""));
    assert_verdict (BODY, client, F ("MDPC01"), F ("echo"));
    assert_verdict (BODY, client, F ("MDPC02"), F ("\2"), F ("echo"));
    assert_verdict (BODY, worker, F ("MDPW02"), F ("\2"), F (TOKEN), F (""));
}

/*  All messages of up to four frames out of a small alphabet: no verdict matters, only the guard pages do. */
static void
no_short_message_is_read_past_its_end (void **state)
{
    (void) state;
    const span_t alphabet[] = {F (""), F ("MDPC01"), F ("MDPC02"), F ("MDPW01"), F ("MDPW02"), F ("\1"),
                               F ("\2"), F ("\3"), F ("\4"), F ("\5"), F ("\6"), F ("echo"), F ("MDP")};
    const size_t letters = COUNT_OF (alphabet);
    const span_t *letter = guarded_frames (alphabet, letters);
    span_t *end = (span_t *) guarded_bytes (alphabet, 4 * sizeof (span_t)) + 4;
    for (size_t word = 0; word < letters * letters * letters * letters; word++)
        for (size_t count = 1, rest = word; count <= 4; count++, rest /= letters) {
            *(end - count) = letter[rest % letters];
            mdp_decode_at_broker (end - count, count, &last);
            mdp_decode_at_client (end - count, count, &last);
            mdp_decode_at_worker (end - count, count, &last);
            assert_true (last.version <= 2);
        }
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (nothing_is_short),
        TEST (short_ones),
        TEST (headers),
        TEST (each_side_takes_its_own_headers),
        TEST (command_frames),
        TEST (unknown_command_bytes),
        TEST (service_names),
        TEST (a_bad_ready_is_still_known_as_one),
        TEST (credits),
        TEST (delimiters),
        TEST (bodies),
        TEST (no_short_message_is_read_past_its_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
