/*  mdctl: asks a broker what it does, and tells it to drain a service or to take it up again, or which of a pair is to serve. */
#include <keel/client.h>

#include "mdctl_reports.h"
#include "mdctl_top.h"
#include "mdctl_why.h"

#include "exit_codes.h"
#include "log.h"
#include "mdp.h"
#include "options.h"
#include "report.h"

#include <errno.h>
#include <string.h>

/*  Between looks at whether a promote or handover is done. */
#define MOVE_POLL_MS 20

typedef struct {
    setting_list_t brokers;
    int64_t timeout;
    bool json;
    bool once;
    int64_t interval;
    const char *sort;
} settings_t;

#define AT(field) .at = offsetof (settings_t, field)

static const setting_t settings[] = {
    {.name = "broker",
     .letter = 'b',
     .list = true,
     .kind = SETTING_CONNECT,
     .preset = "tcp://127.0.0.1:5555",
     .environment = "KEEL_BROKER",
     AT (brokers),
     .help = "a broker; repeat for more, tried in order"},
    {.name = "timeout",
     .letter = 't',
     .kind = SETTING_MSEC,
     .preset = "2500",
     .minimum = 1,
     .maximum = 86400000,
     AT (timeout),
     .help = "how long to wait for each broker's answer"},
    {.name = "json", .letter = 'j', .kind = SETTING_FLAG, AT (json), .help = "print the broker's JSON as it is"},
    {.name = "once", .letter = '1', .kind = SETTING_FLAG, AT (once), .help = "top: print one page of text, without a terminal"},
    {.name = "interval",
     .letter = 'i',
     .kind = SETTING_MSEC,
     .preset = "1000",
     .minimum = 100,
     .maximum = 3600000,
     AT (interval),
     .help = "top: how often to look"},
    {.name = "sort",
     .letter = 's',
     .kind = SETTING_TEXT,
     .argument = "ORDER",
     .preset = "rate",
     AT (sort),
     .help = "top: by rate, queue, age or name"},
    SETTING_END,
};

static const program_t program = {
    .name = "mdctl",
    .summary = "Shows what a broker does, drains and resumes its services, and says which of a pair is to serve.",
    .usage = "COMMAND [SERVICE]",
    .fewest = 1,
    .most = 2,
    .notes = "Commands:\n"
             "  status                    the broker in a few lines\n"
             "  services                  its services\n"
             "  workers                   its workers\n"
             "  stats                     every counter and gauge\n"
             "  top                       all of it, as it happens; --once for one page\n"
             "  explain SERVICE           why do requests of this service wait?\n"
             "  drain SERVICE             refuse new requests for it, serve those that wait\n"
             "  resume SERVICE            take new requests again\n"
             "  promote                   make it the active one of its pair, now\n"
             "  handover                  have its peer take over; what workers hold is finished first\n"
             "drain, resume, promote and handover need an endpoint that the broker was given with --admin.",
    .settings = settings,
    .size = sizeof (settings_t),
    .terse = true,
};

typedef struct command command_t;

typedef struct {
    options_t options;
    settings_t settings;
    const command_t *command;
    const char *service; /* the command's argument; or NULL */
    keel_client_t *client;
    char *brokers; /* separated by commas */
} control_t;

struct command {
    const char *name;
    const char *mmi;
    bool named;                           /* takes a SERVICE */
    bool (*print) (const json_t *answer); /* for people; NULL: the answer has no JSON */
    int (*run) (control_t *self);
};

/* ------------------------------------------------------------------ asking */

/*  All of these return EXIT_FAILED. */

