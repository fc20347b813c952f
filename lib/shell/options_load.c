#include "options_load.h"

#include "config.h"
#include "exit_codes.h"
#include "log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool
is_given (const options_t *self, const setting_t *setting)
{
    for (size_t n = 0; n < self->given_count; n++)
        if (self->given[n].setting == setting)
            return true;
    return false;
}

/*  values: of an environment variable. A list's are separated by commas. */
static int
apply_environment (const options_t *self, const setting_t *setting, const char *values, void *target)
{
    char problem[SETTING_PROBLEM], copy[4096];
    if (strlen (values) >= sizeof (copy))
        return options_refuse (self, "environment variable %s is too long", setting->environment);
    memcpy (copy, values, strlen (values) + 1);
    char *rest = copy;
    do {
        const char *value = setting_is_list (setting) ? strsep (&rest, ",") : copy;
        if (setting_apply (setting, value, target, problem))
            return options_refuse (self, "environment variable %s '%.256s': %s", setting->environment, value, problem);
    } while (setting_is_list (setting) && rest);
    return -1;
}

/*  For what neither the command line nor the file gave. */
static int
apply_fallback (const options_t *self, const setting_t *setting, void *target)
{
    const char *values = setting->environment ? getenv (setting->environment) : NULL;
    if (values && *values)
        return apply_environment (self, setting, values, target);
    char problem[SETTING_PROBLEM];
    bool failed = setting->preset && setting_apply (setting, setting->preset, target, problem);
    assert (!failed); /* the table is wrong */
    return -1;
}

/*  Each value was checked when it came; a list can still be too long together with the file's. */
static int
apply_given (const options_t *self, void *target)
{
    char problem[SETTING_PROBLEM];
    for (size_t n = 0; n < self->given_count; n++) {
        const setting_t *setting = self->given[n].setting;
        if (setting_is_list (setting) && setting->kind != SETTING_LISTEN_ADMIN)
            ((setting_list_t *) (void *) ((uint8_t *) target + setting->at))->count = 0;
    }
    for (size_t n = 0; n < self->given_count; n++) {
        const options_given_t *given = &self->given[n];
        if (setting_apply (given->setting, given->value, target, problem))
            return options_refuse (self, "--%s '%.256s': %s", given->setting->name, given->value ? given->value : "",
                                   problem);
    }
    return -1;
}

int
options_load (options_t *self, void *target)
{
    char problem[CONFIG_PROBLEM];
    memset (target, 0, self->program->size);
    if (self->file && config_read (self->file, self->program->settings, self->lines, target, problem)) {
        log_at (KEEL_LOG_ERROR, "%s", problem);
        return EXIT_CONFIG;
    }
    for (int n = 0; self->program->settings[n].kind; n++) {
        const setting_t *setting = &self->program->settings[n];
        int rc = self->lines[n] || is_given (self, setting) ? -1 : apply_fallback (self, setting, target);
        if (rc >= 0)
            return rc;
    }
    return apply_given (self, target);
}

static void
take_over (const options_t *self, void *target, const void *fresh)
{
    for (const setting_t *setting = self->program->settings; setting->kind; setting++) {
        const char *name = setting->key ? setting->key : setting->name;
        if (!setting_differs (setting, target, fresh))
            continue;
        if (!setting->reload)
            log_event (KEEL_LOG_WARNING, "setting needs a restart", "key", name, "file", self->file, NULL);
        else if (setting_copy (setting, target, fresh))
            log_event (KEEL_LOG_INFO, "setting changed", "key", name, "file", self->file, NULL);
    }
}

int
options_reload (options_t *self, void *target)
{
    if (!self->file)
        return 0;
    void *fresh = malloc (self->program->size);
    if (!fresh)
        return -1;
    int rc = options_load (self, fresh);
    if (rc < 0)
        take_over (self, target, fresh);
    free (fresh);
    return rc < 0 ? 0 : -1;
}
