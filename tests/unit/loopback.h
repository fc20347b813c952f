/*  An address of this machine that no other test has: a client that still looks for a server of another test finds nobody there. */
#ifndef KEEL_LOOPBACK_H
#define KEEL_LOOPBACK_H

/*  To be bound: any port of that address. */
const char *loopback_any_port (void);

#endif
