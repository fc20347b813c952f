#include "activation.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
    struct sockaddr_storage room;
} address_t;

/* ------------------------------------------------------------------ addresses as endpoints */

static void
write_path (const struct sockaddr_un *address, socklen_t size, char text[ACTIVATION_ENDPOINT])
{
    size_t length = (size_t) size - offsetof (struct sockaddr_un, sun_path);
    const char *path = address->sun_path;
    if (path[0])
        snprintf (text, ACTIVATION_ENDPOINT, "ipc://%.*s", (int) length, path);
    else
        snprintf (text, ACTIVATION_ENDPOINT, "ipc://@%.*s", (int) length - 1, path + 1);
}

/*  text: INET6_ADDRSTRLEN. False: it is no IP address. */
static bool
write_host (const address_t *address, char text[])
{
    if (address->any.sa_family == AF_INET)
        return inet_ntop (AF_INET, &address->v4.sin_addr, text, INET6_ADDRSTRLEN);
    return address->any.sa_family == AF_INET6 && inet_ntop (AF_INET6, &address->v6.sin6_addr, text, INET6_ADDRSTRLEN);
}

/*  False: neither TCP nor a local socket with an address. */
static bool
write_endpoint (int fd, char text[ACTIVATION_ENDPOINT])
{
    address_t address;
    char host[INET6_ADDRSTRLEN];
    socklen_t size = sizeof (address);
    if (getsockname (fd, &address.any, &size) != 0)
        return false;
    bool local = address.any.sa_family == AF_UNIX && size > offsetof (struct sockaddr_un, sun_path);
    if (local)
        write_path (&address.path, size, text);
    else if (!write_host (&address, host))
        return false;
    else if (address.any.sa_family == AF_INET)
        snprintf (text, ACTIVATION_ENDPOINT, "tcp://%s:%u", host, ntohs (address.v4.sin_port));
    else
        snprintf (text, ACTIVATION_ENDPOINT, "tcp://[%s]:%u", host, ntohs (address.v6.sin6_port));
    return true;
}

/*  Writes a host, which may have brackets and a scope, as everybody writes it. All ways to say any address are one. */
static void
normalize (const char *host, int size, char text[ACTIVATION_ENDPOINT])
{
    struct in6_addr v6;
    bool bracketed = *host == '[';
    snprintf (text, ACTIVATION_ENDPOINT, "%.*s", bracketed ? size - 2 : size, host + bracketed);
    text[strcspn (text, "%")] = 0;
    if (bracketed && inet_pton (AF_INET6, text, &v6) == 1)
        inet_ntop (AF_INET6, &v6, text, ACTIVATION_ENDPOINT);
    if (strcmp (text, "0.0.0.0") == 0 || strcmp (text, "::") == 0)
        strcpy (text, "*");
}

/*  Is host the name of an interface that has that address? */
static bool
interface_has (const char *host, const char *address)
{
    struct ifaddrs *all;
    char text[INET6_ADDRSTRLEN];
    bool found = false;
    if (if_nametoindex (host) == 0 || getifaddrs (&all) != 0)
        return false;
    for (struct ifaddrs *one = all; one && !found; one = one->ifa_next)
        found = one->ifa_addr && strcmp (one->ifa_name, host) == 0 &&
                write_host ((const address_t *) (const void *) one->ifa_addr, text) && strcmp (text, address) == 0;
    freeifaddrs (all);
    return found;
}

static bool
is_same (const char *wanted, const char *passed)
{
    char host[ACTIVATION_ENDPOINT], address[ACTIVATION_ENDPOINT];
    const char *port = strrchr (wanted, ':'), *passed_port = strrchr (passed, ':');
    if (strcmp (wanted, passed) == 0)
        return true;
    if (strncmp (wanted, "tcp://", 6) != 0 || strncmp (passed, "tcp://", 6) != 0 || strcmp (port, passed_port) != 0)
        return false;
    normalize (wanted + 6, (int) (port - wanted) - 6, host);
    normalize (passed + 6, (int) (passed_port - passed) - 6, address);
    return strcmp (host, address) == 0 || interface_has (host, address);
}

/* ------------------------------------------------------------------ what was passed */

/*  systemd clears O_NONBLOCK; whoever accepts a connection that has just gone away must not wait for the next. */
static bool
take_in (passed_socket_t *self, int fd)
{
    int flags = fcntl (fd, F_GETFL);
    self->fd = fd;
    return sd_is_socket (fd, AF_UNSPEC, SOCK_STREAM, 1) > 0 && write_endpoint (fd, self->endpoint) && flags >= 0 &&
           fcntl (fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static void
free_names (char **names)
{
    for (size_t n = 0; names && names[n]; n++)
        free (names[n]);
    free (names);
}

int
activation_open (activation_t *self, char problem[ACTIVATION_PROBLEM])
{
    char **names = NULL;
    int count = sd_listen_fds_with_names (1, &names), rc = 0;
    self->count = 0;
    if (count > ACTIVATION_MOST) {
        snprintf (problem, ACTIVATION_PROBLEM, "systemd passes %d sockets; at most %d are taken", count, ACTIVATION_MOST);
        count = 0;
        rc = -1;
    }
    for (int n = 0; n < count && rc == 0; n++) {
        if (!take_in (&self->items[self->count++], SD_LISTEN_FDS_START + n)) {
            snprintf (problem, ACTIVATION_PROBLEM,
                      "systemd passes a descriptor of %s that does not listen on TCP or on a local stream socket; its "
                      "socket unit must name such by ListenStream=, with Accept=no",
                      names && names[n] ? names[n] : "no name");
            rc = -1;
        }
    }
    free_names (names);
    return rc;
}

int
activation_take (activation_t *self, const char *endpoint)
{
    for (size_t n = 0; n < self->count; n++) {
        int fd = self->items[n].fd;
        if (fd < 0 || !is_same (endpoint, self->items[n].endpoint))
            continue;
        self->items[n].fd = -1;
        return fd;
    }
    return -1;
}

const char *
activation_left (const activation_t *self)
{
    for (size_t n = 0; n < self->count; n++)
        if (self->items[n].fd >= 0)
            return self->items[n].endpoint;
    return NULL;
}

void
activation_close (activation_t *self)
{
    for (size_t n = 0; n < self->count; n++)
        if (self->items[n].fd >= 0)
            close (self->items[n].fd);
    self->count = 0;
}
