/*  What the workers of the Pirates' queues have in common: their options, and all of main but the class that serves. */
#ifndef KEEL_QUEUE_WORKER_H
#define KEEL_QUEUE_WORKER_H

#include "command.h"

#include <keel/worker.h>

typedef struct {
    setting_list_t queues;
    int64_t heartbeat_ms; /* Paranoid Pirate, as this: */
    int64_t liveness;
    int64_t timeout_ms;
} queue_worker_settings_t;

#define QUEUE_WORKER_AT(member) offsetof (queue_worker_settings_t, member)

#define QUEUE_WORKER_QUEUE                                                                                             \
    {                                                                                                                  \
        .name = "queue", .letter = 'q', .kind = SETTING_CONNECT, .list = true, .preset = "tcp://127.0.0.1:5556",       \
        .at = QUEUE_WORKER_AT (queues),                                                                                \
        .help = "where a queue takes its workers; repeat for more, tried in order"                                     \
    }

/*  Serves at these queues, separated by commas, until SIGTERM or SIGINT. 0, or a KEEL_E code. */
typedef int (queue_worker_serve_fn) (const char *queues, const queue_worker_settings_t *settings,
                                     keel_worker_handler_fn *handler, void *arg);

/*  program: writes to a queue_worker_settings_t. failed: what becomes of a request whose command failed, for the log.
 *  Returns the code to exit with. */
int queue_worker_main (const program_t *program, const char *failed, queue_worker_serve_fn *serve, int argc, char **argv);

#endif
