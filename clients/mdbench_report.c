#include "mdbench_report.h"

#include "log.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static double
seconds_of (int64_t ns)
{
    return (double) ns / 1e9;
}

static double
rate_of (const clients_result_t *result)
{
    return result->elapsed_ns ? (double) result->measured / seconds_of (result->elapsed_ns) : 0;
}

static double
usec_at (const clients_result_t *result, unsigned permille)
{
    return (double) histogram_permille (&result->latency, permille) / 1e3;
}

static const char *
protocol_of (const mdbench_settings_t *settings)
{
    return settings->plain ? "none" : settings->mdp == 1 ? "0.1" : "0.2";
}

/* ------------------------------------------------------------------ JSON */

static json_t *
settings_json (const mdbench_settings_t *settings)
{
    return json_pack ("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s?}", "role", settings->role, "mdp",
                      protocol_of (settings), "clients", settings->clients, "window", settings->window, "workers",
                      settings->workers, "credit", settings->credit, "size", settings->size, "services",
                      settings->services, "options", settings->options, "titanic", settings->titanic);
}

static json_t *
requests_json (const clients_result_t *result)
{
    return json_pack ("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sent", (json_int_t) result->sent, "answered",
                      (json_int_t) result->answered, "measured", (json_int_t) result->measured, "failed",
                      (json_int_t) result->failed, "lost", (json_int_t) result->lost, "duplicated",
                      (json_int_t) result->duplicated, "wrong", (json_int_t) result->wrong, "misplaced",
                      (json_int_t) result->misplaced, "reordered", (json_int_t) result->reordered, "pending",
                      (json_int_t) result->pending);
}

static json_t *
latency_json (const clients_result_t *result)
{
    return json_pack ("{s:f, s:f, s:f, s:f, s:f, s:f}", "mean", histogram_mean (&result->latency) / 1e3, "p50",
                      usec_at (result, 500), "p90", usec_at (result, 900), "p99", usec_at (result, 990), "p99.9",
                      usec_at (result, 999), "max", usec_at (result, 1000));
}

static json_t *
cpu_json (const clients_result_t *result)
{
    return json_pack ("{s:f, s:f, s:f}", "clients", seconds_of (result->clients_cpu_ns), "workers",
                      seconds_of (result->workers_cpu_ns), "process", seconds_of (result->process_cpu_ns));
}

static json_t *
workers_json (const workers_tally_t *workers)
{
    return json_pack ("{s:I, s:I, s:I}", "answered", (json_int_t) workers->answered, "dismissed",
                      (json_int_t) workers->dismissed, "odd", (json_int_t) workers->odd);
}

static int
print_json (const mdbench_settings_t *settings, const clients_result_t *result, const workers_tally_t *workers)
{
    json_t *all = json_pack ("{s:o}", "settings", settings_json (settings));
    if (result) {
        json_object_set_new (all, "ok", json_boolean (clients_result_good (result)));
        json_object_set_new (all, "requests", requests_json (result));
        json_object_set_new (all, "seconds", json_real (seconds_of (result->elapsed_ns)));
        json_object_set_new (all, "answering_seconds", json_real (seconds_of (result->answering_ns)));
        json_object_set_new (all, "per_second", json_real (rate_of (result)));
        json_object_set_new (all, "latency_us", latency_json (result));
        json_object_set_new (all, "cpu_seconds", cpu_json (result));
    }
    if (workers)
        json_object_set_new (all, "echoed", workers_json (workers));
    int rc = all ? json_dumpf (all, stdout, JSON_REAL_PRECISION (9)) : -1;
    json_decref (all);
    return rc < 0 || putchar ('\n') == EOF ? -1 : 0;
}

/* ------------------------------------------------------------------ for people */

static const char *
plural (int64_t count)
{
    return count == 1 ? "" : "s";
}

static void
print_clients (const mdbench_settings_t *settings, const clients_result_t *result)
{
    const double elapsed = seconds_of (result->elapsed_ns);
    printf ("load        %" PRId64 " client%s, window %" PRId64 ", %" PRId64 "-byte bodies, %" PRId64
            " service%s, MDP %s\n",
            settings->clients, plural (settings->clients), settings->window, settings->size, settings->services,
            plural (settings->services), protocol_of (settings));
    printf ("requests    %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64 " failed, %" PRIu64 " lost\n", result->sent,
            result->answered, result->failed, result->lost);
    printf ("replies     %" PRIu64 " duplicated, %" PRIu64 " wrong, %" PRIu64 " misplaced, %" PRIu64 " reordered\n",
            result->duplicated, result->wrong, result->misplaced, result->reordered);
    printf ("throughput  %.0f a second, %" PRIu64 " in %.3f s\n", rate_of (result), result->measured, elapsed);
    printf ("latency     p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f usec\n", usec_at (result, 500),
            usec_at (result, 900), usec_at (result, 990), usec_at (result, 999), usec_at (result, 1000));
    printf ("own CPU     clients %.3f, workers %.3f, with libzmq's threads %.3f s\n",
            seconds_of (result->clients_cpu_ns), seconds_of (result->workers_cpu_ns),
            seconds_of (result->process_cpu_ns));
}

static void
print_workers (const mdbench_settings_t *settings, const workers_tally_t *workers)
{
    printf ("workers     %" PRId64 " of credit %" PRId64 ", %" PRIu64 " requests echoed, dismissed %" PRIu64
            " times, %" PRIu64 " odd messages\n",
            settings->workers, settings->credit, workers->answered, workers->dismissed, workers->odd);
}

int
report_print (const mdbench_settings_t *settings, const clients_result_t *clients, const workers_tally_t *workers)
{
    int rc = 0;
    if (settings->json)
        rc = print_json (settings, clients, workers);
    else {
        if (clients)
            print_clients (settings, clients);
        if (workers)
            print_workers (settings, workers);
    }
    return fflush (stdout) == 0 ? rc : -1;
}

void
report_complain (const mdbench_settings_t *settings, const clients_result_t *clients)
{
    if (clients->state == RUN_SILENT)
        log_at (KEEL_LOG_ERROR, "no reply for %" PRId64 " ms: is the broker there, and has each service a worker?",
                settings->timeout_ms);
    if (clients->state == RUN_INTERRUPTED)
        log_at (KEEL_LOG_ERROR, "interrupted");
    if (clients->state == RUN_BROKEN)
        log_at (KEEL_LOG_ERROR, "libzmq did not take a request; is there memory left?");
    if (clients->failed)
        log_at (KEEL_LOG_ERROR, "%" PRIu64 " requests failed, the first with %s", clients->failed, clients->notice);
    if (!clients_result_good (clients))
        log_at (KEEL_LOG_ERROR,
                "%" PRIu64 " of %" PRIu64 " requests answered rightly; %" PRIu64 " lost; replies: %" PRIu64
                " duplicated, %" PRIu64 " wrong, %" PRIu64 " misplaced",
                clients->answered, clients->sent, clients->lost, clients->duplicated, clients->wrong,
                clients->misplaced);
}
