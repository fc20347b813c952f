/*  mdclient: sends requests to an MDP broker and prints what comes back, one frame a line. */
#include <keel/client.h>

#include "exit_codes.h"
#include "log.h"
#include "request.h"

typedef struct {
    setting_list_t brokers;
    int64_t timeout;
    int64_t retries;
    int64_t count;
    int64_t version;
    const char *policy;
    bool stock;
} settings_t;

typedef struct {
    options_t options;
    settings_t settings;
    keel_client_t *client;
    char *brokers; /* separated by commas */
    zmsg_t *body;
} run_t;

#define AT(field) .at = offsetof (settings_t, field)

static const setting_t settings[] = {
    REQUEST_BROKERS (offsetof (settings_t, brokers)),
    REQUEST_TIMEOUT (offsetof (settings_t, timeout)),
    REQUEST_RETRIES (offsetof (settings_t, retries)),
    {.name = "count", .letter = 'n', .kind = SETTING_COUNT, .preset = "1", .minimum = 1, .maximum = INT64_MAX,
     AT (count), .help = "send the request so many times, one after the other"},
    {.name = "mdp", .kind = SETTING_COUNT, .preset = "2", .minimum = 1, .maximum = 2, AT (version),
     .help = "MDP version to speak: 1 is 0.1, 2 is 0.2; with --stock 1 unless given"},
    {.name = "policy", .kind = SETTING_TEXT, .argument = "NAME", .preset = "turn", AT (policy),
     .help = "of several brokers: turn (one serves), least (they all do; the least loaded), shotgun (all at once)"},
    {.name = "stock", .kind = SETTING_FLAG, AT (stock), .help = "for a broker that takes no extra frames"},
    SETTING_END,
};

static const program_t program = {
    .name = "mdclient",
    .summary = "Sends a request to a service over MDP and prints the frames of the answer, one a line.",
    .usage = "SERVICE [FRAME...]",
    .fewest = 1,
    .notes = REQUEST_NOTES,
    .settings = settings,
    .size = sizeof (settings_t),
    .terse = true,
};

static int
make_client (run_t *self)
{
    static const char *const policies[] = {
        [KEEL_CLIENT_IN_TURN] = "turn", [KEEL_CLIENT_LEAST] = "least", [KEEL_CLIENT_SHOTGUN] = "shotgun"};
    const settings_t *set = &self->settings;
    int policy = request_choice (&self->options, "policy", set->policy, policies);
    if (policy < 0)
        return EXIT_USAGE;
    self->brokers = setting_list_join (&set->brokers, ',');
    self->client = self->brokers ? keel_client_new (self->brokers) : NULL;
    if (!self->client)
        return request_not_made (&self->options, "broker", self->brokers);
    bool version = !set->stock || options_given (&self->options, "mdp");
    keel_client_set_timeout (self->client, (int) set->timeout);
    keel_client_set_retries (self->client, (int) set->retries);
    keel_client_set_stock (self->client, set->stock);
    keel_client_set_version (self->client, version ? (int) set->version : 1);
    int rc = keel_client_set_policy (self->client, (keel_client_policy_t) policy);
    if (rc == 0)
        return EXIT_OK;
    log_at (KEEL_LOG_ERROR, "cannot start: %s", keel_strerror (rc));
    return EXIT_FAILED;
}

static int
say_failure (const run_t *self, int code)
{
    const char *service = self->options.arguments[0];
    if (code == KEEL_E_INVALID)
        return options_fail (&self->options, "bad service name '%s': 1 to 255 printable characters without space",
                             service);
    if (code == KEEL_E_NO_BROKER)
        log_at (KEEL_LOG_ERROR, "service %s: nothing was heard from a broker at %s; is one running there?", service,
                self->brokers);
    else
        log_at (KEEL_LOG_ERROR, "service %s: %s", service, keel_client_error (self->client));
    return EXIT_FAILED;
}

/*  One request; partial answers are printed as they come. */
static int
call (run_t *self)
{
    zmsg_t *request = zmsg_dup (self->body);
    int rc = keel_client_send (self->client, self->options.arguments[0], &request, NULL);
    bool printed = true;
    for (bool final = false; rc == 0 && !final && printed;) {
        keel_client_result_t result = {0};
        zmsg_t *reply;
        rc = keel_client_recv (self->client, &result, &reply, -1);
        if (rc == KEEL_E_INTERRUPTED) { /* stopped and continued, say: those that end it do so by themselves */
            rc = 0;
            continue;
        }
        rc = rc ? rc : result.code;
        final = result.final;
        if (rc == 0)
            printed = request_print (reply);
        zmsg_destroy (&reply);
    }
    if (!printed)
        return EXIT_FAILED;
    return rc ? say_failure (self, rc) : EXIT_OK;
}

int
main (int argc, char **argv)
{
    run_t run = {0};
    int rc = options_parse (&run.options, &program, argc, argv, &run.settings);
    if (rc >= 0)
        return rc;
    rc = request_read (&run.options, run.options.arguments + 1, &run.body);
    if (rc == EXIT_OK)
        rc = make_client (&run);
    for (int64_t n = 0; rc == EXIT_OK && n < run.settings.count; n++)
        rc = call (&run);
    keel_client_destroy (&run.client);
    zmsg_destroy (&run.body);
    free (run.brokers);
    options_close (&run.options);
    return rc;
}
