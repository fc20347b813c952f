/*  A Binary Star's state and counters for people and machines. */
#include "bstar_inside.h"

static void
add_word (text_t *json, const char *key, const char *word)
{
    text_add_json_key (json, key);
    text_add_json_string (json, span_text (word));
}

void
keel_star_report (const keel_star_t *self, text_t *json, int64_t now)
{
    text_add (json, "{");
    add_word (json, "role", bstar_role_name (self->config.role));
    add_word (json, "state", bstar_state_name (self->state));
    text_add_json_number (json, "epoch", keel_star_epoch (self));
    text_add_json_key (json, "leaving");
    text_add (json, keel_star_leaving (self) ? "true" : "false");
    if (self->heard) {
        add_word (json, "peer", bstar_state_name (self->peer.state));
        text_add_json_number (json, "peer_epoch", self->peer.epoch);
        text_add_json_number (json, "peer_age_ms", (uint64_t) (now - self->heard_at));
    }
    if (keel_star_in_conflict (self, now))
        add_word (json, "trouble", "the peer has the same role");
    else if (self->pause_ms)
        add_word (json, "trouble", "activations fail; the log says why");
#define X(name) text_add_json_number (json, #name, self->counters.name);
    KEEL_STAR_COUNTER_MAP (X)
#undef X
    text_add (json, "}");
}

static void
describe_peer (const keel_star_t *self, text_t *line, int64_t now)
{
    if (!self->heard) {
        text_add (line, "peer not heard yet");
        return;
    }
    text_add (line, "peer ");
    text_add (line, bstar_state_name (self->peer.state));
    text_add (line, ", heard ");
    text_add_number (line, (uint64_t) (now - self->heard_at) / 1000);
    text_add (line, " s ago");
}

void
keel_star_describe (const keel_star_t *self, text_t *line, int64_t now)
{
    bool waits = self->state == BSTAR_PRIMARY || self->state == BSTAR_BACKUP;
    if (keel_star_in_conflict (self, now))
        text_add (line, "NOT SERVING: the peer has the same role; ");
    text_add (line, waits ? "waiting" : bstar_state_name (self->state));
    text_add (line, ", epoch ");
    text_add_number (line, keel_star_epoch (self));
    text_add (line, "; ");
    text_add (line, bstar_role_name (self->config.role));
    text_add (line, "; ");
    describe_peer (self, line, now);
}
