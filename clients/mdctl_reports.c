#include "mdctl_reports.h"

#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*  Room for a value as text; service names and ids in hex fit. */
#define WORDS 1024

/* ------------------------------------------------------------------ values */

static void
say_value (const json_t *value, char words[WORDS])
{
    if (json_is_integer (value))
        snprintf (words, WORDS, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (json_is_string (value))
        snprintf (words, WORDS, "%s", json_string_value (value));
    else if (json_is_boolean (value))
        snprintf (words, WORDS, "%s", json_is_true (value) ? "yes" : "no");
    else
        snprintf (words, WORDS, "-");
}

static json_int_t
number_of (const json_t *object, const char *key)
{
    return json_integer_value (json_object_get (object, key));
}

/*  In the two largest units, as that is what one wants to know. */
static void
say_duration (const json_t *value, char words[WORDS])
{
    json_int_t ms = json_integer_value (value), seconds = ms / 1000;
    if (!json_is_integer (value) || ms < 0)
        snprintf (words, WORDS, "-");
    else if (seconds < 60)
        snprintf (words, WORDS, "%d.%ds", (int) seconds, (int) (ms % 1000 / 100));
    else if (seconds < 3600)
        snprintf (words, WORDS, "%dm%02ds", (int) (seconds / 60), (int) (seconds % 60));
    else if (seconds < 86400)
        snprintf (words, WORDS, "%dh%02dm", (int) (seconds / 3600), (int) (seconds / 60 % 60));
    else
        snprintf (words, WORDS, "%" JSON_INTEGER_FORMAT "d%02dh", seconds / 86400, (int) (seconds / 3600 % 24));
}

static void
say_bytes (const json_t *value, char words[WORDS])
{
    static const char units[] = "KMGTPE";
    double size = (double) json_integer_value (value);
    size_t unit = 0;
    if (!json_is_integer (value) || size < 1024) {
        say_value (value, words);
        return;
    }
    for (size /= 1024; size >= 1024; size /= 1024)
        unit++;
    snprintf (words, WORDS, "%.1f%c", size, units[unit]);
}

static void
add_value (table_t *table, const json_t *object, const char *key)
{
    char words[WORDS];
    say_value (json_object_get (object, key), words);
    table_add (table, words);
}

/*  Prints the table and says what the broker's answer had no room for. */
static bool
finish (table_t *table, const json_t *answer)
{
    bool printed = table_print (table);
    table_destroy (&table);
    json_int_t left = number_of (answer, "left_out");
    if (printed && left > 0)
        printf ("and %" JSON_INTEGER_FORMAT " more, for which the answer had no room\n", left);
    return printed;
}

/* ------------------------------------------------------------------ reports */

static void
print_broker (const json_t *status)
{
    char keel[WORDS], words[WORDS], line[3 * WORDS];
    say_value (json_object_get (status, "keel"), keel);
    size_t n, used = (size_t) snprintf (line, sizeof (line), "keel %s, MDP", keel);
    json_t *version;
    json_array_foreach (json_object_get (status, "mdp"), n, version) {
        say_value (version, words);
        if (used + strlen (words) + 2 < sizeof (line))
            used += (size_t) snprintf (line + used, sizeof (line) - used, " %s", words);
    }
    table_line ("broker", line);
}

/*  One of a pair: how it stands, and when it heard its peer. */
static void
print_pair (const json_t *pair)
{
    char words[WORDS], age[WORDS], line[3 * WORDS];
    const json_t *trouble = json_object_get (pair, "trouble");
    say_value (json_object_get (pair, "role"), words);
    table_line ("role", words);
    say_value (json_object_get (pair, "state"), words);
    snprintf (line, sizeof (line), "%s%s", words, json_is_true (json_object_get (pair, "leaving")) ? ", hands over" : "");
    table_line ("pair", line);
    say_value (json_object_get (pair, "epoch"), words);
    table_line ("epoch", words);
    say_value (json_object_get (pair, "peer"), words);
    say_duration (json_object_get (pair, "peer_age_ms"), age);
    snprintf (line, sizeof (line), "%s, heard %s ago", words, age);
    table_line ("peer", json_object_get (pair, "peer") ? line : "not heard yet");
    say_value (trouble, words);
    if (trouble)
        table_line ("trouble", words);
}

bool
mdctl_print_status (const json_t *status)
{
    static const char *const gauges[] = {"services", "workers", "clients", "waiting", "held"};
    char words[WORDS];
    print_broker (status);
    table_line ("state", json_is_true (json_object_get (status, "draining")) ? "draining" : "serving");
    say_duration (json_object_get (status, "uptime_ms"), words);
    table_line ("uptime", words);
    for (size_t n = 0; n < sizeof (gauges) / sizeof (gauges[0]); n++) {
        say_value (json_object_get (status, gauges[n]), words);
        table_line (gauges[n], words);
    }
    say_bytes (json_object_get (status, "bytes"), words);
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
        add_value (table, service, "service");
        add_value (table, service, "workers");
        add_value (table, service, "waiting");
        add_value (table, service, "held");
        add_value (table, service, "draining");
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
    char silent[WORDS];
    size_t n;
    json_t *worker;
    if (!table)
        return false;
    json_array_foreach (json_object_get (answer, "workers"), n, worker) {
        add_value (table, worker, "id");
        add_value (table, worker, "service");
        add_value (table, worker, "mdp");
        add_value (table, worker, "credit");
        add_value (table, worker, "held");
        say_duration (json_object_get (worker, "silent_ms"), silent);
        table_add (table, silent);
        add_value (table, worker, "beats_while_busy");
    }
    return finish (table, answer);
}

/*  Of an object within the object. */
static void
add_counters (table_t *table, const char *group, const json_t *counters)
{
    char name[WORDS];
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) (uintptr_t) counters, key, value) {
        snprintf (name, sizeof (name), "%.100s.%.900s", group, key);
        table_add (table, name);
        add_value (table, counters, key);
    }
}

bool
mdctl_print_stats (const json_t *answer)
{
    static const column_t columns[] = {{NULL, .flexible = true}, {NULL, .right = true}};
    table_t *table = table_new (columns, 2);
    const char *key;
    json_t *value;
    if (!table)
        return false;
    json_object_foreach ((json_t *) (uintptr_t) answer, key, value) {
        if (json_is_object (value)) {
            add_counters (table, key, value);
        } else {
            table_add (table, key);
            add_value (table, answer, key);
        }
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
    char words[WORDS], age[WORDS];
    if (number_of (answer, "waiting") == 0) {
        table_line ("waiting", "0");
        return;
    }
    say_duration (json_object_get (answer, "oldest_ms"), age);
    snprintf (words, WORDS, "%" JSON_INTEGER_FORMAT ", clients: %" JSON_INTEGER_FORMAT ", the oldest for %.32s",
              number_of (answer, "waiting"), number_of (answer, "clients_waiting"), age);
    table_line ("waiting", words);
}

bool
mdctl_print_reasons (const json_t *answer)
{
    char words[WORDS];
    say_value (json_object_get (answer, "service"), words);
    table_line ("service", words);
    print_waiting (answer);
    say_value (json_object_get (answer, "held"), words);
    table_line ("held", words);
    say_value (json_object_get (answer, "workers"), words);
    table_line ("workers", words);
    say_value (json_object_get (answer, "reason"), words);
    table_line ("reason", words);
    print_advice (words);
    return true;
}
