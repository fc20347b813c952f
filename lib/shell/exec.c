#include "exec.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK    65536
#define CHUNKS   32 /* read at once: more than a pipe holds, and yet somebody looks at the time */
#define GROUPS   4096
#define FIRST_FD 3 /* a pipe on 0 to 2 would be in the way of the command's own */
#define NO_FD    -1

/*  What is polled: the three pipes, the pidfd, and the caller's own. */
typedef enum { IN, OUT, ERR, END, ENDS, CALLER = ENDS, POLLED } end_t;

typedef struct {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit;
} buffer_t;

typedef struct {
    const exec_config_t *config;
    exec_result_t *result;
    const span_t *input; /* what is left of it */
    size_t input_count;
    size_t input_at; /* within the first */
    pid_t pid;
    atomic_int *group; /* where the pid is noted for exec_kill_all */
    int fds[ENDS];     /* our ends; NO_FD once closed */
    int theirs[END];
    buffer_t output;
    buffer_t error;
    int64_t due;
    bool exited;
} run_t;

static atomic_int groups[GROUPS];

static void
fail (run_t *self, const char *what, int why)
{
    if (self->result->reason[0])
        return; /* the first reason is the cause of the others */
    snprintf (self->result->reason, sizeof (self->result->reason), "%s%s%s", what, why ? ": " : "",
              why ? strerror (why) : "");
}

static bool
failed (const run_t *self)
{
    return self->result->reason[0];
}

static void
close_fd (int *fd)
{
    if (*fd != NO_FD)
        close (*fd);
    *fd = NO_FD;
}

/* ------------------------------------------------------------------ groups */

static atomic_int *
note_group (pid_t pid)
{
    for (int n = 0; n < GROUPS; n++) {
        int none = 0;
        if (atomic_compare_exchange_strong (&groups[n], &none, pid))
            return &groups[n];
    }
    return NULL;
}

void
exec_kill_all (void)
{
    for (int n = 0; n < GROUPS; n++) {
        pid_t pid = atomic_load (&groups[n]);
        if (pid)
            kill (-pid, SIGKILL);
    }
}

/* ------------------------------------------------------------------ start */

/*  Moves fd out of the way of 0 to 2. */
static int
clear_of_standard (int fd)
{
    if (fd >= FIRST_FD || fd < 0)
        return fd;
    int moved = fcntl (fd, F_DUPFD_CLOEXEC, FIRST_FD);
    close (fd);
    return moved;
}

static int
open_pipe (run_t *self, end_t end)
{
    int both[2];
    if (pipe2 (both, O_CLOEXEC) != 0)
        return -1;
    int reading = clear_of_standard (both[0]);
    int writing = clear_of_standard (both[1]);
    self->fds[end] = end == IN ? writing : reading;
    self->theirs[end] = end == IN ? reading : writing;
    if (reading < 0 || writing < 0)
        return -1;
    return fcntl (self->fds[end], F_SETFL, O_NONBLOCK);
}

/*  Signals as a fresh program expects them, and a group of its own. */
static int
spawn (run_t *self)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawn_file_actions_init (&actions);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup (&attributes, 0);
    posix_spawnattr_setsigmask (&attributes, &none);
    posix_spawnattr_setsigdefault (&attributes, &all);
    int rc = 0;
    for (int n = IN; n < END && rc == 0; n++)
        rc = posix_spawn_file_actions_adddup2 (&actions, self->theirs[n], n);
    if (rc == 0)
        rc = posix_spawnp (&self->pid, self->config->argv[0], &actions, &attributes, self->config->argv, environ);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return rc;
}

static void
start (run_t *self)
{
    if (open_pipe (self, IN) != 0 || open_pipe (self, OUT) != 0 || open_pipe (self, ERR) != 0) {
        fail (self, "no pipe", errno);
        return;
    }
    int rc = spawn (self);
    for (int n = IN; n < END; n++)
        close_fd (&self->theirs[n]);
    if (rc != 0) {
        self->pid = 0;
        fail (self, "cannot be run", rc);
        return;
    }
    self->group = note_group (self->pid);
    self->fds[END] = pidfd_open (self->pid, 0);
    if (self->fds[END] < 0)
        fail (self, "no descriptor for the process", errno);
}

/* ------------------------------------------------------------------ pipes */

/*  Writes to a pipe that nobody may read any more: SIGPIPE is kept from the thread, whoever it belongs to. */
static ssize_t
write_quietly (int fd, const void *data, size_t size)
{
    sigset_t broken, before, pending;
    const struct timespec at_once = {0};
    sigemptyset (&broken);
    sigaddset (&broken, SIGPIPE);
    sigpending (&pending);
    pthread_sigmask (SIG_BLOCK, &broken, &before);
    ssize_t written = write (fd, data, size);
    int why = errno;
    if (written < 0 && why == EPIPE && !sigismember (&pending, SIGPIPE))
        sigtimedwait (&broken, NULL, &at_once);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    errno = why;
    return written;
}

