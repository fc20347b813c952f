#include "pair.h"

#include "clock.h"
#include "endpoint.h"
#include "state_file.h"
#include "state_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TURN         128   /* states read at once: a peer that floods us must not stop us */
#define DIAL_MS      100   /* at least: a connection takes a moment to be made */
#define COMPLAIN_MS  60000 /* between complaints about the state file that say the same */

struct pair {
    pair_config_t config;
    keel_star_t *star;
    state_link_t *link;
    int lock; /* of the state file */
    int store_error; /* 0: the last one was stored */
    int64_t complain_at;
    uint64_t ended; /* connections that the engine was told of */
};

/* ------------------------------------------------------------------ the engine's turn */

static void step (pair_t *self, keel_star_event_t event);

static void
complain (pair_t *self, int error)
{
    char text[512];
    if (error == self->store_error && clock_now_ms () < self->complain_at)
        return;
    self->complain_at = clock_now_ms () + COMPLAIN_MS;
    text_t line = text_over (text, sizeof (text));
    text_add (&line, "cannot write the state file");
    text_add_pair_text (&line, "reason", strerror (error));
    text_add_pair_text (&line, "file", self->config.file);
    self->config.log (self->config.arg, KEEL_LOG_ERROR, text);
}

static void
store (pair_t *self, uint64_t epoch)
{
    int error = state_file_store (self->config.file, epoch) == 0 ? 0 : errno;
    if (error)
        complain (self, error);
    self->store_error = error;
    step (self, (keel_star_event_t){.kind = error ? KEEL_STAR_STORE_FAILED : KEEL_STAR_STORED});
}

/*  A STORE is the last action of its step, so that one step ends before the next begins. */
static void
carry_out (pair_t *self, const keel_star_action_t *action)
{
    const pair_config_t *config = &self->config;
    switch (action->kind) {
    case KEEL_STAR_PUBLISH:
        state_link_publish (self->link, action->text);
        break;
    case KEEL_STAR_STORE:
        store (self, action->epoch);
        break;
    case KEEL_STAR_ROLE:
        config->role_changed (config->arg, action->state, action->epoch);
        break;
    case KEEL_STAR_DRAIN:
        config->drain (config->arg);
        break;
    case KEEL_STAR_LOG:
        config->log (config->arg, action->level, action->text);
        break;
    }
}

static void
step (pair_t *self, keel_star_event_t event)
{
    keel_star_actions_t out;
    event.now = clock_now_ms ();
    keel_star_step (self->star, &event, &out);
    for (size_t n = 0; n < out.count; n++)
        carry_out (self, &out.items[n]);
}

static void
hear_peer (pair_t *self)
{
    span_t frame;
    size_t count;
    for (int n = 0; n < TURN && state_link_receive (self->link, &frame, &count); n++)
        step (self, (keel_star_event_t){.kind = KEEL_STAR_PEER, .frames = &frame, .count = count});
    for (; self->ended < state_link_ended (self->link); self->ended++)
        step (self, (keel_star_event_t){.kind = KEEL_STAR_PEER_ENDED});
}

void
pair_turn (pair_t *self)
{
    hear_peer (self);
    int64_t now = clock_now_ms ();
    if (keel_star_next_due (self->star) > now)
        return;
    step (self, (keel_star_event_t){.kind = KEEL_STAR_TICK});
    if (keel_star_silent (self->star, now)) {
        int64_t interval = self->config.failover_ms / 4;
        state_link_redial (self->link, now, interval > DIAL_MS ? interval : DIAL_MS, self->config.failover_ms);
    }
}

bool
pair_vote (pair_t *self)
{
    hear_peer (self);
    step (self, (keel_star_event_t){.kind = KEEL_STAR_VOTE});
    return keel_star_state (self->star) == BSTAR_ACTIVE;
}

void
pair_tell (pair_t *self, keel_star_event_kind_t kind)
{
    step (self, (keel_star_event_t){.kind = kind});
}

void
pair_refuse (pair_t *self, uint64_t epoch)
{
    step (self, (keel_star_event_t){.kind = KEEL_STAR_REFUSED, .epoch = epoch});
}

