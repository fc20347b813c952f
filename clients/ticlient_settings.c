#include "ticlient_settings.h"

#include "request.h"
#include "tsp_admin.h"

#define AT(field) .at = offsetof (ticlient_settings_t, field)
#define DAY_MS    86400000

const setting_t ticlient_settings[] = {
    REQUEST_BROKERS (offsetof (ticlient_settings_t, brokers)),
    REQUEST_TIMEOUT (offsetof (ticlient_settings_t, timeout)),
    REQUEST_RETRIES (offsetof (ticlient_settings_t, retries)),
    {.name = "wait", .letter = 'w', .kind = SETTING_MSEC, .preset = "0", .minimum = 0, .maximum = INT32_MAX,
     AT (wait_ms), .help = "fetch, call: how long to wait for the reply; call waits 60000 unless given"},
    {.name = "uuid", .letter = 'u', .kind = SETTING_TEXT, .argument = "UUID", AT (uuid),
     .help = "submit, call: the request's uuid, instead of a new one; sent twice it is stored once"},
    {.name = "stock", .kind = SETTING_FLAG, AT (stock), .help = "for a broker that takes no extra frames"},
    {.name = "rfc", .kind = SETTING_FLAG, AT (rfc),
     .help = "for a Titanic that has the services of RFC 9 only: it makes the uuid"},

    {.name = "titanic", .kind = SETTING_CONNECT, .environment = "KEEL_TITANIC", AT (titanic),
     .help = "admin: where the titanic was told to listen with --admin"},
    {.name = "service", .letter = 's', .kind = SETTING_TEXT, .argument = "NAME", AT (service),
     .help = "admin: requests of this service"},
    {.name = "state", .kind = SETTING_TEXT, .argument = "STATE", AT (state),
     .help = "admin: requests that are pending, done or dead"},
    {.name = "age", .kind = SETTING_MSEC, .preset = "0", .minimum = 0, .maximum = 36500 * (int64_t) DAY_MS, AT (age_ms),
     .help = "admin list: requests that are older"},
    {.name = "limit", .letter = 'n', .kind = SETTING_COUNT, .preset = "100", .minimum = 1, .maximum = TSP_LIST_MOST,
     AT (limit), .help = "admin list: so many at most, the oldest"},
    {.name = "json", .letter = 'j', .kind = SETTING_FLAG, AT (json), .help = "admin: print the titanic's JSON"},
    SETTING_END,
};
