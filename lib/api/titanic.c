/*  The Titanic client: each operation is a question that may be asked twice, asked until somebody answers it.
 *
 *  The MDP client below it sees to silence, lost connections and full brokers; here a broker that has no Titanic, or whose
 *  Titanic died over the question, is waited out too. Both live on one allowance of time.
 */
#include <keel/titanic.h>

#include <keel/client.h>

#include "backoff.h"
#include "clock.h"
#include "mdp.h"
#include "tsp.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <time.h>
#include <uuid.h>

#define TIMEOUT_MS 2500
#define RETRIES    3

/*  Before a question is asked again that the broker could not have answered. */
#define AGAIN_FIRST_MS 50
#define AGAIN_LIMIT_MS 1000

/*  Before Titanic is asked again for a reply. */
#define POLL_FIRST_MS 10
#define POLL_LIMIT_MS 1000

#define ERROR_SIZE 320

/*  What an answer's meaning depends on: the status, and the frame behind it. */
#define TELLING 2

static_assert (KEEL_UUID_SIZE == TSP_UUID_TEXT + 1, "a uuid's text is its digits and a zero");

struct keel_titanic {
    keel_client_t *client;
    int timeout_ms;
    int retries;
    bool submit;
    random_t random;
    keel_titanic_counters_t counters;
    char error[ERROR_SIZE];
};

/* ------------------------------------------------------------------ life and settings */

keel_titanic_t *
keel_titanic_new (const char *endpoints)
{
    keel_titanic_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    *self = (keel_titanic_t){.timeout_ms = TIMEOUT_MS, .retries = RETRIES, .submit = true};
    self->client = keel_client_new (endpoints);
    if (self->client && getrandom (&self->random.state, sizeof (self->random.state), 0) > 0)
        return self;
    int why = errno == EINVAL ? EINVAL : ENOMEM;
    keel_titanic_destroy (&self);
    errno = why;
    return NULL;
}

void
keel_titanic_destroy (keel_titanic_t **self_p)
{
    keel_titanic_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    keel_client_destroy (&self->client);
    free (self);
}

int
keel_titanic_set_timeout (keel_titanic_t *self, int timeout_ms)
{
    int rc = keel_client_set_timeout (self->client, timeout_ms);
    if (rc == 0)
        self->timeout_ms = timeout_ms;
    return rc;
}

int
keel_titanic_set_retries (keel_titanic_t *self, int retries)
{
    int rc = keel_client_set_retries (self->client, retries);
    if (rc == 0)
        self->retries = retries;
    return rc;
}

void
keel_titanic_set_stock (keel_titanic_t *self, bool stock)
{
    keel_client_set_stock (self->client, stock);
    keel_client_set_version (self->client, stock ? 1 : 2);
}

void
keel_titanic_set_submit (keel_titanic_t *self, bool submit)
{
    self->submit = submit;
}

const char *
keel_titanic_error (const keel_titanic_t *self)
{
    return self->error;
}

const keel_titanic_counters_t *
keel_titanic_counters (const keel_titanic_t *self)
{
    return &self->counters;
}

/* ------------------------------------------------------------------ uuids */

