/*  A port that several threads use in turn, under one mutex, so that most messages pass through no thread but the one that
 *  wants them: to hand one over costs more than to carry it.
 *
 *  A volunteer is a thread that waits for something of the port anyway: a caller who waits for an answer, a handler's
 *  thread that waits for a request. One of them leads: it sleeps at the port. The others follow: they wait until the
 *  leader has what they want, or goes. The stand-in is a thread that looks after the port (heartbeats, timeouts) as soon as no
 *  volunteer has for a while, be it that they all work, or that there are none; waking it each time that one goes would cost what was
 *  to be saved.
 *
 *  The mutex is held in all of these calls but for open, close, start and stop. What comes while something is sent or read is
 *  not told to those who sleep at the port (see port_fd): so while somebody does, whoever has sent or read something reads until nothing
 *  is left, or has them look (helm_expect), before it lets go of the mutex. Mostly nobody does.
 */
#ifndef KEEL_HELM_H
#define KEEL_HELM_H

#include "port.h"

#include <pthread.h>

/*  Does what is to be done at the port, without waiting. Returns when there is something next, msec; KEEL_NEVER; or a time that
 *  has passed, if it is not finished. */
typedef int64_t helm_tend_fn (void *arg);

typedef struct {
    port_t *port; /* borrowed */
    helm_tend_fn *tend;
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* for those who follow */
    pthread_cond_t relief;  /* for the stand-in, when it does not look after the port */
    int wake;               /* eventfd at the port: whoever sleeps there looks up */
    unsigned followers;
    bool led;
    uint64_t turns;      /* how often somebody has read the port */
    int64_t leader_due;  /* when the leader looks up by itself */
    int64_t standin_due; /* when the stand-in does; 0: it does not sleep at the port */
    bool called;         /* only the end of a turn wakes the stand-in */
    bool eager;          /* it looks after the port whenever nobody leads */
    bool quitting;
    bool started;
    pthread_t thread;
} helm_t;

/*  False with errno; helm_close is due then too. */
bool helm_open (helm_t *self, port_t *port, helm_tend_fn *tend, void *arg);
void helm_close (helm_t *self);

/*  Stands in, in the calling thread, until helm_quit. */
void helm_stand_in (helm_t *self);
/*  A thread of its own stands in; all signals are blocked in it. False: there is none to be had. */
bool helm_start (helm_t *self);
void helm_stop (helm_t *self);
void helm_quit (helm_t *self);

/*  Nobody leads, and the port was read until nothing was left. Sleeps there until due, or until something has come or been said.
 *  0; EINTR: a signal came. */
int helm_lead (helm_t *self, int64_t due);
/*  Somebody leads. Waits until due, or until followers are woken. */
void helm_follow (helm_t *self, int64_t due);
void helm_wake_one (helm_t *self);
void helm_wake_all (helm_t *self);
/*  There is something to do at due, or now (0): whoever sleeps longer than that at the port is woken. */
void helm_expect (helm_t *self, int64_t due);
/*  For each batch that is read: somebody is at it; and now and then it looks at what the port has to tell besides messages. */
void helm_glance (helm_t *self);
/*  Whoever sleeps at the port looks up. */
void helm_rouse (helm_t *self);

/*  Does somebody sleep at the port, who is not told of what is found by others? */
static inline bool
helm_watched (const helm_t *self)
{
    return self->led || self->standin_due;
}

static inline void
helm_lock (helm_t *self)
{
    pthread_mutex_lock (&self->mutex);
}

static inline void
helm_unlock (helm_t *self)
{
    pthread_mutex_unlock (&self->mutex);
}

#endif
