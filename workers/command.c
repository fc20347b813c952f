#include "command.h"

#include "exit_codes.h"
#include "log.h"

#include <signal.h>
#include <stdatomic.h>
#include <syslog.h>

static atomic_int working; /* commands */

/*  A client may send what makes it fail as often as it likes: so many lines at once. */
#define BURST 10
static seldom_t failures;

command_t
command_make (char **argv, int64_t timeout_ms, const char *failed)
{
    exec_config_t exec = {
        .argv = argv, .timeout_ms = timeout_ms, .output_max = EXEC_OUTPUT_MAX, .error_max = EXEC_ERROR_MAX};
    return (command_t){exec, failed};
}

static void
log_failure (const command_t *self, exec_result_t *result)
{
    log_seldom (&failures, BURST, KEEL_LOG_WARNING, "command failed", "command", self->exec.argv[0], "reason",
                result->reason, "outcome", self->failed, "stderr", exec_result_said (result), NULL);
}

bool
command_run (const command_t *self, const span_t input[], size_t count, exec_result_t *result)
{
    atomic_fetch_add (&working, 1);
    bool done = exec_run (&self->exec, input, count, result);
    if (!done)
        log_failure (self, result);
    atomic_fetch_sub (&working, 1);
    return done;
}

zmsg_t *
command_echo (zmsg_t *request, void *arg)
{
    (void) arg;
    return request;
}

zmsg_t *
command_answer (zmsg_t *request, void *arg)
{
    exec_result_t result;
    size_t count = 0;
    zmsg_t *reply = NULL;
    span_t *spans = zmalloc ((zmsg_size (request) + 1) * sizeof (span_t));
    assert (spans);
    for (zframe_t *frame = zmsg_first (request); frame; frame = zmsg_next (request))
        spans[count++] = span_make (zframe_data (frame), zframe_size (frame));
    if (command_run (arg, spans, count, &result)) {
        reply = zmsg_new ();
        zmsg_addmem (reply, result.output, result.output_size);
    }
    exec_result_clear (&result);
    free (spans);
    zmsg_destroy (&request);
    return reply;
}

void
command_log (int level, const char *text, void *arg)
{
    (void) arg;
    log_at ((keel_log_level_t) (level - LOG_ERR), "%s", text);
}

/*  Only the second signal gets here, for the library has the first; or the first, where there is nothing to finish. */
static void
end_at_once (int number)
{
    (void) number;
    int code = atomic_load (&working) ? EXIT_FAILED : EXIT_OK; /* before they end of it */
    exec_kill_all ();
    _exit (code);
}

void
command_catch_signals (void)
{
    struct sigaction action = {.sa_handler = end_at_once};
    sigemptyset (&action.sa_mask);
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGINT, &action, NULL);
}

bool
command_is_separated (int argc, char **argv)
{
    for (int n = 1; n < argc; n++)
        if (strcmp (argv[n], "--") == 0)
            return true;
    return false;
}

int
command_not_separated (const options_t *options, size_t at)
{
    const char *first = at ? options->arguments[0] : "";
    return options_fail (options, "a command must follow --, as in: %s %s%s-- %s", options->program->name, first,
                         at ? " " : "", options->arguments[at]);
}
