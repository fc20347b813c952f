#include "options_check.h"

#include "endpoint.h"
#include "exit_codes.h"
#include "log.h"

#include <assert.h>
#include <stdio.h>

#define PLACES_MOST (8 * SETTING_LIST_MOST)
#define NAME_MOST   64

/*  An endpoint of the settings. */
typedef struct {
    const setting_t *setting;
    const char *endpoint;
    int line;
} place_t;

typedef struct {
    size_t count;
    place_t items[PLACES_MOST];
} places_t;

static void
add (places_t *places, const setting_t *setting, const char *endpoint, int line)
{
    assert (places->count < PLACES_MOST); /* the table has too many lists */
    if (endpoint)
        places->items[places->count++] = (place_t){setting, endpoint, line};
}

/*  LISTEN_ADMIN's are in the list of its LISTEN. */
static bool
has_endpoint (const setting_t *setting)
{
    return setting->kind == SETTING_LISTEN || setting->kind == SETTING_BIND || setting->kind == SETTING_CONNECT;
}

static void
collect (const options_t *self, const void *settings, places_t *places)
{
    for (size_t n = 0; self->program->settings[n].kind; n++) {
        const setting_t *setting = &self->program->settings[n];
        const void *value = (const uint8_t *) settings + setting->at;
        if (!has_endpoint (setting))
            continue;
        if (!setting_is_list (setting)) {
            add (places, setting, *(const char *const *) value, self->lines[n]);
            continue;
        }
        const setting_list_t *list = value;
        for (size_t item = 0; item < list->count; item++)
            add (places, setting, list->items[item].text, list->items[item].line);
    }
}

/*  As it was given: by an option, or a key. */
static void
name_of (const place_t *place, char name[NAME_MOST])
{
    snprintf (name, NAME_MOST, "%s%s", place->line ? "" : "--",
              place->line ? place->setting->key : place->setting->name);
}

/*  earlier: a place before this one. -1: they do not hinder each other. */
static int
compare (const options_t *self, const place_t *place, const place_t *earlier)
{
    char name[NAME_MOST], other[NAME_MOST];
    bool dials = place->setting->kind == SETTING_CONNECT, dialled = earlier->setting->kind == SETTING_CONNECT;
    int line = place->line ? place->line : earlier->line;
    const place_t *peer = dials ? place : earlier, *own = dials ? earlier : place;
    name_of (peer, name);
    name_of (own, other);
    if (!dials && !dialled && endpoint_collides (peer->endpoint, own->endpoint))
        return options_fail_at (self, line,
                                "%s (%s) and %s (%s) cannot both be listened to; give each its own port or path",
                                peer->endpoint, name, own->endpoint, other);
    if (dials != dialled && endpoint_reaches (peer->endpoint, own->endpoint))
        return options_fail_at (self, line, "%s (%s) is our own endpoint (%s); give that of the other one",
                                peer->endpoint, name, other);
    return -1;
}

static int
check_places (const options_t *self, const void *settings)
{
    places_t places = {0};
    collect (self, settings, &places);
    for (size_t n = 1; n < places.count; n++)
        for (size_t m = 0; m < n; m++) {
            int rc = compare (self, &places.items[n], &places.items[m]);
            if (rc >= 0)
                return rc;
        }
    return -1;
}

int
options_check (const options_t *self, const void *settings)
{
    int rc = check_places (self, settings);
    if (rc >= 0)
        return rc;
    printf ("%s: good\n", self->file ? self->file : self->program->name);
    if (fflush (stdout) == 0)
        return EXIT_OK;
    log_at (KEEL_LOG_ERROR, "cannot write to stdout");
    return EXIT_FAILED;
}
