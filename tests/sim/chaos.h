/*  What goes wrong, and how it is made good. */
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include "network.h"

/*  One misfortune, and the next one planned. */
void chaos_strike (world_t *world);
/*  Nothing more goes wrong; who is gone comes back. */
void chaos_heal (world_t *world);

#endif
