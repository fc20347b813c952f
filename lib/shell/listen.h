/*  Binding what a program was told to listen on, and saying so; or why not, and what to do about it. */
#ifndef KEEL_LISTEN_H
#define KEEL_LISTEN_H

#include "activation.h"
#include "options.h"
#include "port.h"

/*  One endpoint of a list, over the socket that systemd passed for it, if any did (passed NULL: none). The first one that a port
 *  listens on is its listener 0, and so on.
 *  0, or the code to exit with: EXIT_UNAVAILABLE it cannot be bound; EXIT_USAGE or EXIT_CONFIG it is no endpoint. */
int listen_on (const options_t *options, port_t *port, activation_t *passed, const setting_item_t *item);
/*  Says why one cannot be bound, errno being why; returns the code to exit with. */
int listen_failed (const options_t *options, const char *endpoint, int why);

#endif
