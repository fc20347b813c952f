#include "mdbroker_settings.h"

#define AT(field) .at = offsetof (mdbroker_settings_t, field)

const setting_t mdbroker_settings[] = {
    {.name = "bind", .letter = 'b', .key = "listen", .kind = SETTING_LISTEN, .preset = "tcp://127.0.0.1:5555", AT (listen),
     .help = "endpoint for clients and workers; repeat for more"},
    {.name = "admin", .kind = SETTING_LISTEN_ADMIN, AT (listen),
     .help = "the same, where administration (drain, resume) is allowed too; repeat for more"},

    QUEUE_SETTINGS_HEARTBEAT (mdbroker_settings_t),
    QUEUE_SETTINGS_BUSY (mdbroker_settings_t,
                         "how long a busy worker that never heartbeats while busy may be silent; 0: as when idle"),
    QUEUE_SETTINGS_REQUEST (mdbroker_settings_t),

    {.name = "limit-services", .key = "limits/services", .kind = SETTING_COUNT, .preset = "10000", .minimum = 1,
     .maximum = SETTING_MANY, .reload = true, AT (services), .help = "most services"},
    QUEUE_SETTINGS_LIMITS (mdbroker_settings_t),
    {.name = "limit-partial-bytes", .key = "limits/partial-bytes", .kind = SETTING_BYTES, .preset = "64M", .minimum = 1024,
     .maximum = (int64_t) 1 << 50, .reload = true, AT (partial_bytes),
     .help = "most memory for the partial replies held for one request of a 0.1 client"},

    QUEUE_SETTINGS_LOOP (mdbroker_settings_t),
    PAIR_SETTINGS (mdbroker_settings_t),
    SETTING_END,
};

keel_majordomo_config_t
mdbroker_engine_config (const mdbroker_settings_t *settings)
{
    keel_majordomo_config_t config = {
        .dispatch = queue_dispatch_config (&settings->queue),
        .frames = (size_t) settings->queue.frames,
        .drain_timeout_ms = settings->queue.drain_timeout,
    };
    config.dispatch.services = (size_t) settings->services;
    config.dispatch.partial_bytes = (size_t) settings->partial_bytes;
    return config;
}
