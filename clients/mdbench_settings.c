#include "mdbench_settings.h"

#include "mdbench_body.h"
#include "mdp.h"

#include <stdio.h>
#include <string.h>

#define AT(field)   .at = offsetof (mdbench_settings_t, field)
#define DAY_MS      86400000
#define MANY        1000000000000
#define SUFFIX_SIZE 8 /* "-99999" */

const setting_t mdbench_settings[] = {
    {.name = "broker", .letter = 'b', .kind = SETTING_CONNECT, .list = true, .preset = "tcp://127.0.0.1:5555",
     .environment = "KEEL_BROKER", AT (brokers), .help = "the broker; of several, the first that answers"},
    {.name = "workers-at", .kind = SETTING_CONNECT, AT (workers_at),
     .help = "where the workers connect to, if not to the broker"},
    {.name = "role", .kind = SETTING_TEXT, .argument = "ROLE", .preset = "both", AT (role),
     .help = "what to run: client, worker or both; workers alone run until SIGTERM"},

    {.name = "clients", .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 20000, AT (clients),
     .help = "clients, each with a connection of its own"},
    {.name = "window", .letter = 'w', .kind = SETTING_COUNT, .preset = "100", .minimum = 1, .maximum = 10000000,
     AT (window), .help = "requests that each client keeps outstanding"},
    {.name = "workers", .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 20000, AT (workers),
     .help = "workers, each with a connection of its own; they echo"},
    {.name = "credit", .kind = SETTING_COUNT, .preset = "100", .minimum = 1, .maximum = MDP_CREDIT_MAX, AT (credit),
     .help = "requests that each worker takes at once; with 1 its READY is that of a stock worker"},
    {.name = "worker-threads", .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 256, AT (worker_threads),
     .help = "threads that the workers share"},
    {.name = "io-threads", .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 64, AT (io_threads),
     .help = "threads of libzmq"},
    {.name = "service", .kind = SETTING_TEXT, .argument = "NAME", .preset = "bench", AT (service),
     .help = "the service; of several, what their names begin with: NAME-0, NAME-1, ..."},
    {.name = "services", .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = 20000,
     AT (services), .help = "services; clients ask them in turn, each has a worker or more"},

    {.name = "count", .letter = 'n', .kind = SETTING_COUNT, .preset = "100000", .minimum = 1, .maximum = MANY,
     AT (count), .help = "requests to measure"},
    {.name = "duration", .letter = 'd', .kind = SETTING_MSEC, .preset = "0", .maximum = 30 * (int64_t) DAY_MS,
     AT (duration_ms), .help = "measure for so long instead of a count; 0: the count"},
    {.name = "warmup", .kind = SETTING_COUNT, .preset = "0", .maximum = MANY, AT (warmup),
     .help = "requests before those that are measured; they are verified too"},
    {.name = "size", .kind = SETTING_BYTES, .preset = "64", .minimum = (int64_t) BODY_SMALLEST, .maximum = 64 << 20,
     AT (size), .help = "size of a body"},

    {.name = "mdp", .kind = SETTING_COUNT, .argument = "VERSION", .preset = "1", .minimum = 1, .maximum = 2, AT (mdp),
     .help = "1: speak MDP 0.1; 2: MDP 0.2"},
    {.name = "options", .kind = SETTING_FLAG, AT (options),
     .help = "send an options frame with each request, as Keel's clients do; failures are told then"},
    {.name = "raw", .kind = SETTING_CHOICE, .word = "raw", AT (plain),
     .help = "no MDP: an empty frame and the body, echoed by what comes; for a plain ROUTER-DEALER proxy"},
    {.name = "simple", .kind = SETTING_CHOICE, .word = "simple", AT (plain),
     .help = "the same bodies for spqueue, with Simple Pirates as workers; they need an endpoint of their own"},
    {.name = "paranoid", .kind = SETTING_CHOICE, .word = "paranoid", AT (plain),
     .help = "the same bodies for ppqueue, with workers that speak PPP; they need an endpoint of their own"},
    {.name = "titanic", .kind = SETTING_TEXT, .argument = "WHAT", AT (titanic),
     .help = "send requests by way of Titanic; request: have them stored; discard: closed then, too; cycle: with their "
             "replies fetched in between"},
    {.name = "heartbeat", .kind = SETTING_MSEC, .preset = "2500", .minimum = 10, .maximum = DAY_MS, AT (heartbeat_ms),
     .help = "between a worker's heartbeats"},
    {.name = "timeout", .letter = 't', .kind = SETTING_MSEC, .preset = "10000", .minimum = 1, .maximum = DAY_MS,
     AT (timeout_ms), .help = "give up when no reply came for so long"},
    {.name = "spin", .kind = SETTING_COUNT, .argument = "US", .preset = "0", .maximum = 1000000, AT (spin_us),
     .help = "look again for so many usec before sleeping; less latency for more CPU"},
    {.name = "json", .letter = 'j', .kind = SETTING_FLAG, AT (json), .help = "print one JSON object"},
    SETTING_END,
};

void
mdbench_settings_complete (mdbench_settings_t *settings)
{
    settings->options |= settings->titanic != NULL;
}

bool
mdbench_has_clients (const mdbench_settings_t *settings)
{
    return strcmp (settings->role, "worker") != 0;
}

bool
mdbench_has_workers (const mdbench_settings_t *settings)
{
    return strcmp (settings->role, "client") != 0;
}

bool
mdbench_speaks (const mdbench_settings_t *settings, const char *how)
{
    return settings->plain && strcmp (settings->plain, how) == 0;
}

size_t
mdbench_service_name (const mdbench_settings_t *settings, size_t n, char name[MDBENCH_SERVICE_SIZE])
{
    if (settings->services == 1)
        return (size_t) snprintf (name, MDBENCH_SERVICE_SIZE, "%s", settings->service);
    return (size_t) snprintf (name, MDBENCH_SERVICE_SIZE, "%s-%zu", settings->service, n);
}

const char *
mdbench_settings_problem (const mdbench_settings_t *settings)
{
    const char *role = settings->role;
    const size_t size = strlen (settings->service);
    if (strcmp (role, "client") != 0 && strcmp (role, "worker") != 0 && strcmp (role, "both") != 0)
        return "--role is client, worker or both";
    if (size > MDP_SERVICE_MAX - SUFFIX_SIZE || !mdp_service_valid (span_make (settings->service, size)))
        return "--service is not a name of printable characters without space, or too long";
    if (mdbench_has_workers (settings) && settings->workers < settings->services)
        return "there are fewer --workers than --services, so some would have none";
    const char *titanic = settings->titanic;
    if (titanic && strcmp (titanic, "request") != 0 && strcmp (titanic, "discard") != 0 && strcmp (titanic, "cycle") != 0)
        return "--titanic is request, discard or cycle";
    if (settings->plain && (settings->options || settings->services > 1))
        return "--raw, --simple and --paranoid have neither --options nor --services";
    if (settings->plain && strcmp (settings->plain, "raw") != 0 && !settings->workers_at &&
        mdbench_has_workers (settings))
        return "--simple and --paranoid need --workers-at, the backend of the queue";
    if (settings->clients * settings->window > 100000000)
        return "--clients times --window is more than 100 million outstanding requests";
    return NULL;
}
