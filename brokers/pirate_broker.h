/*  spqueue and ppqueue: one daemon in two dialects. */
#ifndef PIRATE_BROKER_H
#define PIRATE_BROKER_H

#include "options.h"
#include "pirate_queue.h"
#include "queue_settings.h"

typedef struct {
    setting_list_t frontend, backend;
    queue_settings_t queue;
} pirate_settings_t;

#define PIRATE_SETTINGS_LISTEN                                                                                         \
    {.name = "frontend", .letter = 'f', .key = "frontend", .kind = SETTING_LISTEN, .preset = "tcp://127.0.0.1:5555",   \
     .at = offsetof (pirate_settings_t, frontend), .help = "endpoint for clients; repeat for more"},                   \
    {.name = "backend", .letter = 'b', .key = "backend", .kind = SETTING_LISTEN, .preset = "tcp://127.0.0.1:5556",     \
     .at = offsetof (pirate_settings_t, backend), .help = "endpoint for workers; repeat for more"}

/*  What --help says of signals. */
#define PIRATE_NOTES                                                                                                   \
    "SIGTERM finishes what workers hold and exits, a second one exits at once; SIGHUP reads the configuration\n"       \
    "again; SIGUSR1 writes the counters to the log."

extern const setting_t spqueue_settings[];
extern const setting_t ppqueue_settings[];

/*  program: its settings are those of a pirate_settings_t. Returns the code to exit with. */
int pirate_broker_run (pirate_t pirate, const program_t *program, int argc, char **argv);

#endif
