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
        const char *value, *name, *key;
    } needed[] = {
        {self->role, "--primary or --backup", "role"},
        {self->bind, "--state-bind EP", "state-bind"},
        {self->peer, "--state-peer EP", "state-peer"},
        {self->file, "--state-file FILE", "state-file"},
    };
    for (size_t n = 0; n < sizeof (needed) / sizeof (needed[0]); n++)
        if (!needed[n].value)
            return options_fail (options, "one of a pair needs %s, or pair/%s in a file", needed[n].name, needed[n].key);
    return -1;
}
