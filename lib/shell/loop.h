/*  The loop: one thread that carries events from a port into an engine and the engine's actions out again.
 *
 *  Busy, it drains the sockets in batches and never sleeps. Idle, it sleeps exactly until the engine's next due time.
 *  In between it may spin: look again for a while before it sleeps, for less latency at the price of CPU.
 */
#ifndef KEEL_LOOP_H
#define KEEL_LOOP_H

#include "port.h"

typedef int loop_step_fn (void *engine, const keel_event_t *event, keel_actions_t *out);
typedef int64_t loop_due_fn (const void *engine);
/*  Carries out an action that the loop does not know, or not so. False: the loop does it. */
typedef bool loop_carry_fn (void *engine, const keel_action_t *action);
/*  The next event that comes from neither port nor clock; asked after each step and rest. False: there is none. */
typedef bool loop_more_fn (void *engine, keel_event_t *event);
/*  A turn has ended; and once more, when that led to steps. */
typedef void loop_rest_fn (void *engine);

typedef struct {
    port_t *port;
    void *engine;
    loop_step_fn *step;
    loop_due_fn *next_due;
    loop_carry_fn *carry; /* NULL: SEND and LOG are all there is */
    loop_more_fn *more;   /* or NULL */
    loop_rest_fn *rest;   /* or NULL */
    int64_t spin_us;      /* 0: sleeps at once */
    keel_actions_t *actions;
    int64_t now;         /* of this turn */
    uint64_t steps;      /* of the engine, so far */
    int64_t spin_until_us;
    bool busy;           /* the next turn does not sleep */
    unsigned full_turns; /* that did not sleep */
} loop_t;

/*  Borrows port and engine. 0, or -1 without memory. */
int loop_open (loop_t *self, port_t *port, void *engine, loop_step_fn *step, loop_due_fn *next_due);
void loop_close (loop_t *self);

/*  One turn: unless the last one left work, sleep until something arrives or is due, but no longer than most_ms (-1: no
 *  limit); then what is due and a batch of what has arrived. True: a descriptor that the port watches may be readable. */
bool loop_turn (loop_t *self, int64_t most_ms);
/*  Gives the engine an event that comes from neither port nor clock. */
void loop_tell (loop_t *self, keel_event_kind_t kind);

#endif
