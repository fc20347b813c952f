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
        const char *value, *name;
    } needed[] = {
        {self->role, "--primary or --backup"},
        {self->bind, "--state-bind EP"},
        {self->peer, "--state-peer EP"},
        {self->file, "--state-file FILE"},
    };
    for (size_t n = 0; n < sizeof (needed) / sizeof (needed[0]); n++)
        if (!needed[n].value)
            return options_fail (options, "one of a pair needs %s", needed[n].name);
    return -1;
}
