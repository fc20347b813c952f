/*  mdbroker's settings: options and configuration keys. */
#ifndef MDBROKER_SETTINGS_H
#define MDBROKER_SETTINGS_H

#include "majordomo.h"
#include "pair_settings.h"
#include "queue_settings.h"

typedef struct {
    setting_list_t listen;
    queue_settings_t queue;
    pair_settings_t pair;
    int64_t services, partial_bytes;
} mdbroker_settings_t;

extern const setting_t mdbroker_settings[];

keel_majordomo_config_t mdbroker_engine_config (const mdbroker_settings_t *settings);

#endif
