#include "titanic_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/*  Of one commit: LMDB keeps what it changes in memory until then. */
#define COMMIT_OPS   8192
#define COMMIT_BYTES ((size_t) 64 << 20)

typedef struct {
    titanic_op_t *first;
    titanic_op_t **end; /* where the next one is hung */
} ops_t;

/*  Whose the commit is. */
enum {
    COMMIT_NONE, /* the loop's: it may begin one */
    COMMIT_GOES, /* the writer's */
    COMMIT_DONE, /* the loop's: to be taken */
};

struct writer {
    store_t *store;
    int wake;
    pthread_t thread;
    ops_t gathered;
    titanic_op_t *ops; /* of the commit; whose it is has them */
    bool failed;       /* likewise */
    atomic_int commit;
    bool ending; /* under the mutex */
    /*  For sleeping until the commit is one's own. Whoever wakes the other lets go of the mutex before: else it wakes only to wait. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
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

/*  Gives the commit to the other. */
static void
pass (writer_t *self, int commit)
{
    pthread_mutex_lock (&self->mutex);
    atomic_store (&self->commit, commit);
    pthread_mutex_unlock (&self->mutex);
    pthread_cond_signal (&self->changed);
}

/*  False: it is to end. */
static bool
await_ops (writer_t *self)
{
    pthread_mutex_lock (&self->mutex);
    while (!self->ending && atomic_load (&self->commit) != COMMIT_GOES)
        pthread_cond_wait (&self->changed, &self->mutex);
    bool ending = self->ending;
    pthread_mutex_unlock (&self->mutex);
    return !ending;
}

static void *
run (void *argument)
{
    writer_t *self = argument;
    const uint64_t one = 1;
    while (await_ops (self)) {
        self->failed = store_commit (self->store, self->ops) != 0;
        pass (self, COMMIT_DONE);
        while (write (self->wake, &one, sizeof (one)) < 0 && errno == EINTR)
            continue;
    }
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
    pthread_cond_signal (&self->changed);
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
    if (!self->gathered.first || atomic_load (&self->commit) != COMMIT_NONE)
        return;
    self->ops = take_some (&self->gathered);
    pass (self, COMMIT_GOES);
}

bool
writer_has_done (const writer_t *self)
{
    return atomic_load (&self->commit) == COMMIT_DONE;
}

titanic_op_t *
writer_take (writer_t *self, bool *failed)
{
    if (!writer_has_done (self))
        return NULL;
    *failed = self->failed;
    atomic_store (&self->commit, COMMIT_NONE);
    return self->ops;
}

void
writer_settle (writer_t *self)
{
    pthread_mutex_lock (&self->mutex);
    while (atomic_load (&self->commit) == COMMIT_GOES)
        pthread_cond_wait (&self->changed, &self->mutex);
    pthread_mutex_unlock (&self->mutex);
}
