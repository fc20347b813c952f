/*  What the client classes are inside: an engine that decides, a port that carries, an inbox.
 *
 *  The engine names a server or broker by its place in the list that the application gave; the port has numbers of its
 *  own. Actions are carried out, time is told, what is delivered waits in the inbox, which is bounded by not reading:
 *  once it has something, no message is read until that was taken.
 */
#ifndef KEEL_LINKS_H
#define KEEL_LINKS_H

#include "inbox.h"

#include "loop.h"
#include "port.h"

/*  What all of them take, and have at first. */
#define LINKS_TIMEOUT_MS      2500
#define LINKS_TIMEOUT_MOST_MS 86400000
#define LINKS_RETRIES         3
#define LINKS_RETRIES_MOST    1000

#define LINKS_CLOSED (-1)

typedef struct {
    char *name;
    int link; /* the port's number, or LINKS_CLOSED */
} place_t;

typedef struct {
    void *engine;
    loop_step_fn *step;
    loop_due_fn *next_due;
    keel_actions_t *actions;
    port_t *port;
    place_t *places; /* by the engine's index */
    uint16_t place_count;
    inbox_t inbox;
    bool unread; /* the port may have messages that its descriptor does not tell of */
} links_t;

/*  endpoints: one or more, separated by commas. The engine is made afterwards, by links_run, since it wants to know how
 *  many they are. False with errno: EINVAL one of them is no endpoint, ENOMEM; then too links_clear is due. */
bool links_open (links_t *self, const char *endpoints);
/*  engine: borrowed. */
void links_run (links_t *self, void *engine, loop_step_fn *step, loop_due_fn *next_due);
void links_clear (links_t *self);

/*  A number for an engine's seed; false without. */
bool links_seed (uint64_t *seed);

/*  Lets the engine do what is due. */
void links_work (links_t *self);
/*  Reads what has come, without waiting, until the inbox has something or there is no more to do. False: a batch was not
 *  enough. */
bool links_pump (links_t *self);
/*  Waits until the inbox has something. 0, KEEL_E_TIMEOUT, KEEL_E_STATE the engine waits for nothing, KEEL_E_INTERRUPTED,
 *  KEEL_E_MEMORY. */
int links_await (links_t *self, int64_t deadline);

/*  The frames of a message, lent; the caller frees the array. NULL without memory, or without frames: then *count is 0. */
span_t *links_frames (zmsg_t *message, size_t *count);

#endif
