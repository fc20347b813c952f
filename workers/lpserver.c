/*  lpserver: answers requests one after the other as a REP socket does, by echo or by a command.
 *
 *  A ROUTER does it, since a REP blocks and cannot tell of what it drops: the envelope before the delimiter is kept, and goes
 *  back byte for byte. A request whose command fails gets no answer: its client is a Lazy Pirate, and tries again. */
#include "command.h"
#include "daemon.h"
#include "exit_codes.h"
#include "listen.h"
#include "log.h"
#include "pirate.h"
#include "text.h"

#include <errno.h>
#include <signal.h>

#define BATCH 64 /* requests between two looks at signals; with a command they are looked at all the time */

#define COUNTER_MAP(X)                                                                                                 \
    X (requests)     /* well formed: each is one of the next four, or in work */                                       \
    X (answered)                                                                                                       \
    X (failed)       /* its command did, so it has no answer */                                                        \
    X (clients_gone) /* its answer was for nobody any more */                                                          \
    X (clients_full) /* its answer was dropped: the client does not read */                                            \
    X (malformed)    /* messages dropped: the sum of the reasons */

typedef struct {
    setting_list_t listen;
    int64_t timeout_ms;
} settings_t;

typedef struct {
    options_t options;
    settings_t settings;
    daemon_t daemon;
    port_t *port;
    command_t command;
    bool stopping; /* after the request in work */
    bool at_once;
    struct {
#define X(name) uint64_t name;
        COUNTER_MAP (X)
#undef X
    } counters;
    uint64_t verdicts[VERDICTS];
    seldom_t malformed[VERDICTS];
    seldom_t full;
} server_t;

#define AT(member) offsetof (settings_t, member)

static const setting_t settings[] = {
    {.name = "bind", .letter = 'b', .kind = SETTING_BIND, .list = true, .at = AT (listen),
     .preset = "tcp://127.0.0.1:5555", .help = "an endpoint to listen on; repeat for more"},
    COMMAND_TIMEOUT (AT (timeout_ms)),
    SETTING_END,
};

static const program_t program = {
    .name = "lpserver",
    .summary = "Answers requests as a REP server does: echoes, or runs a command for each request.",
    .usage = "[-- COMMAND ARG...]",
    .notes = "The command gets the request's frames on its stdin, joined; what it writes to stdout is the answer.\n"
             "When it fails or takes too long, no answer is sent. SIGUSR1 writes the counters to the log.",
    .settings = settings,
    .size = sizeof (settings_t),
};

/* ------------------------------------------------------------------ signals */

static void
say_stats (const server_t *self)
{
    char buffer[LOG_LINE];
    text_t json = text_over (buffer, sizeof (buffer));
    text_add (&json, "{");
#define X(name) text_add_json_number (&json, #name, self->counters.name);
    COUNTER_MAP (X)
#undef X
    verdict_report (&json, self->verdicts);
    text_add (&json, "}");
    log_at (KEEL_LOG_NOTICE, "stats %s", buffer);
}

static void
stop (server_t *self)
{
    self->at_once = self->stopping; /* a second time */
    self->stopping = true;
    log_event (KEEL_LOG_NOTICE, self->at_once ? "stopping at once" : "stopping", NULL);
}

/*  False: the command that runs is to be killed. */
static bool
take_signals (void *server)
{
    server_t *self = server;
    int number;
    while ((number = daemon_signal (&self->daemon))) {
        if (number == SIGUSR1)
            say_stats (self);
        else if (number == SIGHUP)
            log_event (KEEL_LOG_NOTICE, "nothing to reload", "reason", "there is no configuration file", NULL);
        else
            stop (self);
    }
    return !self->at_once;
}

/* ------------------------------------------------------------------ requests */

static void
drop (server_t *self, verdict_t verdict)
{
    self->counters.malformed++;
    self->verdicts[verdict]++;
    log_seldom (&self->malformed[verdict], 1, KEEL_LOG_WARNING, "malformed message dropped", "reason",
                verdict_key (verdict), NULL);
}

