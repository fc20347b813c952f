/*  What libzmq leaves open about an endpoint that is bound. */
#ifndef KEEL_BOUND_H
#define KEEL_BOUND_H

#include <stdbool.h>

/*  Does somebody answer at this ipc path? libzmq would silently take it over. */
bool bound_is_taken (const char *endpoint);
/*  Does it leave the port, or the path, to the system? */
bool bound_is_wildcard (const char *endpoint);
/*  What was given, with the real port for a wildcard; the caller frees it. socket: libzmq's, bound to it last. */
char *bound_endpoint (void *socket, const char *given);
/*  Has libzmq accept nobody any more at the socket fd that it listens on. zmq_unbind would end the connections that were made there as well.
 *  False: there is no way on this system. */
bool bound_close_door (int fd);

#endif
