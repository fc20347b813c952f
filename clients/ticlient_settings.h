/*  ticlient's command line: the options of all its commands, and what the commands share. */
#ifndef TICLIENT_SETTINGS_H
#define TICLIENT_SETTINGS_H

#include "options.h"

/*  Codes to exit with besides those of exit_codes.h. */
enum {
    EXIT_PENDING = 3, /* no reply yet */
    EXIT_UNKNOWN = 4, /* no such request is stored */
    EXIT_DEAD = 5,    /* Titanic gave the request up */
};

typedef struct {
    setting_list_t brokers;
    int64_t timeout;
    int64_t retries;
    int64_t wait_ms;
    const char *uuid;    /* NULL: a new one */
    bool stock;
    bool rfc;
    const char *titanic; /* the admin endpoint; or NULL */
    bool json;
    const char *service; /* NULL: all */
    const char *state;   /* NULL: all */
    int64_t age_ms;
    int64_t limit;
} ticlient_settings_t;

extern const setting_t ticlient_settings[];

#endif
