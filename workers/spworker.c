/*  spworker: takes requests from a queue of the Simple Pirate. Echoes, or runs a command for each request. */
#include "queue_worker.h"

#include <keel/pirate.h>

#include <errno.h>

static const setting_t settings[] = {
    QUEUE_WORKER_QUEUE,
    COMMAND_TIMEOUT (QUEUE_WORKER_AT (timeout_ms)),
    SETTING_END,
};

static const program_t program = {
    .name = "spworker",
    .summary = "Takes requests from a Simple Pirate queue: echoes, or runs a command for each request.",
    .usage = "[-- COMMAND ARG...]",
    .notes = "The command gets the request's frames on its stdin, joined; what it writes to stdout is the reply.\n"
             "When it fails or takes too long, there is no reply, and the queue tries the request again in its own time.",
    .settings = settings,
    .size = sizeof (queue_worker_settings_t),
};

static int
serve (const char *queues, const queue_worker_settings_t *mine, keel_worker_handler_fn *handler, void *arg)
{
    (void) mine;
    keel_spworker_t *worker = keel_spworker_new (queues);
    if (!worker)
        return errno == EINVAL ? KEEL_E_INVALID : KEEL_E_MEMORY;
    keel_spworker_set_log (worker, command_log, NULL);
    int rc = keel_spworker_run (worker, handler, arg);
    keel_spworker_destroy (&worker);
    return rc;
}

int
main (int argc, char **argv)
{
    return queue_worker_main (&program, "request not answered", serve, argc, argv);
}