static int
fail_code (const control_t *self, int code)
{
    if (code == 503 && strcmp (self->command->name, "handover") == 0) {
        log_at (KEEL_LOG_ERROR, "handover: it is not active, or its peer could not take over; see `mdctl status`");
        return EXIT_FAILED;
    }
    if (code == 503 && strcmp (self->command->name, "promote") == 0) {
        log_at (KEEL_LOG_ERROR, "promote: its peer has the same role; start one of them with the other");
        return EXIT_FAILED;
    }
    log_at (KEEL_LOG_ERROR, "%s%s%.255s: %d, %s", self->command->name, self->service ? " " : "",
            self->service ? self->service : "", code, mdctl_why_code (code));
    return EXIT_FAILED;
}

static int
fail_request (const control_t *self, int rc)
{
    char words[MDCTL_WHY];
    if (rc <= -100)
        return fail_code (self, -rc);
    mdctl_why (rc, self->brokers, (int) self->settings.timeout, words);
    log_at (KEEL_LOG_ERROR, "%s", words);
    return EXIT_FAILED;
}

static int
fail_answer (const control_t *self)
{
    log_at (KEEL_LOG_ERROR, "%s: the answer is none of a broker of Keel; is one at %s?", self->command->name,
            self->brokers);
    return EXIT_FAILED;
}

static int
fail_memory (void)
{
    log_at (KEEL_LOG_ERROR, "out of memory");
    return EXIT_FAILED;
}

/*  Sends a request for an mmi. service.
 *  text    [out] the answer's JSON, an object, which the caller frees; NULL to want none
 *  EXIT_OK, or EXIT_FAILED once it has said why. */
static int
ask (control_t *self, const char *mmi, char **text)
{
    zmsg_t *request = zmsg_new (), *reply;
    zmsg_addstr (request, self->service ? self->service : "");
    int rc = keel_client_request (self->client, mmi, &request, &reply);
    if (rc)
        return fail_request (self, rc);
    int code = report_code (zmsg_first (reply));
    zframe_t *json = zmsg_next (reply);
    if (code != 200)
        rc = code ? fail_code (self, code) : fail_answer (self);
    else if (text && !(*text = json ? zframe_strdup (json) : NULL))
        rc = fail_answer (self);
    zmsg_destroy (&reply);
    return rc;
}

/*  NULL once it has said why. */
static json_t *
parse (const control_t *self, const char *text)
{
    json_t *answer = report_parse (text);
    if (!answer)
        fail_answer (self);
    return answer;
}

/* ------------------------------------------------------------------ commands */

static int
print (const control_t *self, const char *text, const json_t *answer)
{
    if (!self->settings.json)
        return self->command->print (answer) ? EXIT_OK : fail_memory ();
    if (!report_is_plain (text))
        return fail_answer (self);
    return puts (text) < 0 ? EXIT_FAILED : EXIT_OK;
}

/*  Asks, and prints the answer. */
static int
run_report (control_t *self)
{
    char *text = NULL;
    int rc = ask (self, self->command->mmi, &text);
    json_t *answer = rc ? NULL : parse (self, text);
    if (answer)
        rc = print (self, text, answer);
    json_decref (answer);
    free (text);
    return answer ? rc : EXIT_FAILED;
}

/*  The members of stats that say how the broker is now. */
static json_t *
combine (const json_t *version, const json_t *stats)
{
    static const char *const gauges[] = {"uptime_ms", "services", "workers",  "clients", "waiting",
                                         "held",      "bytes",    "draining", "pair"};
    json_t *status = json_copy ((json_t *) (uintptr_t) version);
    for (size_t n = 0; status && n < sizeof (gauges) / sizeof (gauges[0]); n++) {
        json_t *value = json_object_get (stats, gauges[n]);
        if (value)
            json_object_set (status, gauges[n], value);
    }
    return status;
}

