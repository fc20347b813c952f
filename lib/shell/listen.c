#include "listen.h"

#include "exit_codes.h"
#include "log.h"

#include <errno.h>
#include <zmq.h>

/*  What to do about it. */
static const char *
bind_remedy (int error)
{
    switch (error) {
    case EADDRINUSE:
        return "stop what has it, or choose another endpoint";
    case ENOENT:
    case ENOTDIR:
        return "create the directory first";
    case EACCES:
    case EPERM:
    case EROFS:
        return "choose a port above 1023 or a directory that this user may write to";
    case EADDRNOTAVAIL:
    case ENODEV:
        return "choose an address of this machine, or * for all";
    default:
        return "choose another endpoint";
    }
}

int
listen_failed (const options_t *options, const char *endpoint, int why)
{
    if (why == EINVAL || why == EPROTONOSUPPORT || why == ENOCOMPATPROTO)
        return options_fail (options, "bad endpoint %s: %s", endpoint, zmq_strerror (why));
    log_at (KEEL_LOG_ERROR, "cannot listen on %s: %s; %s", endpoint, zmq_strerror (why), bind_remedy (why));
    return EXIT_UNAVAILABLE;
}

int
listen_on (const options_t *options, port_t *port, activation_t *passed, const setting_item_t *item)
{
    uint16_t listener;
    int fd = passed ? activation_take (passed, item->text) : -1;
    int rc = fd < 0 ? port_listen (port, item->text, item->admin, &listener)
                    : port_adopt (port, item->text, fd, item->admin, &listener);
    if (rc != 0)
        return listen_failed (options, item->text, errno);
    log_at (KEEL_LOG_NOTICE, "listening on %s%s%s", port_endpoint (port, listener), item->admin ? " admin=1" : "",
            fd < 0 ? "" : " from=systemd");
    return 0;
}
