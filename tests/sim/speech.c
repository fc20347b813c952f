#include "speech.h"

#include "dialect.h"
#include "world.h"

static const char *const kinds[] = {"REQUEST", "PARTIAL", "FINAL", "READY", "HEARTBEAT", "DISCONNECT"};

static void
add (char *line, size_t capacity, const char *before, span_t bytes)
{
    size_t size = strlen (line);
    size_t most = bytes.size < 24 ? bytes.size : 24;
    size += (size_t) snprintf (line + size, capacity - size, "%s", before);
    for (size_t n = 0; n < most && size + 2 < capacity; n++)
        line[size++] = (char) (bytes.data[n] >= ' ' && bytes.data[n] <= '~' ? bytes.data[n] : '?');
    line[size] = 0;
}

/*  frames: with the envelope. */
static void
tell (const world_t *world, uint16_t listener, char *line, size_t capacity, const span_t frames[], size_t count,
      bool to_peer)
{
    envelope_t envelope;
    mdp_command_t command;
    int64_t kind = world->plan.kind;
    line[0] = 0;
    verdict_t verdict = to_peer ? dialect_at_peer (kind, listener, frames, count, &envelope, &command)
                                : dialect_at_broker (kind, listener, frames, count, &envelope, &command);
    if (verdict != VERDICT_OK) {
        snprintf (line, capacity, "something malformed");
        return;
    }
    if (kind == WORLD_MAJORDOMO)
        snprintf (line, capacity, "0.%u ", command.version);
    add (line, capacity, "", span_text (kinds[command.kind]));
    if (command.service.data)
        add (line, capacity, " ", command.service);
    if (command.token.data)
        add (line, capacity, " token ", command.token);
    for (size_t n = 0; n < command.body_count && n < 4; n++)
        add (line, capacity, n ? "|" : " ", command.body[n]);
    if (command.kind == MDP_READY)
        snprintf (line + strlen (line), capacity - strlen (line), " credit %u", command.credit);
}

static const char *
name_of (const world_t *world, uint16_t broker, uint16_t listener, span_t id)
{
    const peer_t *peer = network_owner (world, broker, listener, id);
    return peer ? peer->name : "somebody";
}

void
speech_heard (const world_t *world, uint16_t broker, const keel_event_t *event)
{
    char line[200];
    const char *name = event->peer.id.data ? name_of (world, broker, event->peer.listener, event->peer.id) : "";
    switch (event->kind) {
    case KEEL_EVENT_MESSAGE:
        tell (world, event->peer.listener, line, sizeof (line), event->frames, event->count, false);
        world_trace (world, "b%u < %s: %s", broker, name, line);
        break;
    case KEEL_EVENT_UNREACHABLE:
    case KEEL_EVENT_FULL:
        world_trace (world, "b%u ! %s is %s", broker, name, event->kind == KEEL_EVENT_FULL ? "full" : "unreachable");
        break;
    case KEEL_EVENT_DISCONNECTED:
        world_trace (world, "b%u ! a connection has ended", broker);
        break;
    case KEEL_EVENT_DRAIN:
        world_trace (world, "b%u ! is to finish", broker);
        break;
    default:
        break;
    }
}

static void
tell_action (const world_t *world, uint16_t listener, char *line, size_t capacity, const keel_action_t *action,
             bool to_peer)
{
    span_t frames[64];
    size_t count = 0;
    for (size_t n = 0; n < action->head_count && count < 64; n++)
        frames[count++] = action->head[n];
    for (size_t n = 0; n < action->body_count && count < 64; n++)
        frames[count++] = action->body[n];
    tell (world, listener, line, capacity, frames, count, to_peer);
}

void
speech_sent (const world_t *world, uint16_t broker, const keel_action_t *action, sent_t sent)
{
    static const char *const outcomes[] = {"", " (full)", " (unreachable)"};
    char line[200];
    tell_action (world, action->listener, line, sizeof (line), action, true);
    world_trace (world, "b%u > %s: %s%s", broker, name_of (world, broker, action->listener, action->id), line,
                 outcomes[sent]);
}

void
speech_said (const world_t *world, const peer_t *peer, const keel_action_t *action)
{
    char line[200];
    if (action->kind != KEEL_ACTION_SEND)
        return;
    tell_action (world, peer->listener, line, sizeof (line), action, false);
    world_trace (world, "%s > b%u: %s", peer->name, (unsigned) (action->listener % world->plan.brokers), line);
}
