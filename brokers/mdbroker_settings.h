/*  mdbroker's settings: options and configuration keys. */
#ifndef MDBROKER_SETTINGS_H
#define MDBROKER_SETTINGS_H

#include "majordomo.h"
#include "port.h"
#include "setting.h"

typedef struct {
    setting_list_t listen;
    int64_t interval, liveness, busy_timeout;
    int64_t ttl, max_attempts;
    int64_t services, workers, queued, queued_bytes, outstanding, partial_bytes;
    int64_t frame_bytes, frames, pipe;
    int64_t drain_timeout;
    int64_t spin;
} mdbroker_settings_t;

extern const setting_t mdbroker_settings[];

keel_majordomo_config_t mdbroker_engine_config (const mdbroker_settings_t *settings);
port_config_t mdbroker_port_config (const mdbroker_settings_t *settings);

#endif
