/*  A worker at several brokers at once: a member for each, with an engine, a port and a thread of its own. */
#include "worker_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

keel_worker_t *
worker_member (keel_worker_t *self, unsigned number)
{
    return self->members ? self->members[number] : self;
}

keel_worker_t *
worker_member_of (keel_worker_t *self, uint64_t *id)
{
    if (!self->members)
        return self;
    unsigned number = (unsigned) (*id >> WORKER_MEMBER_BIT) % WORKER_MEMBERS;
    *id &= ~((uint64_t) (WORKER_MEMBERS - 1) << WORKER_MEMBER_BIT);
    return self->members[number < self->member_count ? number : 0];
}

void
worker_members_stop (keel_worker_t *self)
{
    self->stopping = true;
    for (unsigned n = 0; n < self->member_count; n++) {
        worker_member (self, n)->stopping = true;
        worker_loop_wake (worker_member (self, n));
    }
    pthread_cond_broadcast (self->changed);
}

static void
end_member (keel_worker_t *self)
{
    worker_loop_end (self);
    worker_items_destroy (&self->inbox);
    worker_items_destroy (&self->outbox);
    if (self->wake >= 0)
        close (self->wake);
    free (self);
}

/*  The members that there are end. */
static void
end_all (keel_worker_t *self)
{
    for (unsigned n = 0; n < self->member_count; n++)
        end_member (self->members[n]);
    free (self->members);
    self->members = NULL;
    self->member_count = 1;
}

void
worker_members_end (keel_worker_t *self)
{
    if (self->members)
        end_all (self);
    else
        worker_loop_end (self);
}

/*  NULL without memory. */
static keel_worker_t *
make_member (keel_worker_t *whole, size_t endpoint)
{
    keel_worker_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    *self = (keel_worker_t){.whole = whole, .config = whole->config, .log = whole->log, .log_arg = whole->log_arg};
    self->endpoints = whole->endpoints + endpoint;
    self->config.endpoints = (const char *const *) self->endpoints;
    self->config.endpoint_count = 1;
    self->mutex = whole->mutex;
    self->changed = whole->changed;
    self->interrupt = -1;
    self->member_count = 1;
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self;
}

/*  The mutex is held, so none of them does anything before all are there. */
static int
start_all (keel_worker_t *self)
{
    const unsigned count = (unsigned) self->config.endpoint_count;
    int rc = 0;
    self->members = calloc (count, sizeof (keel_worker_t *));
    self->member_count = 0;
    while (self->members && rc == 0 && self->member_count < count) {
        keel_worker_t *member = make_member (self, self->member_count);
        if (!member)
            break;
        self->members[self->member_count++] = member;
        rc = member->wake < 0 ? KEEL_E_MEMORY : worker_loop_start (member);
    }
    self->started = self->members && rc == 0 && self->member_count == count;
    return self->started ? 0 : KEEL_E_MEMORY;
}

int
worker_members_start (keel_worker_t *self)
{
    if (!self->all || self->config.endpoint_count == 1)
        return worker_loop_start (self);
    if (self->config.credit > WORKER_CREDIT_ALL)
        return KEEL_E_INVALID;
    int rc = start_all (self);
    if (rc == 0)
        return 0;
    pthread_mutex_unlock (self->mutex); /* those that run need it, to end */
    end_all (self);
    pthread_mutex_lock (self->mutex);
    return rc;
}
