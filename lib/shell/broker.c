#include "broker.h"

#include "clock.h"
#include "daemon.h"
#include "exit_codes.h"
#include "herald.h"
#include "listen.h"
#include "log.h"
#include "notify.h"
#include "options_check.h"

#include <errno.h>
#include <signal.h>
#include <sodium/randombytes.h>

typedef struct {
    const broker_kind_t *kind;
    options_t options;
    void *settings;
    daemon_t daemon;
    port_t *port;
    activation_t passed;
    void *engine;
    loop_t loop;
    herald_t herald;
    uint16_t listeners;
    bool draining;
    bool stopping;
} broker_t;

static const void *
setting_at (const broker_t *self, size_t offset)
{
    return (const uint8_t *) self->settings + offset;
}

static void
set_spin (broker_t *self)
{
    self->loop.spin_us = *(const int64_t *) setting_at (self, self->kind->spin);
}

/* ------------------------------------------------------------------ start */

static int
listen_to (broker_t *self, const setting_list_t *list)
{
    for (size_t n = 0; n < list->count; n++, self->listeners++) {
        int rc = listen_on (&self->options, self->port, &self->passed, &list->items[n]);
        if (rc)
            return rc;
    }
    return EXIT_OK;
}

static int
take_passed (broker_t *self)
{
    char problem[ACTIVATION_PROBLEM];
    if (activation_open (&self->passed, problem) == 0)
        return EXIT_OK;
    log_at (KEEL_LOG_ERROR, "%s", problem);
    return EXIT_CONFIG;
}

/*  Whoever connects to a socket that nobody serves would wait for ever. It may also be why an endpoint is in use. */
static int
listen_to_all (broker_t *self)
{
    int rc = EXIT_OK;
    for (size_t n = 0; n < self->kind->listen_count && rc == EXIT_OK; n++)
        rc = listen_to (self, setting_at (self, self->kind->listens[n]));
    const char *left = activation_left (&self->passed);
    if (left) {
        log_at (KEEL_LOG_ERROR, "systemd passes %s, and nothing says to listen there: name it as an endpoint, or take it out "
                "of the socket unit", left);
        rc = EXIT_CONFIG;
    }
    return rc;
}

static int
build (broker_t *self)
{
    const broker_kind_t *kind = self->kind;
    const port_config_t config = kind->port_config (self->settings);
    uint64_t seed;
    randombytes_buf (&seed, sizeof (seed));
    if (daemon_open (&self->daemon) != 0 || !(self->port = port_new (&config)) ||
        !(self->engine = kind->make (self->settings, seed)) ||
        loop_open (&self->loop, self->port, self->engine, kind->step, kind->next_due) != 0 ||
        port_watch (self->port, daemon_fd (&self->daemon)) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    set_spin (self);
    self->loop.carry = kind->carry;
    self->loop.more = kind->more;
    self->loop.rest = kind->rest;
    int rc = kind->start ? kind->start (self->engine, self->port, self->settings) : EXIT_OK;
    if (rc == EXIT_OK)
        rc = listen_to_all (self);
    if (rc == EXIT_OK && kind->open)
        rc = kind->open (self->engine, &self->options, self->port);
    return rc;
}

static void
describe (const void *arg, text_t *line)
{
    const broker_t *self = arg;
    if (self->draining)
        text_add (line, "draining");
    else if (self->kind->role)
        self->kind->role (self->engine, line, clock_now_ms ());
    else
        text_add (line, "serving");
    text_add (line, "; ");
    self->kind->describe (self->engine, line);
}

/* ------------------------------------------------------------------ signals */

static void
reload (broker_t *self)
{
    notify_reloading (); /* systemd waits for the ready that follows, whatever there is to reload */
    if (!self->options.file)
        log_event (KEEL_LOG_NOTICE, "nothing to reload", "reason", "no configuration file was given with -c", NULL);
    else if (options_reload (&self->options, self->settings) == 0) {
        self->kind->configure (self->engine, self->settings);
        set_spin (self);
        log_event (KEEL_LOG_NOTICE, "configuration reloaded", "file", self->options.file, NULL);
    }
    herald_ready (&self->herald);
}

static void
drain (broker_t *self)
{
    char work[HERALD_STATUS];
    text_t line = text_over (work, sizeof (work));
    self->stopping = self->draining; /* a second time: at once */
    self->draining = true;
    for (uint16_t n = 0; n < self->listeners; n++)
        port_leave (self->port, n);
    self->kind->describe (self->engine, &line);
    log_event (KEEL_LOG_NOTICE, self->stopping ? "stopping at once" : "draining", "work", work, NULL);
    herald_stopping (&self->herald);
    loop_tell (&self->loop, KEEL_EVENT_DRAIN);
}

static void
hand_over (broker_t *self)
{
    if (self->kind->hand_over)
        self->kind->hand_over (self->engine);
    else
        log_event (KEEL_LOG_NOTICE, "no handover", "reason", "it is not one of a pair", NULL);
}

static void
take_signals (broker_t *self)
{
    int number;
    while ((number = daemon_signal (&self->daemon))) {
        if (number == SIGHUP)
            reload (self);
        else if (number == SIGUSR1)
            log_at (KEEL_LOG_NOTICE, "stats %s", self->kind->stats (self->engine, clock_now_ms ()));
        else if (number == SIGUSR2)
            hand_over (self);
        else
            drain (self);
    }
}

/* ------------------------------------------------------------------ life */

static void
attend (broker_t *self)
{
    herald_stir (&self->herald);
    if (self->kind->attend)
        self->kind->attend (self->engine);
    take_signals (self);
}

static void
serve (broker_t *self)
{
    self->loop.now = clock_now_ms ();
    herald_open (&self->herald, describe, self, self->loop.now);
    herald_ready (&self->herald);
    while (!self->stopping && !(self->draining && self->kind->drained (self->engine))) {
        if (loop_turn (&self->loop, herald_patience (&self->herald, self->loop.now)))
            attend (self);
        herald_turn (&self->herald, self->loop.now, self->loop.steps);
    }
}

/*  A signal that comes while the last messages go out, or has come, makes it stop waiting for peers that do not read. */
static void
finish (broker_t *self)
{
    daemon_finish ();
    for (uint16_t n = 0; self->stopping && n < self->listeners; n++)
        port_close (self->port, n, false);
}

static void
take_down (broker_t *self)
{
    loop_close (&self->loop);
    if (self->engine)
        self->kind->unmake (self->engine);
    port_destroy (&self->port);
    activation_close (&self->passed);
    daemon_close (&self->daemon);
    options_close (&self->options);
}

int
broker_run (const broker_kind_t *kind, int argc, char **argv, void *settings)
{
    broker_t broker = {.kind = kind, .settings = settings, .daemon = {.fd = -1}};
    int rc = options_parse (&broker.options, kind->program, argc, argv, settings);
    if (rc >= 0)
        return rc;
    rc = kind->check ? kind->check (settings, &broker.options) : -1;
    if (rc < 0)
        rc = broker.options.check ? options_check (&broker.options, settings) : take_passed (&broker);
    if (rc == EXIT_OK && !broker.options.check)
        rc = build (&broker);
    if (rc == EXIT_OK && !broker.options.check) {
        serve (&broker);
        finish (&broker);
    }
    take_down (&broker);
    return rc;
}
