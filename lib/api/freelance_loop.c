/*  How the Freelance client's class runs its engine: actions are carried out, time is told, results find their owners. */
#include "freelance_self.h"

#include "clock.h"
#include "frames.h"
#include "inbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utlist.h>

#define BATCH         1000
#define SAME_TIME     16
#define REPLIES_BYTES ((size_t) 256 << 20) /* of answers that nobody has taken yet */
#define FRAME_COSTS   128                  /* what a frame costs besides its bytes, about */

static_assert (KEEL_E_TIMEOUT == -KEEL_FLCLIENT_TIMEOUT && KEEL_E_NO_SERVER == -KEEL_FLCLIENT_NO_SERVER,
               "an engine's codes are errors without their sign");

/* ------------------------------------------------------------------ results */

void
freelance_announce (keel_freelance_t *self)
{
    uint64_t count;
    if (self->ready < 0)
        return;
    if (self->results)
        eventfd_write (self->ready, 1);
    else if (read (self->ready, &count, sizeof (count)) < 0)
        errno = 0; /* it was not raised */
}

static size_t
cost_of (const keel_action_t *action)
{
    size_t cost = action->body_count * FRAME_COSTS;
    for (size_t n = 0; n < action->body_count; n++)
        cost += action->body[n].size;
    return cost;
}

/*  An answer that is too much is not kept: its request has failed. */
static void
keep_answer (keel_freelance_t *self, freelance_job_t *job, const keel_action_t *action)
{
    size_t cost = cost_of (action);
    if (self->bytes + cost <= REPLIES_BYTES)
        job->reply = inbox_message (action);
    if (!job->reply) {
        job->code = KEEL_E_MEMORY;
        return;
    }
    job->bytes = cost;
    self->bytes += cost;
}

static void
deliver (keel_freelance_t *self, const keel_action_t *action)
{
    freelance_job_t *job = (freelance_job_t *) (uintptr_t) action->tag;
    if (action->deliver == KEEL_DELIVER_FAILED)
        job->code = -(int) action->code;
    else
        keep_answer (self, job, action);
    job->done = true;
    DL_DELETE (self->asked, job);
    if (!job->awaited) {
        bool first = !self->results;
        DL_APPEND (self->results, job);
        self->sent--;
        if (first)
            freelance_announce (self);
    }
    helm_wake_all (&self->helm);
}

freelance_job_t *
freelance_take_result (keel_freelance_t *self)
{
    freelance_job_t *job = self->results;
    DL_DELETE (self->results, job);
    if (!self->results)
        freelance_announce (self);
    return job;
}

void
freelance_end_job (keel_freelance_t *self, freelance_job_t **job_p)
{
    freelance_job_t *job = *job_p;
    *job_p = NULL;
    if (!job->done) {
        DL_DELETE (self->asked, job);
        self->sent -= !job->awaited;
    }
    self->bytes -= job->bytes;
    self->jobs--;
    zmsg_destroy (&job->reply);
    free (job);
}

/* ------------------------------------------------------------------ actions and events */

/*  A failure (no descriptors left) looks like a silent server: the engine comes back to it. */
static void
open_link (keel_freelance_t *self, freelance_place_t *place)
{
    place->open = port_connect_router (self->port, place->name, &place->link) == 0;
}

static void
close_link (keel_freelance_t *self, freelance_place_t *place)
{
    if (place->open)
        port_close (self->port, place->link, false);
    place->open = false;
}

static void
carry_out (keel_freelance_t *self, keel_action_t *action)
{
    freelance_place_t *place = &self->places[action->listener];
    switch (action->kind) {
    case KEEL_ACTION_CONNECT:
        open_link (self, place);
        break;
    case KEEL_ACTION_CLOSE:
        close_link (self, place);
        break;
    case KEEL_ACTION_SEND:
        action->listener = place->link;
        if (place->open)
            port_send (self->port, action);
        break;
    case KEEL_ACTION_DELIVER:
        deliver (self, action);
        break;
    case KEEL_ACTION_LOG:
    case KEEL_ACTION_STORE:
    case KEEL_ACTION_FETCH:
    case KEEL_ACTION_BACKUP:
        break;
    }
}

static void
step (keel_freelance_t *self, keel_event_t *event, int64_t now)
{
    event->now = now;
    keel_actions_clear (self->actions);
    keel_flclient_step (self->engine, event, self->actions);
    for (size_t n = 0; n < self->actions->count; n++)
        carry_out (self, &self->actions->items[n]);
}

