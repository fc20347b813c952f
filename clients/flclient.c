/*  flclient: a Freelance client as a program. Sends a request to one of several servers, or to all, and prints what comes back,
 *  one frame a line. */
#include <keel/freelance.h>

#include "exit_codes.h"
#include "request.h"

#include <errno.h>

typedef struct {
    setting_list_t servers;
    int64_t timeout;
    int64_t try_ms;
    const char *policy;
} settings_t;

typedef struct {
    options_t options;
    settings_t settings;
    keel_freelance_t *client;
    char *servers; /* separated by commas */
    zmsg_t *request;
} run_t;

#define AT(field) offsetof (settings_t, field)

static const setting_t settings[] = {
    {.name = "server", .letter = 's', .list = true, .kind = SETTING_CONNECT, .preset = "tcp://127.0.0.1:5555",
     .at = AT (servers), .help = "a server; repeat for more"},
    {.name = "timeout", .letter = 't', .kind = SETTING_MSEC, .preset = "5000", .minimum = 1, .maximum = 86400000,
     .at = AT (timeout), .help = "how long the answer is waited for in all"},
    {.name = "try", .kind = SETTING_MSEC, .preset = "1000", .minimum = 1, .maximum = 86400000, .at = AT (try_ms),
     .help = "how long one server is waited for before the next is asked"},
    {.name = "policy", .kind = SETTING_TEXT, .argument = "NAME", .preset = "least", .at = AT (policy),
     .help = "who is asked first: least (loaded), ordered (the first that lives), shotgun (all at once)"},
    SETTING_END,
};

static const program_t program = {
    .name = "flclient",
    .summary = "Sends a request to one of several Freelance servers, and prints the answer, a frame a line.",
    .usage = "[FRAME...]",
    .notes = REQUEST_NOTES,
    .settings = settings,
    .size = sizeof (settings_t),
    .terse = true,
};

static int
make_client (run_t *self)
{
    static const char *const policies[] = {
        [KEEL_FREELANCE_LEAST] = "least", [KEEL_FREELANCE_ORDERED] = "ordered", [KEEL_FREELANCE_SHOTGUN] = "shotgun"};
    const settings_t *set = &self->settings;
    int policy = request_choice (&self->options, "policy", set->policy, policies);
    if (policy < 0)
        return EXIT_USAGE;
    self->servers = setting_list_join (&set->servers, ',');
    self->client = self->servers ? keel_freelance_new (NULL) : NULL;
    if (!self->client)
        return request_not_made (&self->options, "server", self->servers);
    keel_freelance_set_timeout (self->client, (int) set->timeout);
    keel_freelance_set_try (self->client, (int) set->try_ms);
    keel_freelance_set_policy (self->client, (keel_freelance_policy_t) policy);
    for (size_t n = 0; n < set->servers.count; n++)
        if (keel_freelance_add (self->client, set->servers.items[n].text) == KEEL_E_INVALID) {
            errno = EINVAL;
            return request_not_made (&self->options, "server", set->servers.items[n].text);
        }
    return EXIT_OK;
}

/*  Signals that interrupt the wait are those of being stopped and continued, say: what ends it does so by itself. */
static int
call (run_t *self)
{
    keel_freelance_result_t result = {0};
    zmsg_t *reply = NULL;
    int rc = keel_freelance_send (self->client, &self->request, NULL);
    if (rc == 0)
        do
            rc = keel_freelance_recv (self->client, &result, &reply, -1);
        while (rc == KEEL_E_INTERRUPTED);
    rc = rc ? rc : result.code;
    bool printed = rc == 0 && request_print (reply);
    zmsg_destroy (&reply);
    if (rc)
        return request_failed ("server", self->servers, rc == KEEL_E_NO_SERVER, keel_freelance_error (self->client));
    return printed ? EXIT_OK : EXIT_FAILED;
}

int
main (int argc, char **argv)
{
    run_t run = {0};
    int rc = options_parse (&run.options, &program, argc, argv, &run.settings);
    if (rc >= 0)
        return rc;
    rc = request_read (&run.options, run.options.arguments, &run.request);
    if (rc == EXIT_OK)
        rc = make_client (&run);
    if (rc == EXIT_OK)
        rc = call (&run);
    keel_freelance_destroy (&run.client);
    zmsg_destroy (&run.request);
    free (run.servers);
    options_close (&run.options);
    return rc;
}
