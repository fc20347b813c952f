/*  The broker's side of Titanic's engine: four workers, a client that follows them, and what a stock broker needs instead. */
#include "titanic_state.h"

#include <assert.h>

#define PROBE_MS       1000
#define PROBE_AGAIN_MS 50
#define OUTSTANDING    1000000
#define VERSION        1 /* of MDP, to the broker: a reply is one message */

/* ------------------------------------------------------------------ life */

static keel_mdclient_t *
new_client (keel_tsp_t *self, bool stock)
{
    const keel_mdclient_config_t config = {.endpoints = self->config.broker_count,
                                           .version = VERSION,
                                           .stock = stock,
                                           .notices = !stock,
                                           .timeout_ms = FOREVER_MS,
                                           .ttl_ms = DISPATCH_TTL_MS,
                                           .retries = UINT32_MAX,
                                           .outstanding = OUTSTANDING,
                                           .seed = random_next (&self->random)};
    keel_mdclient_t *client = keel_mdclient_new (&config);
    if (client)
        keel_mdclient_hold (client, true);
    return client;
}

static worker_engine_t *
new_worker (keel_tsp_t *self, tsp_service_t service)
{
    const worker_engine_config_t config = {.speech = &worker_speaks_mdp,
                                           .service = (const char *) tsp_service_name (service).data,
                                           .endpoints = self->config.brokers,
                                           .endpoint_count = self->config.broker_count,
                                           .version = VERSION,
                                           .credit = self->config.credit,
                                           .heartbeat_ms = self->config.heartbeat_ms,
                                           .liveness = self->config.liveness,
                                           .seed = random_next (&self->random)};
    return worker_engine_new (&config);
}

bool
titanic_open_broker (keel_tsp_t *self)
{
    bool opened = true;
    for (tsp_service_t service = 0; service < TSP_SERVICES; service++)
        opened = (self->workers[service] = new_worker (self, service)) && opened;
    opened = (self->client = new_client (self, false)) && opened;
    opened = (self->probe = new_client (self, true)) && opened;
    for (size_t n = 0; n < KEEL_TSP_LANES; n++)
        opened = (self->lanes[n].client = new_client (self, true)) && opened;
    return opened;
}

void
titanic_close_broker (keel_tsp_t *self)
{
    for (size_t n = 0; n < TSP_SERVICES; n++)
        worker_engine_destroy (&self->workers[n]);
    for (size_t n = 0; n < KEEL_TSP_LANES; n++)
        keel_mdclient_destroy (&self->lanes[n].client);
    keel_mdclient_destroy (&self->client);
    keel_mdclient_destroy (&self->probe);
}

void
titanic_step_part (keel_tsp_t *self, uint16_t part, const keel_event_t *event, keel_actions_t *out)
{
    size_t since = out->count;
    if (part < TSP_SERVICES)
        worker_engine_step (self->workers[part], event, out);
    else if (part == PART_CLIENT)
        keel_mdclient_step (self->client, event, out);
    else if (part == PART_PROBE)
        keel_mdclient_step (self->probe, event, out);
    else
        keel_mdclient_step (self->lanes[part - PART_LANES].client, event, out);
    titanic_take_over (self, part, since, out);
}

static void
tick_part (keel_tsp_t *self, uint16_t part, keel_actions_t *out)
{
    const keel_event_t tick = {.kind = KEEL_EVENT_TICK, .now = self->now};
    titanic_step_part (self, part, &tick, out);
}

/* ------------------------------------------------------------------ which broker */

/*  client: its requests go to that endpoint, or wait. */
static void
follow (keel_tsp_t *self, keel_mdclient_t *client, bool held)
{
    if (!held)
        keel_mdclient_use (client, self->now, self->endpoint);
    keel_mdclient_hold (client, held);
}

static void
follow_all (keel_tsp_t *self, bool client_held, bool lanes_held)
{
    follow (self, self->client, client_held);
    for (size_t n = 0; n < KEEL_TSP_LANES; n++)
        follow (self, self->lanes[n].client, lanes_held);
}

static void
lose_broker (keel_tsp_t *self)
{
    self->broker = BROKER_NONE;
    self->counters.broker_losses++;
    keel_mdclient_cancel (self->probe, self->probe_id);
    self->probe_id = 0;
    keel_mdclient_hold (self->probe, true);
    follow_all (self, true, true);
}

