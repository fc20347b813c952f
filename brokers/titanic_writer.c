#include "titanic_writer.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/*  Of one commit: LMDB keeps what it changes in memory until then. */
#define COMMIT_OPS   8192
#define COMMIT_BYTES ((size_t) 64 << 20)
/*  What the loop commits by itself: so few ops, when the last commit was that quick. */
#define QUICK_US     1000
#define FEW_OPS      4
/*  Commits that the loop has not taken yet: then the writer waits for it. */
#define DONE_MOST    16

typedef struct {
    titanic_op_t *first;
    titanic_op_t **end; /* where the next one is hung */
} ops_t;

typedef struct {
    titanic_op_t *ops;
    bool failed;
    bool woke; /* the eventfd was written to for it, or soon is */
} done_t;

struct writer {
    store_t *store;
    int wake;
    pthread_t thread;
    ops_t gathered; /* the loop's */
    /*  Whoever wakes the other lets go of the mutex before: else that one wakes only to wait. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    ops_t waiting; /* under the mutex, like all below */
    done_t done[DONE_MOST];
    size_t done_first;
    size_t done_count;
    bool paused;
    bool committing;
    int64_t took_us; /* the last commit */
    bool ending;
    atomic_bool has_done;
};

static void
clear (ops_t *ops)
{
    ops->first = NULL;
    ops->end = &ops->first;
}

/*  Cuts off what one commit may have. */
static titanic_op_t *
take_some (ops_t *ops)
{
    titanic_op_t *first = ops->first, *last = first;
    size_t bytes = 0;
    for (unsigned count = 1; last->next && count < COMMIT_OPS; count++, last = last->next) {
        for (size_t n = 0; n < last->frame_count; n++)
            bytes += last->frames[n].size;
        if (bytes > COMMIT_BYTES)
            break;
    }
    ops->first = last->next;
    if (!ops->first)
        clear (ops);
    last->next = NULL;
    return first;
}

static bool
must_wait (const writer_t *self)
{
    return !self->ending && (!self->waiting.first || self->paused || self->done_count == DONE_MOST);
}

/*  Has the mutex, and lets go of it meanwhile. */
static void
commit (writer_t *self, titanic_op_t *ops, bool wakes)
{
    self->committing = true;
    pthread_mutex_unlock (&self->mutex);
    const int64_t begin = clock_now_us ();
    bool failed = store_commit (self->store, ops) != 0;
    const int64_t took_us = clock_now_us () - begin;
    pthread_mutex_lock (&self->mutex);
    self->committing = false;
    self->took_us = took_us;
    self->done[(self->done_first + self->done_count++) % DONE_MOST] = (done_t){ops, failed, wakes};
    atomic_store (&self->has_done, true);
}

static void
wake_loop (writer_t *self)
{
    const uint64_t one = 1;
    while (write (self->wake, &one, sizeof (one)) < 0 && errno == EINTR)
        continue;
}

static void *
run (void *argument)
{
    writer_t *self = argument;
    pthread_mutex_lock (&self->mutex);
    while (!self->ending) {
        while (must_wait (self))
            pthread_cond_wait (&self->changed, &self->mutex);
        if (self->ending)
            break;
        commit (self, take_some (&self->waiting), true);
        pthread_mutex_unlock (&self->mutex);
        pthread_cond_broadcast (&self->changed); /* a pause may wait for the end */
        wake_loop (self);
        pthread_mutex_lock (&self->mutex);
    }
    pthread_mutex_unlock (&self->mutex);
    return NULL;
}

writer_t *
writer_new (store_t *store, int wake)
{
    writer_t *self = calloc (1, sizeof (writer_t));
    if (!self)
        return NULL;
    self->store = store;
    self->wake = wake;
    self->took_us = INT64_MAX;
    clear (&self->gathered);
    clear (&self->waiting);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->changed, NULL);
    int rc = pthread_create (&self->thread, NULL, run, self);
    if (rc == 0)
        return self;
    pthread_mutex_destroy (&self->mutex);
    pthread_cond_destroy (&self->changed);
    free (self);
    errno = rc;
    return NULL;
}

void
writer_destroy (writer_t **self_p)
{
    writer_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    pthread_mutex_lock (&self->mutex);
    self->ending = true;
    pthread_mutex_unlock (&self->mutex);
    pthread_cond_broadcast (&self->changed);
    pthread_join (self->thread, NULL);
    pthread_mutex_destroy (&self->mutex);
    pthread_cond_destroy (&self->changed);
    free (self);
}

void
writer_add (writer_t *self, titanic_op_t *op)
{
    op->next = NULL;
    *self->gathered.end = op;
    self->gathered.end = &op->next;
}

static bool
are_few (const ops_t *ops)
{
    const titanic_op_t *op = ops->first;
    for (unsigned count = 0; op && count < FEW_OPS; count++)
        op = op->next;
    return !op;
}

/*  Does the loop commit by itself? */
static bool
is_for_loop (const writer_t *self)
{
    bool idle = !self->waiting.first && !self->committing && self->done_count < DONE_MOST;
    return idle && self->took_us < QUICK_US && are_few (&self->gathered);
}

void
writer_flush (writer_t *self)
{
    if (!self->gathered.first)
        return;
    pthread_mutex_lock (&self->mutex);
    bool mine = is_for_loop (self), wakes = !mine && !self->waiting.first;
    if (mine) {
        commit (self, take_some (&self->gathered), false);
    } else {
        *self->waiting.end = self->gathered.first;
        self->waiting.end = self->gathered.end;
        clear (&self->gathered);
    }
    pthread_mutex_unlock (&self->mutex);
    if (wakes)
        pthread_cond_signal (&self->changed);
}

bool
writer_has_done (const writer_t *self)
{
    return atomic_load (&self->has_done);
}

titanic_op_t *
writer_take (writer_t *self, bool *failed, bool *woken)
{
    titanic_op_t *ops = NULL;
    if (!writer_has_done (self))
        return NULL;
    pthread_mutex_lock (&self->mutex);
    if (self->done_count) {
        const done_t *done = &self->done[self->done_first];
        ops = done->ops;
        *failed = done->failed;
        *woken = done->woke;
        self->done_first = (self->done_first + 1) % DONE_MOST;
        self->done_count--;
    }
    bool was_full = ops && self->done_count == DONE_MOST - 1;
    atomic_store (&self->has_done, self->done_count > 0);
    pthread_mutex_unlock (&self->mutex);
    if (was_full)
        pthread_cond_signal (&self->changed);
    return ops;
}

void
writer_pause (writer_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->paused = true;
    while (self->committing)
        pthread_cond_wait (&self->changed, &self->mutex);
    pthread_mutex_unlock (&self->mutex);
}

void
writer_resume (writer_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->paused = false;
    pthread_mutex_unlock (&self->mutex);
    pthread_cond_broadcast (&self->changed);
}
