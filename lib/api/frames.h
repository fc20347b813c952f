/*  The frames of an application's message, as spans for an engine or a port. */
#ifndef KEEL_FRAMES_H
#define KEEL_FRAMES_H

#include "span.h"

#include <czmq.h>

/*  Of most messages; for more there is an allocation. */
#define FRAMES_FEW 16

/*  Lent: `few`, or what frames_free gives back. Without frames: NULL, *count is 0. Without memory the process ends, as czmq has
 *  it, too. */
span_t *frames_of (zmsg_t *message, span_t few[FRAMES_FEW], size_t *count);
void frames_free (span_t *frames, const span_t few[FRAMES_FEW]);

#endif