static void
feed (run_t *self)
{
    while (self->input_count > 0) {
        const span_t *span = self->input;
        size_t left = span->size - self->input_at;
        ssize_t written = left ? write_quietly (self->fds[IN], span->data + self->input_at, left) : 0;
        if (written < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (written < 0)
            break; /* it does not want the rest */
        self->input_at += (size_t) written;
        if (self->input_at == span->size) {
            self->input++;
            self->input_count--;
            self->input_at = 0;
        }
    }
    close_fd (&self->fds[IN]);
}

static bool
make_room (buffer_t *self)
{
    if (self->capacity - self->size > CHUNK)
        return true;
    size_t capacity = self->capacity ? self->capacity * 2 : 2 * CHUNK;
    char *grown = realloc (self->data, capacity);
    if (!grown)
        return false;
    self->data = grown;
    self->capacity = capacity;
    return true;
}

/*  False: nothing to read now, or the end, at which *fd is closed. */
static bool
read_more (run_t *self, int *fd, buffer_t *buffer)
{
    if (*fd == NO_FD)
        return false;
    if (!make_room (buffer)) {
        fail (self, "no memory for what it says", 0);
        return false;
    }
    ssize_t size = read (*fd, buffer->data + buffer->size, CHUNK);
    if (size < 0 && errno == EINTR)
        return true;
    if (size == 0 || (size < 0 && errno != EAGAIN))
        close_fd (fd);
    if (size <= 0)
        return false;
    buffer->size += (size_t) size;
    return true;
}

static void
read_output (run_t *self)
{
    for (int n = 0; n < CHUNKS && !failed (self) && read_more (self, &self->fds[OUT], &self->output); n++)
        if (self->output.size > self->output.limit)
            fail (self, "its answer is larger than the limit", 0);
}

static void
read_error (run_t *self)
{
    for (int n = 0; n < CHUNKS && !failed (self) && read_more (self, &self->fds[ERR], &self->error); n++)
        if (self->error.size > self->error.limit)
            self->error.size = self->error.limit;
}

/* ------------------------------------------------------------------ end */

static int
time_left (const run_t *self)
{
    if (self->due == INT64_MAX)
        return -1;
    int64_t left = self->due - clock_now_ms ();
    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int) left;
}

static void
fail_by_time (run_t *self)
{
    char text[64];
    snprintf (text, sizeof (text), "no end within %lld ms", (long long) self->config->timeout_ms);
    fail (self, text, 0);
}

/*  One wait and what came of it. The pidfd is looked at first: what the command wrote is in the pipes before it ends. */
static void
attend (run_t *self)
{
    const exec_config_t *config = self->config;
    struct pollfd polled[POLLED];
    for (int n = 0; n < ENDS; n++)
        polled[n] = (struct pollfd){.fd = self->fds[n], .events = n == IN ? POLLOUT : POLLIN};
    polled[CALLER] = (struct pollfd){.fd = config->attend ? config->fd : NO_FD, .events = POLLIN};
    if (poll (polled, POLLED, time_left (self)) < 0)
        return;
    if (polled[CALLER].revents && !config->attend (config->arg))
        fail (self, "stopped", 0);
    self->exited = polled[END].revents;
    if (polled[IN].revents)
        feed (self);
    read_error (self);
    read_output (self);
    if (!self->exited && clock_now_ms () >= self->due)
        fail_by_time (self);
}

static void
judge (run_t *self, int status)
{
    char text[64];
    if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
        return;
    if (WIFEXITED (status))
        snprintf (text, sizeof (text), "exit status %d", WEXITSTATUS (status));
    else
        snprintf (text, sizeof (text), "killed by signal %d", WTERMSIG (status));
    fail (self, text, 0);
}

/*  Ends the whole group while its leader still has the number, and then lets go of that. */
static void
reap (run_t *self)
{
    int status = 0;
    kill (-self->pid, SIGKILL);
    if (self->group)
        atomic_store (self->group, 0);
    pid_t pid;
    while ((pid = waitpid (self->pid, &status, 0)) < 0 && errno == EINTR)
        continue;
    if (pid < 0)
        fail (self, "its status is not known", errno);
    else
        judge (self, status);
}

/*  Hands the bytes over, terminated; there is room for that (make_room). */
static void
hand_over (buffer_t *self, char **data, size_t *size)
{
    if (self->data)
        self->data[self->size] = 0;
    *data = self->data;
    *size = self->size;
}

bool
exec_run (const exec_config_t *config, const span_t input[], size_t count, exec_result_t *result)
{
    run_t run = {.config = config, .result = result, .input = input, .input_count = count};
    run.output.limit = config->output_max;
    run.error.limit = config->error_max;
    run.due = config->timeout_ms ? clock_now_ms () + config->timeout_ms : INT64_MAX;
    for (int n = 0; n < ENDS; n++)
        run.fds[n] = NO_FD;
    for (int n = 0; n < END; n++)
        run.theirs[n] = NO_FD;
    *result = (exec_result_t){0};
    start (&run);
    while (!failed (&run) && !run.exited)
        attend (&run);
    if (run.pid)
        reap (&run);
    for (int n = 0; n < ENDS; n++)
        close_fd (&run.fds[n]);
    for (int n = 0; n < END; n++)
        close_fd (&run.theirs[n]);
    hand_over (&run.output, &result->output, &result->output_size);
    hand_over (&run.error, &result->error, &result->error_size);
    return !failed (&run);
}

const char *
exec_result_said (exec_result_t *result)
{
    while (result->error_size && result->error[result->error_size - 1] == '\n')
        result->error[--result->error_size] = 0;
    return result->error_size ? result->error : NULL;
}

void
exec_result_clear (exec_result_t *result)
{
    free (result->output);
    free (result->error);
    *result = (exec_result_t){0};
}
