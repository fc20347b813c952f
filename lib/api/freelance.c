#include "freelance_self.h"

#include "clock.h"
#include "endpoint.h"
#include "links.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utlist.h>

#define TIMEOUT_MS       5000
#define TRY_MS           1000
#define PING_MS          1000
#define OUTSTANDING      10000
#define OUTSTANDING_MOST 1000000
#define ACTIONS          64

static_assert (sizeof (keel_freelance_counters_t) == KEEL_FLCLIENT_COUNTERS * sizeof (uint64_t),
               "the counters are the engine's, in its order");
static_assert ((int) KEEL_FREELANCE_LEAST == KEEL_FLCLIENT_LEAST &&
                   (int) KEEL_FREELANCE_ORDERED == KEEL_FLCLIENT_ORDERED &&
                   (int) KEEL_FREELANCE_SHOTGUN == KEEL_FLCLIENT_SHOTGUN,
               "the policies are the engine's");

/* ------------------------------------------------------------------ life */

static bool
make_engine (keel_freelance_t *self)
{
    keel_flclient_config_t config = {.policy = KEEL_FLCLIENT_LEAST,
                                     .timeout_ms = TIMEOUT_MS,
                                     .try_ms = TRY_MS,
                                     .ping_ms = PING_MS,
                                     .outstanding = OUTSTANDING_MOST};
    if (!links_seed (&config.seed))
        return false;
    self->engine = keel_flclient_new (&config);
    self->actions = keel_actions_new (ACTIONS);
    return self->engine && self->actions;
}

/*  0, or a KEEL_E code. */
static int
add_list (keel_freelance_t *self, const char *endpoints)
{
    int rc = 0;
    for (const char *at = endpoints; at && rc == 0; at = strchr (at, ',') ? strchr (at, ',') + 1 : NULL) {
        char *name = strndup (at, strcspn (at, ","));
        rc = name ? keel_freelance_add (self, name) : KEEL_E_MEMORY;
        free (name);
        rc = rc == KEEL_E_STATE ? 0 : rc; /* twice is once */
    }
    return rc;
}

keel_freelance_t *
keel_freelance_new (const char *endpoints)
{
    int why = ENOMEM;
    keel_freelance_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->ready = -1;
    self->error = "";
    self->most = OUTSTANDING;
    self->port = port_new (&PORT_CONFIG_DEFAULT);
    if (!self->port || !helm_open (&self->helm, self->port, freelance_tend, self) || !make_engine (self))
        goto fail;
    int rc = endpoints && *endpoints ? add_list (self, endpoints) : 0;
    if (rc != 0 && rc != KEEL_E_MEMORY)
        why = EINVAL;
    if (rc == 0 && helm_start (&self->helm))
        return self;

fail:
    keel_freelance_destroy (&self);
    errno = why;
    return NULL;
}

static void
end_all (freelance_job_t *list)
{
    while (list) {
        freelance_job_t *job = list;
        DL_DELETE (list, job);
        zmsg_destroy (&job->reply);
        free (job);
    }
}

void
keel_freelance_destroy (keel_freelance_t **self_p)
{
    keel_freelance_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    helm_stop (&self->helm);
    end_all (self->asked);
    end_all (self->results);
    keel_flclient_destroy (&self->engine);
    keel_actions_destroy (&self->actions);
    for (uint16_t n = 0; n < KEEL_FLCLIENT_SERVERS; n++) {
        if (self->places[n].open) /* nobody waits for an answer to what has not left */
            port_close (self->port, self->places[n].link, false);
        free (self->places[n].name);
    }
    helm_close (&self->helm);
    port_destroy (&self->port);
    if (self->ready >= 0)
        close (self->ready);
    free (self);
}

/* ------------------------------------------------------------------ servers */