static void
answer (server_t *self, const keel_event_t *event, const envelope_t *envelope, const span_t body[], size_t count)
{
    const keel_action_t send = {.kind = KEEL_ACTION_SEND,
                                .listener = event->peer.listener,
                                .id = event->peer.id,
                                .head = envelope->frames,
                                .head_count = envelope->count,
                                .body = body,
                                .body_count = count};
    self->counters.answered++;
    port_send (self->port, &send);
}

static void
answer_with_command (server_t *self, const keel_event_t *event, const pirate_command_t *request)
{
    exec_result_t result;
    if (command_run (&self->command, request->body, request->body_count, &result)) {
        span_t output = span_make (result.output ? result.output : "", result.output_size);
        answer (self, event, &request->envelope, &output, 1);
    } else
        self->counters.failed++;
    exec_result_clear (&result);
}

static void
take_message (server_t *self, const keel_event_t *event)
{
    pirate_command_t request;
    verdict_t verdict = event->cut ? VERDICT_FRAMES : pirate_decode_plain (event->frames, event->count, &request);
    if (verdict != VERDICT_OK) {
        drop (self, verdict);
        return;
    }
    self->counters.requests++;
    if (self->command.exec.argv[0])
        answer_with_command (self, event, &request);
    else
        answer (self, event, &request.envelope, request.body, request.body_count);
}

static void
take_event (server_t *self, const keel_event_t *event)
{
    if (event->kind == KEEL_EVENT_MESSAGE)
        take_message (self, event);
    else if (event->kind == KEEL_EVENT_UNREACHABLE) {
        self->counters.answered--; /* it was not, after all */
        self->counters.clients_gone++;
    } else if (event->kind == KEEL_EVENT_FULL) {
        self->counters.answered--;
        self->counters.clients_full++;
        log_seldom (&self->full, 1, KEEL_LOG_WARNING, "client does not read", NULL);
    }
}

static void
serve (server_t *self)
{
    bool more = true; /* libzmq signals only a reader that has found nothing */
    while (!self->stopping) {
        keel_event_t event;
        if (port_wait (self->port, more ? 0 : -1))
            take_signals (self);
        int left = BATCH;
        while (left > 0 && !self->stopping && port_receive (self->port, &event)) {
            take_event (self, &event);
            left--;
        }
        more = left == 0;
    }
}

/* ------------------------------------------------------------------ life */

static int
build (server_t *self)
{
    if (daemon_open (&self->daemon) != 0 || !(self->port = port_new (&PORT_CONFIG_DEFAULT)) ||
        port_watch (self->port, daemon_fd (&self->daemon)) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    self->command = command_make (self->options.arguments, self->settings.timeout_ms, "no answer sent");
    self->command.exec.attend = take_signals;
    self->command.exec.arg = self;
    self->command.exec.fd = daemon_fd (&self->daemon);
    int rc = 0;
    for (size_t n = 0; n < self->settings.listen.count && rc == 0; n++)
        rc = listen_on (&self->options, self->port, NULL, &self->settings.listen.items[n]);
    return rc;
}

/*  Answers that are still to go out wait a little for clients that do not read; not after a second signal. */
static void
finish (server_t *self)
{
    daemon_finish ();
    for (uint16_t n = 0; self->at_once && n < self->settings.listen.count; n++)
        port_close (self->port, n, false);
}

int
main (int argc, char **argv)
{
    server_t server = {.daemon = {.fd = -1}};
    bool separated = command_is_separated (argc, argv);
    int rc = options_parse (&server.options, &program, argc, argv, &server.settings);
    if (rc >= 0)
        return rc;
    if (server.options.argument_count && !separated)
        rc = command_not_separated (&server.options, 0);
    else
        rc = build (&server);
    if (rc == EXIT_OK) {
        serve (&server);
        finish (&server);
        rc = server.at_once ? EXIT_FAILED : EXIT_OK;
    }
    port_destroy (&server.port);
    daemon_close (&server.daemon);
    options_close (&server.options);
    return rc;
}