static int
run_status (control_t *self)
{
    char *texts[2] = {NULL, NULL}, *text = NULL;
    json_t *version = NULL, *stats = NULL, *status = NULL;
    int rc = ask (self, "mmi.version", &texts[0]);
    if (rc == EXIT_OK)
        rc = ask (self, "mmi.stats", &texts[1]);
    if (rc == EXIT_OK && (!(version = parse (self, texts[0])) || !(stats = parse (self, texts[1]))))
        rc = EXIT_FAILED;
    if (rc == EXIT_OK) {
        status = combine (version, stats);
        text = json_dumps (status, JSON_COMPACT | JSON_ENSURE_ASCII);
        rc = text ? print (self, text, status) : fail_memory ();
    }
    json_decref (version);
    json_decref (stats);
    json_decref (status);
    free (text);
    free (texts[0]);
    free (texts[1]);
    return rc;
}

/*  The broker's answer has no JSON: what is so now. */
static int
print_order (const char *service, bool draining)
{
    json_t *order = json_pack ("{s:s, s:b}", "service", service, "draining", draining);
    char *text = order ? json_dumps (order, JSON_COMPACT) : NULL;
    int rc = !text ? fail_memory () : puts (text) < 0 ? EXIT_FAILED : EXIT_OK;
    json_decref (order);
    free (text);
    return rc;
}

/*  drain and resume. */
static int
run_order (control_t *self)
{
    int rc = ask (self, self->command->mmi, NULL);
    bool drain = strcmp (self->command->name, "drain") == 0;
    if (rc)
        return rc;
    if (self->settings.json)
        return print_order (self->service, drain);
    if (drain)
        printf ("%s drains: new requests are refused, those that wait are still served\n", self->service);
    else
        printf ("%s takes requests\n", self->service);
    return EXIT_OK;
}

/*  What stats says of the pair, which the caller gives back; NULL once it has said why. */
static json_t *
ask_pair (control_t *self)
{
    char *text = NULL;
    json_t *stats = ask (self, "mmi.stats", &text) == EXIT_OK ? parse (self, text) : NULL;
    json_t *pair = json_incref (json_object_get (stats, "pair"));
    json_decref (stats);
    free (text);
    return pair;
}

static bool
is_active (const json_t *pair)
{
    const char *state = json_string_value (json_object_get (pair, "state"));
    return state && strcmp (state, "active") == 0;
}

static bool
is_leaving (const json_t *pair)
{
    return json_is_true (json_object_get (pair, "leaving"));
}

static int
print_move (const control_t *self, const json_t *pair, bool done)
{
    if (self->settings.json) {
        char *text = json_dumps (pair, JSON_COMPACT | JSON_ENSURE_ASCII);
        int rc = text ? print (self, text, pair) : fail_memory ();
        free (text);
        return rc;
    }
    if (!done)
        printf ("it hands over once its workers have finished; see `mdctl status`\n");
    else if (is_active (pair))
        printf ("active, epoch %" JSON_INTEGER_FORMAT "\n", json_integer_value (json_object_get (pair, "epoch")));
    else
        printf ("passive; its peer takes over\n");
    return EXIT_OK;
}

static int
finish_move (const control_t *self, const json_t *pair, bool promote, bool done)
{
    if (done || (!promote && is_leaving (pair)))
        return print_move (self, pair, done);
    log_at (KEEL_LOG_ERROR, promote ? "promote: it has not become active; its log says why"
                                    : "handover: its peer is silent, and could not take over");
    return EXIT_FAILED;
}

/*  promote and handover: orders, and waits until it has come about, or for the timeout. */
static int
run_move (control_t *self)
{
    bool promote = strcmp (self->command->name, "promote") == 0;
    int rc = ask (self, self->command->mmi, NULL);
    for (int64_t until = zclock_mono () + self->settings.timeout; rc == EXIT_OK; zclock_sleep (MOVE_POLL_MS)) {
        json_t *pair = ask_pair (self);
        if (!pair)
            return EXIT_FAILED;
        bool done = is_active (pair) == promote;
        bool over = zclock_mono () >= until || (!promote && !is_leaving (pair));
        if (done || over)
            rc = finish_move (self, pair, promote, done);
        json_decref (pair);
        if (done || over)
            return rc;
    }
    return rc;
}

