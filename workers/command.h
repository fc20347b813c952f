/*  What all workers and servers have in common: a request is echoed, or a command is run for it (shell/exec). */
#ifndef KEEL_COMMAND_H
#define KEEL_COMMAND_H

#include "exec.h"
#include "options.h"

#include <czmq.h>

typedef struct {
    exec_config_t exec;
    const char *failed; /* what then becomes of the request, for the log: "request given back" */
} command_t;

/*  The setting --timeout; offset: of an int64_t in the program's struct. */
#define COMMAND_TIMEOUT(offset)                                                                                        \
    {                                                                                                                  \
        .name = "timeout", .letter = 't', .kind = SETTING_MSEC, .preset = "60000", .minimum = 0, .maximum = 86400000,  \
        .at = (offset), .help = "time that the command has for a request; 0: no limit"                                 \
    }

/*  argv: borrowed, ends with NULL. */
command_t command_make (char **argv, int64_t timeout_ms, const char *failed);

/*  True: result->output is the answer. False: the command failed, and the log says why. Either way exec_result_clear is
 *  due. input: what it gets on stdin, joined. Any thread. */
bool command_run (const command_t *self, const span_t input[], size_t count, exec_result_t *result);

/*  Handlers for the library's workers. Each takes the request; NULL: it failed. */
zmsg_t *command_echo (zmsg_t *request, void *arg);
/*  arg: a command_t. */
zmsg_t *command_answer (zmsg_t *request, void *arg);
/*  What the library's workers say, into the log. */
void command_log (int level, const char *text, void *arg);

/*  For a program whose library takes the first SIGTERM or SIGINT: one more ends it at once, commands with it, with
 *  EXIT_FAILED if one ran. */
void command_catch_signals (void);

/*  Was "--" given? Without it an option of the command's would have been taken for ours. Ask before options_parse. */
bool command_is_separated (int argc, char **argv);
/*  A command is among the arguments, and "--" was not: says so and returns the code to exit with. at: the argument where
 *  it begins. */
int command_not_separated (const options_t *options, size_t at);

#endif
