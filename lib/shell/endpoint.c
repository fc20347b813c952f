#include "endpoint.h"

#include "bound.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/*  A host name's limit, and enough for any address. */
#define HOST_MOST 253

static bool
starts (const char *text, const char *prefix)
{
    return strncmp (text, prefix, strlen (prefix)) == 0;
}

static bool
all_in (const char *text, const char *allowed)
{
    return text[strspn (text, allowed)] == 0;
}

static const char *
check_port (const char *port, endpoint_use_t use)
{
    bool any = strcmp (port, "*") == 0 || strcmp (port, "0") == 0;
    if (any)
        return use == ENDPOINT_BIND ? NULL : "one connects to a port from 1 to 65535";
    size_t size = strlen (port);
    int number = 0;
    if (size == 0 || size > 5 || !all_in (port, "0123456789") || sscanf (port, "%d", &number) != 1 || number < 1 ||
        number > 65535)
        return use == ENDPOINT_BIND ? "the port must be from 1 to 65535, or * for any"
                                    : "the port must be from 1 to 65535";
    return NULL;
}

/*  address: with its brackets */
static const char *
check_ipv6 (const char *address)
{
    size_t size = strlen (address);
    if (size < 2 || address[size - 1] != ']')
        return "a bracket is missing";
    char inner[HOST_MOST];
    snprintf (inner, sizeof (inner), "%.*s", (int) (size - 2), address + 1);
    char *scope = strchr (inner, '%');
    if (scope) {
        if (!scope[1])
            return "an interface must follow the %";
        *scope = 0;
    }
    struct in6_addr parsed;
    return inet_pton (AF_INET6, inner, &parsed) == 1 ? NULL : "what is in brackets is no IPv6 address";
}

static const char *
check_host (const char *host, endpoint_use_t use)
{
    if (!*host)
        return "the address is missing";
    if (strcmp (host, "*") == 0)
        return use == ENDPOINT_BIND ? NULL : "one connects to an address, not to *";
    if (*host == '[')
        return check_ipv6 (host);
    if (strchr (host, ':'))
        return "an IPv6 address stands in brackets, tcp://[::1]:5555";
    struct in_addr parsed;
    if (all_in (host, "0123456789."))
        return inet_pton (AF_INET, host, &parsed) == 1 ? NULL : "that is no IPv4 address";
    for (const char *at = host; *at; at++)
        if (!isalnum ((unsigned char) *at) && !strchr ("-._", *at))
            return "the address has a character that no host name has";
    return NULL;
}

static const char *
check_tcp (const char *address, endpoint_use_t use)
{
    const char *colon = strrchr (address, ':');
    if (!colon || strchr (colon, ']'))
        return "a port is missing, tcp://ADDRESS:PORT";
    size_t size = (size_t) (colon - address);
    if (size > HOST_MOST)
        return "the address is too long";
    char host[HOST_MOST + 1];
    memcpy (host, address, size);
    host[size] = 0;
    const char *problem = check_host (host, use);
    return problem ? problem : check_port (colon + 1, use);
}

static const char *
check_ipc (const char *path, endpoint_use_t use)
{
    if (!*path)
        return "the path is missing, ipc://PATH";
    if (strcmp (path, "*") == 0 && use == ENDPOINT_CONNECT)
        return "one connects to a path, not to *";
    if (strlen (path) >= sizeof (((struct sockaddr_un *) 0)->sun_path))
        return "the path is longer than the 107 bytes that a socket's may have";
    return NULL;
}

const char *
endpoint_check (const char *endpoint, endpoint_use_t use)
{
    for (const char *at = endpoint; *at; at++)
        if ((unsigned char) *at < ' ' || *at == 0x7f)
            return "it has a control character";
    if (starts (endpoint, "tcp://"))
        return check_tcp (endpoint + 6, use);
    if (starts (endpoint, "ipc://"))
        return check_ipc (endpoint + 6, use);
    return "it must begin with tcp:// or ipc://";
}

/*  The part behind tcp:// before the port. */
static void
take_host (const char *endpoint, char host[HOST_MOST + 1])
{
    const char *start = endpoint + strlen ("tcp://"), *port = strrchr (endpoint, ':');
    snprintf (host, HOST_MOST + 1, "%.*s", (int) (port - start), start);
}

static bool
is_one_of (const char *host, const char *const hosts[], size_t count)
{
    for (size_t n = 0; n < count; n++)
        if (strcmp (host, hosts[n]) == 0)
            return true;
    return false;
}

/*  Both over tcp, with one port? Then their hosts. */
static bool
share_port (const char *one, const char *other, char host[HOST_MOST + 1], char other_host[HOST_MOST + 1])
{
    if (!starts (one, "tcp://") || !starts (other, "tcp://") || strcmp (strrchr (one, ':'), strrchr (other, ':')) != 0)
        return false;
    take_host (one, host);
    take_host (other, other_host);
    return true;
}

bool
endpoint_collides (const char *bind, const char *other)
{
    static const char *const all[] = {"*", "[::]"}; /* both versions of IP */
    char host[HOST_MOST + 1], other_host[HOST_MOST + 1];
    if (bound_is_wildcard (bind) || bound_is_wildcard (other))
        return false;
    if (strcmp (bind, other) == 0)
        return true;
    if (!share_port (bind, other, host, other_host))
        return false;
    return is_one_of (host, all, 2) || is_one_of (other_host, all, 2) ||
           (strcmp (host, "0.0.0.0") == 0 && *other_host != '[') ||
           (strcmp (other_host, "0.0.0.0") == 0 && *host != '[');
}

bool
endpoint_reaches (const char *peer, const char *bind)
{
    static const char *const selves[] = {"*", "0.0.0.0", "[::]", "localhost", "127.0.0.1", "[::1]"};
    const size_t count = sizeof (selves) / sizeof (selves[0]);
    char host[HOST_MOST + 1], bound[HOST_MOST + 1];
    if (strcmp (peer, bind) == 0)
        return true;
    return share_port (peer, bind, host, bound) &&
           (strcmp (host, bound) == 0 || (is_one_of (host, selves, count) && is_one_of (bound, selves, count)));
}
