/*  Is it an endpoint? Said before libzmq sees it, and in words, since libzmq only says EINVAL.
 *
 *  tcp://ADDRESS:PORT, with an IPv6 address in brackets; ipc://PATH. To bind, the address may be `*` or an interface and
 *  the port `*` or 0; to connect it may be a host's name. Not inproc: each of our sockets has a context that nobody
 *  shares, so nobody would ever be at the other end.
 */
#ifndef KEEL_ENDPOINT_H
#define KEEL_ENDPOINT_H

#include <stdbool.h>

typedef enum {
    ENDPOINT_BIND,
    ENDPOINT_CONNECT,
} endpoint_use_t;

/*  NULL: it is one; else what is wrong with it, a phrase that follows "bad endpoint X: ". */
const char *endpoint_check (const char *endpoint, endpoint_use_t use);

/*  The rest is of good endpoints, and as far as it shows: what other names this machine has is not looked up. */

/*  Do two that one process is to bind get into each other's way? */
bool endpoint_collides (const char *bind, const char *other);
/*  Does what connects to peer, on the same machine, reach what is bound to bind? */
bool endpoint_reaches (const char *peer, const char *bind);

#endif
