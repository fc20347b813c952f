#include "report.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ answers */

int
report_code (zframe_t *frame)
{
    if (!frame || zframe_size (frame) != 3)
        return 0;
    int code = 0;
    for (size_t n = 0; n < 3; n++) {
        int digit = zframe_data (frame)[n] - '0';
        if (digit < 0 || digit > 9)
            return 0;
        code = code * 10 + digit;
    }
    return code;
}

bool
report_is_plain (const char *text)
{
    for (; *text; text++)
        if ((*text < ' ' || *text > '~') && *text != '\n' && *text != '\t')
            return false;
    return true;
}

json_t *
report_parse (const char *text)
{
    json_t *answer = report_is_plain (text) ? json_loads (text, 0, NULL) : NULL;
    if (json_is_object (answer))
        return answer;
    json_decref (answer);
    return NULL;
}

/* ------------------------------------------------------------------ values */

void
report_value (const json_t *value, char words[REPORT_WORDS])
{
    if (json_is_integer (value))
        snprintf (words, REPORT_WORDS, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (json_is_string (value))
        snprintf (words, REPORT_WORDS, "%s", json_string_value (value));
    else if (json_is_boolean (value))
        snprintf (words, REPORT_WORDS, "%s", json_is_true (value) ? "yes" : "no");
    else
        snprintf (words, REPORT_WORDS, "-");
}

json_int_t
report_number (const json_t *object, const char *key)
{
    return json_integer_value (json_object_get (object, key));
}

void
report_duration (const json_t *value, char words[REPORT_WORDS])
{
    json_int_t ms = json_integer_value (value), seconds = ms / 1000;
    if (!json_is_integer (value) || ms < 0)
        snprintf (words, REPORT_WORDS, "-");
    else if (seconds < 60)
        snprintf (words, REPORT_WORDS, "%d.%ds", (int) seconds, (int) (ms % 1000 / 100));
    else if (seconds < 3600)
        snprintf (words, REPORT_WORDS, "%dm%02ds", (int) (seconds / 60), (int) (seconds % 60));
    else if (seconds < 86400)
        snprintf (words, REPORT_WORDS, "%dh%02dm", (int) (seconds / 3600), (int) (seconds / 60 % 60));
    else
        snprintf (words, REPORT_WORDS, "%" JSON_INTEGER_FORMAT "d%02dh", seconds / 86400, (int) (seconds / 3600 % 24));
}

void
report_bytes (const json_t *value, char words[REPORT_WORDS])
{
    static const char units[] = "KMGTPE";
    double size = (double) json_integer_value (value);
    size_t unit = 0;
    if (!json_is_integer (value) || size < 1024) {
        report_value (value, words);
        return;
    }
    for (size /= 1024; size >= 1024; size /= 1024)
        unit++;
    snprintf (words, REPORT_WORDS, "%.1f%c", size, units[unit]);
}

void
report_add (table_t *table, const json_t *object, const char *key)
{
    char words[REPORT_WORDS];
    report_value (json_object_get (object, key), words);
    table_add (table, words);
}

/* ------------------------------------------------------------------ counters */

/*  Of an object within the object. */
static void
add_counters (table_t *table, const char *group, const json_t *counters)
{
    char name[REPORT_WORDS];
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) (uintptr_t) counters, key, value) {
        snprintf (name, sizeof (name), "%.100s.%.900s", group, key);
        table_add (table, name);
        report_add (table, counters, key);
    }
}

bool
report_counters (const json_t *answer)
{
    static const column_t columns[] = {{NULL, .flexible = true}, {NULL, .right = true}};
    table_t *table = table_new (columns, 2);
    const char *key;
    json_t *value;
    if (!table)
        return false;
    json_object_foreach ((json_t *) (uintptr_t) answer, key, value) {
        if (json_is_object (value)) {
            add_counters (table, key, value);
        } else {
            table_add (table, key);
            report_add (table, answer, key);
        }
    }
    bool printed = table_print (table);
    table_destroy (&table);
    return printed;
}
