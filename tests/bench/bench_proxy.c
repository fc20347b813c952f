/*  A yardstick: zmq_proxy between a ROUTER and a DEALER, which knows nothing of services, workers or credit.
 *
 *      bench_proxy FRONTEND BACKEND
 */
#include "yardstick.h"

#include <stdio.h>
#include <zmq.h>

int
main (int argc, char **argv)
{
    if (argc != 3) {
        fprintf (stderr, "usage: bench_proxy FRONTEND BACKEND\n");
        return 64;
    }
    void *context = zmq_ctx_new ();
    yardstick_open ();
    void *frontend = yardstick_bind (context, ZMQ_ROUTER, argv[1]);
    void *backend = yardstick_bind (context, ZMQ_DEALER, argv[2]);
    zmq_proxy (frontend, backend, NULL); /* until a signal */
    zmq_close (frontend);
    zmq_close (backend);
    zmq_ctx_term (context);
    return 0;
}