/*  The place of that server, or of none: KEEL_FLCLIENT_SERVERS. */
static uint16_t
find_place (const keel_freelance_t *self, const char *endpoint)
{
    uint16_t n = 0;
    while (n < KEEL_FLCLIENT_SERVERS && !(self->places[n].name && strcmp (self->places[n].name, endpoint) == 0))
        n++;
    return n;
}

static int
add_server (keel_freelance_t *self, const char *endpoint)
{
    int64_t now = clock_now_ms ();
    uint16_t place;
    if (find_place (self, endpoint) < KEEL_FLCLIENT_SERVERS)
        return KEEL_E_STATE;
    char *name = strdup (endpoint);
    if (!name)
        return KEEL_E_MEMORY;
    if (!keel_flclient_add (self->engine, now, &place)) {
        free (name);
        return KEEL_E_BUSY;
    }
    self->places[place].name = name;
    freelance_work (self, now);
    return 0;
}

int
keel_freelance_add (keel_freelance_t *self, const char *endpoint)
{
    if (!endpoint || endpoint_check (endpoint, ENDPOINT_CONNECT))
        return KEEL_E_INVALID;
    helm_lock (&self->helm);
    int rc = add_server (self, endpoint);
    helm_unlock (&self->helm);
    return rc;
}

int
keel_freelance_remove (keel_freelance_t *self, const char *endpoint)
{
    helm_lock (&self->helm);
    int64_t now = clock_now_ms ();
    uint16_t place = find_place (self, endpoint);
    if (place < KEEL_FLCLIENT_SERVERS) {
        keel_flclient_remove (self->engine, now, place);
        freelance_work (self, now);
        free (self->places[place].name);
        self->places[place].name = NULL;
    }
    helm_unlock (&self->helm);
    return place < KEEL_FLCLIENT_SERVERS ? 0 : KEEL_E_STATE;
}

int
keel_freelance_living (keel_freelance_t *self)
{
    helm_lock (&self->helm);
    int count = (int) keel_flclient_living (self->engine);
    helm_unlock (&self->helm);
    return count;
}

/* ------------------------------------------------------------------ settings */

static int
set_time (keel_freelance_t *self, int64_t *time, int value)
{
    if (value < 1 || value > LINKS_TIMEOUT_MOST_MS)
        return KEEL_E_INVALID;
    helm_lock (&self->helm);
    *time = value;
    helm_unlock (&self->helm);
    return 0;
}

int
keel_freelance_set_timeout (keel_freelance_t *self, int timeout_ms)
{
    return set_time (self, &keel_flclient_config (self->engine)->timeout_ms, timeout_ms);
}

int
keel_freelance_set_try (keel_freelance_t *self, int try_ms)
{
    return set_time (self, &keel_flclient_config (self->engine)->try_ms, try_ms);
}

int
keel_freelance_set_ping (keel_freelance_t *self, int ping_ms)
{
    return set_time (self, &keel_flclient_config (self->engine)->ping_ms, ping_ms);
}

int
keel_freelance_set_policy (keel_freelance_t *self, keel_freelance_policy_t policy)
{
    if (policy != KEEL_FREELANCE_LEAST && policy != KEEL_FREELANCE_ORDERED && policy != KEEL_FREELANCE_SHOTGUN)
        return KEEL_E_INVALID;
    helm_lock (&self->helm);
    keel_flclient_config (self->engine)->policy = (keel_flclient_policy_t) policy;
    helm_unlock (&self->helm);
    return 0;
}

int
keel_freelance_set_outstanding (keel_freelance_t *self, int outstanding)
{
    if (outstanding < 1 || outstanding > OUTSTANDING_MOST)
        return KEEL_E_INVALID;
    helm_lock (&self->helm);
    self->most = (size_t) outstanding;
    helm_unlock (&self->helm);
    return 0;
}

/* ------------------------------------------------------------------ requests */

