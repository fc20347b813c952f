/*  How the peers of each kind of world speak. For all of them a message is one of MDP's commands (mdp.h): a Pirate's request
 *  has the one service, its answer is a FINAL, and the envelope that its queue gives a worker is the token. */
#ifndef SIM_DIALECT_H
#define SIM_DIALECT_H

#include "envelope.h"
#include "mdp.h"

/*  The service of the Pirates. */
#define DIALECT_SERVICE "workers"
/*  Their only version. */
#define DIALECT_VERSION 1

/*  What a broker gets over that listener, and what it says to one of that listener's peers. kind: the world's; frames: with
 *  the envelope. The command of a malformed one is as far known as the verdict allows. */
verdict_t dialect_at_broker (int64_t kind, uint16_t listener, const span_t frames[], size_t count, envelope_t *envelope,
                             mdp_command_t *command);
verdict_t dialect_at_peer (int64_t kind, uint16_t listener, const span_t frames[], size_t count, envelope_t *envelope,
                           mdp_command_t *command);

/*  Each writes what stands before the body, at most MDP_HEAD_MAX frames, and returns their number; 0: there is no word for
 *  it, or nothing to write. */
size_t dialect_request (int64_t kind, uint8_t version, span_t service, span_t out[]);
size_t dialect_ready (int64_t kind, uint8_t version, span_t service, span_t credit, span_t out[]);
size_t dialect_control (int64_t kind, uint8_t version, mdp_kind_t what, span_t out[]);
size_t dialect_answer (int64_t kind, uint8_t version, mdp_kind_t what, span_t token, span_t out[]);

#endif
