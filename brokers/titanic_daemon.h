/*  titanic, put together: the engine, its store with the thread that commits, and the links to brokers. It stands where shell/broker
 *  expects an engine: it passes events on, with the wall clock and the engine's numbers of links, and carries out
 *  what the loop does not know.
 */
#ifndef TITANIC_DAEMON_H
#define TITANIC_DAEMON_H

#include "titanic_settings.h"

/*  shell/broker.h says what each is for. */
void *titanic_make (const void *settings, uint64_t seed);
int titanic_start (void *engine, port_t *port, const void *settings);
void titanic_unmake (void *engine);
void titanic_reload (void *engine, const void *settings);
int titanic_step (void *engine, const keel_event_t *event, keel_actions_t *out);
int64_t titanic_next_due (const void *engine);
bool titanic_carry (void *engine, const keel_action_t *action);
bool titanic_more (void *engine, keel_event_t *event);
void titanic_rest (void *engine);
bool titanic_drained (const void *engine);
void titanic_describe (const void *engine, text_t *line);
const char *titanic_stats (void *engine, int64_t now);

#endif
