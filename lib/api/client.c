/*  The client class, as it is called: arguments are checked and messages become spans; links.c does the rest. */
#include "client_self.h"

#include "clock.h"
#include "mdp.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define OUTSTANDING      1000
#define OUTSTANDING_MOST 1000000

/*  Partial answers that keel_client_request puts together; a frame counts for a little more than its bytes. */
#define REPLY_MOST  ((size_t) 64 << 20)
#define FRAME_COSTS 64

static_assert (KEEL_E_TIMEOUT == -KEEL_MDCLIENT_TIMEOUT && KEEL_E_NO_BROKER == -KEEL_MDCLIENT_NO_BROKER,
               "an engine's codes are errors without their sign");
static_assert ((int) KEEL_CLIENT_IN_TURN == KEEL_MDSPREAD_IN_TURN && (int) KEEL_CLIENT_LEAST == KEEL_MDSPREAD_LEAST &&
                   (int) KEEL_CLIENT_SHOTGUN == KEEL_MDSPREAD_SHOTGUN,
               "the policies are the engine's");
static_assert (sizeof (keel_client_counters_t) == KEEL_MDCLIENT_COUNTERS * sizeof (uint64_t),
               "the counters are the engine's, in its order");

/* ------------------------------------------------------------------ life */

static int
step_client (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_mdspread_step (engine, event, out);
}

static int64_t
client_due (const void *engine)
{
    return keel_mdspread_next_due (engine);
}

static bool
make_engine (keel_client_t *self)
{
    keel_mdclient_config_t config = {.endpoints = self->links.place_count,
                                     .version = 2,
                                     .notices = true,
                                     .timeout_ms = LINKS_TIMEOUT_MS,
                                     .retries = LINKS_RETRIES,
                                     .outstanding = OUTSTANDING};
    if (!links_seed (&config.seed) || !(self->engine = keel_mdspread_new (&config)))
        return false;
    links_run (&self->links, self->engine, step_client, client_due);
    return true;
}

