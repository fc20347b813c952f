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

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (both_uses),
        cmocka_unit_test (wildcards_are_for_binding),
        cmocka_unit_test (no_endpoints),
        cmocka_unit_test (lengths_have_limits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
