#include "transition.h"

#include "exec.h"
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define OUTPUT_MAX (16u << 20)

typedef struct {
    transition_t items[TRANSITIONS_MOST];
    bool good[TRANSITIONS_MOST];
    size_t first, count;
} line_t;

struct transitions {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    line_t waiting, ended;
    bool closing;
    int fd;
};

/* ------------------------------------------------------------------ waiting lines */

/*  False: the oldest had to make room. */
static bool
line_add (line_t *self, const transition_t *transition, bool good)
{
    bool room = self->count < TRANSITIONS_MOST;
    if (!room) {
        self->first = (self->first + 1) % TRANSITIONS_MOST;
        self->count--;
    }
    size_t at = (self->first + self->count++) % TRANSITIONS_MOST;
    self->items[at] = *transition;
    self->good[at] = good;
    return room;
}

static bool
line_take (line_t *self, transition_t *transition, bool *good)
{
    if (self->count == 0)
        return false;
    *transition = self->items[self->first];
    *good = self->good[self->first];
    self->first = (self->first + 1) % TRANSITIONS_MOST;
    self->count--;
    return true;
}

/* ------------------------------------------------------------------ the thread */

/*  failed: how; or NULL. */
static void
log_command (const transition_t *transition, exec_result_t *failed)
{
    const char *option = transition->state == BSTAR_ACTIVE ? "on-active" : "on-passive";
    if (failed)
        log_event (KEEL_LOG_ERROR, "command failed", "option", option, "reason", failed->reason, "stderr",
                   exec_result_said (failed), NULL);
    else
        log_event (KEEL_LOG_INFO, "command done", "option", option, NULL);
}

static bool
run (const transition_t *transition)
{
    char epoch[64], state[64], role[64];
    snprintf (epoch, sizeof (epoch), "KEEL_EPOCH=%" PRIu64, transition->epoch);
    snprintf (state, sizeof (state), "KEEL_STATE=%s", bstar_state_name (transition->state));
    snprintf (role, sizeof (role), "KEEL_ROLE=%s", bstar_role_name (transition->role));
    char *argv[] = {"env", epoch, state, role, "/bin/sh", "-c", (char *) (uintptr_t) transition->line, NULL};
    const exec_config_t config = {
        .argv = argv, .timeout_ms = TRANSITION_TIMEOUT_MS, .output_max = OUTPUT_MAX, .error_max = EXEC_ERROR_MAX};
    exec_result_t result;
    bool good = exec_run (&config, NULL, 0, &result);
    log_command (transition, good ? NULL : &result);
    exec_result_clear (&result);
    return good;
}

static void *
run_all (void *arg)
{
    transitions_t *self = arg;
    transition_t transition;
    bool good;
    pthread_mutex_lock (&self->lock);
    for (;;) {
        while (!line_take (&self->waiting, &transition, &good)) {
            if (self->closing) {
                pthread_mutex_unlock (&self->lock);
                return NULL;
            }
            pthread_cond_wait (&self->changed, &self->lock);
        }
        pthread_mutex_unlock (&self->lock);
        good = run (&transition);
        pthread_mutex_lock (&self->lock);
        line_add (&self->ended, &transition, good);
        eventfd_write (self->fd, 1);
    }
}

/* ------------------------------------------------------------------ the owner's side */

transitions_t *
transitions_new (void)
{
    transitions_t *self = calloc (1, sizeof (transitions_t));
    if (!self)
        return NULL;
    self->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->changed, NULL);
    int error = self->fd < 0 ? errno : pthread_create (&self->thread, NULL, run_all, self);
    if (!error)
        return self;
    if (self->fd >= 0)
        close (self->fd);
    free (self);
    errno = error;
    return NULL;
}

void
transitions_destroy (transitions_t **self_p)
{
    transitions_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    pthread_mutex_lock (&self->lock);
    self->closing = true;
    pthread_cond_signal (&self->changed);
    pthread_mutex_unlock (&self->lock);
    pthread_join (self->thread, NULL);
    pthread_mutex_destroy (&self->lock);
    pthread_cond_destroy (&self->changed);
    close (self->fd);
    free (self);
}

void
transitions_add (transitions_t *self, const transition_t *transition)
{
    pthread_mutex_lock (&self->lock);
    bool room = line_add (&self->waiting, transition, false);
    pthread_cond_signal (&self->changed);
    pthread_mutex_unlock (&self->lock);
    if (!room)
        log_event (KEEL_LOG_ERROR, "command left out", "reason", "the state changes faster than commands run", NULL);
}

int
transitions_fd (const transitions_t *self)
{
    return self->fd;
}

bool
transitions_take (transitions_t *self, transition_t *transition, bool *good)
{
    eventfd_t count;
    pthread_mutex_lock (&self->lock);
    eventfd_read (self->fd, &count);
    bool taken = line_take (&self->ended, transition, good);
    if (self->ended.count)
        eventfd_write (self->fd, 1);
    pthread_mutex_unlock (&self->lock);
    return taken;
}