keel_client_t *
keel_client_new (const char *endpoints)
{
    keel_client_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->alarm = self->timer = -1;
    if (!links_open (&self->links, endpoints) || !make_engine (self)) {
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
    keel_mdspread_destroy (&self->engine);
    links_clear (&self->links);
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
    if (timeout_ms < 1 || timeout_ms > LINKS_TIMEOUT_MOST_MS)
        return KEEL_E_INVALID;
    keel_mdspread_config (self->engine)->timeout_ms = timeout_ms;
    return 0;
}

int
keel_client_set_retries (keel_client_t *self, int retries)
{
    if (retries < 0 || retries > LINKS_RETRIES_MOST)
        return KEEL_E_INVALID;
    keel_mdspread_config (self->engine)->retries = (unsigned) retries;
    return 0;
}

int
keel_client_set_stock (keel_client_t *self, bool stock)
{
    if (keel_mdspread_outstanding (self->engine) > 0)
        return KEEL_E_STATE;
    keel_mdspread_config (self->engine)->stock = stock;
    return 0;
}

int
keel_client_set_version (keel_client_t *self, int version)
{
    if (version != 1 && version != 2)
        return KEEL_E_INVALID;
    if (keel_mdspread_outstanding (self->engine) > 0)
        return KEEL_E_STATE;
    keel_mdspread_config (self->engine)->version = (uint8_t) version;
    return 0;
}

int
keel_client_set_policy (keel_client_t *self, keel_client_policy_t policy)
{
    if (policy != KEEL_CLIENT_IN_TURN && policy != KEEL_CLIENT_LEAST && policy != KEEL_CLIENT_SHOTGUN)
        return KEEL_E_INVALID;
    if (keel_mdspread_outstanding (self->engine) > 0)
        return KEEL_E_STATE;
    if (self->links.place_count > KEEL_MDSPREAD_BROKERS)
        return KEEL_E_INVALID;
    return keel_mdspread_set_policy (self->engine, (keel_mdspread_policy_t) policy) ? 0 : KEEL_E_MEMORY;
}

void
keel_client_set_notices (keel_client_t *self, bool notices)
{
    keel_mdspread_config (self->engine)->notices = notices;
}

int
keel_client_set_outstanding (keel_client_t *self, int outstanding)
{
    if (outstanding < 1 || outstanding > OUTSTANDING_MOST)
        return KEEL_E_INVALID;
    keel_mdspread_config (self->engine)->outstanding = (size_t) outstanding;
    return 0;
}

/* ------------------------------------------------------------------ requests */

static int
submit (keel_client_t *self, const char *service, zmsg_t *request, uint64_t *id)
{
    size_t count;
    if (!service || !mdp_service_valid (span_text (service)))
        return KEEL_E_INVALID;
    span_t *body = links_frames (request, &count);
    if (!body)
        return count ? KEEL_E_MEMORY : KEEL_E_INVALID;
    keel_submit_t done = keel_mdspread_submit (self->engine, clock_now_ms (), span_text (service), body, count, id);
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
    client_quiet_alarm (self);
    int rc = submit (self, service, *request, id ? id : &mine);
    zmsg_destroy (request);
    if (rc == 0)
        links_work (&self->links);
    client_set_alarm (self);
    return say (self, rc, NULL);
}

/*  With shotgun, brokers may still be at work on what another has answered: nobody waits for that. */
static int
await (keel_client_t *self, int64_t deadline)
{
    links_t *links = &self->links;
    if (keel_mdspread_outstanding (self->engine) > 0 || !inbox_is_empty (&links->inbox) || inbox_is_short (&links->inbox))
        return links_await (links, deadline);
    links_pump (links);
    return KEEL_E_STATE;
}

int
keel_client_recv (keel_client_t *self, keel_client_result_t *result, zmsg_t **reply, int timeout_ms)
{
    *reply = NULL;
    client_quiet_alarm (self);
    int rc = await (self, timeout_ms < 0 ? KEEL_NEVER : clock_now_ms () + timeout_ms);
    if (rc == 0) {
        char reason[INBOX_REASON];
        inbox_take (&self->links.inbox, result, reply, reason);
        say (self, result->code, reason);
    }
    if (rc == KEEL_E_MEMORY)
        inbox_forgive (&self->links.inbox);
    client_set_alarm (self);
    return rc;
}

int
keel_client_cancel (keel_client_t *self, uint64_t id)
{
    client_quiet_alarm (self);
    bool waited = keel_mdspread_cancel (self->engine, id);
    bool had = inbox_drop (&self->links.inbox, id);
    links_work (&self->links);
    client_set_alarm (self);
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
        if (rc != 0)
            return say (self, rc, NULL);
        if (result.code != 0)
            return result.code;
        if (!gather (reply, &part))
            return say (self, KEEL_E_MEMORY, "the answer is too large");
    }
    return 0;
}

int
keel_client_request (keel_client_t *self, const char *service, zmsg_t **request, zmsg_t **reply)
{
    uint64_t id;
    *reply = NULL;
    if (keel_mdspread_outstanding (self->engine) > 0 || !inbox_is_empty (&self->links.inbox)) {
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

/* ------------------------------------------------------------------ what else is asked */

int
keel_client_fd (keel_client_t *self)
{
    if (self->alarm >= 0)
        return port_fd (self->links.port);
    int alarm = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    int timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (alarm < 0 || timer < 0 || port_watch (self->links.port, alarm) != 0 || port_watch (self->links.port, timer) != 0)
        goto fail;
    self->alarm = alarm;
    self->timer = timer;
    self->links.unread = true;
    client_set_alarm (self);
    return port_fd (self->links.port);

fail:;
    int why = errno;
    if (alarm >= 0)
        close (alarm);
    if (timer >= 0)
        close (timer);
    errno = why;
    return -1;
}

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
        values[n] = keel_mdspread_counter (self->engine, n);
    return &self->counters;
}
