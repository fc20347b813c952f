/*  flserver: a Freelance server as a program. Echoes, or runs a command for each request. */
#include <keel/flserver.h>

#include "command.h"
#include "exit_codes.h"
#include "listen.h"
#include "log.h"
#include "text.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define COUNTER_MAP(X)                                                                                                 \
    X (requests)                                                                                                       \
    X (answered)                                                                                                       \
    X (failed)                                                                                                         \
    X (overflow)                                                                                                       \
    X (refused)                                                                                                        \
    X (clients_gone)                                                                                                   \
    X (clients_full)                                                                                                   \
    X (pings)                                                                                                          \
    X (malformed)

typedef struct {
    setting_list_t listen;
    const char *advertise;
    int64_t concurrency;
    int64_t timeout_ms;
} settings_t;

typedef struct {
    options_t options;
    settings_t settings;
    keel_flserver_t *server;
    sigset_t signals; /* that the reporter waits for */
    pthread_t reporter;
    atomic_bool done;
} run_t;

#define AT(member) offsetof (settings_t, member)

static const setting_t settings[] = {
    {.name = "bind", .letter = 'b', .kind = SETTING_BIND, .list = true, .at = AT (listen),
     .preset = "tcp://127.0.0.1:5555", .help = "an endpoint to listen on; repeat for more"},
    {.name = "advertise", .letter = 'a', .kind = SETTING_CONNECT, .at = AT (advertise),
     .help = "the endpoint at which clients reach it, if that is not the one it listens on"},
    {.name = "concurrency", .letter = 'j', .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 1024,
     .at = AT (concurrency), .help = "requests worked on at once"},
    COMMAND_TIMEOUT (AT (timeout_ms)),
    SETTING_END,
};

static const program_t program = {
    .name = "flserver",
    .summary = "Answers requests of Freelance clients: echoes, or runs a command for each request.",
    .usage = "[-- COMMAND ARG...]",
    .notes = "The command gets the request's frames on its stdin, joined; what it writes to stdout is the answer.\n"
             "When it fails or takes too long, no answer is sent. SIGUSR1 writes the counters to the log.",
    .settings = settings,
    .size = sizeof (settings_t),
};

/* ------------------------------------------------------------------ signals */

static void
say_stats (keel_flserver_t *server)
{
    char buffer[LOG_LINE];
    text_t json = text_over (buffer, sizeof (buffer));
    keel_flserver_counters_t counters = keel_flserver_counters (server);
    text_add (&json, "{");
#define X(name) text_add_json_number (&json, #name, counters.name);
    COUNTER_MAP (X)
#undef X
    text_add (&json, "}");
    log_at (KEEL_LOG_NOTICE, "stats %s", buffer);
}

static void *
report (void *arg)
{
    run_t *self = arg;
    int number;
    while (sigwait (&self->signals, &number) == 0 && !atomic_load (&self->done))
        if (number == SIGUSR1)
            say_stats (self->server);
        else
            log_event (KEEL_LOG_NOTICE, "nothing to reload", "reason", "there is no configuration file", NULL);
    return NULL;
}

static void
end_reporter (run_t *self)
{
    atomic_store (&self->done, true);
    pthread_kill (self->reporter, SIGUSR1);
    pthread_join (self->reporter, NULL);
}

/* ------------------------------------------------------------------ life */

static int
bind_all (run_t *self)
{
    const settings_t *mine = &self->settings;
    if (keel_flserver_set_advertise (self->server, mine->advertise) != 0)
        return options_fail (&self->options, "bad endpoint %s: at most 255 characters", mine->advertise);
    for (size_t n = 0; n < mine->listen.count; n++) {
        const char *endpoint = mine->listen.items[n].text;
        int rc = keel_flserver_bind (self->server, endpoint);
        if (rc != 0)
            return listen_failed (&self->options, endpoint, rc == KEEL_E_INVALID ? EINVAL : errno);
        log_at (KEEL_LOG_NOTICE, "listening on %s", keel_flserver_endpoint (self->server));
    }
    return EXIT_OK;
}

static int
serve (run_t *self)
{
    char **argv = self->options.arguments;
    command_t command = command_make (argv, self->settings.timeout_ms, "no answer sent");
    if (pthread_create (&self->reporter, NULL, report, self) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot start: no more threads");
        return EXIT_FAILED;
    }
    int rc = keel_flserver_run (self->server, argv[0] ? command_answer : command_echo, &command);
    end_reporter (self);
    if (rc != 0)
        log_at (KEEL_LOG_ERROR, "%s", keel_strerror (rc));
    return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

static int
build (run_t *self)
{
    self->server = keel_flserver_new ();
    if (!self->server) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    keel_flserver_set_concurrency (self->server, (int) self->settings.concurrency);
    command_catch_signals (); /* from the moment that it says that it listens */
    return bind_all (self);
}

int
main (int argc, char **argv)
{
    run_t run = {0};
    sigemptyset (&run.signals);
    sigaddset (&run.signals, SIGUSR1);
    sigaddset (&run.signals, SIGHUP);
    pthread_sigmask (SIG_BLOCK, &run.signals, NULL); /* in all threads to come */
    bool separated = command_is_separated (argc, argv);
    int rc = options_parse (&run.options, &program, argc, argv, &run.settings);
    if (rc >= 0)
        return rc;
    if (run.options.argument_count && !separated)
        rc = command_not_separated (&run.options, 0);
    else
        rc = build (&run);
    if (rc == EXIT_OK)
        rc = serve (&run);
    keel_flserver_destroy (&run.server);
    options_close (&run.options);
    return rc;
}
