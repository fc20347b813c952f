/*  titanic's settings: options and configuration keys. */
#ifndef TITANIC_SETTINGS_H
#define TITANIC_SETTINGS_H

#include "port.h"
#include "setting.h"
#include "store.h"
#include "titanic.h"

typedef struct {
    setting_list_t brokers;
    setting_list_t admin;
    int64_t interval, liveness;
    const char *data;
    int64_t map_size;
    int64_t request_ttl, reply_ttl;
    int64_t max_attempts, window;
    int64_t services, credit, frames, body_bytes, queued_bytes;
    int64_t spin;
} titanic_settings_t;

extern const setting_t titanic_settings[];

/*  But for the brokers, and what is drawn at random. */
keel_tsp_config_t titanic_engine_config (const titanic_settings_t *settings);
store_config_t titanic_store_config (const titanic_settings_t *settings);
port_config_t titanic_port_config (const titanic_settings_t *settings);

#endif
