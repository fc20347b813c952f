#include "setting.h"

#include "endpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  The strings of settings. They are few and mostly the same at each reload, so they are never freed. */
typedef struct interned {
    struct interned *next;
    char text[];
} interned_t;

static interned_t *interned;

const char *
setting_intern (const char *text)
{
    for (interned_t *item = interned; item; item = item->next)
        if (strcmp (item->text, text) == 0)
            return item->text;
    size_t size = strlen (text) + 1;
    interned_t *item = malloc (sizeof (*item) + size);
    if (!item)
        return NULL;
    memcpy (item->text, text, size);
    item->next = interned;
    interned = item;
    return item->text;
}

bool
setting_takes_value (const setting_t *self)
{
    return self->kind != SETTING_FLAG && self->kind != SETTING_CHOICE;
}

bool
setting_is_list (const setting_t *self)
{
    return self->list || self->kind == SETTING_LISTEN || self->kind == SETTING_LISTEN_ADMIN;
}

const setting_t *
setting_of_admin (const setting_t settings[], const setting_t *listen)
{
    for (const setting_t *setting = settings; setting->kind; setting++)
        if (setting->kind == SETTING_LISTEN_ADMIN && setting->at == listen->at)
            return setting;
    return NULL;
}

static void *
place (const setting_t *self, void *target)
{
    return (uint8_t *) target + self->at;
}

static int
apply_text (const setting_t *self, const char *value, void *target, char problem[])
{
    const char *text = setting_intern (value);
    if (!text) {
        snprintf (problem, SETTING_PROBLEM, "there is no memory for it");
        return -1;
    }
    if (!setting_is_list (self)) {
        *(const char **) place (self, target) = text;
        return 0;
    }
    setting_list_t *list = place (self, target);
    if (list->count == SETTING_LIST_MOST) {
        snprintf (problem, SETTING_PROBLEM, "there are more than %d of them", SETTING_LIST_MOST);
        return -1;
    }
    list->items[list->count++] = (setting_item_t){.text = text, .admin = self->kind == SETTING_LISTEN_ADMIN};
    return 0;
}

static int
apply_endpoint (const setting_t *self, const char *value, void *target, char problem[])
{
    endpoint_use_t use = self->kind == SETTING_CONNECT ? ENDPOINT_CONNECT : ENDPOINT_BIND;
    const char *wrong = endpoint_check (value, use);
    if (wrong) {
        snprintf (problem, SETTING_PROBLEM, "bad endpoint: %s", wrong);
        return -1;
    }
    return apply_text (self, value, target, problem);
}

/*  Decimal digits and, for bytes, one of K, M, G. False also when it is more than an int64_t takes. */
static bool
parse_number (const char *value, bool bytes, int64_t *number)
{
    static const char units[] = "KMG";
    uint64_t sum = 0;
    const char *at = value;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (sum > (INT64_MAX - 9) / 10)
            return false;
        sum = sum * 10 + (uint64_t) (*at - '0');
    }
    if (at == value)
        return false;
    const char *unit = bytes && *at ? strchr (units, *at) : NULL;
    int shift = unit ? 10 * (int) (unit - units + 1) : 0;
    if (at[unit ? 1 : 0] || sum > (uint64_t) INT64_MAX >> shift)
        return false;
    *number = (int64_t) (sum << shift);
    return true;
}

static int
apply_number (const setting_t *self, const char *value, void *target, char problem[])
{
    static const char *const words[] = {
        [SETTING_COUNT] = "a number",
        [SETTING_MSEC] = "milliseconds",
        [SETTING_BYTES] = "bytes, with K, M or G if you like,",
    };
    int64_t number;
    if (!parse_number (value, self->kind == SETTING_BYTES, &number) || number < self->minimum ||
        number > self->maximum) {
        snprintf (problem, SETTING_PROBLEM, "must be %s from %" PRId64 " to %" PRId64, words[self->kind], self->minimum,
                  self->maximum);
        return -1;
    }
    *(int64_t *) place (self, target) = number;
    return 0;
}

static int
apply_flag (const setting_t *self, const char *value, void *target, char problem[])
{
    if (value && strcmp (value, "0") != 0 && strcmp (value, "1") != 0) {
        snprintf (problem, SETTING_PROBLEM, "must be 0 or 1");
        return -1;
    }
    *(bool *) place (self, target) = !value || *value == '1';
    return 0;
}

int
setting_apply (const setting_t *self, const char *value, void *target, char problem[SETTING_PROBLEM])
{
    if (self->kind == SETTING_FLAG)
        return apply_flag (self, value, target, problem);
    if (self->kind == SETTING_CHOICE)
        value = self->word;
    assert (value);
    if (!*value) {
        snprintf (problem, SETTING_PROBLEM, "the value is missing");
        return -1;
    }
    if (self->kind == SETTING_TEXT || self->kind == SETTING_CHOICE)
        return apply_text (self, value, target, problem);
    if (self->kind == SETTING_COUNT || self->kind == SETTING_MSEC || self->kind == SETTING_BYTES)
        return apply_number (self, value, target, problem);
    return apply_endpoint (self, value, target, problem);
}

static size_t
size_of (const setting_t *self)
{
    if (setting_is_list (self))
        return sizeof (setting_list_t);
    if (self->kind == SETTING_FLAG)
        return sizeof (bool);
    if (self->kind == SETTING_COUNT || self->kind == SETTING_MSEC || self->kind == SETTING_BYTES)
        return sizeof (int64_t);
    return sizeof (const char *);
}

static bool
lists_differ (const setting_list_t *one, const setting_list_t *other)
{
    if (one->count != other->count)
        return true;
    for (size_t n = 0; n < one->count; n++)
        if (one->items[n].text != other->items[n].text || one->items[n].admin != other->items[n].admin)
            return true;
    return false;
}

/*  Strings are interned: the same text has the same address. */
bool
setting_differs (const setting_t *self, const void *target, const void *source)
{
    const uint8_t *one = (const uint8_t *) target + self->at;
    const uint8_t *other = (const uint8_t *) source + self->at;
    if (setting_is_list (self))
        return lists_differ ((const setting_list_t *) (const void *) one,
                             (const setting_list_t *) (const void *) other);
    return memcmp (one, other, size_of (self)) != 0;
}

bool
setting_copy (const setting_t *self, void *target, const void *source)
{
    bool differs = setting_differs (self, target, source);
    memcpy (place (self, target), (const uint8_t *) source + self->at, size_of (self));
    return differs;
}

char *
setting_list_join (const setting_list_t *self, char separator)
{
    size_t size = 1;
    for (size_t n = 0; n < self->count; n++)
        size += strlen (self->items[n].text) + 1;
    char *text = malloc (size), *end = text;
    if (!text)
        return NULL;
    for (size_t n = 0; n < self->count; n++) {
        if (n)
            *end++ = separator;
        end = stpcpy (end, self->items[n].text);
    }
    *end = 0;
    return text;
}
