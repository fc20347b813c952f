/*  mdbroker: the Majordomo broker as a daemon. The protocol is engine/majordomo's, the daemon's life shell/broker's, what it
 *  does as one of a pair mdbroker_pair's.
 */
#include "broker.h"
#include "mdbroker_pair.h"
#include "mdbroker_settings.h"

static const program_t program = {
    .name = "mdbroker",
    .summary = "Routes requests from clients to workers by service name, over MDP 0.1 and 0.2.",
    .notes = "SIGTERM finishes what workers hold and exits, a second one exits at once; SIGHUP reads the configuration\n"
             "again; SIGUSR1 writes the counters to the log; SIGUSR2 hands over to the peer of a pair.",
    .settings = mdbroker_settings,
    .size = sizeof (mdbroker_settings_t),
    .config = true,
};

static int
check (const void *settings, const options_t *options)
{
    const pair_settings_t *pair = &((const mdbroker_settings_t *) settings)->pair;
    return pair_settings_wanted (pair) ? pair_settings_check (pair, options) : -1;
}

static port_config_t
port_config (const void *settings)
{
    return queue_port_config (&((const mdbroker_settings_t *) settings)->queue);
}

static void *
make (const void *settings, uint64_t seed)
{
    return mdbroker_new (settings, seed);
}

static void
unmake (void *engine)
{
    mdbroker_destroy (engine);
}

static void
configure (void *engine, const void *settings)
{
    const keel_majordomo_config_t config = mdbroker_engine_config (settings);
    keel_majordomo_configure (((mdbroker_t *) engine)->majordomo, &config);
}

static int
step (void *engine, const keel_event_t *event, keel_actions_t *out)
{
    mdbroker_t *self = engine;
    if (self->member.pair)
        return mdbroker_pair_step (self, event, out);
    return keel_majordomo_step (self->majordomo, event, out);
}

static int64_t
next_due (const void *engine)
{
    const mdbroker_t *self = engine;
    return member_next_due (&self->member, keel_majordomo_next_due (self->majordomo));
}

static bool
drained (const void *engine)
{
    return keel_majordomo_drained (((const mdbroker_t *) engine)->majordomo);
}

static void
describe (const void *engine, text_t *line)
{
    const dispatch_gauges_t gauges = keel_majordomo_gauges (((const mdbroker_t *) engine)->majordomo);
    queue_describe (&gauges, line);
    text_add (line, ", ");
    text_add_number (line, gauges.services);
    text_add (line, " services");
}

static const char *
stats (void *engine, int64_t now)
{
    return keel_majordomo_stats (((mdbroker_t *) engine)->majordomo, now);
}

int
main (int argc, char **argv)
{
    static const size_t listens[] = {offsetof (mdbroker_settings_t, listen)};
    static const broker_kind_t kind = {
        .program = &program,
        .listens = listens,
        .listen_count = 1,
        .spin = offsetof (mdbroker_settings_t, queue.spin),
        .check = check,
        .port_config = port_config,
        .make = make,
        .unmake = unmake,
        .configure = configure,
        .step = step,
        .next_due = next_due,
        .drained = drained,
        .describe = describe,
        .stats = stats,
        .open = mdbroker_pair_open,
        .attend = mdbroker_pair_attend,
        .role = mdbroker_pair_role,
        .hand_over = mdbroker_pair_hand_over,
    };
    mdbroker_settings_t settings;
    return broker_run (&kind, argc, argv, &settings);
}