void
keel_titanic_uuid (char *uuid)
{
    struct timespec now;
    uint64_t random;
    uint16_t counter;
    uuid_t bytes;
    clock_gettime (CLOCK_REALTIME, &now);
    uuid_generate_random (bytes);
    memcpy (&counter, bytes, sizeof (counter));
    bytes[8] = bytes[2]; /* 6 and 8 are not all random */
    memcpy (&random, bytes + 8, sizeof (random));
    tsp_uuid_t made = tsp_uuid_make ((uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000, counter, random);
    tsp_uuid_encode (&made, uuid);
    uuid[TSP_UUID_TEXT] = 0;
}

static bool
is_uuid (const char *text)
{
    tsp_uuid_t uuid;
    return text && tsp_uuid_decode (span_text (text), &uuid);
}

/* ------------------------------------------------------------------ what is said of a failure */

/*  Keeps the words; returns rc. */
static int
say (keel_titanic_t *self, int rc, const char *what, const char *words)
{
    snprintf (self->error, sizeof (self->error), "%s: %s", what, words);
    self->counters.failed += rc != 0 && rc != KEEL_E_PENDING;
    return rc;
}

static int
say_error (keel_titanic_t *self, int rc, const char *what)
{
    return say (self, rc, what, keel_strerror (rc));
}

/*  Titanic's own words where there are any. */
static int
say_status (keel_titanic_t *self, int rc, const char *what, const tsp_answer_t *answer)
{
    char words[ERROR_SIZE - 32];
    snprintf (words, sizeof (words), "%u %.*s", answer->code, (int) answer->text.size,
              (const char *) answer->text.data);
    return say (self, rc, what, answer->text.size ? words : keel_strerror (rc));
}

/* ------------------------------------------------------------------ asking */

/*  May it be otherwise in a moment? */
static bool
may_pass (int rc)
{
    return rc == KEEL_E_NO_WORKER || rc == KEEL_E_FAILED || rc == KEEL_E_REFUSED || rc == KEEL_E_DEADLINE ||
           rc == KEEL_E_BUSY;
}

/*  0, or KEEL_E_INTERRUPTED. */
static int
pause_for (int64_t ms)
{
    return poll (NULL, 0, (int) ms) < 0 ? KEEL_E_INTERRUPTED : 0;
}

/*  As many retries of the client as end before the deadline. */
static int
retries_until (const keel_titanic_t *self, int64_t deadline)
{
    int64_t left = deadline - clock_now_ms ();
    return left > 0 ? (int) ((left - 1) / self->timeout_ms) : 0;
}

static int
request_once (keel_titanic_t *self, const char *service, zmsg_t *body, int64_t deadline, zmsg_t **answer)
{
    zmsg_t *request = zmsg_dup (body);
    uint64_t before = keel_client_counters (self->client)->retries;
    keel_client_set_retries (self->client, retries_until (self, deadline));
    int rc = keel_client_request (self->client, service, &request, answer);
    self->counters.retries += keel_client_counters (self->client)->retries - before;
    return rc;
}

/*  Until something answers, or the time of one operation is up.
 *  frames  [out] the answer; NULL unless 0 is returned */
static int
request_until_answered (keel_titanic_t *self, const char *service, zmsg_t *body, zmsg_t **frames)
{
    int64_t deadline = clock_now_ms () + ((int64_t) self->retries + 1) * self->timeout_ms;
    backoff_t backoff = backoff_make (AGAIN_FIRST_MS, AGAIN_LIMIT_MS);
    for (;;) {
        int rc = request_once (self, service, body, deadline, frames);
        if (rc == 0)
            return 0;
        int64_t delay = backoff_next (&backoff, &self->random);
        if (!may_pass (rc) || self->retries == 0 || clock_now_ms () + delay >= deadline)
            return say (self, rc, service, keel_client_error (self->client));
        if (pause_for (delay) != 0)
            return say_error (self, KEEL_E_INTERRUPTED, service);
        self->counters.retries++;
    }
}

/*  Asks one of Titanic's services.
 *  frames  [out] the answer, which answer borrows from; NULL when an error is returned
 *  Returns the status, 200 and so on, or a negative error. */
static int
ask (keel_titanic_t *self, tsp_service_t kind, zmsg_t *body, zmsg_t **frames, tsp_answer_t *answer)
{
    const char *service = (const char *) tsp_service_name (kind).data;
    span_t spans[TELLING];
    size_t count = 0;
    *answer = (tsp_answer_t){0};
    int rc = request_until_answered (self, service, body, frames);
    if (rc != 0)
        return rc;
    for (zframe_t *frame = zmsg_first (*frames); frame && count < TELLING; frame = zmsg_next (*frames))
        spans[count++] = span_make (zframe_data (frame), zframe_size (frame));
    if (tsp_decode_answer (kind, spans, count, answer) == TSP_VERDICT_OK)
        return (int) answer->code;
    zmsg_destroy (frames);
    return say_error (self, KEEL_E_ANSWER, service);
}

/* ------------------------------------------------------------------ submit */

/*  Is it the uuid that was sent, if one was? */
static bool
is_ours (const tsp_answer_t *answer, const char *sent)
{
    tsp_uuid_t ours;
    return !tsp_uuid_decode (span_text (sent), &ours) || tsp_uuid_compare (&ours, &answer->uuid) == 0;
}

/*  Takes the uuid over as Titanic wrote it: one that is not Keel's may know it in no other form. */
static void
take_uuid (zmsg_t *frames, char *uuid)
{
    zmsg_first (frames);
    memcpy (uuid, zframe_data (zmsg_next (frames)), TSP_UUID_TEXT);
    uuid[TSP_UUID_TEXT] = 0;
}

/*  body: [service][body]+, with the uuid before it when there is one. uuid: [in/out] empty: titanic.request. */
static int
store (keel_titanic_t *self, zmsg_t *body, char *uuid)
{
    tsp_answer_t answer;
    zmsg_t *frames;
    const char *what = *uuid ? "titanic.submit" : "titanic.request";
    int rc = ask (self, *uuid ? TSP_SUBMIT : TSP_REQUEST, body, &frames, &answer);
    if (rc == 200 && is_ours (&answer, uuid)) {
        take_uuid (frames, uuid);
        self->counters.submitted++;
        rc = 0;
    } else if (rc == 400 || rc == 500) {
        rc = say_status (self, KEEL_E_NOT_STORED, what, &answer);
    } else if (rc > 0) {
        rc = say_error (self, KEEL_E_ANSWER, what);
    }
    zmsg_destroy (&frames);
    return rc;
}

/*  A service that Titanic may call. */
static bool
may_be_called (const char *service)
{
    span_t name = span_text (service ? service : "");
    return mdp_service_valid (name) && !tsp_is_reserved (name);
}

static int
submit (keel_titanic_t *self, const char *service, zmsg_t **request, char *uuid)
{
    int rc;
    if (!*request || zmsg_size (*request) == 0 || !may_be_called (service)) {
        *uuid = 0;
        rc = say_error (self, KEEL_E_INVALID, "submit");
    } else {
        zmsg_pushstr (*request, service);
        if (*uuid)
            zmsg_pushstr (*request, uuid);
        rc = store (self, *request, uuid);
    }
    zmsg_destroy (request);
    return rc;
}

int
keel_titanic_submit (keel_titanic_t *self, const char *service, zmsg_t **request, char *uuid)
{
    char mine[KEEL_UUID_SIZE] = "";
    if (self->submit)
        keel_titanic_uuid (mine);
    int rc = submit (self, service, request, mine);
    if (uuid)
        memcpy (uuid, mine, sizeof (mine));
    return rc;
}

int
keel_titanic_submit_as (keel_titanic_t *self, const char *service, zmsg_t **request, const char *uuid)
{
    char mine[KEEL_UUID_SIZE];
    if (!self->submit || !is_uuid (uuid)) {
        zmsg_destroy (request);
        return say_error (self, self->submit ? KEEL_E_INVALID : KEEL_E_STATE, "submit");
    }
    memcpy (mine, uuid, sizeof (mine));
    return submit (self, service, request, mine);
}

/* ------------------------------------------------------------------ fetch and close */

/*  A body of one uuid; NULL: it is none. */
static zmsg_t *
name_request (const char *uuid)
{
    zmsg_t *body = is_uuid (uuid) ? zmsg_new () : NULL;
    if (body)
        zmsg_addstr (body, uuid);
    return body;
}

static int
fetch_once (keel_titanic_t *self, zmsg_t *body, zmsg_t **reply)
{
    tsp_answer_t answer;
    int rc = ask (self, TSP_REPLY, body, reply, &answer);
    if (rc == 200) {
        zframe_t *status = zmsg_pop (*reply);
        zframe_destroy (&status);
        self->counters.fetched++;
        return 0;
    }
    if (rc > 0) {
        self->counters.pending += rc == 300;
        rc = say_status (self, -rc, "titanic.reply", &answer);
    }
    zmsg_destroy (reply);
    return rc;
}

int
keel_titanic_fetch (keel_titanic_t *self, const char *uuid, int wait_ms, zmsg_t **reply)
{
    int64_t deadline = wait_ms < 0 ? INT64_MAX : clock_now_ms () + wait_ms;
    backoff_t backoff = backoff_make (POLL_FIRST_MS, POLL_LIMIT_MS);
    zmsg_t *body = name_request (uuid);
    int rc = body ? KEEL_E_PENDING : say_error (self, KEEL_E_INVALID, "fetch");
    *reply = NULL;
    for (bool last = false; rc == KEEL_E_PENDING && !last;) {
        int64_t left = deadline - clock_now_ms (), delay = backoff_next (&backoff, &self->random);
        last = left <= 0;
        rc = fetch_once (self, body, reply);
        if (rc == KEEL_E_PENDING && !last && pause_for (delay < left ? delay : left) != 0)
            rc = say_error (self, KEEL_E_INTERRUPTED, "fetch");
    }
    zmsg_destroy (&body);
    return rc;
}

int
keel_titanic_close (keel_titanic_t *self, const char *uuid)
{
    tsp_answer_t answer;
    zmsg_t *body = name_request (uuid), *frames;
    if (!body)
        return say_error (self, KEEL_E_INVALID, "close");
    int rc = ask (self, TSP_CLOSE, body, &frames, &answer);
    zmsg_destroy (&body);
    if (rc == 200) {
        self->counters.closed++;
        rc = 0;
    } else if (rc > 0) {
        rc = say_status (self, KEEL_E_NOT_STORED, "titanic.close", &answer);
    }
    zmsg_destroy (&frames);
    return rc;
}

int
keel_titanic_call (keel_titanic_t *self, const char *service, zmsg_t **request, int wait_ms, char *uuid, zmsg_t **reply)
{
    char mine[KEEL_UUID_SIZE];
    *reply = NULL;
    int rc = keel_titanic_submit (self, service, request, mine);
    if (uuid)
        memcpy (uuid, mine, sizeof (mine));
    if (rc == 0)
        rc = keel_titanic_fetch (self, mine, wait_ms, reply);
    if (rc == 0 && keel_titanic_close (self, mine) != 0)
        self->counters.unclosed++;
    return rc;
}
