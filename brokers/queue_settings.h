/*  The settings that all brokers have in common, in the words and with the defaults of each: their tables are made of these
 *  pieces. type: the broker's own struct, which has a queue_settings_t named queue.
 */
#ifndef QUEUE_SETTINGS_H
#define QUEUE_SETTINGS_H

#include "dispatch.h"
#include "port.h"
#include "setting.h"

typedef struct {
    int64_t interval, liveness, busy_timeout;
    int64_t ttl, max_attempts;
    int64_t workers, queued, queued_bytes, outstanding;
    int64_t frame_bytes, frames, pipe;
    int64_t drain_timeout;
    int64_t spin;
} queue_settings_t;

#define SETTING_DAY_MS 86400000
#define SETTING_MANY   4000000000

#define QUEUE_SETTINGS_HEARTBEAT(type)                                                                                 \
    {.name = "heartbeat", .key = "heartbeat/interval", .kind = SETTING_MSEC, .preset = "2500", .minimum = 10,          \
     .maximum = SETTING_DAY_MS, .reload = true, .at = offsetof (type, queue.interval),                                 \
     .help = "between heartbeats to a worker"},                                                                        \
    {.name = "liveness", .key = "heartbeat/liveness", .kind = SETTING_COUNT, .preset = "3", .minimum = 1,              \
     .maximum = 1000, .reload = true, .at = offsetof (type, queue.liveness),                                           \
     .help = "silent for so many intervals, an idle worker is expired"}

/*  help: what 0 means differs. */
#define QUEUE_SETTINGS_BUSY(type, words)                                                                               \
    {.name = "busy-timeout", .key = "heartbeat/busy-timeout", .kind = SETTING_MSEC, .preset = "60000", .minimum = 0,   \
     .maximum = 30 * (int64_t) SETTING_DAY_MS, .reload = true, .at = offsetof (type, queue.busy_timeout),              \
     .help = words}

#define QUEUE_SETTINGS_REQUEST(type)                                                                                   \
    {.name = "request-ttl", .key = "request/ttl", .kind = SETTING_MSEC, .preset = "60000", .minimum = 1,               \
     .maximum = 30 * (int64_t) SETTING_DAY_MS, .reload = true, .at = offsetof (type, queue.ttl),                       \
     .help = "how long a request that brings no ttl may wait for a worker"},                                           \
    {.name = "max-attempts", .key = "request/max-attempts", .kind = SETTING_COUNT, .preset = "3", .minimum = 0,        \
     .maximum = 1000000, .reload = true, .at = offsetof (type, queue.max_attempts),                                    \
     .help = "a request lost with so many workers fails; 0: never"}

#define QUEUE_SETTINGS_LIMITS(type)                                                                                    \
    {.name = "limit-workers", .key = "limits/workers", .kind = SETTING_COUNT, .preset = "100000", .minimum = 1,        \
     .maximum = SETTING_MANY, .reload = true, .at = offsetof (type, queue.workers), .help = "most workers"},           \
    {.name = "limit-queued", .key = "limits/queued", .kind = SETTING_COUNT, .preset = "1000000", .minimum = 1,         \
     .maximum = SETTING_MANY, .reload = true, .at = offsetof (type, queue.queued),                                     \
     .help = "most requests in all, waiting or with workers"},                                                         \
    {.name = "limit-queued-bytes", .key = "limits/queued-bytes", .kind = SETTING_BYTES, .preset = "1G",                \
     .minimum = 1024, .maximum = (int64_t) 1 << 50, .reload = true, .at = offsetof (type, queue.queued_bytes),         \
     .help = "most memory for them"},                                                                                  \
    {.name = "limit-outstanding", .key = "limits/outstanding", .kind = SETTING_COUNT, .preset = "100000",              \
     .minimum = 1, .maximum = SETTING_MANY, .reload = true, .at = offsetof (type, queue.outstanding),                  \
     .help = "most requests of one client"},                                                                           \
    QUEUE_SETTINGS_PORT (type)

#define QUEUE_SETTINGS_PORT(type)                                                                                      \
    {.name = "limit-frame-bytes", .key = "limits/frame-bytes", .kind = SETTING_BYTES, .preset = "64M",                 \
     .minimum = 1024, .maximum = 1 << 30, .at = offsetof (type, queue.frame_bytes),                                    \
     .help = "largest frame; who sends a larger one is disconnected"},                                                 \
    {.name = "limit-frames", .key = "limits/frames", .kind = SETTING_COUNT, .preset = "1024", .minimum = 1,            \
     .maximum = 65536, .at = offsetof (type, queue.frames), .help = "most frames in a body"},                          \
    {.name = "limit-pipe", .key = "limits/pipe", .kind = SETTING_COUNT, .preset = "10000", .minimum = 1,               \
     .maximum = 1000000, .at = offsetof (type, queue.pipe),                                                            \
     .help = "most messages that wait for one peer to read them"}

#define QUEUE_SETTINGS_LOOP(type)                                                                                      \
    {.name = "drain-timeout", .key = "drain/timeout", .kind = SETTING_MSEC, .preset = "30000", .minimum = 0,           \
     .maximum = SETTING_DAY_MS, .reload = true, .at = offsetof (type, queue.drain_timeout),                            \
     .help = "how long SIGTERM waits for what workers hold"},                                                          \
    QUEUE_SETTINGS_SPIN (type)

#define QUEUE_SETTINGS_SPIN(type)                                                                                      \
    {.name = "spin", .key = "loop/spin", .kind = SETTING_COUNT, .argument = "US", .preset = "0", .minimum = 0,         \
     .maximum = 1000000, .reload = true, .at = offsetof (type, queue.spin),                                            \
     .help = "after traffic, look again for so many usec before sleeping; less latency for more CPU"}

/*  One service, unless told otherwise, and no PARTIALs. */
dispatch_config_t queue_dispatch_config (const queue_settings_t *settings);
port_config_t queue_port_config (const queue_settings_t *settings);

#endif
