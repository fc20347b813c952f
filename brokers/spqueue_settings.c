#include "pirate_broker.h"

const setting_t spqueue_settings[] = {
    PIRATE_SETTINGS_LISTEN,
    QUEUE_SETTINGS_BUSY (pirate_settings_t,
                         "a worker that has a request for so long is given up, and the request goes to another; 0: never"),
    QUEUE_SETTINGS_REQUEST (pirate_settings_t),
    QUEUE_SETTINGS_LIMITS (pirate_settings_t),
    QUEUE_SETTINGS_LOOP (pirate_settings_t),
    SETTING_END,
};
