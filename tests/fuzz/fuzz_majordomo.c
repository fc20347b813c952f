/*  Streams of events into the Majordomo broker's engine. */
#include "input.h"
#include "majordomo.h"
#include "stream.h"

#include <assert.h>

STREAM_CALLS (keel_majordomo);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    keel_majordomo_config_t config = KEEL_MAJORDOMO_CONFIG_DEFAULT;
    stream_limits (&config.dispatch);
    config.drain_timeout_ms = 500;
    keel_majordomo_t *engine = keel_majordomo_new (&config, 1);
    assert (engine);
    stream_run (&kind, engine, data, size);
    keel_majordomo_destroy (&engine);
    return 0;
}
