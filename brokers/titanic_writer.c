#include "titanic_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/*  Of one commit: LMDB keeps what it changes in memory until then. */
#define COMMIT_OPS   8192
#define COMMIT_BYTES ((size_t) 64 << 20)
/*  Commits that the loop has not taken yet: then the writer waits for it. */
#define DONE_MOST    16

typedef struct {
    titanic_op_t *first;
    titanic_op_t **end; /* where the next one is hung */
} ops_t;

typedef struct {
    titanic_op_t *ops;
    bool failed;
} done_t;

struct writer {
    store_t *store;
    int wake;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    ops_t gathered;  /* the loop's */
    ops_t waiting;   /* under the mutex, like all below */
    done_t done[DONE_MOST];
    size_t done_first;
    size_t done_count;
    bool paused;
    bool committing;
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

static void
note_done (writer_t *self, titanic_op_t *ops, bool failed)
{
    self->done[(self->done_first + self->done_count++) % DONE_MOST] = (done_t){ops, failed};
    atomic_store (&self->has_done, true);
    uint64_t one = 1;
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
        titanic_op_t *ops = take_some (&self->waiting);
        self->committing = true;
        pthread_mutex_unlock (&self->mutex);
        bool failed = store_commit (self->store, ops) != 0;
        pthread_mutex_lock (&self->mutex);
        self->committing = false;
        note_done (self, ops, failed);
        pthread_cond_broadcast (&self->changed);
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
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
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

void
writer_flush (writer_t *self)
{
    if (!self->gathered.first)
        return;
    pthread_mutex_lock (&self->mutex);
    bool idle = !self->waiting.first;
    *self->waiting.end = self->gathered.first;
    self->waiting.end = self->gathered.end;
    if (idle)
        pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
    clear (&self->gathered);
}

bool
writer_has_done (const writer_t *self)
{
    return atomic_load (&self->has_done);
}

titanic_op_t *
writer_take (writer_t *self, bool *failed)
{
    titanic_op_t *ops = NULL;
    if (!writer_has_done (self))
        return NULL;
    pthread_mutex_lock (&self->mutex);
    if (self->done_count) {
        ops = self->done[self->done_first].ops;
        *failed = self->done[self->done_first].failed;
        self->done_first = (self->done_first + 1) % DONE_MOST;
        if (self->done_count-- == DONE_MOST)
            pthread_cond_broadcast (&self->changed);
    }
    atomic_store (&self->has_done, self->done_count > 0);
    pthread_mutex_unlock (&self->mutex);
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
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
}
