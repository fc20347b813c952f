#include "queue_settings.h"

dispatch_config_t
queue_dispatch_config (const queue_settings_t *settings)
{
    return (dispatch_config_t){
        .heartbeat = {.interval_ms = settings->interval,
                      .liveness = (unsigned) settings->liveness,
                      .busy_timeout_ms = settings->busy_timeout},
        .ttl_ms = settings->ttl,
        .max_attempts = (unsigned) settings->max_attempts,
        .services = 1,
        .workers = (size_t) settings->workers,
        .queued = (size_t) settings->queued,
        .queued_bytes = (size_t) settings->queued_bytes,
        .outstanding = (size_t) settings->outstanding,
        .credit = (uint32_t) settings->pipe,
    };
}

port_config_t
queue_port_config (const queue_settings_t *settings)
{
    port_config_t config = PORT_CONFIG_DEFAULT;
    config.frames = (size_t) settings->frames + KEEL_ACTION_SPANS;
    config.frame_bytes = settings->frame_bytes;
    config.pipe = (int) settings->pipe;
    return config;
}
