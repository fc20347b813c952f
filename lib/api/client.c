/*  The client class: an engine (engine/client.h) and a port in one object. The engine decides; here its actions are carried
 *  out, time is told to it, and what it delivers waits in the inbox.
 *
 *  The inbox is bounded by not reading: once it has something, no message is read until it was taken.
 */
#include <keel/client.h>

#include "client_inbox.h"

#include "client.h"
#include "clock.h"
#include "endpoint.h"
#include "mdp.h"
#include "port.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>

#define TIMEOUT_MS       2500
#define TIMEOUT_MOST_MS  86400000
#define RETRIES          3
#define RETRIES_MOST     1000
#define OUTSTANDING      1000
#define OUTSTANDING_MOST 1000000

/*  Partial answers that keel_client_request puts together; a frame counts for a little more than its bytes. */
#define REPLY_MOST  ((size_t) 64 << 20)
#define FRAME_COSTS 64

#define ACTIONS 64
#define BATCH   1000 /* messages read before the time is looked at again */
#define NO_LINK (-1)

static_assert (KEEL_E_TIMEOUT == -KEEL_MDCLIENT_TIMEOUT && KEEL_E_NO_BROKER == -KEEL_MDCLIENT_NO_BROKER,
               "an engine's codes are errors without their sign");
static_assert (sizeof (keel_client_counters_t) == KEEL_MDCLIENT_COUNTERS * sizeof (uint64_t),
               "the counters are the engine's, in its order");

typedef struct {
    char *name;
    int link; /* the port's number, or NO_LINK */
} place_t;

struct keel_client {
    keel_mdclient_t *engine;
    keel_actions_t *actions;
    port_t *port;
    place_t *places; /* by the engine's index */
    uint16_t place_count;
    inbox_t inbox;
    bool unread; /* the port may have messages that its descriptor does not tell of */
    int alarm;   /* eventfd in the port's epoll: recv has something to do; -1: nobody asked for a descriptor */
    int timer;   /* timerfd likewise */
    keel_client_counters_t counters;
    char error[INBOX_REASON];
};

/* ------------------------------------------------------------------ life */

/*  Splits the list; false with errno. */
static bool
add_places (keel_client_t *self, const char *endpoints)
{
    size_t most = 1;
    for (const char *at = endpoints; *at; at++)
        most += *at == ',';
    self->places = calloc (most, sizeof (place_t));
    if (!self->places || most > UINT16_MAX)
        return false;
    for (const char *at = endpoints; at; at = strchr (at, ',') ? strchr (at, ',') + 1 : NULL) {
        char *name = strndup (at, strcspn (at, ","));
        if (!name)
            return false;
        self->places[self->place_count++] = (place_t){name, NO_LINK};
        if (endpoint_check (name, ENDPOINT_CONNECT) || strncmp (name, "inproc:", 7) == 0) {
            errno = EINVAL;
            return false;
        }
    }
    return true;
}

static bool
make_engine (keel_client_t *self)
{
    keel_mdclient_config_t config = {.endpoints = self->place_count,
                                     .version = 2,
                                     .notices = true,
                                     .timeout_ms = TIMEOUT_MS,
                                     .retries = RETRIES,
                                     .outstanding = OUTSTANDING};
    if (getrandom (&config.seed, sizeof (config.seed), 0) != sizeof (config.seed))
        return false;
    self->engine = keel_mdclient_new (&config);
    self->actions = keel_actions_new (ACTIONS);
    self->port = port_new (&PORT_CONFIG_DEFAULT);
    return self->engine && self->actions && self->port;
}

keel_client_t *
keel_client_new (const char *endpoints)
{
    keel_client_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->alarm = self->timer = -1;
    if (!add_places (self, endpoints) || !make_engine (self)) {
        int why = errno == EINVAL ? EINVAL : ENOMEM;
        keel_client_destroy (&self);
        errno = why;
    }
    return self;
}

