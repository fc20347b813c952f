#include "pirate_broker.h"

const setting_t ppqueue_settings[] = {
    PIRATE_SETTINGS_LISTEN,
    QUEUE_SETTINGS_HEARTBEAT (pirate_settings_t),
    QUEUE_SETTINGS_BUSY (pirate_settings_t,
                         "how long a busy worker that never heartbeats while busy may be silent; 0: as when idle"),
    QUEUE_SETTINGS_REQUEST (pirate_settings_t),
    QUEUE_SETTINGS_LIMITS (pirate_settings_t),
    QUEUE_SETTINGS_LOOP (pirate_settings_t),
    SETTING_END,
};
