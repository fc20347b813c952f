#include "bare_router.h"

#include "loopback.h"

#include <signal.h>
#include <sys/time.h>

zsock_t *
router_bind (char **endpoint)
{
    zsock_t *router = zsock_new (ZMQ_ROUTER);
    assert_non_null (router);
    zsock_set_linger (router, 0);
    assert_true (zsock_bind (router, "%s", loopback_any_port ()) > 0);
    *endpoint = strdup (zsock_endpoint (router));
    return router;
}

zmsg_t *
router_take (zsock_t *router)
{
    zpoller_t *poller = zpoller_new (router, NULL);
    assert_non_null (zpoller_wait (poller, SOON_MS));
    zpoller_destroy (&poller);
    zmsg_t *request = zmsg_recv (router);
    assert_non_null (request);
    return request;
}

zmsg_t *
message_of_text (const char *text)
{
    zmsg_t *message = zmsg_new ();
    zmsg_addstr (message, text);
    return message;
}

static volatile sig_atomic_t rings;

static void
note_ring (int number)
{
    (void) number;
    rings++;
}

void
ring_every_20_ms (bool on)
{
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = note_ring};
    sigaction (SIGALRM, &action, NULL);
    setitimer (ITIMER_REAL, on ? &often : &never, NULL);
}

int
rung (void)
{
    return rings;
}
