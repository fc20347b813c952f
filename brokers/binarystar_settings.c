#include "binarystar_settings.h"

#define AT(field) .at = offsetof (binarystar_settings_t, field)

const setting_t binarystar_settings[] = {
    {.name = "frontend", .letter = 'f', .key = "frontend", .kind = SETTING_LISTEN, .preset = "tcp://127.0.0.1:5555",
     AT (frontend), .help = "endpoint for clients"},
    {.name = "backend", .letter = 'b', .key = "backend/endpoint", .kind = SETTING_CONNECT, AT (backend),
     .help = "the server, a REP or ROUTER: reached while active"},
    {.name = "on-active", .key = "command/on-active", .kind = SETTING_TEXT, .argument = "CMD", .reload = true, AT (on_active),
     .help = "a line for /bin/sh, run when it becomes active, before it serves; if it fails, it does not serve"},
    {.name = "on-passive", .key = "command/on-passive", .kind = SETTING_TEXT, .argument = "CMD", .reload = true,
     AT (on_passive), .help = "the same, when it becomes passive"},
    PAIR_SETTINGS (binarystar_settings_t),
    QUEUE_SETTINGS_PORT (binarystar_settings_t),
    {.name = "drain-timeout", .key = "drain/timeout", .kind = SETTING_MSEC, .preset = "30000", .minimum = 0,
     .maximum = SETTING_DAY_MS, .reload = true, AT (queue.drain_timeout),
     .help = "how long SIGTERM and a handover wait for the server's answers"},
    QUEUE_SETTINGS_SPIN (binarystar_settings_t),
    SETTING_END,
};

keel_star_proxy_config_t
binarystar_engine_config (const binarystar_settings_t *settings)
{
    return (keel_star_proxy_config_t){.frames = (size_t) settings->queue.frames + KEEL_ACTION_SPANS,
                                      .drain_timeout_ms = settings->queue.drain_timeout};
}
