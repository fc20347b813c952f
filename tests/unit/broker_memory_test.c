/*  A whole broker (engine, loop and port) whose Nth allocation fails, for each N until none does: to start it fails with an
 *  error, what it cannot take it refuses, and it goes on. Its peers are bare sockets. */
#include "unit.h"

#include "clock.h"
#include "loop.h"
#include "majordomo.h"
#include "memory.h"

#include <zmq.h>

#define PATIENCE_MS 10000
#define LARGE       100000
#define OPTIONS     "KEEL\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1" /* with notices */
#define PARTS       16

typedef struct {
    port_t *port;
    keel_majordomo_t *engine;
    loop_t loop;
    void *context;
    void *worker;
    void *client;
} broker_t;

/*  A message as it came: frames with copies of what is small in them. */
typedef struct {
    size_t count;
    size_t sizes[PARTS];
    char frames[PARTS][32];
} heard_t;

static uint8_t large[LARGE];

/* ------------------------------------------------------------------ the broker */

static int
step_majordomo (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_majordomo_step (engine, event, out);
}

static int64_t
majordomo_due (const void *engine)
{
    return keel_majordomo_next_due (engine);
}

/*  As the daemon builds it. Whatever is returned, broker_stop ends it. */
static bool
broker_start (broker_t *self)
{
    port_config_t port_config = PORT_CONFIG_DEFAULT;
    keel_majordomo_config_t config = KEEL_MAJORDOMO_CONFIG_DEFAULT;
    uint16_t listener;
    port_config.frames = PARTS;
    port_config.linger_ms = 0;
    *self = (broker_t){0};
    return (self->port = port_new (&port_config)) && (self->engine = keel_majordomo_new (&config, 1)) &&
           loop_open (&self->loop, self->port, self->engine, step_majordomo, majordomo_due) == 0 &&
           port_listen (self->port, "tcp://127.0.0.1:*", false, &listener) == 0;
}

static void *
dealer (broker_t *self)
{
    const int none = 0;
    void *socket = zmq_socket (self->context, ZMQ_DEALER);
    assert_non_null (socket);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof (none));
    assert_int_equal (zmq_connect (socket, port_endpoint (self->port, 0)), 0);
    return socket;
}

static void
peers_open (broker_t *self)
{
    self->context = zmq_ctx_new ();
    self->worker = dealer (self);
    self->client = dealer (self);
}

static void
broker_stop (broker_t *self)
{
    if (self->context) {
        zmq_close (self->worker);
        zmq_close (self->client);
        zmq_ctx_term (self->context);
    }
    loop_close (&self->loop);
    keel_majordomo_destroy (&self->engine);
    port_destroy (&self->port);
}

/* ------------------------------------------------------------------ the peers */

