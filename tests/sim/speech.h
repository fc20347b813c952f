/*  The trace: messages as a person reads them. */
#ifndef SIM_SPEECH_H
#define SIM_SPEECH_H

#include "network.h"

void speech_heard (const world_t *world, uint16_t broker, const keel_event_t *event);
void speech_sent (const world_t *world, uint16_t broker, const keel_action_t *action, sent_t sent);
/*  What a peer says when it says it. */
void speech_said (const world_t *world, const peer_t *peer, const keel_action_t *action);

#endif
