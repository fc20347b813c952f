/*  binarystar's settings: options and configuration keys. */
#ifndef BINARYSTAR_SETTINGS_H
#define BINARYSTAR_SETTINGS_H

#include "pair_settings.h"
#include "queue_settings.h"
#include "star_proxy.h"

typedef struct {
    setting_list_t frontend; /* one */
    const char *backend;
    const char *on_active, *on_passive; /* lines for the shell, or NULL */
    pair_settings_t pair;
    queue_settings_t queue; /* of it frames, frame_bytes, pipe, drain_timeout and spin */
} binarystar_settings_t;

extern const setting_t binarystar_settings[];

keel_star_proxy_config_t binarystar_engine_config (const binarystar_settings_t *settings);

#endif
