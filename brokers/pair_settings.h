/*  The settings of one of a pair: the same in mdbroker and binarystar. type: the program's own struct, which has a
 *  pair_settings_t named pair.
 */
#ifndef PAIR_SETTINGS_H
#define PAIR_SETTINGS_H

#include "options.h"

typedef struct {
    const char *role; /* "primary", "backup"; NULL: none was said */
    const char *bind, *peer, *file;
    int64_t failover;
} pair_settings_t;

#define PAIR_SETTINGS(type)                                                                                            \
    {.name = "primary", .key = "pair/role", .kind = SETTING_CHOICE, .word = "primary",                                 \
     .at = offsetof (type, pair.role), .help = "be the primary of a pair"},                                            \
    {.name = "backup", .key = "pair/role", .kind = SETTING_CHOICE, .word = "backup",                                   \
     .at = offsetof (type, pair.role), .help = "be the backup of a pair"},                                             \
    {.name = "state-bind", .key = "pair/state-bind", .kind = SETTING_BIND, .at = offsetof (type, pair.bind),           \
     .help = "endpoint where the peer hears our state"},                                                               \
    {.name = "state-peer", .key = "pair/state-peer", .kind = SETTING_CONNECT, .at = offsetof (type, pair.peer),        \
     .help = "the peer's --state-bind"},                                                                               \
    {.name = "failover", .key = "pair/failover", .kind = SETTING_MSEC, .preset = "2000", .minimum = 100,               \
     .maximum = 86400000, .at = offsetof (type, pair.failover),                                                        \
     .help = "how long the peer must be silent before this one may take over; the same for both"},                     \
    {.name = "state-file", .key = "pair/state-file", .kind = SETTING_TEXT, .argument = "FILE",                         \
     .at = offsetof (type, pair.file), .help = "where the epoch is kept over restarts"}

/*  -1: they are complete; else it has said what is missing, and returns the code to exit with. */
int pair_settings_check (const pair_settings_t *self, const options_t *options);
/*  Was any of them given? */
bool pair_settings_wanted (const pair_settings_t *self);

#endif
