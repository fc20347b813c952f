#include "mdbroker_settings.h"

#define AT(field) .at = offsetof (mdbroker_settings_t, field)
#define DAY_MS    86400000
#define MANY      4000000000

const setting_t mdbroker_settings[] = {
    {.name = "bind", .letter = 'b', .key = "listen", .kind = SETTING_LISTEN, .preset = "tcp://127.0.0.1:5555", AT (listen),
     .help = "endpoint for clients and workers; repeat for more"},
    {.name = "admin", .kind = SETTING_LISTEN_ADMIN, AT (listen),
     .help = "the same, where administration (drain, resume) is allowed too; repeat for more"},

    {.name = "heartbeat", .key = "heartbeat/interval", .kind = SETTING_MSEC, .preset = "2500", .minimum = 10,
     .maximum = DAY_MS, .reload = true, AT (interval), .help = "between heartbeats to a worker"},
    {.name = "liveness", .key = "heartbeat/liveness", .kind = SETTING_COUNT, .preset = "3", .minimum = 1, .maximum = 1000,
     .reload = true, AT (liveness), .help = "silent for so many intervals, an idle worker is expired"},
    {.name = "busy-timeout", .key = "heartbeat/busy-timeout", .kind = SETTING_MSEC, .preset = "60000", .minimum = 0,
     .maximum = 30 * (int64_t) DAY_MS, .reload = true, AT (busy_timeout),
     .help = "how long a busy worker that never heartbeats while busy may be silent; 0: as when idle"},

    {.name = "request-ttl", .key = "request/ttl", .kind = SETTING_MSEC, .preset = "60000", .minimum = 1,
     .maximum = 30 * (int64_t) DAY_MS, .reload = true, AT (ttl),
     .help = "how long a request that brings no ttl may wait for a worker"},
    {.name = "max-attempts", .key = "request/max-attempts", .kind = SETTING_COUNT, .preset = "3", .minimum = 0,
     .maximum = 1000000, .reload = true, AT (max_attempts),
     .help = "a request lost with so many workers fails; 0: never"},

    {.name = "limit-services", .key = "limits/services", .kind = SETTING_COUNT, .preset = "10000", .minimum = 1,
     .maximum = MANY, .reload = true, AT (services), .help = "most services"},
    {.name = "limit-workers", .key = "limits/workers", .kind = SETTING_COUNT, .preset = "100000", .minimum = 1,
     .maximum = MANY, .reload = true, AT (workers), .help = "most workers"},
    {.name = "limit-queued", .key = "limits/queued", .kind = SETTING_COUNT, .preset = "1000000", .minimum = 1,
     .maximum = MANY, .reload = true, AT (queued), .help = "most requests in all, waiting or with workers"},
    {.name = "limit-queued-bytes", .key = "limits/queued-bytes", .kind = SETTING_BYTES, .preset = "1G", .minimum = 1024,
     .maximum = (int64_t) 1 << 50, .reload = true, AT (queued_bytes), .help = "most memory for them"},
    {.name = "limit-outstanding", .key = "limits/outstanding", .kind = SETTING_COUNT, .preset = "100000", .minimum = 1,
     .maximum = MANY, .reload = true, AT (outstanding), .help = "most requests of one client"},
    {.name = "limit-partial-bytes", .key = "limits/partial-bytes", .kind = SETTING_BYTES, .preset = "64M", .minimum = 1024,
     .maximum = (int64_t) 1 << 50, .reload = true, AT (partial_bytes),
     .help = "most memory for the partial replies held for one request of a 0.1 client"},
    {.name = "limit-frame-bytes", .key = "limits/frame-bytes", .kind = SETTING_BYTES, .preset = "64M", .minimum = 1024,
     .maximum = 1 << 30, AT (frame_bytes), .help = "largest frame; who sends a larger one is disconnected"},
    {.name = "limit-frames", .key = "limits/frames", .kind = SETTING_COUNT, .preset = "1024", .minimum = 1,
     .maximum = 65536, AT (frames), .help = "most frames in a body"},
    {.name = "limit-pipe", .key = "limits/pipe", .kind = SETTING_COUNT, .preset = "10000", .minimum = 1,
     .maximum = 1000000, AT (pipe), .help = "most messages that wait for one peer to read them; a credit counts as no more"},

    {.name = "drain-timeout", .key = "drain/timeout", .kind = SETTING_MSEC, .preset = "30000", .minimum = 0,
     .maximum = DAY_MS, .reload = true, AT (drain_timeout), .help = "how long SIGTERM waits for what workers hold"},
    {.name = "spin", .key = "loop/spin", .kind = SETTING_COUNT, .argument = "US", .preset = "0", .minimum = 0,
     .maximum = 1000000, .reload = true, AT (spin),
     .help = "after traffic, look again for so many usec before sleeping; less latency for more CPU"},
    SETTING_END,
};

keel_majordomo_config_t
mdbroker_engine_config (const mdbroker_settings_t *settings)
{
    return (keel_majordomo_config_t){
        .dispatch = {.heartbeat = {.interval_ms = settings->interval,
                                   .liveness = (unsigned) settings->liveness,
                                   .busy_timeout_ms = settings->busy_timeout},
                     .ttl_ms = settings->ttl,
                     .max_attempts = (unsigned) settings->max_attempts,
                     .services = (size_t) settings->services,
                     .workers = (size_t) settings->workers,
                     .queued = (size_t) settings->queued,
                     .queued_bytes = (size_t) settings->queued_bytes,
                     .outstanding = (size_t) settings->outstanding,
                     .partial_bytes = (size_t) settings->partial_bytes,
                     .credit = (uint32_t) settings->pipe},
        .frames = (size_t) settings->frames,
        .drain_timeout_ms = settings->drain_timeout,
    };
}

port_config_t
mdbroker_port_config (const mdbroker_settings_t *settings)
{
    port_config_t config = PORT_CONFIG_DEFAULT;
    config.frames = (size_t) settings->frames + KEEL_ACTION_SPANS;
    config.frame_bytes = settings->frame_bytes;
    config.pipe = (int) settings->pipe;
    return config;
}
