/*  titanic: the disk-backed queue as a daemon. The protocol is engine/titanic's, the daemon's life shell/broker's. */
#include "broker.h"
#include "titanic_daemon.h"

static const program_t program = {
    .name = "titanic",
    .summary = "Keeps requests on disk until workers have answered them and clients fetched the replies (RFC 9).",
    .notes = "SIGTERM stores and answers what was taken and exits, a second one exits at once; SIGHUP reads the\n"
             "configuration again; SIGUSR1 writes the counters to the log.",
    .settings = titanic_settings,
    .size = sizeof (titanic_settings_t),
    .config = true,
};

static port_config_t
port_config (const void *settings)
{
    return titanic_port_config (settings);
}

int
main (int argc, char **argv)
{
    static const size_t listens[] = {offsetof (titanic_settings_t, admin)};
    static const broker_kind_t kind = {
        .program = &program,
        .listens = listens,
        .listen_count = 1,
        .spin = offsetof (titanic_settings_t, spin),
        .port_config = port_config,
        .make = titanic_make,
        .start = titanic_start,
        .unmake = titanic_unmake,
        .configure = titanic_reload,
        .step = titanic_step,
        .next_due = titanic_next_due,
        .carry = titanic_carry,
        .more = titanic_more,
        .rest = titanic_rest,
        .drained = titanic_drained,
        .describe = titanic_describe,
        .stats = titanic_stats,
    };
    titanic_settings_t settings;
    return broker_run (&kind, argc, argv, &settings);
}