/*  A broker that is silent, or does not want us, has lost what the client sent there, though the connection did not end. */
static void
notice_losses (keel_tsp_t *self, keel_actions_t *out)
{
    uint64_t losses = 0;
    for (size_t n = 0; n < TSP_SERVICES; n++)
        losses += worker_engine_counter (self->workers[n], WORKER_ENGINE_SILENT) +
                  worker_engine_counter (self->workers[n], WORKER_ENGINE_REFUSED);
    if (losses == self->losses)
        return;
    self->losses = losses;
    keel_event_t event = {.kind = KEEL_EVENT_DISCONNECTED, .now = self->now, .peer = {.listener = self->endpoint}};
    titanic_step_part (self, PART_CLIENT, &event, out);
    for (uint16_t n = 0; n < KEEL_TSP_LANES && titanic_room (self, out); n++)
        if (keel_mdclient_outstanding (self->lanes[n].client))
            titanic_step_part (self, (uint16_t) (PART_LANES + n), &event, out);
}

/*  mmi.service: an active broker says 200 once it has our READY; a passive one says nothing. Then mmi.version, which only Keel's
 *  brokers know. */
static void
probe (keel_tsp_t *self, keel_actions_t *out)
{
    bool first = self->broker == BROKER_ASKED;
    const span_t argument = first ? tsp_service_name (TSP_REQUEST) : SPAN_OF ("");
    const span_t service = first ? SPAN_OF ("mmi.service") : SPAN_OF ("mmi.version");
    keel_mdclient_config (self->probe)->timeout_ms = PROBE_MS;
    keel_mdclient_config (self->probe)->retries = 0;
    follow (self, self->probe, false);
    self->probe_at = self->now + PROBE_AGAIN_MS;
    if (keel_mdclient_submit (self->probe, self->now, service, &argument, 1, &self->probe_id) == KEEL_SUBMIT_OK)
        tick_part (self, PART_PROBE, out);
}

static void
take_probe (keel_tsp_t *self, const keel_action_t *result)
{
    bool found = result->deliver == KEEL_DELIVER_FINAL && span_equal (result->body[0], SPAN_OF ("200"));
    self->probe_id = 0;
    self->probe_at = self->now + PROBE_AGAIN_MS;
    if (self->broker == BROKER_ASKED && found) {
        self->broker = BROKER_UNKNOWN;
        self->probe_at = self->now;
    } else if (self->broker == BROKER_UNKNOWN && result->deliver == KEEL_DELIVER_FINAL) {
        self->broker = found ? BROKER_KEEL : BROKER_STOCK;
        self->ask_at = self->now;
        if (!found)
            titanic_recall_runs (self);
        follow_all (self, !found, false);
    }
}

void
titanic_watch_broker (keel_tsp_t *self, keel_actions_t *out)
{
    uint16_t endpoint;
    bool active = worker_engine_active (self->workers[TSP_REQUEST], &endpoint);
    if (!titanic_room (self, out))
        return;
    notice_losses (self, out);
    if (self->broker != BROKER_NONE && (!active || endpoint != self->endpoint))
        lose_broker (self);
    if (active && self->broker == BROKER_NONE) {
        self->endpoint = endpoint;
        self->broker = BROKER_ASKED;
        self->probe_at = self->now;
    }
    bool asking = self->broker == BROKER_ASKED || self->broker == BROKER_UNKNOWN;
    if (asking && !self->probe_id && self->now >= self->probe_at && titanic_room (self, out))
        probe (self, out);
}

int64_t
titanic_broker_due (const keel_tsp_t *self)
{
    uint16_t endpoint;
    bool active = worker_engine_active (self->workers[TSP_REQUEST], &endpoint);
    bool asking = self->broker == BROKER_ASKED || self->broker == BROKER_UNKNOWN;
    if (active != (self->broker != BROKER_NONE))
        return self->now;
    return asking && !self->probe_id ? self->probe_at : KEEL_NEVER;
}

/* ------------------------------------------------------------------ a stock broker */

static lane_t *
free_lane (keel_tsp_t *self)
{
    for (size_t n = 0; n < KEEL_TSP_LANES; n++)
        if (!self->lanes[n].service)
            return &self->lanes[n];
    return NULL;
}

