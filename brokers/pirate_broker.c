#include "pirate_broker.h"

#include "broker.h"

static keel_pirate_queue_config_t
engine_config (pirate_t pirate, const pirate_settings_t *settings)
{
    return (keel_pirate_queue_config_t){
        .pirate = pirate,
        .frontends = (uint16_t) settings->frontend.count,
        .dispatch = queue_dispatch_config (&settings->queue),
        .frames = (size_t) settings->queue.frames,
        .drain_timeout_ms = settings->queue.drain_timeout,
    };
}

static port_config_t
port_config (const void *settings)
{
    return queue_port_config (&((const pirate_settings_t *) settings)->queue);
}

static void *
make_simple (const void *settings, uint64_t seed)
{
    const keel_pirate_queue_config_t config = engine_config (PIRATE_SIMPLE, settings);
    return keel_pirate_queue_new (&config, seed);
}

static void *
make_paranoid (const void *settings, uint64_t seed)
{
    const keel_pirate_queue_config_t config = engine_config (PIRATE_PARANOID, settings);
    return keel_pirate_queue_new (&config, seed);
}

static void
unmake (void *engine)
{
    keel_pirate_queue_t *self = engine;
    keel_pirate_queue_destroy (&self);
}

static void
configure_simple (void *engine, const void *settings)
{
    const keel_pirate_queue_config_t config = engine_config (PIRATE_SIMPLE, settings);
    keel_pirate_queue_configure (engine, &config);
}

static void
configure_paranoid (void *engine, const void *settings)
{
    const keel_pirate_queue_config_t config = engine_config (PIRATE_PARANOID, settings);
    keel_pirate_queue_configure (engine, &config);
}

static int
step (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    return keel_pirate_queue_step (engine, event, out);
}

static int64_t
next_due (const void *engine)
{
    return keel_pirate_queue_next_due (engine);
}

static bool
drained (const void *engine)
{
    return keel_pirate_queue_drained (engine);
}

static void
describe (const void *engine, text_t *line)
{
    const dispatch_gauges_t gauges = keel_pirate_queue_gauges (engine);
    queue_describe (&gauges, line);
}

static const char *
stats (void *engine, int64_t now)
{
    return keel_pirate_queue_stats (engine, now);
}

int
pirate_broker_run (pirate_t pirate, const program_t *program, int argc, char **argv)
{
    /*  Frontends first: the engine knows a client by the number of its listener. */
    static const size_t listens[] = {offsetof (pirate_settings_t, frontend), offsetof (pirate_settings_t, backend)};
    const broker_kind_t kind = {
        .program = program,
        .listens = listens,
        .listen_count = 2,
        .spin = offsetof (pirate_settings_t, queue.spin),
        .port_config = port_config,
        .make = pirate == PIRATE_SIMPLE ? make_simple : make_paranoid,
        .unmake = unmake,
        .configure = pirate == PIRATE_SIMPLE ? configure_simple : configure_paranoid,
        .step = step,
        .next_due = next_due,
        .drained = drained,
        .describe = describe,
        .stats = stats,
    };
    pirate_settings_t settings;
    return broker_run (&kind, argc, argv, &settings);
}
