#include "bound.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

bool
bound_is_taken (const char *endpoint)
{
    if (strncmp (endpoint, "ipc://", 6) != 0)
        return false;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen (endpoint + 6);
    if (size >= sizeof (address.sun_path))
        return false;
    memcpy (address.sun_path, endpoint + 6, size);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    socklen_t length = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size);
    bool taken = connect (fd, (struct sockaddr *) &address, length) == 0 || errno == EAGAIN;
    close (fd);
    return taken;
}

bool
bound_is_wildcard (const char *endpoint)
{
    const char *port = strrchr (endpoint, ':');
    return strcmp (endpoint, "ipc://*") == 0 || (port && (strcmp (port, ":*") == 0 || strcmp (port, ":0") == 0));
}

char *
bound_endpoint (void *socket, const char *given)
{
    char bound[256];
    size_t size = sizeof (bound);
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
        return strdup (given);
    if (strcmp (given, "ipc://*") == 0)
        return strdup (bound);
    const char *real = strrchr (bound, ':');
    char *text = NULL;
    if (!bound_is_wildcard (given) || !real)
        return strdup (given);
    return asprintf (&text, "%.*s%s", (int) (strrchr (given, ':') - given), given, real) < 0 ? NULL : text;
}
