/*  binarystar: Binary Star for a server that knows nothing of it, as a daemon. Who is active is engine/bstar's to say, what becomes
 *  of requests engine/star_proxy's; binarystar_node puts them together.
 */
#include "binarystar_node.h"

static const program_t program = {
    .name = "binarystar",
    .summary = "Stands before a REP or ROUTER server, and decides with its peer which of two such servers serves.",
    .notes = "SIGTERM waits for the server's answers, hands over and exits, a second one exits at once; SIGHUP reads the\n"
             "configuration again; SIGUSR1 writes the counters to the log; SIGUSR2 hands over to the peer.",
    .settings = binarystar_settings,
    .size = sizeof (binarystar_settings_t),
    .config = true,
};

static int
check (const void *settings, const options_t *options)
{
    const binarystar_settings_t *self = settings;
    if (!self->backend)
        return options_fail (options, "there is no server: give --backend EP, or backend/endpoint in a file");
    if (self->frontend.count > 1)
        return options_fail_at (options, self->frontend.items[1].line, "there can be one --frontend only; delete one");
    return pair_settings_check (&self->pair, options);
}

static port_config_t
port_config (const void *settings)
{
    return queue_port_config (&((const binarystar_settings_t *) settings)->queue);
}

static void *
make (const void *settings, uint64_t seed)
{
    (void) seed; /* nothing here is random */
    return node_new (settings);
}

static void
unmake (void *engine)
{
    node_destroy (engine);
}

static void
configure (void *engine, const void *settings)
{
    const keel_star_proxy_config_t config = binarystar_engine_config (settings);
    keel_star_proxy_configure (((node_t *) engine)->proxy, &config);
}

static bool
drained (const void *engine)
{
    return keel_star_proxy_drained (((const node_t *) engine)->proxy);
}

static void
describe (const void *engine, text_t *line)
{
    text_add_number (line, keel_star_proxy_outstanding (((const node_t *) engine)->proxy));
    text_add (line, " requests with the server");
}

static const char *
stats (void *engine, int64_t now)
{
    node_t *self = engine;
    return keel_star_proxy_stats (self->proxy, pair_star (self->member.pair), now);
}

int
main (int argc, char **argv)
{
    static const size_t listens[] = {offsetof (binarystar_settings_t, frontend)};
    static const broker_kind_t kind = {
        .program = &program,
        .listens = listens,
        .listen_count = 1,
        .spin = offsetof (binarystar_settings_t, queue.spin),
        .check = check,
        .port_config = port_config,
        .make = make,
        .unmake = unmake,
        .configure = configure,
        .step = node_step,
        .next_due = node_next_due,
        .drained = drained,
        .describe = describe,
        .stats = stats,
        .open = node_open,
        .attend = node_attend,
        .role = node_role,
        .hand_over = node_hand_over,
    };
    binarystar_settings_t settings;
    return broker_run (&kind, argc, argv, &settings);
}
