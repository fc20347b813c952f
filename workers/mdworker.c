/*  mdworker: offers a service at a broker. Echoes, or runs a command for each request. */
#include "command.h"
#include "exit_codes.h"
#include "log.h"

#include <keel/worker.h>

#include <errno.h>

typedef struct {
    setting_list_t brokers;
    int64_t concurrency;
    int64_t version;
    int64_t heartbeat_ms;
    int64_t liveness;
    int64_t timeout_ms;
    bool all;
} settings_t;

#define AT(member) offsetof (settings_t, member)

static const setting_t settings[] = {
    {.name = "broker", .letter = 'b', .kind = SETTING_CONNECT, .list = true, .at = AT (brokers),
     .environment = "KEEL_BROKER", .preset = "tcp://127.0.0.1:5555", .help = "a broker; repeat for more, tried in order"},
    {.name = "concurrency", .letter = 'j', .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 1024,
     .at = AT (concurrency), .help = "requests worked on at once"},
    {.name = "mdp", .kind = SETTING_COUNT, .preset = "2", .minimum = 1, .maximum = 2, .at = AT (version),
     .help = "version of MDP to speak: 1 for 0.1, 2 for 0.2"},
    {.name = "heartbeat", .kind = SETTING_MSEC, .preset = "2500", .minimum = 10, .maximum = 3600000,
     .at = AT (heartbeat_ms), .help = "interval of heartbeats"},
    {.name = "liveness", .kind = SETTING_COUNT, .preset = "3", .minimum = 1, .maximum = 1000,
     .at = AT (liveness), .help = "intervals of silence after which the broker is given up"},
    {.name = "all", .kind = SETTING_FLAG, .at = AT (all), .help = "register with all brokers at once, not with one of them"},
    COMMAND_TIMEOUT (AT (timeout_ms)),
    SETTING_END,
};

static const program_t program = {
    .name = "mdworker",
    .summary = "Offers a service at a Majordomo broker: echoes, or runs a command for each request.",
    .usage = "SERVICE [-- COMMAND ARG...]",
    .fewest = 1,
    .notes = "The command gets the request's frames on its stdin, joined; what it writes to stdout is the reply.\n"
             "When it fails or takes too long, the request is given back to the broker.",
    .settings = settings,
    .size = sizeof (settings_t),
};

/*  NULL with errno: EINVAL the service has no valid name, for the rest was checked. */
static keel_worker_t *
make_worker (const settings_t *mine, const char *service)
{
    char *brokers = setting_list_join (&mine->brokers, ',');
    keel_worker_t *worker = brokers ? keel_worker_new (brokers, service) : NULL;
    free (brokers);
    if (!worker)
        return NULL;
    keel_worker_set_concurrency (worker, (int) mine->concurrency);
    keel_worker_set_version (worker, (int) mine->version);
    keel_worker_set_heartbeat (worker, mine->heartbeat_ms);
    keel_worker_set_liveness (worker, (int) mine->liveness);
    keel_worker_set_all (worker, mine->all);
    keel_worker_set_log (worker, command_log, NULL);
    return worker;
}

static int
fail_to_start (void)
{
    log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
    return EXIT_FAILED;
}

static int
serve (const settings_t *mine, keel_worker_t *worker, char **argv)
{
    command_t command = command_make (argv, mine->timeout_ms, "request given back");
    command_catch_signals ();
    int rc = keel_worker_run (worker, argv[0] ? command_answer : command_echo, &command);
    if (rc != 0)
        log_at (KEEL_LOG_ERROR, "%s", keel_strerror (rc));
    return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

int
main (int argc, char **argv)
{
    options_t options;
    settings_t mine;
    bool separated = command_is_separated (argc, argv);
    int rc = options_parse (&options, &program, argc, argv, &mine);
    if (rc >= 0)
        return rc;
    keel_worker_t *worker = make_worker (&mine, options.arguments[0]);
    if (!worker && errno == EINVAL)
        rc = options_fail (&options, "bad service name '%s': 1 to 255 printable characters without space, not mmi. first",
                           options.arguments[0]);
    else if (!worker)
        rc = fail_to_start ();
    else if (options.argument_count > 1 && !separated)
        rc = command_not_separated (&options, 1);
    else
        rc = serve (&mine, worker, options.arguments + 1);
    keel_worker_destroy (&worker);
    options_close (&options);
    return rc;
}
