#include "port_pair.h"

#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

port_config_t
pair_config (void)
{
    return (port_config_t){.frames = 8, .frame_bytes = 1 << 20, .pipe = 1000, .linger_ms = 0};
}

void
pair_open (port_pair_t *self, const port_config_t *config)
{
    *self = (port_pair_t){.folder = "/tmp/keel.port.XXXXXX"};
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->ipc, sizeof (self->ipc), "ipc://%s/here", self->folder);
    self->here = port_new (config);
    self->there = port_new (config);
    assert_true (self->here && self->there);
}

void
pair_close (port_pair_t *self)
{
    port_destroy (&self->there);
    port_destroy (&self->here);
    unlink (self->ipc + strlen ("ipc://"));
    assert_int_equal (rmdir (self->folder), 0);
}

void
pair_join (port_pair_t *self, const char *endpoint)
{
    keel_event_t event;
    assert_int_equal (port_listen (self->here, endpoint ? endpoint : self->ipc, false, &self->listener), 0);
    assert_int_equal (port_connect (self->there, port_endpoint (self->here, self->listener), &self->link), 0);
    pair_say (self, "hello");
    pair_expect (self->here, KEEL_EVENT_MESSAGE, &event);
    assert_span (event.frames[0], "hello");
    assert_in_range (event.peer.id.size, 1, sizeof (self->id_bytes));
    memcpy (self->id_bytes, event.peer.id.data, event.peer.id.size);
    self->id = span_make (self->id_bytes, event.peer.id.size);
}

static void
await_any (port_t *port, keel_event_t *event)
{
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    while (!port_receive (port, event)) {
        int64_t left = deadline - clock_now_ms ();
        assert_true (left > 0);
        port_wait (port, left);
    }
}

void
pair_await (port_t *port, keel_event_t *event)
{
    do
        await_any (port, event);
    while (event->kind == KEEL_EVENT_REFUSED);
}

void
pair_expect (port_t *port, keel_event_kind_t kind, keel_event_t *event)
{
    pair_await (port, event);
    assert_int_equal (event->kind, kind);
}

void
pair_refused (port_t *port, uint16_t link)
{
    keel_event_t event;
    await_any (port, &event);
    assert_int_equal (event.kind, KEEL_EVENT_REFUSED);
    assert_int_equal (event.peer.listener, link);
}

void
pair_expect_text (port_t *port, const char *text)
{
    keel_event_t event;
    pair_expect (port, KEEL_EVENT_MESSAGE, &event);
    assert_int_equal (event.count, 1);
    assert_true (span_equal (event.frames[0], span_text (text)));
}

/*  The first frame is the head, the others are the body. */
void
pair_send (port_t *port, uint16_t link, span_t id, const span_t frames[], size_t count, uint64_t tag)
{
    const keel_action_t action = {.kind = KEEL_ACTION_SEND,
                                  .listener = link,
                                  .id = id,
                                  .head = frames,
                                  .head_count = 1,
                                  .body = frames + 1,
                                  .body_count = count - 1,
                                  .tag = tag};
    port_send (port, &action);
}

void
pair_say (port_pair_t *self, const char *text)
{
    const span_t frame = span_text (text);
    pair_send (self->there, self->link, F (""), &frame, 1, 0);
}
