/*  mdbroker: the Majordomo broker as a daemon. Parses, builds, runs; the protocol is engine/majordomo's. */
#include "mdbroker_settings.h"

#include "clock.h"
#include "daemon.h"
#include "exit_codes.h"
#include "listen.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <sodium/randombytes.h>

typedef struct {
    options_t options;
    mdbroker_settings_t settings;
    daemon_t daemon;
    port_t *port;
    keel_majordomo_t *engine;
    loop_t loop;
    bool draining;
    bool stopping;
} broker_t;

static const program_t program = {
    .name = "mdbroker",
    .summary = "Routes requests from clients to workers by service name, over MDP 0.1 and 0.2.",
    .notes = "SIGTERM finishes what workers hold and exits, a second one exits at once; SIGHUP reads the configuration\n"
             "again; SIGUSR1 writes the counters to the log.",
    .settings = mdbroker_settings,
    .size = sizeof (mdbroker_settings_t),
    .config = true,
};

static int
step_majordomo (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_majordomo_step (engine, event, out);
}

static int64_t
majordomo_due (const void *engine)
{
    return keel_majordomo_next_due (engine);
}

static int
build (broker_t *self)
{
    const port_config_t port_config = mdbroker_port_config (&self->settings);
    const keel_majordomo_config_t engine_config = mdbroker_engine_config (&self->settings);
    uint64_t seed;
    randombytes_buf (&seed, sizeof (seed));
    if (daemon_open (&self->daemon) != 0 || !(self->port = port_new (&port_config)) ||
        !(self->engine = keel_majordomo_new (&engine_config, seed)) ||
        loop_open (&self->loop, self->port, self->engine, step_majordomo, majordomo_due) != 0 ||
        port_watch (self->port, daemon_fd (&self->daemon)) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    self->loop.spin_us = self->settings.spin;
    for (size_t n = 0; n < self->settings.listen.count; n++) {
        int rc = listen_on (&self->options, self->port, &self->settings.listen.items[n]);
        if (rc)
            return rc;
    }
    return EXIT_OK;
}

static void
reload (broker_t *self)
{
    notify_reloading (); /* systemd waits for the ready that follows, whatever there is to reload */
    if (!self->options.file)
        log_at (KEEL_LOG_NOTICE, "nothing to reload: no configuration file was given with -c");
    else if (options_reload (&self->options, &self->settings) == 0) {
        const keel_majordomo_config_t config = mdbroker_engine_config (&self->settings);
        keel_majordomo_configure (self->engine, &config);
        self->loop.spin_us = self->settings.spin;
        log_at (KEEL_LOG_NOTICE, "configuration reloaded");
    }
    notify_ready ("serving");
}

static void
drain (broker_t *self)
{
    self->stopping = self->draining; /* a second time: at once */
    self->draining = true;
    dispatch_gauges_t gauges = keel_majordomo_gauges (self->engine);
    log_at (KEEL_LOG_NOTICE, "%s, %zu requests with workers, %zu waiting", self->stopping ? "stopping at once" : "draining",
            gauges.held, gauges.waiting);
    notify_stopping ("draining");
    loop_tell (&self->loop, KEEL_EVENT_DRAIN);
}

static void
take_signals (broker_t *self)
{
    int number;
    while ((number = daemon_signal (&self->daemon))) {
        if (number == SIGHUP)
            reload (self);
        else if (number == SIGUSR1)
            log_at (KEEL_LOG_NOTICE, "stats %s", keel_majordomo_stats (self->engine, clock_now_ms ()));
        else
            drain (self);
    }
}

static void
serve (broker_t *self)
{
    int64_t watchdog_ms = notify_watchdog_ms ();
    notify_ready ("serving");
    while (!self->stopping && !(self->draining && keel_majordomo_drained (self->engine))) {
        if (loop_turn (&self->loop, watchdog_ms ? watchdog_ms : -1))
            take_signals (self);
        if (watchdog_ms)
            notify_alive ();
    }
}

/*  A signal that comes while the last messages go out, or has come, makes it stop waiting for peers that do not read. */
static void
finish (broker_t *self)
{
    daemon_finish ();
    for (uint16_t n = 0; self->stopping && n < self->settings.listen.count; n++)
        port_close (self->port, n, false);
}

static void
take_down (broker_t *self)
{
    loop_close (&self->loop);
    keel_majordomo_destroy (&self->engine);
    port_destroy (&self->port);
    daemon_close (&self->daemon);
    options_close (&self->options);
}

int
main (int argc, char **argv)
{
    broker_t broker = {.daemon = {.fd = -1}};
    int rc = options_parse (&broker.options, &program, argc, argv, &broker.settings);
    if (rc >= 0)
        return rc;
    rc = build (&broker);
    if (rc == EXIT_OK) {
        serve (&broker);
        finish (&broker);
    }
    take_down (&broker);
    return rc;
}