static int
run_top (control_t *self)
{
    const settings_t *set = &self->settings;
    const top_options_t options = {.once = set->once,
                                   .json = set->json,
                                   .order = top_order_named (set->sort),
                                   .interval_ms = set->interval,
                                   .brokers = self->brokers,
                                   .timeout_ms = (int) set->timeout};
    return mdctl_top (&options, self->client);
}

static const command_t commands[] = {
    {"status", NULL, false, mdctl_print_status, run_status},
    {"services", "mmi.services", false, mdctl_print_services, run_report},
    {"workers", "mmi.workers", false, mdctl_print_workers, run_report},
    {"stats", "mmi.stats", false, report_counters, run_report},
    {"explain", "mmi.explain", true, mdctl_print_reasons, run_report},
    {"drain", "mmi.drain", true, NULL, run_order},
    {"resume", "mmi.resume", true, NULL, run_order},
    {"promote", "mmi.promote", false, NULL, run_move},
    {"handover", "mmi.handover", false, NULL, run_move},
    {"top", NULL, false, NULL, run_top},
};

/* ------------------------------------------------------------------ main */

/*  Options that go together with top alone. -1, or the code to exit with. */
static int
check_options (const control_t *self)
{
    static const char *const names[] = {"once", "interval", "sort"};
    const options_t *options = &self->options;
    bool top = self->command->run == run_top;
    for (size_t n = 0; n < sizeof (names) / sizeof (names[0]); n++)
        if (!top && options_given (options, names[n]))
            return options_fail (options, "--%s is for top, not for %s", names[n], self->command->name);
    if (top && self->settings.json && !self->settings.once)
        return options_fail (options, "--json goes with --once");
    if (top_order_named (self->settings.sort) == TOP_ORDERS)
        return options_fail (options, "--sort must be rate, queue, age or name, but is '%.256s'", self->settings.sort);
    return -1;
}

/*  -1, or the code to exit with. */
static int
take_command (control_t *self)
{
    const options_t *options = &self->options;
    for (size_t n = 0; n < sizeof (commands) / sizeof (commands[0]); n++)
        if (strcmp (commands[n].name, options->arguments[0]) == 0)
            self->command = &commands[n];
    if (!self->command)
        return options_fail (options, "unknown command '%.256s'", options->arguments[0]);
    self->service = options->arguments[1];
    if (self->command->named && !self->service)
        return options_fail (options, "%s wants a SERVICE", self->command->name);
    if (!self->command->named && self->service)
        return options_fail (options, "%s takes no argument, but got '%.256s'", self->command->name, self->service);
    if (self->service && !mdp_service_valid (span_text (self->service)))
        return options_fail (options, "bad service name '%.256s': 1 to 255 printable characters without space",
                             self->service);
    return check_options (self);
}

static int
make_client (control_t *self)
{
    const settings_t *set = &self->settings;
    self->brokers = setting_list_join (&set->brokers, ',');
    self->client = self->brokers ? keel_client_new (self->brokers) : NULL;
    if (!self->client && errno == EINVAL)
        return options_fail (&self->options, "bad endpoint among %s: a broker is at tcp:// or ipc://", self->brokers);
    if (!self->client)
        return fail_memory ();
    keel_client_set_timeout (self->client, (int) set->timeout);
    keel_client_set_retries (self->client, (int) set->brokers.count - 1);
    return EXIT_OK;
}

int
main (int argc, char **argv)
{
    control_t control = {0};
    int rc = options_parse (&control.options, &program, argc, argv, &control.settings);
    if (rc >= 0)
        return rc;
    rc = take_command (&control);
    if (rc < 0)
        rc = make_client (&control);
    if (rc == EXIT_OK)
        rc = control.command->run (&control);
    if (rc == EXIT_OK && fflush (stdout) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot write the answer: %s", strerror (errno));
        rc = EXIT_FAILED;
    }
    keel_client_destroy (&control.client);
    free (control.brokers);
    options_close (&control.options);
    return rc;
}