/* ------------------------------------------------------------------ life */

/*  errno, whatever snprintf does. */
static int
refuse (int error, char problem[PAIR_PROBLEM], const char *format, const char *what)
{
    snprintf (problem, PAIR_PROBLEM, format, what, strerror (error));
    errno = error;
    return -1;
}

static int
cannot_write (const pair_config_t *config, char problem[PAIR_PROBLEM])
{
    return refuse (errno == EINVAL ? EIO : errno, problem,
                   "cannot write the state file %.500s: %s; the epoch must outlive a restart: "
                   "name a file in a directory that exists and that this user may write to",
                   config->file);
}

/*  Written back at once: better to hear now that it cannot be written. */
static int
load_epoch (pair_t *self, uint64_t *epoch, char problem[PAIR_PROBLEM])
{
    const pair_config_t *config = &self->config;
    self->lock = state_file_lock (config->file);
    if (self->lock < 0 && errno == EWOULDBLOCK)
        return refuse (EBUSY, problem, "the state file %.500s is another process's: %s; give each one of its own", config->file);
    if (self->lock < 0)
        return cannot_write (config, problem);
    if (state_file_load (config->file, epoch, problem) != 0) {
        errno = EBADMSG;
        return -1;
    }
    return state_file_store (config->file, *epoch) == 0 ? 0 : cannot_write (config, problem);
}

static int
open_link (pair_t *self, char problem[PAIR_PROBLEM], const char **culprit)
{
    const pair_config_t *config = &self->config;
    self->link = state_link_new ();
    if (!self->link)
        return refuse (ENOMEM, problem, "cannot start%s: %s", "");
    if (state_link_bind (self->link, config->bind) != 0) {
        *culprit = config->bind;
        return refuse (errno, problem, "cannot listen on %.300s: %s", config->bind);
    }
    if (state_link_connect (self->link, config->peer) != 0)
        return refuse (EINVAL, problem, "bad endpoint of the peer %.300s: %s", config->peer);
    return 0;
}

static void
release (pair_t *self)
{
    state_link_destroy (&self->link);
    keel_star_destroy (&self->star);
    if (self->lock >= 0)
        close (self->lock);
    free (self);
}

static int
open_all (pair_t *self, char problem[PAIR_PROBLEM], const char **culprit)
{
    keel_star_config_t star = {.role = self->config.role, .failover_ms = self->config.failover_ms};
    if (load_epoch (self, &star.epoch, problem) != 0)
        return -1;
    self->star = keel_star_new (&star);
    return self->star ? open_link (self, problem, culprit) : refuse (ENOMEM, problem, "cannot start%s: %s", "");
}

int
pair_open (pair_t **self_p, const pair_config_t *config, char problem[PAIR_PROBLEM], const char **culprit)
{
    *self_p = NULL;
    *culprit = NULL;
    if (endpoint_reaches (config->peer, config->bind)) /* by another name it is found out when it hears itself */
        return refuse (EINVAL, problem, "the peer's endpoint %.300s is our own; give that of the other one", config->peer);
    pair_t *self = calloc (1, sizeof (pair_t));
    if (!self)
        return refuse (ENOMEM, problem, "cannot start%s: %s", "");
    self->config = *config;
    self->lock = -1;
    if (open_all (self, problem, culprit) != 0) {
        int error = errno;
        release (self);
        errno = error;
        return -1;
    }
    *self_p = self;
    return 0;
}

void
pair_close (pair_t **self_p)
{
    pair_t *self = *self_p;
    if (!self)
        return;
    step (self, (keel_star_event_t){.kind = KEEL_STAR_LEAVE}); /* the owner is told, and may ask */
    *self_p = NULL;
    release (self);
}

int
pair_fd (const pair_t *self)
{
    return state_link_fd (self->link);
}

int64_t
pair_next_due (const pair_t *self)
{
    return keel_star_next_due (self->star);
}

const char *
pair_endpoint (const pair_t *self)
{
    return state_link_endpoint (self->link);
}

const keel_star_t *
pair_star (const pair_t *self)
{
    return self->star;
}
