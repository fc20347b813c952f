/*  mdbench: loads a Majordomo broker and verifies each reply. Clients run on the main thread, workers on their own. */
#include "mdbench_broker.h"
#include "mdbench_report.h"

#include "daemon.h"
#include "exit_codes.h"
#include "log.h"
#include "options.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <zmq.h>

static const program_t program = {
    .name = "mdbench",
    .summary = "Loads an MDP broker with requests, verifies every reply, and measures throughput and latency.",
    .notes = "Exit codes: 0 all requests were answered rightly; 1 some were not, or a signal ended the run early.",
    .settings = mdbench_settings,
    .size = sizeof (mdbench_settings_t),
    .terse = true,
};

typedef struct {
    mdbench_settings_t settings;
    daemon_t daemon;
    void *context;
    const char *broker;
    workers_t *workers;
    clients_t *clients;
} bench_t;

/*  The tool has more sockets than libzmq allows by itself. */
static void *
open_context (const mdbench_settings_t *settings)
{
    void *context = zmq_ctx_new ();
    if (!context)
        return NULL;
    zmq_ctx_set (context, ZMQ_MAX_SOCKETS, (int) (settings->clients + settings->workers + 8));
    zmq_ctx_set (context, ZMQ_IO_THREADS, (int) settings->io_threads);
    zmq_ctx_set (context, ZMQ_IPV6, 1);
    return context;
}

static int
refuse (const char *what)
{
    log_at (KEEL_LOG_ERROR, "%s: %s", what, zmq_strerror (errno));
    return -1;
}

static int
start (bench_t *self)
{
    const mdbench_settings_t *settings = &self->settings;
    if (daemon_open (&self->daemon) != 0 || !(self->context = open_context (settings)))
        return refuse ("cannot start");
    self->broker = broker_choose (self->context, &settings->brokers, settings->timeout_ms);
    if (!self->broker) {
        log_at (KEEL_LOG_ERROR, "none of %zu brokers answers within %d ms", settings->brokers.count,
                (int) settings->timeout_ms);
        return -1;
    }
    const char *workers_at = settings->workers_at ? settings->workers_at : self->broker;
    if (mdbench_has_workers (settings) && !(self->workers = workers_start (self->context, settings, workers_at)))
        return refuse ("cannot start the workers");
    if (mdbench_has_clients (settings) &&
        !(self->clients = clients_new (self->context, settings, self->broker, self->workers)))
        return refuse ("cannot start the clients");
    return 0;
}

/*  Returns whether all went well. */
static bool
run (bench_t *self)
{
    const clients_result_t *result = NULL;
    struct pollfd signals = {.fd = daemon_fd (&self->daemon), .events = POLLIN};
    workers_tally_t tally;
    if (self->clients)
        result = clients_run (self->clients, &self->daemon);
    else
        while (!daemon_signal (&self->daemon))
            poll (&signals, 1, -1);
    const bool had_workers = self->workers;
    workers_stop (&self->workers, &tally);
    if (result)
        report_complain (&self->settings, result);
    if (report_print (&self->settings, result, had_workers ? &tally : NULL) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot write to stdout");
        return false;
    }
    return !result || clients_result_good (result);
}

static void
stop (bench_t *self)
{
    workers_stop (&self->workers, &(workers_tally_t){0});
    clients_destroy (&self->clients);
    if (self->context)
        zmq_ctx_term (self->context);
    daemon_close (&self->daemon);
}

int
main (int argc, char **argv)
{
    bench_t bench = {.daemon = {.fd = -1}};
    options_t options;
    int rc = options_parse (&options, &program, argc, argv, &bench.settings);
    if (rc >= 0)
        return rc;
    mdbench_settings_complete (&bench.settings);
    const char *problem = mdbench_settings_problem (&bench.settings);
    if (problem)
        rc = options_fail (&options, "%s", problem);
    else
        rc = start (&bench) == 0 && run (&bench) ? EXIT_OK : EXIT_FAILED;
    stop (&bench);
    options_close (&options);
    return rc;
}
