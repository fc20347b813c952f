#include "bare_broker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

void
broker_bind (broker_t *self)
{
    self->router = zsock_new (ZMQ_ROUTER);
    assert_non_null (self->router);
    zsock_set_linger (self->router, 0);
    zsock_set_sndhwm (self->router, 0);
    zsock_set_rcvtimeo (self->router, PATIENCE_MS);
    assert_int_not_equal (zsock_bind (self->router, "%s", self->endpoint), -1);
}

void
broker_open (broker_t *self)
{
    *self = (broker_t){.folder = "/tmp/keel.worker.XXXXXX"};
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->endpoint, sizeof (self->endpoint), "ipc://%s/broker", self->folder);
    broker_bind (self);
}

void
broker_close (broker_t *self)
{
    zframe_destroy (&self->peer);
    zsock_destroy (&self->router);
    unlink (self->endpoint + strlen ("ipc://"));
    rmdir (self->folder);
}

zmsg_t *
broker_read (broker_t *self)
{
    zmsg_t *message = zmsg_recv (self->router);
    assert_non_null (message);
    zframe_destroy (&self->peer);
    self->peer = zmsg_pop (message);
    return message;
}

void
broker_send (broker_t *self, zmsg_t **message)
{
    zframe_t *peer = zframe_dup (self->peer);
    zmsg_prepend (*message, &peer);
    assert_int_equal (zmsg_send (message, self->router), 0);
}

zmsg_t *
echo (zmsg_t *request, void *arg)
{
    (void) arg;
    return request;
}

zmsg_t *
give_up (zmsg_t *request, void *arg)
{
    (void) arg;
    zmsg_destroy (&request);
    return NULL;
}

zmsg_t *
wait_for_flag (zmsg_t *request, void *arg)
{
    atomic_bool *flag = arg;
    while (!atomic_load (flag))
        usleep (1000);
    return request;
}

void
count_line (int level, const char *line, void *arg)
{
    assert_in_range (level, 3, 7);
    assert_non_null (strstr (line, "ipc://"));
    atomic_fetch_add ((atomic_int *) arg, 1);
}

int
leave_signals (void **state)
{
    (void) state;
    zsys_handler_set (NULL);
    return 0;
}
