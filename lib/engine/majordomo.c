#include "majordomo_state.h"

#include "memory.h"

/*  A broker that was away for an interval has heard nobody meanwhile. */
static queue_config_t
queue_config (const keel_majordomo_config_t *config)
{
    return (queue_config_t){.dispatch = config->dispatch,
                            .drain_timeout_ms = config->drain_timeout_ms,
                            .absence_ms = config->dispatch.heartbeat.interval_ms};
}

keel_majordomo_t *
keel_majordomo_new (const keel_majordomo_config_t *config, uint64_t seed)
{
    keel_majordomo_t *self = memory_new (sizeof (keel_majordomo_t));
    if (!self)
        return NULL;
    const queue_config_t queue = queue_config (config);
    self->frames = config->frames;
    if (!queue_open (&self->queue, &queue, &majordomo_words, seed)) {
        memory_free (self);
        return NULL;
    }
    return self;
}

void
keel_majordomo_destroy (keel_majordomo_t **self)
{
    if (!*self)
        return;
    queue_close (&(*self)->queue);
    memory_free (*self);
    *self = NULL;
}

void
keel_majordomo_configure (keel_majordomo_t *self, const keel_majordomo_config_t *config)
{
    const queue_config_t queue = queue_config (config);
    self->frames = config->frames;
    queue_configure (&self->queue, &queue);
}

/* ------------------------------------------------------------------ from clients */

static void
take_request (keel_majordomo_t *self, const majordomo_ask_t *ask, keel_actions_t *out)
{
    envelope_options_t options = envelope_options (ask->envelope);
    dispatch_wish_t wish = {
        .service = ask->command->service,
        .ttl_ms = options.ttl_ms,
        .notices = options.notices,
        .version = ask->command->version,
        .envelope = ask->envelope->frames,
        .envelope_count = ask->envelope->count,
        .body = ask->command->body,
        .body_count = ask->command->body_count,
    };
    unsigned code = queue_take_request (&self->queue, ask->peer, &wish, out);
    if (code && options.notices)
        majordomo_send_refusal (self, ask, code, out);
}

/* ------------------------------------------------------------------ messages */

static verdict_t
decode (const keel_majordomo_t *self, const keel_event_t *event, envelope_t *envelope, mdp_command_t *command)
{
    *command = (mdp_command_t){.role = MDP_NOBODY};
    if (event->cut)
        return VERDICT_FRAMES;
    verdict_t verdict = envelope_decode (event->frames, event->count, envelope);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = mdp_decode_at_broker (event->frames + envelope->count, event->count - envelope->count, command);
    /*  Nothing can stand between a worker and its broker: a request could not find its way back. */
    if (verdict == VERDICT_OK && command->role == MDP_WORKER && envelope->count > 1)
        return VERDICT_ENVELOPE;
    if (verdict == VERDICT_OK && command->body_count > self->frames)
        return VERDICT_FRAMES;
    return verdict;
}

static void
take_malformed (keel_majordomo_t *self, const keel_event_t *event, const majordomo_ask_t *ask, verdict_t verdict,
                keel_actions_t *out)
{
    bool ready = ask->command->role == MDP_WORKER && ask->command->kind == MDP_READY;
    queue_drop (&self->queue, verdict, out);
    if (verdict == VERDICT_FRAMES)
        majordomo_take_cut_answer (self, event, out);
    else if (ready && (verdict == VERDICT_SHORT || verdict == VERDICT_SERVICE || verdict == VERDICT_CREDIT))
        majordomo_take_bad_ready (self, ask, out);
}

/*  Of mmi. services this one tells what the other broker can do, and so belongs to that. */
static bool
is_for_active (const mdp_command_t *command)
{
    return !mmi_is_reserved (command->service) || mmi_decode (command->service) == MMI_SERVICE;
}

/*  mmi.service is also when it was what made this one active: nobody is registered yet, and 404 would be a lie. */
static bool
is_dropped (const keel_majordomo_t *self, const mdp_command_t *command)
{
    if (!self->passive && !self->voted_for)
        return false;
    return is_for_active (command) && (self->passive || mmi_is_reserved (command->service));
}

static void
take_message (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    envelope_t envelope;
    mdp_command_t command;
    majordomo_ask_t ask = {&event->peer, &envelope, &command};
    self->queue.counters.messages++;
    verdict_t verdict = decode (self, event, &envelope, &command);
    if (verdict != VERDICT_OK)
        take_malformed (self, event, &ask, verdict, out);
    else if (command.role == MDP_WORKER)
        majordomo_take_from_worker (self, &ask, out);
    else if (is_dropped (self, &command))
        self->counters.requests_passive++;
    else if (mmi_is_reserved (command.service))
        majordomo_mmi (self, &ask, out);
    else
        take_request (self, &ask, out);
}

bool
keel_majordomo_is_vote (const keel_majordomo_t *self, const keel_event_t *event)
{
    envelope_t envelope;
    mdp_command_t command;
    if (event->kind != KEEL_EVENT_MESSAGE || decode (self, event, &envelope, &command) != VERDICT_OK)
        return false;
    return command.role == MDP_WORKER ? command.kind == MDP_READY : is_for_active (&command);
}

/* ------------------------------------------------------------------ one of a pair */

void
keel_majordomo_set_role (keel_majordomo_t *self, keel_majordomo_role_t role)
{
    self->passive = role == KEEL_MAJORDOMO_PASSIVE;
    self->voted_for = role == KEEL_MAJORDOMO_SERVING;
    if (role == KEEL_MAJORDOMO_SERVING)
        queue_resume (&self->queue);
    else
        queue_suspend (&self->queue, self->passive ? 0 : self->queue.config.drain_timeout_ms);
}

bool
keel_majordomo_has_left (const keel_majordomo_t *self)
{
    return queue_drained (&self->queue);
}

void
keel_majordomo_join (keel_majordomo_t *self, const keel_star_t *star)
{
    self->star = star;
}

keel_star_event_kind_t
keel_majordomo_take_order (keel_majordomo_t *self)
{
    keel_star_event_kind_t order = self->order;
    self->order = KEEL_STAR_TICK;
    return order;
}

/* ------------------------------------------------------------------ the contract */

int
keel_majordomo_step (keel_majordomo_t *self, const keel_event_t *event, keel_actions_t *out)
{
    queue_begin (&self->queue, event);
    if (event->kind == KEEL_EVENT_MESSAGE)
        take_message (self, event, out);
    else
        queue_take_event (&self->queue, event, out);
    self->voted_for = false;
    queue_settle (&self->queue, out);
    return 0;
}

int64_t
keel_majordomo_next_due (const keel_majordomo_t *self)
{
    return queue_next_due (&self->queue);
}

bool
keel_majordomo_drained (const keel_majordomo_t *self)
{
    return queue_drained (&self->queue);
}

dispatch_gauges_t
keel_majordomo_gauges (const keel_majordomo_t *self)
{
    return dispatch_gauges (self->queue.dispatch);
}

const dispatch_counters_t *
keel_majordomo_counters (const keel_majordomo_t *self)
{
    return dispatch_counters (self->queue.dispatch);
}
