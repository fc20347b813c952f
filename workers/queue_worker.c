#include "queue_worker.h"

#include "exit_codes.h"
#include "log.h"

static int
run (const queue_worker_settings_t *settings, const char *failed, queue_worker_serve_fn *serve, char **argv)
{
    command_t command = command_make (argv, settings->timeout_ms, failed);
    char *queues = setting_list_join (&settings->queues, ',');
    command_catch_signals ();
    int rc = queues ? serve (queues, settings, argv[0] ? command_answer : command_echo, &command) : KEEL_E_MEMORY;
    free (queues);
    if (rc != 0)
        log_at (KEEL_LOG_ERROR, "%s", keel_strerror (rc));
    return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

int
queue_worker_main (const program_t *program, const char *failed, queue_worker_serve_fn *serve, int argc, char **argv)
{
    options_t options;
    queue_worker_settings_t settings;
    bool separated = command_is_separated (argc, argv);
    int rc = options_parse (&options, program, argc, argv, &settings);
    if (rc >= 0)
        return rc;
    if (options.argument_count > 0 && !separated)
        rc = command_not_separated (&options, 0);
    else
        rc = run (&settings, failed, serve, options.arguments);
    options_close (&options);
    return rc;
}
