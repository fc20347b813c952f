/*  lpclient: the Lazy Pirate as a program. Sends a request to a REP server, tries again when nothing answers, and prints
 *  what comes back, one frame a line. */
#include <keel/pirate.h>

#include "exit_codes.h"
#include "request.h"

typedef struct {
    setting_list_t servers;
    int64_t timeout;
    int64_t retries;
    bool stock;
} settings_t;

typedef struct {
    options_t options;
    settings_t settings;
    keel_pirate_t *pirate;
    char *servers; /* separated by commas */
    zmsg_t *request;
} run_t;

#define AT(field) offsetof (settings_t, field)

static const setting_t settings[] = {
    {.name = "server", .letter = 's', .list = true, .kind = SETTING_CONNECT, .preset = "tcp://127.0.0.1:5555",
     .at = AT (servers), .help = "a server, or a queue; repeat for more, tried in order"},
    REQUEST_TIMEOUT (AT (timeout)),
    REQUEST_RETRIES (AT (retries)),
    {.name = "stock", .kind = SETTING_FLAG, .at = AT (stock), .help = "for a server that sends no extra frames back"},
    SETTING_END,
};

static const program_t program = {
    .name = "lpclient",
    .summary = "Sends a request to a REP server, tries again when nothing answers, and prints the answer, a frame a line.",
    .usage = "[FRAME...]",
    .notes = REQUEST_NOTES,
    .settings = settings,
    .size = sizeof (settings_t),
    .terse = true,
};

static int
make_pirate (run_t *self)
{
    const settings_t *set = &self->settings;
    self->servers = setting_list_join (&set->servers, ',');
    self->pirate = self->servers ? keel_pirate_new (self->servers) : NULL;
    if (!self->pirate)
        return request_not_made (&self->options, "server", self->servers);
    keel_pirate_set_timeout (self->pirate, (int) set->timeout);
    keel_pirate_set_retries (self->pirate, (int) set->retries);
    keel_pirate_set_stock (self->pirate, set->stock);
    return EXIT_OK;
}

/*  The request. Signals that interrupt it are those of being stopped and continued, say: what ends it does so by itself. */
static int
call (run_t *self)
{
    zmsg_t *reply;
    int rc = keel_pirate_request (self->pirate, &self->request, &reply);
    while (rc == KEEL_E_INTERRUPTED)
        rc = keel_pirate_resume (self->pirate, &reply);
    bool printed = rc == 0 && request_print (reply);
    zmsg_destroy (&reply);
    if (rc)
        return request_failed ("server", self->servers, rc == KEEL_E_NO_SERVER, keel_pirate_error (self->pirate));
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
        rc = make_pirate (&run);
    if (rc == EXIT_OK)
        rc = call (&run);
    keel_pirate_destroy (&run.pirate);
    zmsg_destroy (&run.request);
    free (run.servers);
    options_close (&run.options);
    return rc;
}
