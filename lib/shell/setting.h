/*  A setting: what an option of the command line and a key of the configuration file have in common.
 *
 *  A program has one table of them. Each says its long option, its key, its kind and range, its default, and at which
 *  offset of the program's own struct the value is. That struct is plain data and may be copied: its strings live as
 *  long as the process.
 *
 *      typedef struct {
 *          setting_list_t brokers;
 *          int64_t heartbeat_ms;
 *      } worker_settings_t;
 *
 *      static const setting_t settings[] = {
 *          {.name = "broker", .kind = SETTING_CONNECT, .list = true, .at = offsetof (worker_settings_t, brokers),
 *           .environment = "KEEL_BROKER", .help = "a broker; repeat for more, tried in order"},
 *          {.name = "heartbeat", .key = "heartbeat/interval", .kind = SETTING_MSEC, .preset = "2500",
 *           .minimum = 10, .maximum = 3600000, .at = offsetof (worker_settings_t, heartbeat_ms), .help = "..."},
 *          SETTING_END,
 *      };
 */
#ifndef KEEL_SETTING_H
#define KEEL_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    SETTING_NONE,         /* the end of a table */
    SETTING_FLAG,         /* bool. An option without value; 0 or 1 in a file */
    SETTING_CHOICE,       /* const char *: .word. An option without value; in a file the word of one of the settings
                             with that key. Options of one value (.at) exclude each other */
    SETTING_TEXT,         /* const char *, never empty; NULL without a preset */
    SETTING_COUNT,        /* int64_t, within minimum and maximum */
    SETTING_MSEC,         /* the same */
    SETTING_BYTES,        /* the same; takes K, M, G */
    SETTING_BIND,         /* const char *: an endpoint to bind */
    SETTING_CONNECT,      /* const char *: an endpoint to connect to */
    SETTING_LISTEN,       /* setting_list_t: endpoints to bind. In a file a section of that key, repeated, with the key
                             endpoint and, if the table has a LISTEN_ADMIN of the same list, admin */
    SETTING_LISTEN_ADMIN, /* appends to such a list, with admin set; an option without key */
} setting_kind_t;

typedef struct {
    const char *name;        /* long option, without dashes */
    char letter;             /* its short twin, or 0 */
    bool list;               /* TEXT, BIND, CONNECT: a setting_list_t; the option may be repeated. In a file a section of
                                its key, repeated, with the key endpoint */
    bool reload;             /* SIGHUP takes a new value over; else it needs a restart */
    setting_kind_t kind;
    const char *key;         /* path in the file: "heartbeat/interval"; NULL: none */
    const char *argument;    /* placeholder in the help; NULL: the kind's own */
    const char *help;        /* one sentence, not capitalized, no full stop */
    const char *preset;      /* the default, as it would be written; NULL: zero, NULL, an empty list */
    const char *environment; /* a variable (comma-separated for a list) that holds when nothing else was given */
    const char *word;        /* CHOICE */
    int64_t minimum;
    int64_t maximum;
    size_t at;               /* offsetof in the program's struct */
} setting_t;

#define SETTING_END                                                                                                    \
    {                                                                                                                  \
        .kind = SETTING_NONE                                                                                           \
    }

/*  What a list may hold, and a table. */
#define SETTING_LIST_MOST 64
#define SETTINGS_MOST     64

typedef struct {
    const char *text;
    bool admin; /* LISTEN */
    int line;   /* of the file that it came from; 0: not from a file */
} setting_item_t;

typedef struct {
    size_t count;
    setting_item_t items[SETTING_LIST_MOST];
} setting_list_t;

/*  Room for what is said about a bad value. */
#define SETTING_PROBLEM 768

/*  Writes a value to the program's struct, or appends it to a list. value: NULL for an option without value.
 *  0, or -1: problem says what is wrong with the value and what would be right, "must be from 1 to 10". */
int setting_apply (const setting_t *self, const char *value, void *target, char problem[SETTING_PROBLEM]);
/*  Does its option take a value? */
bool setting_takes_value (const setting_t *self);
/*  Is its value a list? */
bool setting_is_list (const setting_t *self);
/*  The LISTEN_ADMIN of that LISTEN's list in a table; NULL: there is none. */
const setting_t *setting_of_admin (const setting_t settings[], const setting_t *listen);
/*  Takes over one value from another struct; true when it was different. */
bool setting_copy (const setting_t *self, void *target, const void *source);
/*  Would setting_copy change target? */
bool setting_differs (const setting_t *self, const void *target, const void *source);
/*  The texts of a list with separator between them; the caller frees it. NULL without memory. */
char *setting_list_join (const setting_list_t *self, char separator);
/*  A copy of text that lives as long as the process; equal texts share one. NULL without memory. */
const char *setting_intern (const char *text);

#endif
