/*  A whole worker: it answers each request of the service `echo` with what it was sent.
 *
 *      cc -o echo echo.c $(pkg-config --cflags --libs keel)
 */
#include <keel/keel.h>

static zmsg_t *
echo (zmsg_t *request, void *arg)
{
    (void) arg;
    return request;
}

int
main (int argc, char **argv)
{
    keel_worker_t *worker = keel_worker_new (argc > 1 ? argv[1] : "tcp://127.0.0.1:5555", "echo");
    if (!worker)
        return EXIT_FAILURE;
    int rc = keel_worker_run (worker, echo, NULL); /* until SIGTERM; heartbeats, reconnects, drains by itself */
    keel_worker_destroy (&worker);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
