/*  What the two yardsticks share: they announce their endpoints as the brokers do, and end with SIGTERM in a normal
 *  way, since valgrind writes its figures then. */
#ifndef KEEL_YARDSTICK_H
#define KEEL_YARDSTICK_H

#include <stdbool.h>

/*  Has SIGTERM and SIGINT interrupt whatever libzmq waits for. */
void yardstick_open (void);
bool yardstick_stopped (void);
/*  A bound ROUTER or DEALER, said on stderr; ends the program when it can't be. */
void *yardstick_bind (void *context, int type, const char *endpoint);

#endif