/*  Keeps what to say of a failure; returns it. */
static int
say (keel_freelance_t *self, int code)
{
    if (code == KEEL_E_TIMEOUT)
        self->error = "a server is there, but no answer came in time";
    else if (code)
        self->error = keel_strerror (code);
    return code;
}

int
keel_freelance_request (keel_freelance_t *self, zmsg_t **request, zmsg_t **reply)
{
    freelance_job_t *job;
    uint64_t tag;
    *reply = NULL;
    helm_lock (&self->helm);
    int rc = freelance_submit (self, *request, true, &job);
    if (rc == 0) {
        rc = freelance_await (self, job, KEEL_NEVER);
        if (rc != 0)
            keel_flclient_cancel (self->engine, job->id, &tag);
        else
            rc = job->code;
        *reply = job->reply;
        job->reply = NULL;
        freelance_end_job (self, &job);
    }
    say (self, rc);
    helm_unlock (&self->helm);
    zmsg_destroy (request);
    return rc;
}

int
keel_freelance_send (keel_freelance_t *self, zmsg_t **request, uint64_t *id)
{
    freelance_job_t *job;
    helm_lock (&self->helm);
    int rc = freelance_submit (self, *request, false, &job);
    if (rc == 0 && id)
        *id = job->id;
    say (self, rc);
    helm_unlock (&self->helm);
    zmsg_destroy (request);
    return rc;
}

int
keel_freelance_recv (keel_freelance_t *self, keel_freelance_result_t *result, zmsg_t **reply, int timeout_ms)
{
    *reply = NULL;
    helm_lock (&self->helm);
    int rc = freelance_await (self, NULL, timeout_ms < 0 ? KEEL_NEVER : clock_now_ms () + timeout_ms);
    if (rc == 0) {
        freelance_job_t *job = freelance_take_result (self);
        *result = (keel_freelance_result_t){job->id, say (self, job->code)};
        *reply = job->reply;
        job->reply = NULL;
        freelance_end_job (self, &job);
    }
    helm_unlock (&self->helm);
    return rc;
}

/*  Of a result that was not received yet. */
static freelance_job_t *
find_result (keel_freelance_t *self, uint64_t id)
{
    freelance_job_t *job;
    DL_FOREACH (self->results, job)
    if (job->id == id)
        break;
    if (job)
        DL_DELETE (self->results, job);
    return job;
}

int
keel_freelance_cancel (keel_freelance_t *self, uint64_t id)
{
    uint64_t tag;
    helm_lock (&self->helm);
    freelance_job_t *job = find_result (self, id);
    if (!job && keel_flclient_cancel (self->engine, id, &tag))
        job = (freelance_job_t *) (uintptr_t) tag;
    bool found = job != NULL;
    if (found)
        freelance_end_job (self, &job);
    if (!self->results)
        freelance_announce (self);
    if (self->sent == 0)
        helm_wake_all (&self->helm); /* whoever waits for a result waits in vain */
    helm_unlock (&self->helm);
    return found ? 0 : KEEL_E_STATE;
}

/* ------------------------------------------------------------------ what else is asked */

int
keel_freelance_fd (keel_freelance_t *self)
{
    helm_lock (&self->helm);
    if (self->ready < 0) {
        self->ready = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
        self->helm.eager = true;
        freelance_announce (self);
    }
    helm_unlock (&self->helm);
    return self->ready;
}

const char *
keel_freelance_error (keel_freelance_t *self)
{
    helm_lock (&self->helm);
    const char *error = self->error;
    helm_unlock (&self->helm);
    return error;
}

keel_freelance_counters_t
keel_freelance_counters (keel_freelance_t *self)
{
    keel_freelance_counters_t counters;
    uint64_t *values = (uint64_t *) &counters;
    helm_lock (&self->helm);
    for (keel_flclient_counter_t n = 0; n < KEEL_FLCLIENT_COUNTERS; n++)
        values[n] = keel_flclient_counter (self->engine, n);
    helm_unlock (&self->helm);
    return counters;
}
