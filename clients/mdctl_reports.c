#include "mdctl_reports.h"

#include "report.h"

#include <stdio.h>
#include <string.h>

/*  Prints the table and says what the broker's answer had no room for. */
static bool
finish (table_t *table, const json_t *answer)
{
    bool printed = table_print (table);
    table_destroy (&table);
    json_int_t left = report_number (answer, "left_out");
    if (printed && left > 0)
        printf ("and %" JSON_INTEGER_FORMAT " more, for which the answer had no room\n", left);
    return printed;
}

/* ------------------------------------------------------------------ reports */

static void
print_broker (const json_t *status)
{
    char keel[REPORT_WORDS], words[REPORT_WORDS], line[3 * REPORT_WORDS];
    report_value (json_object_get (status, "keel"), keel);
    size_t n, used = (size_t) snprintf (line, sizeof (line), "keel %s, MDP", keel);
    json_t *version;
    json_array_foreach (json_object_get (status, "mdp"), n, version) {
        report_value (version, words);
        if (used + strlen (words) + 2 < sizeof (line))
            used += (size_t) snprintf (line + used, sizeof (line) - used, " %s", words);
    }
    table_line ("broker", line);
}

/*  One of a pair: how it stands, and when it heard its peer. */
static void
print_pair (const json_t *pair)
{
    char words[REPORT_WORDS], age[REPORT_WORDS], line[3 * REPORT_WORDS];
    const json_t *trouble = json_object_get (pair, "trouble");
    report_value (json_object_get (pair, "role"), words);
    table_line ("role", words);
    report_value (json_object_get (pair, "state"), words);
    snprintf (line, sizeof (line), "%s%s", words, json_is_true (json_object_get (pair, "leaving")) ? ", hands over" : "");
    table_line ("pair", line);
    report_value (json_object_get (pair, "epoch"), words);
    table_line ("epoch", words);
    report_value (json_object_get (pair, "peer"), words);
    report_duration (json_object_get (pair, "peer_age_ms"), age);
    snprintf (line, sizeof (line), "%s, heard %s ago", words, age);
    table_line ("peer", json_object_get (pair, "peer") ? line : "not heard yet");
    report_value (trouble, words);
    if (trouble)
        table_line ("trouble", words);
}

static const char *
state_of (const json_t *status)
{
    const char *pair = json_string_value (json_object_get (json_object_get (status, "pair"), "state"));
    if (json_is_true (json_object_get (status, "draining")))
        return "draining";
    return pair && strcmp (pair, "active") != 0 ? "not serving" : "serving";
}

bool
mdctl_print_status (const json_t *status)
{
    static const char *const gauges[] = {"services", "workers", "clients", "waiting", "held"};
    char words[REPORT_WORDS];
    print_broker (status);
    table_line ("state", state_of (status));
    report_duration (json_object_get (status, "uptime_ms"), words);
    table_line ("uptime", words);
    for (size_t n = 0; n < sizeof (gauges) / sizeof (gauges[0]); n++) {
        report_value (json_object_get (status, gauges[n]), words);
        table_line (gauges[n], words);
    }
    report_bytes (json_object_get (status, "bytes"), words);
    table_line ("bytes", words);
    if (json_is_object (json_object_get (status, "pair")))
        print_pair (json_object_get (status, "pair"));
    return true;
}

bool
mdctl_print_services (const json_t *answer)
{
    static const column_t columns[] = {
        {"SERVICE", .flexible = true}, {"WORKERS", .right = true},   {"WAITING", .right = true},
        {"HELD", .right = true},       {"DRAINING", .right = false},
    };
    table_t *table = table_new (columns, 5);
    size_t n;
    json_t *service;
    if (!table)
        return false;
    json_array_foreach (json_object_get (answer, "services"), n, service) {
        report_add (table, service, "service");
        report_add (table, service, "workers");
        report_add (table, service, "waiting");
        report_add (table, service, "held");
        report_add (table, service, "draining");
    }
    return finish (table, answer);
}

bool
mdctl_print_workers (const json_t *answer)
{
    static const column_t columns[] = {
        {"ID", .flexible = true}, {"SERVICE", .flexible = true}, {"MDP", .right = false},   {"CREDIT", .right = true},
        {"HELD", .right = true},  {"SILENT", .right = true},     {"BEATS", .right = false},
    };
    table_t *table = table_new (columns, 7);
    char silent[REPORT_WORDS];
    size_t n;
    json_t *worker;
    if (!table)
        return false;
    json_array_foreach (json_object_get (answer, "workers"), n, worker) {
        report_add (table, worker, "id");
        report_add (table, worker, "service");
        report_add (table, worker, "mdp");
        report_add (table, worker, "credit");
        report_add (table, worker, "held");
        report_duration (json_object_get (worker, "silent_ms"), silent);
        table_add (table, silent);
        report_add (table, worker, "beats_while_busy");
    }
    return finish (table, answer);
}

/* ------------------------------------------------------------------ reasons */

static const struct {
    const char *reason; /* the broker's word */
    const char *lines[3];
} advice[] = {
    {"draining",
     {"An administrator drains it: new requests are refused with 503, those that",
      "wait are still served. `mdctl resume` takes new ones again."}},
    {"no worker",
     {"Nothing is registered for it, and its requests fail with 404 once their ttl",
      "has passed. Start a worker; if one runs, look at its broker and its log."}},
    {"all busy",
     {"Each worker holds as many requests as it takes at once. Start more workers,",
      "or have each take more (mdworker --concurrency). One that holds a request",
      "and has been silent for long may be stuck: see `mdctl workers`."}},
    {"fairness", {"There are workers to take them: their clients' turns are coming."}},
};

static void
print_advice (const char *reason)
{
    for (size_t n = 0; n < sizeof (advice) / sizeof (advice[0]); n++)
        for (size_t line = 0; strcmp (advice[n].reason, reason) == 0 && line < 3 && advice[n].lines[line]; line++)
            printf ("  %s\n", advice[n].lines[line]);
}

static void
print_waiting (const json_t *answer)
{
    char words[REPORT_WORDS], age[REPORT_WORDS];
    if (report_number (answer, "waiting") == 0) {
        table_line ("waiting", "0");
        return;
    }
    report_duration (json_object_get (answer, "oldest_ms"), age);
    snprintf (words, REPORT_WORDS, "%" JSON_INTEGER_FORMAT ", clients: %" JSON_INTEGER_FORMAT ", the oldest for %.32s",
              report_number (answer, "waiting"), report_number (answer, "clients_waiting"), age);
    table_line ("waiting", words);
}

bool
mdctl_print_reasons (const json_t *answer)
{
    char words[REPORT_WORDS];
    report_value (json_object_get (answer, "service"), words);
    table_line ("service", words);
    print_waiting (answer);
    report_value (json_object_get (answer, "held"), words);
    table_line ("held", words);
    report_value (json_object_get (answer, "workers"), words);
    table_line ("workers", words);
    report_value (json_object_get (answer, "reason"), words);
    table_line ("reason", words);
    print_advice (words);
    return true;
}
