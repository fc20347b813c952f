#include "titanic_settings.h"

#define AT(field) .at = offsetof (titanic_settings_t, field)
#define DAY_MS    ((int64_t) 86400000)
#define MANY      4000000000
#define TERA      ((int64_t) 1 << 40)

/*  More frames than a broker lets through: what is over our own limit is to be answered, not cut. */
#define PORT_FRAMES (65536 + KEEL_ACTION_SPANS)

const setting_t titanic_settings[] = {
    {.name = "broker", .letter = 'b', .key = "broker", .kind = SETTING_CONNECT, .list = true, AT (brokers),
     .environment = "KEEL_BROKER", .preset = "tcp://127.0.0.1:5555",
     .help = "a broker; repeat for more, tried in order"},
    {.name = "admin", .key = "admin", .kind = SETTING_LISTEN, AT (admin),
     .help = "endpoint for 'ticlient admin'; repeat for more. Who reaches it may do everything: use ipc"},

    {.name = "data", .letter = 'd', .key = "store/data", .kind = SETTING_TEXT, .argument = "DIR",
     .preset = "/var/lib/keel/titanic", AT (data), .help = "directory of the store, made when it is not there"},
    {.name = "map-size", .key = "store/map-size", .kind = SETTING_BYTES, .preset = "16G", .minimum = 1 << 20,
     .maximum = 64 * TERA, .reload = true, AT (map_size),
     .help = "most bytes of the store; past them new requests are refused"},

    {.name = "heartbeat", .key = "heartbeat/interval", .kind = SETTING_MSEC, .preset = "2500", .minimum = 10,
     .maximum = DAY_MS, AT (interval), .help = "between heartbeats to the broker"},
    {.name = "liveness", .key = "heartbeat/liveness", .kind = SETTING_COUNT, .preset = "3", .minimum = 1, .maximum = 1000,
     AT (liveness), .help = "silent for so many intervals, a broker is given up"},

    {.name = "request-ttl", .key = "request/ttl", .kind = SETTING_MSEC, .preset = "0", .minimum = 0,
     .maximum = 3650 * DAY_MS, .reload = true, AT (request_ttl),
     .help = "a request that was not answered for so long is dead; 0: never"},
    {.name = "max-attempts", .key = "request/max-attempts", .kind = SETTING_COUNT, .preset = "0", .minimum = 0,
     .maximum = 1000000, .reload = true, AT (max_attempts),
     .help = "a request that was lost with its worker so many times is dead; 0: never"},
    {.name = "window", .key = "request/window", .kind = SETTING_COUNT, .preset = "64", .minimum = 1, .maximum = 10000,
     .reload = true, AT (window), .help = "requests of one service that are with the broker at once"},
    {.name = "reply-ttl", .key = "reply/ttl", .kind = SETTING_MSEC, .preset = "0", .minimum = 0,
     .maximum = 3650 * DAY_MS, .reload = true, AT (reply_ttl),
     .help = "a reply, or a dead request, that was not closed for so long is removed; 0: never"},

    {.name = "limit-services", .key = "limits/services", .kind = SETTING_COUNT, .preset = "10000", .minimum = 1,
     .maximum = MANY, AT (services), .help = "most services with requests in the store"},
    {.name = "limit-credit", .key = "limits/credit", .kind = SETTING_COUNT, .preset = "4096", .minimum = 1,
     .maximum = 65535, AT (credit), .help = "most questions of a kind that are worked on at once"},
    {.name = "limit-frames", .key = "limits/frames", .kind = SETTING_COUNT, .preset = "1024", .minimum = 1,
     .maximum = 65535, .reload = true, AT (frames), .help = "most frames in a body"},
    {.name = "limit-body-bytes", .key = "limits/body-bytes", .kind = SETTING_BYTES, .preset = "64M", .minimum = 1,
     .maximum = 1 << 30, .reload = true, AT (body_bytes), .help = "largest body of a request"},
    {.name = "limit-queued-bytes", .key = "limits/queued-bytes", .kind = SETTING_BYTES, .preset = "256M", .minimum = 1024,
     .maximum = TERA, .reload = true, AT (queued_bytes), .help = "most memory for bodies that wait to be stored"},

    {.name = "spin", .key = "loop/spin", .kind = SETTING_COUNT, .argument = "US", .preset = "0", .minimum = 0,
     .maximum = 1000000, .reload = true, AT (spin),
     .help = "after traffic, look again for so many usec before sleeping; less latency for more CPU"},
    SETTING_END,
};

keel_tsp_config_t
titanic_engine_config (const titanic_settings_t *settings)
{
    return (keel_tsp_config_t){
        .heartbeat_ms = settings->interval,
        .liveness = settings->liveness,
        .credit = (uint16_t) settings->credit,
        .window = (size_t) settings->window,
        .max_attempts = (uint32_t) settings->max_attempts,
        .request_ttl_ms = settings->request_ttl,
        .reply_ttl_ms = settings->reply_ttl,
        .frames = (size_t) settings->frames,
        .body_bytes = (size_t) settings->body_bytes,
        .queued_bytes = (size_t) settings->queued_bytes,
    };
}

store_config_t
titanic_store_config (const titanic_settings_t *settings)
{
    return (store_config_t){
        .path = settings->data, .most = (uint64_t) settings->map_size, .services = (uint32_t) settings->services};
}

port_config_t
titanic_port_config (const titanic_settings_t *settings)
{
    port_config_t config = PORT_CONFIG_DEFAULT;
    (void) settings;
    config.frames = PORT_FRAMES;
    config.frame_bytes = -1; /* a broker is trusted; a frame that is too large must not end its connection */
    return config;
}
