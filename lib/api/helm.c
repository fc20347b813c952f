#include "helm.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define GLANCE    16
#define PERIOD_MS 10 /* how long nobody may have read the port before the stand-in looks after it */

/* ------------------------------------------------------------------ life */

bool
helm_open (helm_t *self, port_t *port, helm_tend_fn *tend, void *arg)
{
    pthread_condattr_t attributes;
    *self = (helm_t){.port = port, .tend = tend, .arg = arg};
    pthread_mutex_init (&self->mutex, NULL);
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&self->changed, &attributes);
    pthread_cond_init (&self->relief, &attributes);
    pthread_condattr_destroy (&attributes);
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self->wake >= 0 && port_watch (port, self->wake) == 0;
}

void
helm_close (helm_t *self)
{
    if (!self->port)
        return;
    if (self->wake >= 0)
        close (self->wake);
    pthread_cond_destroy (&self->changed);
    pthread_cond_destroy (&self->relief);
    pthread_mutex_destroy (&self->mutex);
}

/* ------------------------------------------------------------------ sleeping */

static int
timeout_of (int64_t due)
{
    int64_t left = due == KEEL_NEVER ? -1 : due - clock_now_ms ();
    if (due != KEEL_NEVER && left < 0)
        return 0;
    return left > 3600000 ? 3600000 : (int) left;
}

/*  The mutex is let go of meanwhile. Those who are roused are several: the leader, if there is one, must not miss it. */
static int
sleep_at_port (helm_t *self, int64_t due, bool leads)
{
    struct pollfd wait = {.fd = port_fd (self->port), .events = POLLIN};
    uint64_t times;
    helm_unlock (self);
    int rc = poll (&wait, 1, timeout_of (due));
    int why = rc < 0 ? errno : 0;
    helm_lock (self);
    bool roused = rc > 0 && port_wait (self->port, 0);
    if (roused && (leads || !self->led) && read (self->wake, &times, sizeof (times)) < 0)
        return 0; /* somebody else has read it */
    return why;
}

static void
wait_until (helm_t *self, pthread_cond_t *condition, int64_t due)
{
    const struct timespec until = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
    if (due == KEEL_NEVER)
        pthread_cond_wait (condition, &self->mutex);
    else
        pthread_cond_timedwait (condition, &self->mutex, &until);
}

/* ------------------------------------------------------------------ volunteers */

int
helm_lead (helm_t *self, int64_t due)
{
    self->led = true;
    self->leader_due = due;
    int why = sleep_at_port (self, due, true);
    self->led = false;
    if (self->called || self->eager)
        pthread_cond_signal (&self->relief);
    return why;
}

void
helm_follow (helm_t *self, int64_t due)
{
    self->followers++;
    wait_until (self, &self->changed, due);
    self->followers--;
}

void
helm_wake_one (helm_t *self)
{
    if (self->followers)
        pthread_cond_signal (&self->changed);
}

void
helm_wake_all (helm_t *self)
{
    if (self->followers)
        pthread_cond_broadcast (&self->changed);
}

void
helm_rouse (helm_t *self)
{
    const uint64_t one = 1;
    if (write (self->wake, &one, sizeof (one)) < 0)
        return; /* it is as awake as can be */
}

void
helm_expect (helm_t *self, int64_t due)
{
    int64_t looks_up = self->led ? self->leader_due : self->standin_due;
    if (due < looks_up)
        helm_rouse (self);
}

void
helm_glance (helm_t *self)
{
    if (++self->turns % GLANCE == 0)
        port_wait (self->port, 0);
}

/* ------------------------------------------------------------------ the stand-in */

/*  Not needed: somebody leads, or read the port a moment ago. A turn that goes on and on is left alone until it ends. */
static void
stand_by (helm_t *self, uint64_t *seen)
{
    self->called = self->led && self->turns == *seen;
    *seen = self->turns;
    wait_until (self, &self->relief, self->called ? KEEL_NEVER : clock_now_ms () + PERIOD_MS);
    self->called = false;
}

static void
look_after (helm_t *self, uint64_t *seen)
{
    self->standin_due = self->tend (self->arg);
    *seen = self->turns;
    if (!self->quitting && !self->led && self->standin_due > clock_now_ms ())
        sleep_at_port (self, self->standin_due, false);
    self->standin_due = 0;
}

void
helm_stand_in (helm_t *self)
{
    uint64_t seen = self->turns;
    while (!self->quitting)
        if (self->led || (!self->eager && self->turns != seen))
            stand_by (self, &seen);
        else
            look_after (self, &seen);
}

static void *
run (void *helm)
{
    helm_t *self = helm;
    helm_lock (self);
    helm_stand_in (self);
    helm_unlock (self);
    return NULL;
}

bool
helm_start (helm_t *self)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    self->started = pthread_create (&self->thread, NULL, run, self) == 0;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return self->started;
}

void
helm_quit (helm_t *self)
{
    self->quitting = true;
    pthread_cond_signal (&self->relief);
    helm_rouse (self);
}

void
helm_stop (helm_t *self)
{
    if (!self->started)
        return;
    helm_lock (self);
    helm_quit (self);
    helm_unlock (self);
    pthread_join (self->thread, NULL);
    self->started = false;
}
