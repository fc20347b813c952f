#include "unit.h"

#include "endpoint.h"

#include <stdio.h>
#include <string.h>

static void
both_uses (void **state)
{
    (void) state;
    static const char *const good[] = {
        "tcp://127.0.0.1:5555",
        "tcp://[::1]:1",
        "tcp://[fe80::1%eth0]:5555",
        "tcp://broker-1.example.com:65535",
        "tcp://eth0:5555",
        "ipc:///run/keel/broker",
        "ipc://@abstract",
        "ipc://relative path",
    };
    for (size_t n = 0; n < COUNT_OF (good); n++) {
        assert_null (endpoint_check (good[n], ENDPOINT_BIND));
        assert_null (endpoint_check (good[n], ENDPOINT_CONNECT));
    }
}

static void
wildcards_are_for_binding (void **state)
{
    (void) state;
    static const char *const wild[] = {
        "tcp://*:5555", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "tcp://*:*", "tcp://[::]:*", "ipc://*",
    };
    for (size_t n = 0; n < COUNT_OF (wild); n++) {
        assert_null (endpoint_check (wild[n], ENDPOINT_BIND));
        assert_non_null (endpoint_check (wild[n], ENDPOINT_CONNECT));
    }
}

static void
no_endpoints (void **state)
{
    (void) state;
    static const char *const bad[] = {
        "",
        "tcp",
        "tcp:/127.0.0.1:5555",
        "127.0.0.1:5555",
        "udp://127.0.0.1:5555",
        "TCP://127.0.0.1:5555",
        "tcp://",
        "tcp://:",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://:5555",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:+1",
        "tcp://127.0.0.1:1x",
        "tcp://127.0.0.1:000000001",
        "tcp://127.0.0.1: 5",
        "tcp://256.0.0.1:1",
        "tcp://127.0.0:1",
        "tcp://::1:5555",
        "tcp://[::1]",
        "tcp://[::1:5555",
        "tcp://[]:5555",
        "tcp://[::g]:5555",
        "tcp://[::1%]:5555",
        "tcp://[127.0.0.1]:5555",
        "tcp://[::1]x:5555",
        "tcp://a b:5555",
        "tcp://a/b:5555",
        "tcp://a:5555\n",
        "ipc://",
        "ipc://a\tb",
        "inproc://name",
    };
    for (size_t n = 0; n < COUNT_OF (bad); n++) {
        assert_non_null (endpoint_check (bad[n], ENDPOINT_BIND));
        assert_non_null (endpoint_check (bad[n], ENDPOINT_CONNECT));
    }
}

static void
lengths_have_limits (void **state)
{
    (void) state;
    char path[200] = "ipc://", host[400] = "tcp://";
    memset (path + 6, 'p', 107);
    assert_null (endpoint_check (path, ENDPOINT_BIND));
    path[6 + 107] = 'p';
    assert_non_null (endpoint_check (path, ENDPOINT_BIND));
    memset (host + 6, 'h', 253);
    strcpy (host + 6 + 253, ":1");
    assert_null (endpoint_check (host, ENDPOINT_CONNECT));
    memset (host + 6, 'h', 254);
    strcpy (host + 6 + 254, ":1");
    assert_non_null (endpoint_check (host, ENDPOINT_CONNECT));
    memset (host + 6, ':', 253);
    host[6] = '[';
    strcpy (host + 6 + 252, "]:1");
    assert_non_null (endpoint_check (host, ENDPOINT_CONNECT));
}

static void
what_cannot_be_bound_together (void **state)
{
    (void) state;
    static const struct {
        const char *one, *other;
        bool collide;
    } cases[] = {
        {"ipc://a", "ipc://a", true},
        {"ipc://a", "ipc://b", false},
        {"ipc://*", "ipc://*", false},
        {"ipc://1:2", "tcp://1:2", false},
        {"tcp://127.0.0.1:5", "tcp://127.0.0.1:5", true},
        {"tcp://127.0.0.1:5", "tcp://127.0.0.1:6", false},
        {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", false},
        {"tcp://*:0", "tcp://*:0", false},
        {"tcp://127.0.0.1:5", "tcp://127.0.0.2:5", false},
        {"tcp://127.0.0.1:5", "tcp://[::1]:5", false},
        {"tcp://*:5", "tcp://127.0.0.1:5", true},
        {"tcp://[::1]:5", "tcp://*:5", true},
        {"tcp://[::]:5", "tcp://127.0.0.1:5", true},
        {"tcp://0.0.0.0:5", "tcp://127.0.0.1:5", true},
        {"tcp://[::1]:5", "tcp://0.0.0.0:5", false},
    };
    for (size_t n = 0; n < COUNT_OF (cases); n++) {
        assert_int_equal (endpoint_collides (cases[n].one, cases[n].other), cases[n].collide);
        assert_int_equal (endpoint_collides (cases[n].other, cases[n].one), cases[n].collide);
    }
}

static void
what_reaches_what (void **state)
{
    (void) state;
    static const struct {
        const char *peer, *bind;
        bool reaches;
    } cases[] = {
        {"ipc://a", "ipc://a", true},
        {"ipc://a", "ipc://b", false},
        {"tcp://localhost:5", "tcp://*:5", true},
        {"tcp://[::1]:5", "tcp://localhost:5", true},
        {"tcp://10.0.0.1:5", "tcp://10.0.0.1:5", true},
        {"tcp://10.0.0.1:5", "tcp://10.0.0.2:5", false},
        {"tcp://10.0.0.1:5", "tcp://*:5", false}, /* it may be, but nothing here says so */
        {"tcp://localhost:5", "tcp://*:6", false},
        {"tcp://localhost:5", "tcp://*:*", false},
    };
    for (size_t n = 0; n < COUNT_OF (cases); n++)
        assert_int_equal (endpoint_reaches (cases[n].peer, cases[n].bind), cases[n].reaches);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (both_uses),
        cmocka_unit_test (wildcards_are_for_binding),
        cmocka_unit_test (no_endpoints),
        cmocka_unit_test (lengths_have_limits),
        cmocka_unit_test (what_cannot_be_bound_together),
        cmocka_unit_test (what_reaches_what),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
