#include "member.h"

#include "clock.h"
#include "exit_codes.h"
#include "listen.h"
#include "log.h"

#include <errno.h>

static void
log_line (void *arg, keel_log_level_t level, const char *text)
{
    (void) arg;
    log_at (level, "pair: %s", text);
}

static int
fail (const options_t *options, const char *culprit, const char *problem)
{
    int error = errno;
    if (culprit)
        return listen_failed (options, culprit, error);
    log_at (KEEL_LOG_ERROR, "%s", problem);
    return error == ENOMEM ? EXIT_FAILED : EXIT_CONFIG;
}

int
member_open (member_t *self, const pair_settings_t *settings, const options_t *options, port_t *port,
             void (*role_changed) (void *arg, bstar_state_t state, uint64_t epoch), void (*drain) (void *arg),
             void *arg)
{
    char problem[PAIR_PROBLEM];
    const char *culprit;
    const pair_config_t config = {
        .role = settings->role[0] == 'p' ? BSTAR_ROLE_PRIMARY : BSTAR_ROLE_BACKUP,
        .failover_ms = settings->failover,
        .bind = settings->bind,
        .peer = settings->peer,
        .file = settings->file,
        .role_changed = role_changed,
        .drain = drain,
        .log = log_line,
        .arg = arg,
    };
    if (pair_open (&self->pair, &config, problem, &culprit) != 0)
        return fail (options, culprit, problem);
    log_at (KEEL_LOG_NOTICE, "listening on %s state=1", pair_endpoint (self->pair));
    if (port_watch (port, pair_fd (self->pair)) != 0) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

void
member_close (member_t *self)
{
    pair_close (&self->pair);
}

int64_t
member_next_due (const member_t *self, int64_t due)
{
    int64_t pair = self->pair ? pair_next_due (self->pair) : KEEL_NEVER;
    return pair < due ? pair : due;
}

void
member_describe (const member_t *self, text_t *line, int64_t now)
{
    if (self->pair)
        keel_star_describe (pair_star (self->pair), line, now);
    else
        text_add (line, "serving");
}

void
member_hand_over (member_t *self)
{
    const char *why = "it is not one of a pair";
    if (self->pair)
        why = keel_star_refuses_handover (pair_star (self->pair), clock_now_ms ());
    if (why)
        log_event (KEEL_LOG_WARNING, "no handover", "reason", why, NULL);
    else
        pair_tell (self->pair, KEEL_STAR_HANDOVER);
}
