#include "config.h"

#include "config_lines.h"

#include <czmq.h>
#include <assert.h>
#include <stdarg.h>

#define PATH_MOST 256

typedef struct {
    const char *file;
    const setting_t *settings;
    config_lines_t lines;
    size_t items; /* seen so far */
    int line;     /* of the last one */
    int *given;   /* the line that gave a setting; 0: none yet */
    void *target;
    char *problem;
} reader_t;

/*  Always -1. */
static int __attribute__ ((format (printf, 2, 3))) fail (const reader_t *self, const char *format, ...)
{
    int size = snprintf (self->problem, CONFIG_PROBLEM, "%.512s:%d: ", self->file, self->line);
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->problem + size, CONFIG_PROBLEM - (size_t) size, format, arguments);
    va_end (arguments);
    return -1;
}

static bool
in_section (const char *key, const char *section)
{
    size_t size = strlen (section);
    return size == 0 || (strncmp (key, section, size) == 0 && key[size] == '/');
}

static bool
is_section (const reader_t *self, const char *path)
{
    for (const setting_t *setting = self->settings; setting->kind; setting++)
        if (setting->key && in_section (setting->key, path))
            return true;
    return false;
}

static const setting_t *
find_key (const reader_t *self, const char *path)
{
    for (const setting_t *setting = self->settings; setting->kind; setting++)
        if (setting->key && strcmp (setting->key, path) == 0)
            return setting;
    return NULL;
}

/*  Of the settings of one key, the one with that word. */
static const setting_t *
find_word (const reader_t *self, const char *key, const char *word)
{
    for (const setting_t *setting = self->settings; setting->kind; setting++)
        if (setting->key && strcmp (setting->key, key) == 0 && strcmp (setting->word, word) == 0)
            return setting;
    return NULL;
}

/*  Has a setting before this one the same name in that section? Then it was listed. */
static bool
was_listed (const reader_t *self, const setting_t *last, const char *section, const char *name, size_t size)
{
    size_t skip = section[0] ? strlen (section) + 1 : 0;
    for (const setting_t *setting = self->settings; setting < last; setting++)
        if (setting->key && in_section (setting->key, section) && strncmp (setting->key + skip, name, size) == 0 &&
            (setting->key[skip + size] == 0 || setting->key[skip + size] == '/'))
            return true;
    return false;
}

static int
fail_unknown (const reader_t *self, const char *section, const char *path)
{
    char known[CONFIG_PROBLEM / 2] = "";
    size_t skip = section[0] ? strlen (section) + 1 : 0, used = 0;
    for (const setting_t *setting = self->settings; setting->kind; setting++) {
        if (!setting->key || !in_section (setting->key, section))
            continue;
        const char *name = setting->key + skip;
        size_t size = strcspn (name, "/");
        if (used + size + 3 < sizeof (known) && !was_listed (self, setting, section, name, size))
            used +=
                (size_t) snprintf (known + used, sizeof (known) - used, "%s%.*s", used ? ", " : "", (int) size, name);
    }
    return fail (self, "unknown key '%s'; known %s: %s", path, section[0] ? "in this section" : "here", known);
}

static int
fail_word (const reader_t *self, const char *key, const char *value)
{
    char words[SETTING_PROBLEM] = "";
    size_t used = 0;
    for (const setting_t *setting = self->settings; setting->kind; setting++)
        if (setting->key && strcmp (setting->key, key) == 0 && used < sizeof (words))
            used += (size_t) snprintf (words + used, sizeof (words) - used, "%s%s", used ? " or " : "", setting->word);
    return fail (self, "%s '%.256s': must be %s", key, value, words);
}

/*  The setting that a key and its value mean. */
static int
apply (reader_t *self, const setting_t *setting, const char *value)
{
    int *given = &self->given[setting - self->settings];
    if (*given)
        return fail (self, "a second '%s', the first is on line %d; delete one", setting->key, *given);
    *given = self->line;
    const setting_t *meant = setting;
    if (setting->kind == SETTING_CHOICE && !(meant = find_word (self, setting->key, value)))
        return fail_word (self, setting->key, value);
    char problem[SETTING_PROBLEM];
    if (setting_apply (meant, value, self->target, problem))
        return fail (self, "%s '%.256s': %s", setting->key, value, problem);
    return 0;
}

/*  The tree's items come in the order of the lines. */
static void
enter (reader_t *self)
{
    assert (self->items < self->lines.count);
    self->line = self->lines.numbers[self->items++];
}

static int
reject_children (reader_t *self, zconfig_t *item, const char *path)
{
    if (!zconfig_child (item))
        return 0;
    enter (self);
    return fail (self, "'%s' is a value, nothing can stand below it; check the indentation", path);
}

