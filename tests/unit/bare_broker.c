#include "bare_broker.h"

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
