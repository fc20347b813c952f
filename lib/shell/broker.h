/*  broker: the life of a daemon that puts an engine behind listeners. It starts (signals, port, engine, listeners; only then
 *  READY), serves, reloads on SIGHUP, writes its counters to the log on SIGUSR1, drains on SIGTERM and exits 0; a second
 *  SIGTERM ends it at once. SIGUSR2 is for pairs.
 *
 *      int main (int argc, char **argv)
 *      {
 *          mdbroker_settings_t settings;
 *          return broker_run (&kind, argc, argv, &settings);
 *      }
 */
#ifndef KEEL_BROKER_H
#define KEEL_BROKER_H

#include "loop.h"
#include "options.h"
#include "text.h"

typedef struct {
    const program_t *program;
    const size_t *listens; /* offsets in the settings of setting_list_t: where to listen, in the order of listeners */
    size_t listen_count;
    size_t spin; /* offset of int64_t, usec: loop_t's spin_us */

    port_config_t (*port_config) (const void *settings);
    /*  NULL without memory. */
    void *(*make) (const void *settings, uint64_t seed);
    /*  What the engine needs besides, before anybody is listened to: EXIT_OK, or the code to exit with, having said why.
     *  NULL: nothing. */
    int (*start) (void *engine, port_t *port, const void *settings);
    void (*unmake) (void *engine);
    /*  New settings hold from now on. */
    void (*configure) (void *engine, const void *settings);

    loop_step_fn *step;
    loop_due_fn *next_due;
    loop_carry_fn *carry; /* or NULL */
    loop_more_fn *more;   /* or NULL */
    loop_rest_fn *rest;   /* or NULL */
    /*  After EVENT_DRAIN: nothing is left to do. */
    bool (*drained) (const void *engine);
    /*  What it is at, for people: "3 requests with workers, 2 waiting". */
    void (*describe) (const void *engine, text_t *line);
    /*  Every counter as one JSON object, valid until the next step. */
    const char *(*stats) (void *engine, int64_t now);

    /*  The rest may be NULL. */

    /*  Do the settings go together? Before anything is opened. -1, or the code to exit with; it has said why. */
    int (*check) (const void *settings, const options_t *options);
    /*  After the listeners are bound: opens what the engine needs besides, and has the port watch it. 0, or the code to exit with;
     *  it has said why. */
    int (*open) (void *engine, const options_t *options, port_t *port);
    /*  A descriptor that the port watches may be readable. */
    void (*attend) (void *engine);
    /*  Which part it has, for the beginning of the status line; NULL: "serving". */
    void (*role) (const void *engine, text_t *line, int64_t now);
    /*  SIGUSR2. */
    void (*hand_over) (void *engine);
} broker_kind_t;

/*  Parses the command line into settings (program->size bytes), and runs. Returns the code to exit with. */
int broker_run (const broker_kind_t *kind, int argc, char **argv, void *settings);

#endif
