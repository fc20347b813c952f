/*  The oracle: watches one incarnation of a broker, step by step.
 *
 *  It keeps its own, simple model of what a broker must know (model.h), gives it the same events, and holds every
 *  action, counter and due time of the engine against it: who gets which answer, who holds what, attempts, credit,
 *  deadlines, turns, limits, silence. Where the engine may choose (which worker, which flow's turn) it checks that the
 *  choice is one of those allowed.
 *
 *  The model is one of dispatch, and serves every queue over it; dialect.h has all of them speak alike, and what is different
 *  about the Pirates' workers is in oracle_pirates.c.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "queue.h"

typedef struct world world_t;
typedef struct oracle oracle_t;

/*  queue: that of the engine, whose figures it should go by are config's. */
oracle_t *oracle_new (world_t *world, uint16_t broker, queue_t *queue, const queue_config_t *config);
void oracle_destroy (oracle_t **self);

/*  Around each step. The event's frames are still lent. */
void oracle_before (oracle_t *self, const keel_event_t *event);
void oracle_after (oracle_t *self, const keel_actions_t *out);

/*  Nothing waits, no worker is at work, not even for nothing. */
bool oracle_rests (const oracle_t *self);
/*  At rest: nothing may be left in the engine's tables. */
void oracle_check_empty (oracle_t *self);
bool oracle_is_registered (const oracle_t *self, uint16_t listener, span_t id);

#endif
