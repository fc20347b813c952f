/*  ticlient: stores requests with Titanic, and fetches their replies. Its administration is in ticlient_admin.c. */
#include <keel/titanic.h>

#include "exit_codes.h"
#include "log.h"
#include "request.h"
#include "ticlient_admin.h"
#include "ticlient_settings.h"
#include "tsp.h"

#include <errno.h>
#include <string.h>

/*  How long `call` waits for a reply unless --wait says so. */
#define CALL_WAIT_MS 60000

static const program_t program = {
    .name = "ticlient",
    .summary = "Stores requests with Titanic, by way of an MDP broker, and fetches their replies.",
    .usage = "COMMAND [ARGUMENT...]",
    .fewest = 1,
    .notes =
        "Commands:\n"
        "  submit SERVICE [FRAME...] store a request and print its uuid\n"
        "  fetch UUID                print the frames of the reply, one a line\n"
        "  close UUID                have Titanic forget the request and its reply\n"
        "  call SERVICE [FRAME...]   all three\n"
        "  admin list                requests in a titanic's store; see --service, --state, --age, --limit\n"
        "  admin show UUID           all that is known of one\n"
        "  admin requeue UUID        run a dead one again; with --service NAME instead: all dead ones of it\n"
        "  admin purge UUID          remove one and its reply; with --service NAME instead, and perhaps --state: all\n"
        "  admin stats               every counter and gauge\n"
        "  admin backup DIRECTORY    copy the store while it is used, to a new directory of that absolute path\n"
        "A FRAME that is - is read from standard input. Without any the request is one empty frame.\n"
        "Exit codes: 0 done; 1 failed; 3 no reply yet; 4 no such request is stored; 5 Titanic gave the request up.",
    .settings = ticlient_settings,
    .size = sizeof (ticlient_settings_t),
    .terse = true,
};

typedef struct {
    options_t options;
    ticlient_settings_t settings;
    keel_titanic_t *titanic;
    char *brokers; /* separated by commas */
    char uuid[KEEL_UUID_SIZE];
} run_t;

/* ------------------------------------------------------------------ what went wrong */

/*  To what fails for want of somebody at the other end. */
static const char *
advise (int rc)
{
    switch (rc) {
    case KEEL_E_NO_WORKER:
        return "; is titanic running, with this broker?";
    case KEEL_E_TIMEOUT:
        return "; a broker is there: is titanic running, with this one?";
    case KEEL_E_ANSWER:
        return "; who registered that service with the broker?";
    default:
        return "";
    }
}

static int
exit_code_of (int rc)
{
    switch (rc) {
    case KEEL_E_PENDING:
        return EXIT_PENDING;
    case KEEL_E_UNKNOWN:
        return EXIT_UNKNOWN;
    case KEEL_E_DEAD:
        return EXIT_DEAD;
    default:
        return EXIT_FAILED;
    }
}

/*  Says why an operation failed. Returns the code to exit with. */
static int
fail (const run_t *self, int rc)
{
    if (rc == KEEL_E_NO_BROKER)
        log_at (KEEL_LOG_ERROR, "nothing was heard from a broker at %s; is one running there?", self->brokers);
    else if (rc == KEEL_E_PENDING)
        log_at (KEEL_LOG_ERROR, "%s has no reply yet; fetch it later, or with a longer --wait", self->uuid);
    else if (rc == KEEL_E_UNKNOWN)
        log_at (KEEL_LOG_ERROR, "%s: no such request is stored; it never was, was closed, or its reply was too old",
                self->uuid);
    else
        log_at (KEEL_LOG_ERROR, "%s%s", keel_titanic_error (self->titanic), advise (rc));
    return exit_code_of (rc);
}

static int
fail_submit (const run_t *self, int rc)
{
    const char *service = self->options.arguments[1];
    if (rc == KEEL_E_INVALID)
        return options_fail (&self->options,
                             "bad service name '%.256s': 1 to 255 printable characters without space; those that begin "
                             "with titanic. and mmi. are not run by Titanic",
                             service);
    int code = fail (self, rc);
    if (*self->uuid)
        log_at (KEEL_LOG_ERROR, "it may be stored all the same; to submit it again, and have it stored once: --uuid %s",
                self->uuid);
    return code;
}

/* ------------------------------------------------------------------ commands */

/*  What returns when a signal came is asked again: signals that are to end the program do so by themselves. */

static int
submit_once (run_t *self, const zmsg_t *body)
{
    zmsg_t *request = zmsg_dup ((zmsg_t *) (uintptr_t) body);
    const char *service = self->options.arguments[1];
    if (self->settings.rfc)
        return keel_titanic_submit (self->titanic, service, &request, self->uuid);
    return keel_titanic_submit_as (self->titanic, service, &request, self->uuid);
}

static int
submit (run_t *self)
{
    zmsg_t *body;
    int rc, code = request_read (&self->options, self->options.arguments + 2, &body);
    if (!self->settings.rfc && !*self->uuid)
        keel_titanic_uuid (self->uuid);
    if (code == EXIT_OK) {
        while ((rc = submit_once (self, body)) == KEEL_E_INTERRUPTED && !self->settings.rfc)
            continue;
        code = rc ? fail_submit (self, rc) : EXIT_OK;
    }
    zmsg_destroy (&body);
    return code;
}