/*  The port's number of a link becomes the engine's; false: that link was closed. */
static bool
name_place (const keel_freelance_t *self, keel_event_t *event)
{
    for (uint16_t n = 0; n < KEEL_FLCLIENT_SERVERS; n++)
        if (self->places[n].open && self->places[n].link == event->peer.listener) {
            event->peer.listener = n;
            return true;
        }
    return false;
}

static bool
is_there (const keel_freelance_t *self, const freelance_job_t *job)
{
    return job ? job->done : self->results != NULL;
}

/*  Reads and works until nothing is left of either; or, if wanted, until the job is done (NULL: there is a result). Returns as
 *  helm_tend_fn does. The clock is looked at again only after so many messages. */
static int64_t
tend_until (keel_freelance_t *self, bool wanted, const freelance_job_t *job)
{
    keel_event_t event;
    int64_t now = 0;
    helm_glance (&self->helm);
    for (int n = 0; n < BATCH && !(wanted && is_there (self, job)); n++) {
        if (n % SAME_TIME == 0)
            now = clock_now_ms ();
        if (port_receive (self->port, &event)) {
            if (name_place (self, &event))
                step (self, &event, now);
            continue;
        }
        int64_t due = keel_flclient_next_due (self->engine);
        if (due > now)
            return due;
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK}, now);
    }
    helm_expect (&self->helm, 0);
    return 0;
}

int64_t
freelance_tend (void *freelance)
{
    return tend_until (freelance, false, NULL);
}

void
freelance_work (keel_freelance_t *self, int64_t now)
{
    while (keel_flclient_next_due (self->engine) <= now)
        step (self, &(keel_event_t){.kind = KEEL_EVENT_TICK}, now);
    if (helm_watched (&self->helm))
        helm_expect (&self->helm, freelance_tend (self));
}

/* ------------------------------------------------------------------ requests */

static int
submit_job (keel_freelance_t *self, int64_t now, zmsg_t *request, freelance_job_t *job)
{
    span_t few[FRAMES_FEW];
    size_t count;
    span_t *body = frames_of (request, few, &count);
    if (!body)
        return KEEL_E_INVALID;
    keel_submit_t done = keel_flclient_submit (self->engine, now, body, count, (uintptr_t) job, &job->id);
    frames_free (body, few);
    return done == KEEL_SUBMIT_OK ? 0 : done == KEEL_SUBMIT_FULL ? KEEL_E_BUSY : KEEL_E_MEMORY;
}

int
freelance_submit (keel_freelance_t *self, zmsg_t *request, bool awaited, freelance_job_t **job_p)
{
    if (self->jobs >= self->most)
        return KEEL_E_BUSY;
    freelance_job_t *job = malloc (sizeof (*job));
    if (!job)
        return KEEL_E_MEMORY;
    *job = (freelance_job_t){.awaited = awaited};
    int64_t now = clock_now_ms ();
    int rc = submit_job (self, now, request, job);
    if (rc != 0) {
        free (job);
        return rc;
    }
    self->sent += !awaited;
    self->jobs++;
    DL_APPEND (self->asked, job);
    *job_p = job;
    /*  Whoever has results to take comes back for them: what was taken meanwhile leaves together then, which costs libzmq's
     *  thread less. If not, the stand-in finds it. */
    if (awaited || self->helm.eager || !self->results || helm_watched (&self->helm))
        freelance_work (self, now);
    return 0;
}

/*  Sleeps at the port once, if there is nothing else to do. 0, or EINTR. */
static int
lead_once (keel_freelance_t *self, const freelance_job_t *job, int64_t deadline)
{
    int64_t due = tend_until (self, true, job);
    if (is_there (self, job) || due <= clock_now_ms ())
        return 0;
    int why = helm_lead (&self->helm, due < deadline ? due : deadline);
    tend_until (self, true, job);
    return why;
}

int
freelance_await (keel_freelance_t *self, freelance_job_t *job, int64_t deadline)
{
    int rc = 0;
    for (bool looked = false; !is_there (self, job) && rc == 0; looked = true) {
        if (!job && self->sent == 0)
            rc = KEEL_E_STATE;
        else if (looked && clock_now_ms () >= deadline)
            rc = KEEL_E_TIMEOUT;
        else if (self->helm.led)
            helm_follow (&self->helm, deadline);
        else if (lead_once (self, job, deadline) == EINTR && !is_there (self, job))
            rc = KEEL_E_INTERRUPTED;
    }
    if (!self->helm.led)
        helm_wake_one (&self->helm);
    return rc;
}
