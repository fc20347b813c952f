#include "bound.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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

/*  Is number an epoll descriptor that watches fd? data: [out] what it gives with an event. */
static bool
watches (int number, int fd, uint64_t *data)
{
    char path[64], line[256];
    int watched;
    bool found = false;
    snprintf (path, sizeof (path), "/proc/self/fdinfo/%d", number);
    FILE *info = fopen (path, "re");
    while (info && !found && fgets (line, sizeof (line), info))
        found = sscanf (line, "tfd: %d events: %*x data: %" SCNx64, &watched, data) == 2 && watched == fd;
    if (info)
        fclose (info);
    return found;
}

/*  libzmq has no word for it, so its I/O thread is made to hear nothing of fd: that stays among what its epoll watches, but no event of
 *  it is asked for. Which epoll that is, the kernel says. */
bool
bound_close_door (int fd)
{
    bool closed = false;
    DIR *descriptors = opendir ("/proc/self/fdinfo");
    struct dirent *entry;
    while (descriptors && (entry = readdir (descriptors))) {
        int number = atoi (entry->d_name);
        uint64_t data;
        if (entry->d_name[0] == '.' || !watches (number, fd, &data))
            continue;
        struct epoll_event nothing = {.events = 0, .data.u64 = data};
        closed |= epoll_ctl (number, EPOLL_CTL_MOD, fd, &nothing) == 0;
    }
    if (descriptors)
        closedir (descriptors);
    return closed;
}
