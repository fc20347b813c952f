/*  Streams of events into the Pirates' queue. The first byte says which Pirate; clients are at listener 0, workers at 1. */
#include "input.h"
#include "pirate_queue.h"
#include "stream.h"

#include <assert.h>

STREAM_CALLS (keel_pirate_queue);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    keel_pirate_queue_config_t config = {
        .pirate = data[0] & 1 ? PIRATE_PARANOID : PIRATE_SIMPLE, .frontends = 1, .frames = 16, .drain_timeout_ms = 500};
    config.dispatch = (dispatch_config_t){.ttl_ms = 1000, .max_attempts = data[0] & 2 ? 2 : 0, .queued_bytes = 4096};
    stream_limits (&config.dispatch);
    config.dispatch.credit = 1;
    keel_pirate_queue_t *engine = keel_pirate_queue_new (&config, 1);
    assert (engine);
    stream_run (&kind, engine, data + 1, size - 1);
    keel_pirate_queue_destroy (&engine);
    return 0;
}
