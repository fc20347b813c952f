#include "endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
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