void
keel_client_destroy (keel_client_t **self_p)
{
    keel_client_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    keel_mdclient_destroy (&self->engine);
    keel_actions_destroy (&self->actions);
    port_destroy (&self->port);
    inbox_clear (&self->inbox);
    for (uint16_t n = 0; n < self->place_count; n++)
        free (self->places[n].name);
    free (self->places);
    if (self->alarm >= 0)
        close (self->alarm);
    if (self->timer >= 0)
        close (self->timer);
    free (self);
}

/* ------------------------------------------------------------------ settings */

int
keel_client_set_timeout (keel_client_t *self, int timeout_ms)
{
    if (timeout_ms < 1 || timeout_ms > TIMEOUT_MOST_MS)
        return KEEL_E_INVALID;
    keel_mdclient_config (self->engine)->timeout_ms = timeout_ms;
    return 0;
}

int
keel_client_set_retries (keel_client_t *self, int retries)
{
    if (retries < 0 || retries > RETRIES_MOST)
        return KEEL_E_INVALID;
    keel_mdclient_config (self->engine)->retries = (unsigned) retries;
    return 0;
}

int
keel_client_set_stock (keel_client_t *self, bool stock)
{
    if (keel_mdclient_outstanding (self->engine) > 0)
        return KEEL_E_STATE;
    keel_mdclient_config (self->engine)->stock = stock;
    return 0;
}

int
keel_client_set_version (keel_client_t *self, int version)
{
    if (version != 1 && version != 2)
        return KEEL_E_INVALID;
    if (keel_mdclient_outstanding (self->engine) > 0)
        return KEEL_E_STATE;
    keel_mdclient_config (self->engine)->version = (uint8_t) version;
    return 0;
}

void
keel_client_set_notices (keel_client_t *self, bool notices)
{
    keel_mdclient_config (self->engine)->notices = notices;
}

int
keel_client_set_outstanding (keel_client_t *self, int outstanding)
{
    if (outstanding < 1 || outstanding > OUTSTANDING_MOST)
        return KEEL_E_INVALID;
    keel_mdclient_config (self->engine)->outstanding = (size_t) outstanding;
    return 0;
}

/* ------------------------------------------------------------------ actions and events */

static void
carry_out (keel_client_t *self, const keel_action_t *action)
{
    place_t *place = &self->places[action->listener];
    keel_action_t send = *action;
    uint16_t link;
    switch (action->kind) {
    case KEEL_ACTION_CONNECT:
        /* A failure (no descriptors left) looks like a silent broker: the engine comes back to it. */
        place->link = port_connect (self->port, place->name, &link) == 0 ? link : NO_LINK;
        break;
    case KEEL_ACTION_CLOSE:
        if (place->link != NO_LINK)
            port_close (self->port, (uint16_t) place->link, action->linger);
        place->link = NO_LINK;
        break;
    case KEEL_ACTION_SEND:
        if (place->link == NO_LINK)
            break;
        send.listener = (uint16_t) place->link;
        port_send (self->port, &send);
        self->unread = true;
        break;
    case KEEL_ACTION_DELIVER:
        inbox_add (&self->inbox, action);
        break;
    case KEEL_ACTION_LOG:
        break;
    }
}

static void
step (keel_client_t *self, keel_event_t *event)
{
    event->now = clock_now_ms ();
    keel_actions_clear (self->actions);
    keel_mdclient_step (self->engine, event, self->actions);
    for (size_t n = 0; n < self->actions->count; n++)
        carry_out (self, &self->actions->items[n]);
}

static void
work (keel_client_t *self)
{
    while (keel_mdclient_next_due (self->engine) <= clock_now_ms ())
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK});
}

/*  The port's number of a link becomes the engine's; false: that link was closed. */
static bool
name_place (const keel_client_t *self, keel_event_t *event)
{
    for (uint16_t n = 0; n < self->place_count; n++)
        if (self->places[n].link == event->peer.listener) {
            event->peer.listener = n;
            return true;
        }
    return false;
}

