/*  A Freelance client (RFC 10): requests to any of several servers, with no broker between; many in flight.
 *
 *      keel_freelance_t *client = keel_freelance_new ("tcp://10.0.0.1:5555,tcp://10.0.0.2:5555");
 *      zmsg_t *request = zmsg_new (), *reply;
 *      zmsg_addstr (request, "hello");
 *      int rc = keel_freelance_request (client, &request, &reply);
 *
 *  A server is alive when it answers PINGs, which it gets when it is first connected and when nothing was heard of it for a
 *  while. Each request is with one living server at a time, which the policy chooses. When that lets the try timeout pass,
 *  the request goes to the next one, and at once when the server's connection ends; when it has been to all, it goes
 *  round again, with tries twice as long. The first answer counts, whichever server it is from. At the deadline the
 *  request fails. So a server may run a request more than once, and several may run it.
 *
 *  A thread of the client's own looks after the servers, whether requests are in flight or not. Any function but destroy
 *  may be called from any thread.
 */
#ifndef KEEL_FREELANCE_H
#define KEEL_FREELANCE_H

#include "error.h"

#include <czmq.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct keel_freelance keel_freelance_t;

typedef enum {
    KEEL_FREELANCE_LEAST,   /* the living server that holds the fewest of our requests, in turn; so at first */
    KEEL_FREELANCE_ORDERED, /* the first living one, in the order in which they were added */
    KEEL_FREELANCE_SHOTGUN, /* all living ones at once */
} keel_freelance_policy_t;

/*  What keel_freelance_recv gives. */
typedef struct {
    uint64_t id; /* as keel_freelance_send gave it */
    int code;    /* 0, or the error why the request failed */
} keel_freelance_result_t;

/*  Since the client was made. More may be added at the end. */
typedef struct {
    uint64_t requests;    /* taken from the application */
    uint64_t replies;     /* answers */
    uint64_t retries;     /* requests sent again, to the next server or round again */
    uint64_t copies;      /* requests sent to a further server at once: shotgun */
    uint64_t failed;      /* requests given up */
    uint64_t cancelled;   /* requests that the application gave up */
    uint64_t late;        /* answers that nothing waited for any more, dropped; with shotgun, all but the first */
    uint64_t unasked;     /* answers from a server that was not asked, dropped */
    uint64_t malformed;   /* messages that are no answers, dropped */
    uint64_t pings;       /* sent */
    uint64_t pongs;       /* received */
    uint64_t unsent;      /* messages that a connection did not take */
    uint64_t disconnects; /* connections that ended */
    uint64_t refused;     /* connections that could not be made, as often as it was tried */
    uint64_t deaths;      /* servers taken for dead, since they were silent for too long */
} keel_freelance_counters_t;

/*  endpoints   of servers, separated by commas: tcp://HOST:PORT or ipc://PATH; NULL or "" for none yet. At most 64
 *  Connects at once, and never waits for it. Returns NULL and sets errno: EINVAL one of them is no endpoint, or they are too
 *  many; ENOMEM, also when threads or sockets are short. */
KEEL_EXPORT keel_freelance_t *keel_freelance_new (const char *endpoints);

/*  Drops what is still in flight. Sets *self_p to NULL; takes a pointer to NULL too. No other function may be running. */
KEEL_EXPORT void keel_freelance_destroy (keel_freelance_t **self_p);

/*  One more server, to which requests may go as soon as it has answered a PING.
 *  Returns 0; KEEL_E_INVALID it is no endpoint; KEEL_E_STATE it is one already; KEEL_E_BUSY there are 64. */
KEEL_EXPORT int keel_freelance_add (keel_freelance_t *self, const char *endpoint);

/*  That server gets no more; what it holds goes to others at once, and its connection is closed.
 *  Returns 0, KEEL_E_STATE it is none of the servers. */
KEEL_EXPORT int keel_freelance_remove (keel_freelance_t *self, const char *endpoint);

/*  How many servers are alive. */
KEEL_EXPORT int keel_freelance_living (keel_freelance_t *self);

/*  Settings; each holds for requests and tries that begin after it.
 *  A request's whole time, msec: 1..86400000, 5000 at first. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_freelance_set_timeout (keel_freelance_t *self, int timeout_ms);
/*  One server's time for it, before the next is asked, msec: 1..86400000, 1000 at first. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_freelance_set_try (keel_freelance_t *self, int try_ms);
/*  After how long without a word a server gets a PING, msec: 1..86400000, 1000 at first; after 3 times that it is dead.
 *  A server that cannot answer PINGs while it works needs this to be longer than its work. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_freelance_set_ping (keel_freelance_t *self, int ping_ms);
/*  Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_freelance_set_policy (keel_freelance_t *self, keel_freelance_policy_t policy);
/*  How many requests may be in flight, results that were not yet received among them: 1..1000000, 10000 at first.
 *  Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_freelance_set_outstanding (keel_freelance_t *self, int outstanding);

/*  Sends one request and waits for its answer. Several threads may, each for its own.
 *  request     [take] body frames, one or more; *request is NULL afterwards, whatever is returned
 *  reply       [out] body frames, and the caller destroys it; NULL unless 0 is returned
 *  Returns 0, or: KEEL_E_TIMEOUT a server is there, but the answer did not come before the deadline; KEEL_E_NO_SERVER no
 *  server was heard; KEEL_E_INTERRUPTED a signal came, and the request was given up; KEEL_E_BUSY as many are in flight as
 *  may be; KEEL_E_INVALID; KEEL_E_MEMORY, also when answers that were not yet received come to more than 256 MiB. */
KEEL_EXPORT int keel_freelance_request (keel_freelance_t *self, zmsg_t **request, zmsg_t **reply);

/*  Sends one request and does not wait. Its one result comes from keel_freelance_recv.
 *  request     [take] as above
 *  id          [out] what its result is named by; may be NULL
 *  Returns 0, KEEL_E_BUSY, KEEL_E_INVALID, KEEL_E_MEMORY. */
KEEL_EXPORT int keel_freelance_send (keel_freelance_t *self, zmsg_t **request, uint64_t *id);

/*  The next result of those that were sent; each ends with an answer, or fails.
 *  timeout_ms  0 does not wait; -1 waits as long as something is in flight
 *  result      [out] set when 0 is returned
 *  reply       [out] body frames, and the caller destroys it; NULL when result->code is not 0, or 0 is not returned
 *  Returns 0; KEEL_E_TIMEOUT no result within timeout_ms; KEEL_E_STATE there is none to wait for; KEEL_E_INTERRUPTED
 *  a signal came, nothing was lost. */
KEEL_EXPORT int keel_freelance_recv (keel_freelance_t *self, keel_freelance_result_t *result, zmsg_t **reply,
                                     int timeout_ms);

/*  Gives up a request of keel_freelance_send: no result comes for that id. A server may run it all the same.
 *  Returns 0, KEEL_E_STATE when that id has no result to come. */
KEEL_EXPORT int keel_freelance_cancel (keel_freelance_t *self, uint64_t id);

/*  A descriptor to poll for reading, for a loop of the caller's own: readable as long as keel_freelance_recv has a result.
 *  The client's own, the same one until it is destroyed; never read or close it. */
KEEL_EXPORT int keel_freelance_fd (keel_freelance_t *self);

/*  Why the last request or result failed, for people. Static; never NULL. */
KEEL_EXPORT const char *keel_freelance_error (keel_freelance_t *self);

/*  As they are at this call. */
KEEL_EXPORT keel_freelance_counters_t keel_freelance_counters (keel_freelance_t *self);

#ifdef __cplusplus
}
#endif

#endif
