#include "mdbench_broker.h"

#include "mdbench_wire.h"

/*  Any answer will do, so none of its frames is looked at. */
static bool
answers (void *context, const char *endpoint, int timeout_ms)
{
    const span_t question[] = {SPAN_OF (""), SPAN_OF ("MDPC01"), SPAN_OF ("mmi.service"), SPAN_OF ("mmi.service")};
    void *socket = zmq_socket (context, ZMQ_DEALER);
    char byte;
    if (!socket)
        return false;
    zmq_setsockopt (socket, ZMQ_LINGER, &(int){0}, sizeof (int));
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof (timeout_ms));
    const bool yes = zmq_connect (socket, endpoint) == 0 && wire_send (socket, question, 4, false) == 0 &&
                     zmq_recv (socket, &byte, 1, 0) >= 0;
    zmq_close (socket);
    return yes;
}

const char *
broker_choose (void *context, const setting_list_t *brokers, int64_t timeout_ms)
{
    if (brokers->count == 1)
        return brokers->items[0].text;
    for (size_t n = 0; n < brokers->count; n++)
        if (answers (context, brokers->items[n].text, (int) timeout_ms))
            return brokers->items[n].text;
    return NULL;
}