/*  Reads and works until there is a result or nothing more to do. False: a batch was not enough. */
static bool
pump (keel_client_t *self)
{
    keel_event_t event;
    self->unread = true;
    for (int n = 0; n < BATCH; n++) {
        if (!inbox_is_empty (&self->inbox))
            return true;
        if (!port_receive (self->port, &event)) {
            self->unread = false;
            work (self);
            return true;
        }
        if (name_place (self, &event))
            step (self, &event);
    }
    return false;
}

/*  Waits for a result. 0, KEEL_E_TIMEOUT, KEEL_E_STATE, KEEL_E_INTERRUPTED, KEEL_E_MEMORY. */
static int
await (keel_client_t *self, int64_t deadline)
{
    port_wait (self->port, 0);
    for (;;) {
        bool all = pump (self);
        if (inbox_is_short (&self->inbox))
            return KEEL_E_MEMORY;
        if (!inbox_is_empty (&self->inbox))
            return 0;
        if (keel_mdclient_outstanding (self->engine) == 0)
            return KEEL_E_STATE;
        int64_t due = keel_mdclient_next_due (self->engine), now = clock_now_ms ();
        if (now >= deadline)
            return KEEL_E_TIMEOUT;
        if (!all)
            continue;
        due = due < deadline ? due : deadline;
        errno = 0;
        port_wait (self->port, due > now ? due - now : 0);
        if (errno == EINTR)
            return KEEL_E_INTERRUPTED;
    }
}

/* ------------------------------------------------------------------ the descriptor */

/*  Before port_wait: it would not sleep. */
static void
quiet_alarm (keel_client_t *self)
{
    uint64_t count;
    if (self->alarm < 0)
        return;
    if (read (self->alarm, &count, sizeof (count)) < 0)
        errno = 0; /* it was not raised */
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &(struct itimerspec){0}, NULL);
}

