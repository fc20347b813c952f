#include "ticlient_admin.h"

#include "exit_codes.h"
#include "log.h"
#include "mdp.h"
#include "report.h"
#include "tsp_admin.h"

#include <czmq.h>
#include <errno.h>
#include <string.h>
#include <time.h>

typedef struct command command_t;

typedef struct {
    const options_t *options;
    const ticlient_settings_t *settings;
    const command_t *command;
    const char *argument; /* NULL: there is none */
    zsock_t *socket;
} control_t;

/*  What stands behind the command's name. */
typedef enum {
    TAKES_NOTHING,
    TAKES_UUID,
    TAKES_TARGET, /* a uuid, or --service */
    TAKES_PATH,
} takes_t;

struct command {
    const char *name;
    takes_t takes;
    bool (*print) (const json_t *answer); /* for people */
    int (*run) (control_t *self);
};

/* ------------------------------------------------------------------ asking */

static int
fail (const control_t *self, const char *words)
{
    log_at (KEEL_LOG_ERROR, "%s: %s", self->command->name, words);
    return EXIT_FAILED;
}

static int
fail_silence (const control_t *self)
{
    log_at (KEEL_LOG_ERROR, "%s: no answer from a titanic at %s; was one started with --admin there?",
            self->command->name, self->settings->titanic);
    return EXIT_FAILED;
}

static int
fail_code (const control_t *self, int code, zframe_t *frame)
{
    char *reason = frame ? zframe_strdup (frame) : NULL;
    log_at (KEEL_LOG_ERROR, "%s: %d, %s", self->command->name, code, reason ? reason : "without a reason");
    zstr_free (&reason);
    return code == 404 ? EXIT_UNKNOWN : EXIT_FAILED;
}

/*  The answer's JSON, which the caller frees, or NULL and *rc, the code to exit with, once it has said why. */
static char *
take_answer (const control_t *self, int *rc)
{
    zmsg_t *answer = zmsg_recv (self->socket);
    char *text = NULL;
    zframe_t *delimiter = answer ? zmsg_pop (answer) : NULL;
    int code = delimiter ? report_code (zmsg_first (answer)) : 0;
    zframe_t *frame = code ? zmsg_next (answer) : NULL;
    if (!answer)
        *rc = fail_silence (self);
    else if (code && code != 200)
        *rc = fail_code (self, code, frame);
    else if (!code || !frame || !(text = zframe_strdup (frame)))
        *rc = fail (self, "the answer is none of a titanic; what listens there?");
    zframe_destroy (&delimiter);
    zmsg_destroy (&answer);
    return text;
}

/*  Sends [""][command] and the arguments, of which the last may be NULL, and waits for the answer. */
static char *
ask (const control_t *self, const char *const arguments[], int64_t patience_ms, int *rc)
{
    zmsg_t *question = zmsg_new ();
    zmsg_addstr (question, "");
    for (; *arguments; arguments++)
        zmsg_addstr (question, *arguments);
    zsock_set_rcvtimeo (self->socket, (int) patience_ms);
    if (zmsg_send (&question, self->socket) == 0)
        return take_answer (self, rc);
    zmsg_destroy (&question);
    *rc = fail (self, strerror (errno));
    return NULL;
}

static int64_t
patience (const control_t *self)
{
    int64_t all = self->settings->timeout * (self->settings->retries + 1);
    return all < INT32_MAX ? all : INT32_MAX;
}

/* ------------------------------------------------------------------ reports */

static bool
print_list (const json_t *answer)
{
    static const column_t columns[] = {{"UUID", .right = false},  {"SERVICE", .flexible = true},
                                       {"STATE", .right = false}, {"AGE", .right = true},
                                       {"TRIES", .right = true},  {"BYTES", .right = true}};
    table_t *table = table_new (columns, 6);
    char words[REPORT_WORDS];
    size_t n;
    json_t *request;
    if (!table)
        return false;
    json_array_foreach (json_object_get (answer, "requests"), n, request) {
        report_add (table, request, "uuid");
        report_add (table, request, "service");
        report_add (table, request, "state");
        report_duration (json_object_get (request, "age"), words);
        table_add (table, words);
        report_add (table, request, "attempts");
        report_bytes (json_object_get (request, "bytes"), words);
        table_add (table, words);
    }
    bool printed = table_print (table);
    table_destroy (&table);
    if (printed && json_is_true (json_object_get (answer, "more")))
        puts ("and more: see --limit, --service, --state and --age");
    return printed;
}

