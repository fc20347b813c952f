/*  The Lazy Pirate class: links with its engine (engine/lazy_pirate.h). */
#include <keel/pirate.h>

#include "clock.h"
#include "lazy_pirate.h"
#include "links.h"

#include <errno.h>

struct keel_pirate {
    keel_lazy_t *engine;
    links_t links;
    keel_pirate_counters_t counters;
    const char *error;
};

static_assert (KEEL_E_TIMEOUT == -KEEL_LAZY_TIMEOUT && KEEL_E_NO_SERVER == -KEEL_LAZY_NO_SERVER &&
                   KEEL_E_FAILED == -KEEL_LAZY_LOST,
               "an engine's codes are errors without their sign");
static_assert (sizeof (keel_pirate_counters_t) == KEEL_LAZY_COUNTERS * sizeof (uint64_t),
               "the counters are the engine's, in its order");

/* ------------------------------------------------------------------ life */

static int
step_lazy (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_lazy_step (engine, event, out);
}

static int64_t
lazy_due (const void *engine)
{
    return keel_lazy_next_due (engine);
}

static bool
make_engine (keel_pirate_t *self)
{
    keel_lazy_config_t config = {
        .endpoints = self->links.place_count, .timeout_ms = LINKS_TIMEOUT_MS, .retries = LINKS_RETRIES};
    if (!links_seed (&config.seed) || !(self->engine = keel_lazy_new (&config)))
        return false;
    links_run (&self->links, self->engine, step_lazy, lazy_due);
    return true;
}

keel_pirate_t *
keel_pirate_new (const char *endpoints)
{
    keel_pirate_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->error = "";
    if (!links_open (&self->links, endpoints) || !make_engine (self)) {
        int why = errno == EINVAL ? EINVAL : ENOMEM;
        keel_pirate_destroy (&self);
        errno = why;
    }
    return self;
}

void
keel_pirate_destroy (keel_pirate_t **self_p)
{
    keel_pirate_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    keel_lazy_destroy (&self->engine);
    links_clear (&self->links);
    free (self);
}

/* ------------------------------------------------------------------ settings */

int
keel_pirate_set_timeout (keel_pirate_t *self, int timeout_ms)
{
    if (timeout_ms < 1 || timeout_ms > LINKS_TIMEOUT_MOST_MS)
        return KEEL_E_INVALID;
    keel_lazy_config (self->engine)->timeout_ms = timeout_ms;
    return 0;
}

int
keel_pirate_set_retries (keel_pirate_t *self, int retries)
{
    if (retries < 0 || retries > LINKS_RETRIES_MOST)
        return KEEL_E_INVALID;
    keel_lazy_config (self->engine)->retries = (unsigned) retries;
    return 0;
}

void
keel_pirate_set_stock (keel_pirate_t *self, bool stock)
{
    keel_lazy_config (self->engine)->stock = stock;
}

/* ------------------------------------------------------------------ requests */

static int
say (keel_pirate_t *self, int code)
{
    if (code == KEEL_E_FAILED)
        self->error = "the connection ended before the answer came";
    else if (code)
        self->error = keel_strerror (code);
    return code;
}

static int
submit (keel_pirate_t *self, zmsg_t *request)
{
    size_t count;
    span_t *body = links_frames (request, &count);
    if (!body)
        return count ? KEEL_E_MEMORY : KEEL_E_INVALID;
    bool taken = keel_lazy_submit (self->engine, clock_now_ms (), body, count);
    free (body);
    return taken ? 0 : KEEL_E_MEMORY;
}

static int
await (keel_pirate_t *self, zmsg_t **reply)
{
    keel_client_result_t result;
    char reason[INBOX_REASON];
    links_work (&self->links);
    int rc = links_await (&self->links, KEEL_NEVER);
    if (rc == 0) {
        inbox_take (&self->links.inbox, &result, reply, reason);
        return result.code;
    }
    inbox_forgive (&self->links.inbox);
    return rc;
}

/*  What came since the last request is read first: that the connection has ended, above all, or this one would be sent into
 *  it. */
int
keel_pirate_request (keel_pirate_t *self, zmsg_t **request, zmsg_t **reply)
{
    *reply = NULL;
    keel_lazy_cancel (self->engine);
    port_wait (self->links.port, 0);
    links_pump (&self->links);
    int rc = submit (self, *request);
    zmsg_destroy (request);
    return say (self, rc ? rc : await (self, reply));
}

int
keel_pirate_resume (keel_pirate_t *self, zmsg_t **reply)
{
    *reply = NULL;
    return say (self, await (self, reply));
}

/* ------------------------------------------------------------------ what else is asked */

const char *
keel_pirate_error (const keel_pirate_t *self)
{
    return self->error;
}

const keel_pirate_counters_t *
keel_pirate_counters (keel_pirate_t *self)
{
    uint64_t *values = (uint64_t *) &self->counters;
    for (keel_lazy_counter_t n = 0; n < KEEL_LAZY_COUNTERS; n++)
        values[n] = keel_lazy_counter (self->engine, n);
    return &self->counters;
}