/*  After each call: has recv something to do, and when will it have? */
static void
set_alarm (keel_client_t *self)
{
    int64_t due = keel_mdclient_next_due (self->engine);
    struct itimerspec spec = {0};
    if (self->alarm < 0)
        return;
    if (self->unread || !inbox_is_empty (&self->inbox) || inbox_is_short (&self->inbox))
        eventfd_write (self->alarm, 1);
    if (due != KEEL_NEVER) {
        due = due > 0 ? due : 1;
        spec.it_value = (struct timespec){.tv_sec = due / 1000, .tv_nsec = (long) (due % 1000) * 1000000};
    }
    timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

int
keel_client_fd (keel_client_t *self)
{
    if (self->alarm >= 0)
        return port_fd (self->port);
    int alarm = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    int timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (alarm < 0 || timer < 0 || port_watch (self->port, alarm) != 0 || port_watch (self->port, timer) != 0)
        goto fail;
    self->alarm = alarm;
    self->timer = timer;
    self->unread = true;
    set_alarm (self);
    return port_fd (self->port);

fail:;
    int why = errno;
    if (alarm >= 0)
        close (alarm);
    if (timer >= 0)
        close (timer);
    errno = why;
    return -1;
}

/* ------------------------------------------------------------------ requests */

static int
submit (keel_client_t *self, const char *service, const zmsg_t *request, uint64_t *id)
{
    size_t count = request ? zmsg_size ((zmsg_t *) (uintptr_t) request) : 0;
    if (!service || !mdp_service_valid (span_text (service)) || count == 0)
        return KEEL_E_INVALID;
    span_t *body = malloc (count * sizeof (span_t));
    if (!body)
        return KEEL_E_MEMORY;
    zmsg_t *frames = (zmsg_t *) (uintptr_t) request;
    size_t at = 0;
    for (zframe_t *frame = zmsg_first (frames); frame; frame = zmsg_next (frames))
        body[at++] = span_make (zframe_data (frame), zframe_size (frame));
    keel_submit_t done = keel_mdclient_submit (self->engine, clock_now_ms (), span_text (service), body, count, id);
    free (body);
    return done == KEEL_SUBMIT_OK ? 0 : done == KEEL_SUBMIT_FULL ? KEEL_E_BUSY : KEEL_E_MEMORY;
}

/*  Keeps what to say of a failure; returns it. */
static int
say (keel_client_t *self, int code, const char *reason)
{
    if (code)
        snprintf (self->error, sizeof (self->error), "%s", reason ? reason : keel_strerror (code));
    return code;
}

int
keel_client_send (keel_client_t *self, const char *service, zmsg_t **request, uint64_t *id)
{
    uint64_t mine;
    quiet_alarm (self);
    int rc = submit (self, service, *request, id ? id : &mine);
    zmsg_destroy (request);
    if (rc == 0)
        work (self);
    set_alarm (self);
    return say (self, rc, NULL);
}

int
keel_client_recv (keel_client_t *self, keel_client_result_t *result, zmsg_t **reply, int timeout_ms)
{
    *reply = NULL;
    quiet_alarm (self);
    int rc = await (self, timeout_ms < 0 ? KEEL_NEVER : clock_now_ms () + timeout_ms);
    if (rc == 0) {
        char reason[INBOX_REASON];
        inbox_take (&self->inbox, result, reply, reason);
        say (self, result->code, reason);
    }
    if (rc == KEEL_E_MEMORY)
        inbox_forgive (&self->inbox);
    set_alarm (self);
    return say (self, rc, NULL);
}

int
keel_client_cancel (keel_client_t *self, uint64_t id)
{
    quiet_alarm (self);
    bool waited = keel_mdclient_cancel (self->engine, id);
    bool had = inbox_drop (&self->inbox, id);
    work (self);
    set_alarm (self);
    return waited || had ? 0 : KEEL_E_STATE;
}

/*  Moves the frames of part behind those of whole; false: it is too much. */
static bool
gather (zmsg_t **whole, zmsg_t **part)
{
    if (!*whole) {
        *whole = *part;
        *part = NULL;
        return true;
    }
    size_t cost = zmsg_content_size (*whole) + zmsg_content_size (*part);
    cost += (zmsg_size (*whole) + zmsg_size (*part)) * FRAME_COSTS;
    for (zframe_t *frame = zmsg_pop (*part); frame; frame = zmsg_pop (*part))
        zmsg_append (*whole, &frame);
    zmsg_destroy (part);
    return cost <= REPLY_MOST;
}

static int
gather_results (keel_client_t *self, zmsg_t **reply)
{
    keel_client_result_t result = {0};
    while (!result.final) {
        zmsg_t *part;
        int rc = keel_client_recv (self, &result, &part, -1);
        if (rc == 0)
            rc = result.code;
        if (rc == 0 && !gather (reply, &part))
            rc = say (self, KEEL_E_MEMORY, "the answer is too large");
        if (rc != 0)
            return rc;
    }
    return 0;
}

int
keel_client_request (keel_client_t *self, const char *service, zmsg_t **request, zmsg_t **reply)
{
    uint64_t id;
    *reply = NULL;
    if (keel_mdclient_outstanding (self->engine) > 0 || !inbox_is_empty (&self->inbox)) {
        zmsg_destroy (request);
        return say (self, KEEL_E_STATE, NULL);
    }
    int rc = keel_client_send (self, service, request, &id);
    if (rc != 0)
        return rc;
    rc = gather_results (self, reply);
    if (rc != 0) {
        keel_client_cancel (self, id);
        zmsg_destroy (reply);
    }
    return rc;
}

/* ------------------------------------------------------------------ what is known */

const char *
keel_client_error (const keel_client_t *self)
{
    return self->error;
}

const keel_client_counters_t *
keel_client_counters (keel_client_t *self)
{
    uint64_t *values = (uint64_t *) &self->counters;
    for (keel_mdclient_counter_t n = 0; n < KEEL_MDCLIENT_COUNTERS; n++)
        values[n] = keel_mdclient_counter (self->engine, n);
    return &self->counters;
}
