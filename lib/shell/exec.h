/*  Runs a command for a request: the request on its stdin, its stdout is the answer.
 *
 *  No shell: argv goes to the system as it is. The command leads a process group of its own, which is killed as a whole
 *  when the time is over, when it says more than the limits, and once it has ended, so that nothing of it outlives the
 *  call. Whether it reads its stdin is its own affair. A program of one thread hears its signals meanwhile by `attend`. Any
 *  thread; several at once.
 */
#ifndef KEEL_EXEC_H
#define KEEL_EXEC_H

#include "span.h"

typedef struct {
    char *const *argv;  /* [0] is searched for in PATH; ends with NULL */
    int64_t timeout_ms; /* 0: none */
    size_t output_max;  /* of stdout, bytes; more is a failure */
    size_t error_max;   /* of stderr, bytes; the rest is read and forgotten */
    bool (*attend) (void *arg); /* NULL, or called whenever fd is readable meanwhile; false: the command is killed */
    void *arg;
    int fd;
} exec_config_t;

#define EXEC_TIMEOUT_MS 60000
#define EXEC_OUTPUT_MAX (64u << 20)
#define EXEC_ERROR_MAX  900 /* a line of the log takes them even if each is escaped */

typedef struct {
    char *output; /* what it said on stdout; with a terminating zero that is not counted */
    size_t output_size;
    char *error; /* on stderr, likewise */
    size_t error_size;
    char reason[128]; /* of a failure: "exit status 3", "killed by signal 11", "no end within 1000 ms", ... */
} exec_result_t;

/*  input: what it gets on stdin, joined. True: it ended with status 0 in time, result->output is the answer. False:
 *  result->reason says why, and error what it said. Either way exec_result_clear is due. */
bool exec_run (const exec_config_t *config, const span_t input[], size_t count, exec_result_t *result);
void exec_result_clear (exec_result_t *result);
/*  What it said on stderr, for a line of the log: without the newlines at its end. NULL: nothing. */
const char *exec_result_said (exec_result_t *result);

/*  Kills every command that runs. Safe in a signal handler. */
void exec_kill_all (void);

#endif