/*  Of msec since 1970. */
static void
say_time (const json_t *value, char words[REPORT_WORDS])
{
    time_t seconds = (time_t) (json_integer_value (value) / 1000);
    struct tm parts;
    if (!json_is_integer (value) || !gmtime_r (&seconds, &parts) ||
        strftime (words, REPORT_WORDS, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        snprintf (words, REPORT_WORDS, "-");
}

static bool
print_request (const json_t *answer)
{
    static const struct {
        const char *key;
        void (*say) (const json_t *value, char words[REPORT_WORDS]);
    } lines[] = {
        {"uuid", report_value},   {"service", report_value}, {"state", report_value},  {"running", report_value},
        {"reason", report_value}, {"created", say_time},     {"age", report_duration}, {"attempts", report_value},
        {"frames", report_value}, {"bytes", report_bytes},
    };
    char words[REPORT_WORDS];
    for (size_t n = 0; n < sizeof (lines) / sizeof (lines[0]); n++) {
        json_t *value = json_object_get (answer, lines[n].key);
        lines[n].say (value, words);
        if (value)
            table_line (lines[n].key, words);
    }
    return true;
}

/*  What was done, and how often or where. */
static bool
print_deed (const json_t *answer)
{
    static const char *const deeds[] = {"requeued", "purged", "path"};
    char words[REPORT_WORDS];
    for (size_t n = 0; n < sizeof (deeds) / sizeof (deeds[0]); n++) {
        json_t *value = json_object_get (answer, deeds[n]);
        report_value (value, words);
        if (value)
            table_line (deeds[n], words);
    }
    return true;
}

/*  text: of the answer; NULL: it is to be made. Takes answer. */
static int
print (const control_t *self, const char *text, json_t *answer)
{
    int rc = EXIT_OK;
    char *made = text || !answer ? NULL : json_dumps (answer, JSON_COMPACT | JSON_ENSURE_ASCII);
    text = text ? text : made;
    if (!answer || !text)
        rc = fail (self, "the answer is none of a titanic; what listens there?");
    else if (self->settings->json ? puts (text) < 0 : !self->command->print (answer))
        rc = fail (self, "cannot print the answer");
    if (rc == EXIT_OK && fflush (stdout) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot write the answer: %s", strerror (errno));
        rc = EXIT_FAILED;
    }
    json_decref (answer);
    free (made);
    return rc;
}

/*  Asks, and prints the answer. */
static int
report (control_t *self, const char *const arguments[], int64_t patience_ms)
{
    int rc = EXIT_OK;
    char *text = ask (self, arguments, patience_ms, &rc);
    if (text)
        rc = print (self, text, report_parse (text));
    free (text);
    return rc;
}

/* ------------------------------------------------------------------ commands */

static const char *
or_any (const char *text)
{
    return text ? text : "";
}

static int
run_list (control_t *self)
{
    const ticlient_settings_t *set = self->settings;
    char age[24], limit[24];
    snprintf (age, sizeof (age), "%lld", (long long) set->age_ms);
    snprintf (limit, sizeof (limit), "%lld", (long long) set->limit);
    return report (self, (const char *[]){"list", or_any (set->service), or_any (set->state), age, limit, NULL},
                   patience (self));
}

static int
run_report (control_t *self)
{
    return report (self, (const char *[]){self->command->name, self->argument, NULL}, patience (self));
}

/*  A copy may take long, so whether anybody is there is asked first. */
static int
run_backup (control_t *self)
{
    int rc = EXIT_OK;
    char *text = ask (self, (const char *[]){"stats", NULL}, patience (self), &rc);
    free (text);
    if (!text)
        return rc;
    return report (self, (const char *[]){"backup", self->argument, NULL}, -1);
}

/*  All of a service: a bounded number at a time, until there are no more. */
static int
run_many (control_t *self, const char *key)
{
    const ticlient_settings_t *set = self->settings;
    json_int_t sum = 0, count;
    bool more;
    do {
        int rc = EXIT_OK;
        char *text = ask (self, (const char *[]){self->command->name, "service", set->service, set->state, NULL},
                          patience (self), &rc);
        if (!text)
            return rc;
        json_t *answer = report_parse (text);
        free (text);
        if (!answer)
            return print (self, NULL, NULL);
        count = report_number (answer, key);
        more = json_is_true (json_object_get (answer, "more"));
        sum += count;
        json_decref (answer);
    } while (more && count > 0);
    return print (self, NULL, json_pack ("{s:I}", key, sum));
}

static int
run_requeue (control_t *self)
{
    return self->argument ? run_report (self) : run_many (self, "requeued");
}

static int
run_purge (control_t *self)
{
    return self->argument ? run_report (self) : run_many (self, "purged");
}

static const command_t commands[] = {
    {"list", TAKES_NOTHING, print_list, run_list},
    {"show", TAKES_UUID, print_request, run_report},
    {"requeue", TAKES_TARGET, print_deed, run_requeue},
    {"purge", TAKES_TARGET, print_deed, run_purge},
    {"stats", TAKES_NOTHING, report_counters, run_report},
    {"backup", TAKES_PATH, print_deed, run_backup},
};

/* ------------------------------------------------------------------ the command line */

/*  All of these: -1, or the code to exit with. */

static int
check_target (const control_t *self)
{
    const options_t *options = self->options;
    const char *name = self->command->name, *argument = self->argument;
    tsp_uuid_t uuid;
    if (!argument)
        return self->settings->service ? -1 : options_fail (options, "%s wants a UUID, or a --service", name);
    if (self->settings->service)
        return options_fail (options, "%s takes a UUID or a --service, but not both", name);
    if (!tsp_uuid_decode (span_text (argument), &uuid))
        return options_fail (options, "bad uuid '%.256s': 32 hexadecimal digits", argument);
    return -1;
}

static int
check_argument (const control_t *self)
{
    const options_t *options = self->options;
    const char *name = self->command->name, *argument = self->argument;
    switch (self->command->takes) {
    case TAKES_NOTHING:
        return argument ? options_fail (options, "%s takes no argument, but got '%.256s'", name, argument) : -1;
    case TAKES_UUID:
        if (!argument)
            return options_fail (options, "%s wants a UUID", name);
        return check_target (self);
    case TAKES_TARGET:
        return check_target (self);
    case TAKES_PATH:
        if (argument && argument[0] == '/')
            return -1;
        return options_fail (options, "%s wants the absolute path of a directory that is not there yet", name);
    }
    return -1;
}

static int
check_filters (const control_t *self)
{
    const ticlient_settings_t *set = self->settings;
    const char *name = self->command->name;
    bool lists = strcmp (name, "list") == 0;
    if (set->service && !mdp_service_valid (span_text (set->service)))
        return options_fail (self->options, "bad service name '%.256s'", set->service);
    if (set->service && self->command->takes != TAKES_TARGET && !lists)
        return options_fail (self->options, "%s takes no --service", name);
    if (set->state && !lists && (strcmp (name, "purge") != 0 || self->argument))
        return options_fail (self->options, "--state goes with list, and with purge --service");
    for (tsp_state_t state = 0; set->state && strcmp (set->state, tsp_state_text (state)) != 0;)
        if (++state == TSP_STATE_ANY)
            return options_fail (self->options, "bad state '%.256s': pending, done or dead", set->state);
    return -1;
}

static int
take_command (control_t *self)
{
    const options_t *options = self->options;
    if (options->argument_count < 2)
        return options_fail (options, "admin wants a command: list, show, requeue, purge, stats or backup");
    for (size_t n = 0; n < sizeof (commands) / sizeof (commands[0]); n++)
        if (strcmp (commands[n].name, options->arguments[1]) == 0)
            self->command = &commands[n];
    if (!self->command)
        return options_fail (options, "unknown command 'admin %.256s'", options->arguments[1]);
    if (options->argument_count > 3)
        return options_fail (options, "unexpected argument '%.256s'", options->arguments[3]);
    self->argument = options->arguments[2];
    int rc = check_argument (self);
    if (rc < 0)
        rc = check_filters (self);
    if (rc < 0 && !self->settings->titanic)
        rc = options_fail (options, "admin wants --titanic, the endpoint that the titanic was given with --admin");
    return rc;
}

int
ticlient_admin (const options_t *options, const ticlient_settings_t *settings)
{
    control_t self = {.options = options, .settings = settings};
    int rc = take_command (&self);
    if (rc >= 0)
        return rc;
    zsys_handler_set (NULL); /* a signal ends it */
    zsys_set_ipv6 (1);
    self.socket = zsock_new (ZMQ_DEALER);
    if (!self.socket || zsock_connect (self.socket, "%s", settings->titanic) != 0) {
        rc = options_fail (options, "cannot connect to %s: %s", settings->titanic, strerror (errno));
    } else {
        zsock_set_linger (self.socket, 0);
        rc = self.command->run (&self);
    }
    zsock_destroy (&self.socket);
    return rc;
}