static void
say (void *socket, const span_t frames[], size_t count)
{
    for (size_t n = 0; n < count; n++)
        assert_true (zmq_send (socket, frames[n].data, frames[n].size, n + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
}

#define SAY(socket, ...)                                                                                               \
    do {                                                                                                               \
        const span_t said[] = {__VA_ARGS__};                                                                           \
        say (socket, said, COUNT_OF (said));                                                                           \
    } while (0)

static void
say_ready (broker_t *self)
{
    SAY (self->worker, F (""), F ("MDPW02"), F ("\1"), F ("echo"));
}

static void
ask (broker_t *self)
{
    SAY (self->client, F (OPTIONS), F (""), F ("MDPC02"), F ("\1"), F ("echo"), F ("small"), span_make (large, LARGE));
}

static bool
has_come (void *socket)
{
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    return zmq_poll (&item, 1, 0) == 1;
}

/*  A large frame must be that of the client. */
static void
hear (void *socket, heard_t *heard)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    heard->count = 0;
    do {
        assert_true (zmq_msg_recv (&message, socket, ZMQ_DONTWAIT) >= 0 && heard->count < PARTS);
        const size_t size = heard->sizes[heard->count] = zmq_msg_size (&message);
        if (size == LARGE)
            assert_memory_equal (zmq_msg_data (&message), large, LARGE);
        else {
            assert_true (size < sizeof (heard->frames[0]));
            memcpy (heard->frames[heard->count], zmq_msg_data (&message), size);
            heard->frames[heard->count][size] = 0;
        }
        heard->count++;
    } while (zmq_msg_more (&message));
    zmq_msg_close (&message);
}

/*  Turns the loop until one of its peers has something. */
static void
turn (broker_t *self)
{
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    while (!has_come (self->worker) && !has_come (self->client)) {
        assert_true (clock_now_ms () < deadline);
        loop_turn (&self->loop, 1);
    }
}

/* ------------------------------------------------------------------ a request */

/*  Answers what the worker has got; a READY that was refused is said again. */
static void
work (broker_t *self)
{
    heard_t heard;
    hear (self->worker, &heard);
    assert_string_equal (heard.frames[1], "MDPW02");
    if (heard.frames[2][0] == 5)
        return;
    if (heard.frames[2][0] == 6) {
        say_ready (self);
        return;
    }
    assert_int_equal (heard.frames[2][0], 2);
    assert_int_equal (heard.count, 7);
    assert_int_equal (heard.sizes[6], LARGE);
    const span_t token = span_make (heard.frames[3], heard.sizes[3]);
    SAY (self->worker, F (""), F ("MDPW02"), F ("\4"), token, F (""), F ("done"), span_make (large, LARGE));
}

/*  True: answered; false: refused for want of memory, as the notice says. */
static bool
was_answered (broker_t *self)
{
    heard_t heard;
    hear (self->client, &heard);
    assert_int_equal (heard.sizes[0], 20);
    assert_string_equal (heard.frames[2], "MDPC02");
    assert_int_equal (heard.frames[3][0], 3);
    if (strcmp (heard.frames[4], "mmi.error") == 0) {
        assert_string_equal (heard.frames[5], "503");
        return false;
    }
    assert_string_equal (heard.frames[4], "echo");
    assert_string_equal (heard.frames[5], "done");
    assert_int_equal (heard.sizes[6], LARGE);
    return true;
}

/*  Until the client hears: what has become of its request. */
static bool
is_served (broker_t *self)
{
    for (;;) {
        turn (self);
        if (has_come (self->client))
            return was_answered (self);
        work (self);
    }
}

/*  One allocation fails: at most one request is refused. */
static unsigned
is_served_in_the_end (broker_t *self)
{
    unsigned refused = 0;
    for (ask (self); !is_served (self); ask (self))
        refused++;
    return refused;
}

/* ------------------------------------------------------------------ the scenarios */

/*  Start, READY, a request, its answer. True: that many allocations were not made. */
static bool
start_survives (uint64_t nth, unsigned *failed_starts)
{
    broker_t broker;
    memory_seam = (memory_seam_t){.fail_at = nth};
    if (broker_start (&broker)) {
        peers_open (&broker);
        say_ready (&broker);
        assert_in_range (is_served_in_the_end (&broker), 0, 1);
    } else
        *failed_starts += 1;
    bool done = memory_seam.calls < nth;
    memory_seam.fail_at = 0;
    broker_stop (&broker);
    return done;
}

static void
each_allocation_of_a_start_fails (void **state)
{
    (void) state;
    unsigned failed_starts = 0;
    uint64_t nth = 1;
    while (!start_survives (nth, &failed_starts))
        nth++;
    assert_true (failed_starts >= 8);
    assert_true (nth > failed_starts + 5);
}

/*  Its worker has a request already, which has not waited: what comes now is the first that must be kept until it is free. */
static void
running_open (broker_t *self, heard_t *held)
{
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    assert_true (broker_start (self));
    peers_open (self);
    say_ready (self);
    while (keel_majordomo_gauges (self->engine).workers == 0) {
        assert_true (clock_now_ms () < deadline);
        loop_turn (&self->loop, 1);
    }
    ask (self);
    turn (self);
    hear (self->worker, held);
    assert_int_equal (held->frames[2][0], 2);
}

static void
take_in (broker_t *self)
{
    const dispatch_counters_t *counters = keel_majordomo_counters (self->engine);
    const uint64_t before = counters->accepted + counters->refused;
    const int64_t deadline = clock_now_ms () + PATIENCE_MS;
    ask (self);
    while (counters->accepted + counters->refused == before) {
        assert_true (clock_now_ms () < deadline);
        loop_turn (&self->loop, 1);
    }
}

/*  A running broker takes a request of a large frame. True: that many allocations were not made. */
static bool
taking_survives (uint64_t nth, bool all, unsigned *refused)
{
    broker_t broker;
    heard_t held;
    memory_seam = (memory_seam_t){0};
    running_open (&broker, &held);
    const uint64_t fail = memory_seam.calls + nth;
    memory_seam.fail_at = fail;
    memory_seam.fail_all = all ? fail : 0;
    take_in (&broker);
    bool done = memory_seam.calls < fail;
    memory_seam = (memory_seam_t){0};
    const dispatch_counters_t *counters = keel_majordomo_counters (broker.engine);
    const uint64_t lost =
        counters->refused_memory + counters->failed_503; /* not taken in; taken in, but no place to wait */
    assert_int_equal (counters->refused + counters->failed, lost);
    assert_in_range (lost, 0, 1);
    if (lost) {
        turn (&broker);
        assert_false (was_answered (&broker));
    }
    *refused += (unsigned) lost;
    const span_t token = span_make (held.frames[3], held.sizes[3]);
    SAY (broker.worker, F (""), F ("MDPW02"), F ("\4"), token, F (""), F ("done"), span_make (large, LARGE));
    for (uint64_t n = lost; n < 2; n++)
        assert_true (is_served (&broker));
    assert_int_equal (is_served_in_the_end (&broker), 0);
    loop_tell (&broker.loop, KEEL_EVENT_TICK); /* what has ended is let go with the next step */
    assert_int_equal (keel_majordomo_gauges (broker.engine).bytes, 0);
    broker_stop (&broker);
    return done;
}

static void
each_allocation_of_taking_a_request_fails (bool all)
{
    unsigned refused = 0;
    uint64_t nth = 1;
    while (!taking_survives (nth, all, &refused))
        nth++;
    assert_true (refused >= 1);
    assert_in_range (nth, refused + 1, 100);
}

static void
one_allocation_of_taking_a_request_fails (void **state)
{
    (void) state;
    each_allocation_of_taking_a_request_fails (false);
}

static void
all_allocations_fail_while_taking_a_request (void **state)
{
    (void) state;
    each_allocation_of_taking_a_request_fails (true);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_allocation_of_a_start_fails),
        cmocka_unit_test (one_allocation_of_taking_a_request_fails),
        cmocka_unit_test (all_allocations_fail_while_taking_a_request),
    };
    for (size_t n = 0; n < LARGE; n++)
        large[n] = (uint8_t) (n * 7 + (n >> 8));
    return cmocka_run_group_tests (tests, NULL, NULL);
}
