/*  Is it an endpoint? Said before libzmq sees it, and in words, since libzmq only says EINVAL.
 *
 *  tcp://ADDRESS:PORT, with an IPv6 address in brackets; ipc://PATH. To bind, the address may be `*` or an interface and
 *  the port `*` or 0; to connect it may be a host's name. Not inproc: each of our sockets has a context that nobody
 *  shares, so nobody would ever be at the other end.
 */
#ifndef KEEL_ENDPOINT_H
#define KEEL_ENDPOINT_H

typedef enum {
    ENDPOINT_BIND,
    ENDPOINT_CONNECT,
} endpoint_use_t;

/*  NULL: it is one; else what is wrong with it, a phrase that follows "bad endpoint X: ". */
const char *endpoint_check (const char *endpoint, endpoint_use_t use);

#endif
