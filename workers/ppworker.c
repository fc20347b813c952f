/*  ppworker: takes requests from a queue of the Paranoid Pirate. Echoes, or runs a command for each request. */
#include "queue_worker.h"

#include <keel/pirate.h>

#include <errno.h>

static const setting_t settings[] = {
    QUEUE_WORKER_QUEUE,
    {.name = "heartbeat", .kind = SETTING_MSEC, .preset = "2500", .minimum = 10, .maximum = 3600000,
     .at = QUEUE_WORKER_AT (heartbeat_ms), .help = "interval of heartbeats"},
    {.name = "liveness", .kind = SETTING_COUNT, .preset = "3", .minimum = 1, .maximum = 1000,
     .at = QUEUE_WORKER_AT (liveness), .help = "intervals of silence after which the queue is given up"},
    COMMAND_TIMEOUT (QUEUE_WORKER_AT (timeout_ms)),
    SETTING_END,
};

static const program_t program = {
    .name = "ppworker",
    .summary = "Takes requests from a Paranoid Pirate queue: echoes, or runs a command for each request.",
    .usage = "[-- COMMAND ARG...]",
    .notes = "The command gets the request's frames on its stdin, joined; what it writes to stdout is the reply.\n"
             "When it fails or takes too long, the request is given back to the queue.",
    .settings = settings,
    .size = sizeof (queue_worker_settings_t),
};

static int
serve (const char *queues, const queue_worker_settings_t *mine, keel_worker_handler_fn *handler, void *arg)
{
    keel_ppworker_t *worker = keel_ppworker_new (queues);
    if (!worker)
        return errno == EINVAL ? KEEL_E_INVALID : KEEL_E_MEMORY;
    keel_ppworker_set_heartbeat (worker, mine->heartbeat_ms);
    keel_ppworker_set_liveness (worker, (int) mine->liveness);
    keel_ppworker_set_log (worker, command_log, NULL);
    int rc = keel_ppworker_run (worker, handler, arg);
    keel_ppworker_destroy (&worker);
    return rc;
}

int
main (int argc, char **argv)
{
    return queue_worker_main (&program, "request given back", serve, argc, argv);
}
