#include "pair_settings.h"

bool
pair_settings_wanted (const pair_settings_t *self)
{
    return self->role || self->bind || self->peer || self->file;
}

int
pair_settings_check (const pair_settings_t *self, const options_t *options)
{
    const struct {
        const char *value, *key, *name;
    } needed[] = {
        {self->role, "pair/role", "--primary or --backup"},
        {self->bind, "pair/state-bind", "--state-bind EP"},
        {self->peer, "pair/state-peer", "--state-peer EP"},
        {self->file, "pair/state-file", "--state-file FILE"},
    };
    const size_t count = sizeof (needed) / sizeof (needed[0]);
    int line = 0; /* of one that is there */
    for (size_t n = 0; n < count && !line; n++)
        line = options_line (options, needed[n].key);
    for (size_t n = 0; n < count; n++)
        if (!needed[n].value)
            return options_fail_at (options, line, "one of a pair needs %s, or %s in a file", needed[n].name, needed[n].key);
    return -1;
}