/*  One key of a section that names an endpoint. */
static int
read_listen_key (reader_t *self, const setting_t *setting, zconfig_t *item, const char **endpoint, const char **admin)
{
    enter (self);
    const bool has_admin = setting_of_admin (self->settings, setting);
    bool is_endpoint = streq (zconfig_name (item), "endpoint");
    if (!is_endpoint && !(has_admin && streq (zconfig_name (item), "admin")))
        return fail (self, "unknown key '%s/%.256s'; known in this section: endpoint%s", setting->key,
                     zconfig_name (item), has_admin ? ", admin" : "");
    const char **value = is_endpoint ? endpoint : admin;
    if (*value)
        return fail (self, "a second '%s/%s' in one section; begin another '%s'", setting->key, zconfig_name (item),
                     setting->key);
    *value = zconfig_value (item);
    if (!is_endpoint && !streq (*value, "0") && !streq (*value, "1"))
        return fail (self, "%s/admin '%.256s': must be 0 or 1", setting->key, *value);
    return reject_children (self, item, zconfig_name (item));
}

static int
read_listen (reader_t *self, const setting_t *setting, zconfig_t *section)
{
    const char *endpoint = NULL, *admin = NULL;
    int named = self->line;
    for (zconfig_t *item = zconfig_child (section); item; item = zconfig_next (item)) {
        if (read_listen_key (self, setting, item, &endpoint, &admin))
            return -1;
        if (streq (zconfig_name (item), "endpoint"))
            named = self->line;
    }
    self->given[setting - self->settings] = self->line = named;
    if (!endpoint)
        return fail (self, "this '%s' has no endpoint; add endpoint = \"tcp://ADDRESS:PORT\" below it", setting->key);
    const setting_t *meant = admin && *admin == '1' ? setting_of_admin (self->settings, setting) : setting;
    char problem[SETTING_PROBLEM];
    if (setting_apply (meant, endpoint, self->target, problem))
        return fail (self, "%s/endpoint '%.256s': %s", setting->key, endpoint, problem);
    setting_list_t *list = (setting_list_t *) (void *) ((uint8_t *) self->target + setting->at);
    list->items[list->count - 1].line = named;
    return 0;
}

static int read_section (reader_t *self, zconfig_t *section, const char *path);

static int
read_item (reader_t *self, zconfig_t *item, const char *section)
{
    enter (self);
    char path[PATH_MOST];
    snprintf (path, sizeof (path), "%s%s%s", section, section[0] ? "/" : "", zconfig_name (item));
    const char *value = zconfig_value (item);
    const setting_t *setting = find_key (self, path);
    if (setting && !setting_is_list (setting))
        return apply (self, setting, value) || reject_children (self, item, path) ? -1 : 0;
    if (!setting && !is_section (self, path))
        return fail_unknown (self, section, path);
    if (value && *value)
        return fail (self, "'%s' is a section and has no value; write its keys below it, indented", path);
    return setting ? read_listen (self, setting, item) : read_section (self, item, path);
}

static int
read_section (reader_t *self, zconfig_t *section, const char *path)
{
    for (zconfig_t *item = zconfig_child (section); item; item = zconfig_next (item))
        if (read_item (self, item, path))
            return -1;
    return 0;
}

static int
read_text (reader_t *self, const char *text, size_t size)
{
    if (config_lines_scan (&self->lines, text, size)) {
        self->line = self->lines.bad;
        return fail (self, "%s", self->lines.problem);
    }
    zconfig_t *root = zconfig_str_load (text);
    if (!root) {
        self->line = 1;
        return fail (self, "zconfig cannot read this file");
    }
    int rc = read_section (self, root, "");
    zconfig_destroy (&root);
    return rc;
}

/*  A terminated text that the caller frees; NULL with errno. */
static char *
load (const char *file, size_t *size)
{
    FILE *stream = fopen (file, "re");
    if (!stream)
        return NULL;
    char *text = malloc (CONFIG_BYTES + 1);
    if (text) {
        *size = fread (text, 1, CONFIG_BYTES + 1, stream);
        int error = ferror (stream) ? errno : *size > CONFIG_BYTES ? EFBIG : 0;
        if (error) {
            free (text);
            text = NULL;
            errno = error;
        } else
            text[*size] = 0;
    }
    int error = errno;
    fclose (stream);
    errno = error;
    return text;
}

int
config_read (const char *file, const setting_t settings[], int lines[SETTINGS_MOST], void *target,
             char problem[CONFIG_PROBLEM])
{
    memset (lines, 0, SETTINGS_MOST * sizeof (int));
    size_t size;
    char *text = load (file, &size);
    if (!text) {
        snprintf (problem, CONFIG_PROBLEM, "%.512s: cannot be read: %s; check the name and its permissions", file,
                  strerror (errno));
        return -1;
    }
    reader_t reader = {.file = file, .settings = settings, .given = lines, .target = target, .problem = problem};
    int rc = read_text (&reader, text, size);
    config_lines_close (&reader.lines);
    free (text);
    return rc;
}
