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
/*  What the loop commits by itself: so few ops, when there were no more last time, that commit was that quick, and none so slow for
 *  so long. */
#define QUICK_US     1000
#define FEW_OPS      4
#define FEW_BYTES    65536
#define STALL_US     100000
#define WARY_US      60000000
/*  The longest that a batch waits for company, however slow the disk. */
#define GATHER_US    1000
/*  Commits that the loop has not taken yet: then the writer waits for it. */
#define DONE_MOST    16

typedef struct {
    titanic_op_t *first;
    titanic_op_t **end; /* where the next one is hung */
    size_t count;
    size_t bytes; /* of their frames */
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
    bool due;      /* the thread is to commit what waits */
    size_t company; /* ops of the last commit */
    int64_t gather_until; /* usec; 0: no batch waits for company */
    done_t done[DONE_MOST];
    size_t done_first;
    size_t done_count;
    bool paused;
    bool committing;
    int64_t took_us; /* the last commit */
    int64_t wary_until; /* usec: the loop commits nothing by itself */
    bool ending;
    atomic_bool has_done;
};

static void
clear (ops_t *ops)
{
    ops->first = NULL;
    ops->end = &ops->first;
    ops->count = ops->bytes = 0;
}

static void
append (ops_t *ops, ops_t *more)
{
    if (!more->first)
        return;
    *ops->end = more->first;
    ops->end = more->end;
    ops->count += more->count;
    ops->bytes += more->bytes;
    clear (more);
}

static size_t
bytes_of (const titanic_op_t *op)
{
    size_t bytes = 0;
    for (size_t n = 0; n < op->frame_count; n++)
        bytes += op->frames[n].size;
    return bytes;
}

/*  Cuts off what one commit may have. */
static ops_t
take_some (ops_t *ops)
{
    titanic_op_t *last = ops->first;
    ops_t some = {.first = last, .count = 1, .bytes = bytes_of (last)};
    for (; last->next && some.count < COMMIT_OPS && some.bytes <= COMMIT_BYTES; some.count++) {
        last = last->next;
        some.bytes += bytes_of (last);
    }
    ops->first = last->next;
    ops->count -= some.count;
    ops->bytes -= some.bytes;
    if (!ops->first)
        clear (ops);
    last->next = NULL;
    return some;
}

static bool
must_wait (const writer_t *self)
{
    return !self->ending && (!self->due || self->paused || self->done_count == DONE_MOST);
}

/*  As many as last time: those whose answers went out together mostly send their next requests together. */
static bool
has_company (const writer_t *self)
{
    return self->waiting.count >= self->company;
}

/*  Has the mutex, and lets go of it meanwhile. */
static void
commit (writer_t *self, bool wakes)
{
    const ops_t ops = take_some (&self->waiting);
    self->committing = true;
    self->due = false;
    pthread_mutex_unlock (&self->mutex);
    const int64_t begin = clock_now_us ();
    bool failed = store_commit (self->store, ops.first) != 0;
    const int64_t end = clock_now_us ();
    pthread_mutex_lock (&self->mutex);
    self->committing = false;
    self->company = ops.count;
    self->gather_until = 0;
    self->took_us = end - begin;
    if (self->took_us > STALL_US)
        self->wary_until = end + WARY_US;
    self->done[(self->done_first + self->done_count++) % DONE_MOST] = (done_t){ops.first, failed, wakes};
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
        commit (self, true);
        self->due = self->waiting.first && has_company (self); /* without the loop's leave */
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
    self->gathered.count++;
    self->gathered.bytes += bytes_of (op);
}

/*  Does the loop commit by itself? */
static bool
is_for_loop (const writer_t *self, int64_t now)
{
    bool few = self->waiting.count <= FEW_OPS && self->company <= FEW_OPS && self->waiting.bytes <= FEW_BYTES;
    return few && self->took_us < QUICK_US && now >= self->wary_until && self->done_count < DONE_MOST;
}

/*  A batch that is smaller than the last one waits, for about as long as it may save: a commit of its own, and what that
 *  holds up. */
static bool
gathers (writer_t *self, int64_t now)
{
    if (has_company (self))
        return false;
    if (self->gather_until == 0)
        self->gather_until = now + (self->took_us < GATHER_US / 2 ? 2 * self->took_us : GATHER_US);
    return now < self->gather_until;
}

int64_t
writer_flush (writer_t *self)
{
    int64_t until = 0;
    bool wakes = false;
    pthread_mutex_lock (&self->mutex);
    append (&self->waiting, &self->gathered);
    if (self->waiting.first && !self->committing && !self->due) {
        const int64_t now = clock_now_us ();
        if (gathers (self, now))
            until = self->gather_until;
        else if (is_for_loop (self, now))
            commit (self, false);
        else
            self->due = wakes = true;
    }
    pthread_mutex_unlock (&self->mutex);
    if (wakes)
        pthread_cond_signal (&self->changed);
    return until;
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
