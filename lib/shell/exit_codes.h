/*  How every program ends, so that scripts and systemd units can tell. The numbers above 63 are sysexits(3)'s. */
#ifndef KEEL_EXIT_CODES_H
#define KEEL_EXIT_CODES_H

enum {
    EXIT_OK = 0,           /* done */
    EXIT_FAILED = 1,       /* no reply in time, the request failed, ... */
    EXIT_USAGE = 64,       /* the command line is wrong */
    EXIT_UNAVAILABLE = 69, /* an endpoint cannot be bound */
    EXIT_CONFIG = 78,      /* the configuration file is wrong, or not there */
};

#endif