static int
print_uuid (const run_t *self)
{
    if (puts (self->uuid) >= 0 && fflush (stdout) == 0)
        return EXIT_OK;
    log_at (KEEL_LOG_ERROR, "cannot write the uuid %s: %s", self->uuid, strerror (errno));
    return EXIT_FAILED;
}

static int
run_submit (run_t *self)
{
    int code = submit (self);
    return code ? code : print_uuid (self);
}

static int
fetch (run_t *self, int64_t wait_ms)
{
    zmsg_t *reply;
    int rc;
    while ((rc = keel_titanic_fetch (self->titanic, self->uuid, (int) wait_ms, &reply)) == KEEL_E_INTERRUPTED)
        continue;
    int code = rc ? fail (self, rc) : request_print (reply) ? EXIT_OK : EXIT_FAILED;
    zmsg_destroy (&reply);
    return code;
}

static int
run_fetch (run_t *self)
{
    return fetch (self, self->settings.wait_ms);
}

static int
run_close (run_t *self)
{
    int rc;
    while ((rc = keel_titanic_close (self->titanic, self->uuid)) == KEEL_E_INTERRUPTED)
        continue;
    return rc ? fail (self, rc) : EXIT_OK;
}

/*  What could not be fetched or printed is not closed, and can be had by its uuid. */
static int
run_call (run_t *self)
{
    int code = submit (self);
    if (code)
        return code;
    code = fetch (self, options_given (&self->options, "wait") ? self->settings.wait_ms : CALL_WAIT_MS);
    if (code == EXIT_OK)
        return run_close (self);
    log_at (KEEL_LOG_ERROR, "its uuid is %s", self->uuid);
    return code;
}

typedef struct {
    const char *name;
    bool uuid; /* its one argument is one; else SERVICE [FRAME...] */
    int (*run) (run_t *self);
} command_t;

static const command_t commands[] = {
    {"submit", false, run_submit},
    {"fetch", true, run_fetch},
    {"close", true, run_close},
    {"call", false, run_call},
};

/* ------------------------------------------------------------------ main */

/*  -1, or the code to exit with. */
static int
take_uuid (run_t *self, const char *text)
{
    tsp_uuid_t uuid;
    if (!tsp_uuid_decode (span_text (text), &uuid))
        return options_fail (&self->options, "bad uuid '%.256s': 32 hexadecimal digits", text);
    memcpy (self->uuid, text, KEEL_UUID_SIZE);
    return -1;
}

/*  -1, or the code to exit with. */
static int
take_command (run_t *self, const command_t **command)
{
    const options_t *options = &self->options;
    for (size_t n = 0; n < sizeof (commands) / sizeof (commands[0]); n++)
        if (strcmp (commands[n].name, options->arguments[0]) == 0)
            *command = &commands[n];
    if (!*command)
        return options_fail (options, "unknown command '%.256s'", options->arguments[0]);
    if (options->argument_count < 2)
        return options_fail (options, "%s wants a %s", (*command)->name, (*command)->uuid ? "UUID" : "SERVICE");
    if (self->settings.uuid && self->settings.rfc)
        return options_fail (options,
                             "--uuid and --rfc exclude each other: with --rfc it is Titanic that makes the uuid");
    if (!(*command)->uuid)
        return self->settings.uuid ? take_uuid (self, self->settings.uuid) : -1;
    if (options->argument_count > 2)
        return options_fail (options, "unexpected argument '%.256s'", options->arguments[2]);
    return take_uuid (self, options->arguments[1]);
}

static int
make_client (run_t *self)
{
    const ticlient_settings_t *set = &self->settings;
    self->brokers = setting_list_join (&set->brokers, ',');
    self->titanic = self->brokers ? keel_titanic_new (self->brokers) : NULL;
    if (!self->titanic)
        return request_not_made (&self->options, "broker", self->brokers);
    keel_titanic_set_timeout (self->titanic, (int) set->timeout);
    keel_titanic_set_retries (self->titanic, (int) set->retries);
    keel_titanic_set_stock (self->titanic, set->stock);
    keel_titanic_set_submit (self->titanic, !set->rfc);
    return EXIT_OK;
}

static int
run (run_t *self)
{
    const command_t *command = NULL;
    if (strcmp (self->options.arguments[0], "admin") == 0)
        return ticlient_admin (&self->options, &self->settings);
    int rc = take_command (self, &command);
    if (rc < 0)
        rc = make_client (self);
    return rc ? rc : command->run (self);
}

int
main (int argc, char **argv)
{
    run_t self = {0};
    int rc = options_parse (&self.options, &program, argc, argv, &self.settings);
    if (rc >= 0)
        return rc;
    rc = run (&self);
    keel_titanic_destroy (&self.titanic);
    free (self.brokers);
    options_close (&self.options);
    return rc;
}