static uint16_t
part_of (const keel_tsp_t *self, const lane_t *lane)
{
    return (uint16_t) (PART_LANES + (lane - self->lanes));
}

void
titanic_free_lane (keel_tsp_t *self, lane_t *lane)
{
    (void) self;
    lane->service->lane = NULL;
    lane->service->cleared = false;
    lane->service = NULL;
    lane->running = NULL;
}

/*  mmi.service: has it workers? */
static bool
ask_service (keel_tsp_t *self, service_t *service, keel_actions_t *out)
{
    lane_t *lane = free_lane (self);
    const span_t name = span_make (service->name, service->name_size);
    if (!lane)
        return false;
    keel_mdclient_config (lane->client)->timeout_ms = PROBE_MS;
    keel_mdclient_config (lane->client)->retries = 0;
    if (keel_mdclient_submit (lane->client, self->now, SPAN_OF ("mmi.service"), &name, 1, &lane->id) != KEEL_SUBMIT_OK)
        return false;
    lane->service = service;
    service->lane = lane;
    service->cleared = false;
    tick_part (self, part_of (self, lane), out);
    return true;
}

bool
titanic_may_send (keel_tsp_t *self, service_t *service, keel_actions_t *out)
{
    if (self->broker == BROKER_KEEL || service->cleared)
        return true;
    if (service->lane)
        return false; /* marked again when it is answered */
    if (self->now < service->ask_at || !ask_service (self, service, out))
        titanic_mark_runnable (self, service);
    return false;
}

static void
take_asked (keel_tsp_t *self, lane_t *lane, const keel_action_t *result)
{
    service_t *service = lane->service;
    bool there = result->deliver == KEEL_DELIVER_FINAL && span_equal (result->body[0], SPAN_OF ("200"));
    titanic_mark_runnable (self, service);
    if (there) {
        service->cleared = true;
        backoff_reset (&service->backoff);
        return;
    }
    service->ask_at = self->now + backoff_next (&service->backoff, &self->random);
    titanic_free_lane (self, lane);
}

/*  lane: NULL for the probe. */
void
titanic_take_lane (keel_tsp_t *self, lane_t *lane, const keel_action_t *result, keel_actions_t *out)
{
    if (!lane) {
        take_probe (self, result);
        return;
    }
    if (!lane->service || result->tag != lane->id || result->deliver == KEEL_DELIVER_PARTIAL)
        return;
    running_t *running = lane->running;
    if (!running) {
        take_asked (self, lane, result);
        return;
    }
    titanic_free_lane (self, lane);
    titanic_take_lane_result (self, running, result, out);
}

/* ------------------------------------------------------------------ requests */

static bool
send_over_lane (keel_tsp_t *self, running_t *running, const span_t frames[], size_t count, keel_actions_t *out)
{
    service_t *service = running->service;
    lane_t *lane = service->lane;
    if (!lane || lane->running)
        return false;
    keel_mdclient_config (lane->client)->timeout_ms = FOREVER_MS;
    keel_mdclient_config (lane->client)->retries = UINT32_MAX;
    span_t name = span_make (service->name, service->name_size);
    if (keel_mdclient_submit (lane->client, self->now, name, frames, count, &lane->id) != KEEL_SUBMIT_OK)
        return false;
    lane->running = running;
    running->lane = lane;
    tick_part (self, part_of (self, lane), out);
    return true;
}

bool
titanic_send (keel_tsp_t *self, running_t *running, const span_t frames[], size_t count, keel_actions_t *out)
{
    const service_t *service = running->service;
    if (self->broker == BROKER_STOCK)
        return send_over_lane (self, running, frames, count, out);
    span_t name = span_make (service->name, service->name_size);
    if (keel_mdclient_submit (self->client, self->now, name, frames, count, &running->id) != KEEL_SUBMIT_OK)
        return false;
    tick_part (self, PART_CLIENT, out);
    return true;
}

void
titanic_cancel (keel_tsp_t *self, running_t *running)
{
    lane_t *lane = running->lane;
    keel_mdclient_t *client = lane ? lane->client : self->client;
    if (client)
        keel_mdclient_cancel (client, lane ? lane->id : running->id);
    if (lane)
        titanic_free_lane (self, lane);
}
