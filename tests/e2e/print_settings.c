/*  Prints a program's table of settings as JSON, for the tests that hold its pages and its example file against it.
 *
 *      [{"key": "heartbeat/interval", "option": "heartbeat", "unit": "msec", "default": "2500", "minimum": 10,
 *        "maximum": 86400000, "reload": true}, ...]
 *
 *  One entry a key of the file; of several options for one key all are named. A default, minimum or maximum that there is not is left out.
 */
#include "setting.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

extern const setting_t SETTINGS[]; /* the build says which */

static const char *
unit_of (const setting_t *setting)
{
    switch (setting->kind) {
    case SETTING_MSEC:
        return "msec";
    case SETTING_BYTES:
        return "bytes";
    case SETTING_COUNT:
        return setting->argument ? "usec" : "number";
    case SETTING_FLAG:
        return "0 or 1";
    case SETTING_CHOICE:
        return "word";
    case SETTING_TEXT:
        return "text";
    default:
        return "endpoint";
    }
}

/*  The word of another option for the key before it; false: it is of another key. */
static bool
joins (json_t *keys, const char *key, const char *option)
{
    char both[128];
    json_t *last = json_array_get (keys, json_array_size (keys) - 1);
    if (!last || strcmp (json_string_value (json_object_get (last, "key")), key) != 0)
        return false;
    snprintf (both, sizeof (both), "%s, --%s", json_string_value (json_object_get (last, "option")), option);
    json_object_set_new (last, "option", json_string (both));
    return true;
}

static void
add (json_t *keys, const char *key, const char *unit, const char *preset, const setting_t *setting)
{
    if (joins (keys, key, setting->name))
        return;
    json_t *entry = json_pack ("{s:s, s:s, s:s, s:s*, s:b}", "key", key, "option", setting->name, "unit", unit,
                               "default", preset, "reload", setting->reload);
    if (setting->maximum) {
        json_object_set_new (entry, "minimum", json_integer (setting->minimum));
        json_object_set_new (entry, "maximum", json_integer (setting->maximum));
    }
    json_array_append_new (keys, entry);
}

/*  A section that names an endpoint. */
static void
add_listen (json_t *keys, const setting_t *setting)
{
    char key[64];
    const setting_t *admin = setting_of_admin (SETTINGS, setting);
    snprintf (key, sizeof (key), "%s/endpoint", setting->key);
    add (keys, key, unit_of (setting), setting->preset, setting);
    snprintf (key, sizeof (key), "%s/admin", setting->key);
    if (admin)
        add (keys, key, "0 or 1", "0", admin);
}

int
main (void)
{
    json_t *keys = json_array ();
    for (const setting_t *setting = SETTINGS; setting->kind; setting++)
        if (setting->key && setting_is_list (setting))
            add_listen (keys, setting);
        else if (setting->key)
            add (keys, setting->key, unit_of (setting), setting->preset, setting);
    int rc = json_dumpf (keys, stdout, JSON_INDENT (1));
    json_decref (keys);
    return rc ? 1 : 0;
}
