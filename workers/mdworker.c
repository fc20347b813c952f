/*  mdworker: offers a service at a broker. Echoes, or runs a command for each request. */
#include "exec.h"
#include "exit_codes.h"
#include "log.h"
#include "options.h"

#include <keel/worker.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <syslog.h>

typedef struct {
    setting_list_t brokers;
    int64_t concurrency;
    int64_t version;
    int64_t heartbeat_ms;
    int64_t liveness;
    int64_t timeout_ms;
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
    {.name = "timeout", .letter = 't', .kind = SETTING_MSEC, .preset = "60000", .minimum = 0, .maximum = 86400000,
     .at = AT (timeout_ms), .help = "time that the command has for a request; 0: no limit"},
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

static atomic_int working; /* requests */

/*  Only the second signal gets here, for the library has the first; or the first, where there is nothing to finish. */
static void
end_at_once (int number)
{
    (void) number;
    int code = atomic_load (&working) ? EXIT_FAILED : EXIT_OK; /* before they end of it */
    exec_kill_all ();
    _exit (code);
}

static void
catch_signals (void)
{
    struct sigaction action = {.sa_handler = end_at_once};
    sigemptyset (&action.sa_mask);
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGINT, &action, NULL);
}

static zmsg_t *
echo (zmsg_t *request, void *arg)
{
    (void) arg;
    return request;
}

static void
log_failure (const char *what, exec_result_t *result)
{
    while (result->error_size && result->error[result->error_size - 1] == '\n')
        result->error[--result->error_size] = 0;
    log_at (KEEL_LOG_WARNING, "%s: %s; request given back%s%s", what, result->reason, result->error_size ? ": " : "",
            result->error_size ? result->error : "");
}

/*  What the command says to a request; NULL when it failed. */
static zmsg_t *
run_command (const exec_config_t *config, zmsg_t *request)
{
    exec_result_t result;
    size_t count = 0;
    zmsg_t *reply = NULL;
    span_t *spans = zmalloc ((zmsg_size (request) + 1) * sizeof (span_t));
    assert (spans);
    for (zframe_t *frame = zmsg_first (request); frame; frame = zmsg_next (request))
        spans[count++] = span_make (zframe_data (frame), zframe_size (frame));
    if (exec_run (config, spans, count, &result)) {
        reply = zmsg_new ();
        zmsg_addmem (reply, result.output, result.output_size);
    } else
        log_failure (config->argv[0], &result);
    exec_result_clear (&result);
    free (spans);
    return reply;
}

static zmsg_t *
command (zmsg_t *request, void *arg)
{
    atomic_fetch_add (&working, 1);
    zmsg_t *reply = run_command (arg, request);
    zmsg_destroy (&request);
    atomic_fetch_sub (&working, 1);
    return reply;
}

static void
log_line (int level, const char *text, void *arg)
{
    (void) arg;
    log_at ((keel_log_level_t) (level - LOG_ERR), "%s", text);
}

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
    keel_worker_set_log (worker, log_line, NULL);
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
    exec_config_t config = {argv, mine->timeout_ms, EXEC_OUTPUT_MAX, EXEC_ERROR_MAX};
    catch_signals ();
    int rc = keel_worker_run (worker, argv[0] ? command : echo, &config);
    if (rc != 0)
        log_at (KEEL_LOG_ERROR, "%s", keel_strerror (rc));
    return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

/*  Was "--" given? Without it an option of the command's would have been taken for ours. */
static bool
is_separated (int argc, char **argv)
{
    for (int n = 1; n < argc; n++)
        if (strcmp (argv[n], "--") == 0)
            return true;
    return false;
}

int
main (int argc, char **argv)
{
    options_t options;
    settings_t mine;
    bool separated = is_separated (argc, argv);
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
        rc = options_fail (&options, "a command must follow --, as in: mdworker %s -- %s", options.arguments[0],
                           options.arguments[1]);
    else
        rc = serve (&mine, worker, options.arguments + 1);
    keel_worker_destroy (&worker);
    options_close (&options);
    return rc;
}
