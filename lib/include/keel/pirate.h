/*  The Pirates: reliable request-reply without a broker, or by way of a simple queue.
 *
 *  keel_pirate_*    the Lazy Pirate, a client of any REP server, or of a queue before some
 */
#ifndef KEEL_PIRATE_H
#define KEEL_PIRATE_H

#include "error.h"

#include <czmq.h>

#ifdef __cplusplus
extern "C" {
#endif

/*  The Lazy Pirate: requests with retries, over one of several servers, one at a time. A request goes out again when
 *  nothing answers, so a server may run it more than once.
 *
 *      keel_pirate_t *pirate = keel_pirate_new ("tcp://127.0.0.1:5555");
 *      zmsg_t *request = zmsg_new (), *reply;
 *      zmsg_addstr (request, "hello");
 *      int rc = keel_pirate_request (pirate, &request, &reply);
 *
 *  A request has 1 + retries tries, each of the try timeout and over a fresh connection, with a short, growing pause before
 *  each but the first. A try that nothing answers and a connection that ends lead to the next try, at the next server of
 *  the list; the client stays with the one that answers. A connection that cannot be made costs no try: with several
 *  servers it is soon the next one's turn, and a single one is waited for until the try's timeout. Answers are matched
 *  by an id that servers send back in the envelope, as REP sockets do by themselves; so none to an earlier try is ever
 *  delivered. For servers that do not send it back, see keel_pirate_set_stock.
 *
 *  One client, one thread at a time. It opens no socket before the first request.
 */
typedef struct keel_pirate keel_pirate_t;

/*  Since the client was made. More may be added at the end. */
typedef struct {
    uint64_t requests;    /* taken from the application */
    uint64_t replies;     /* answers */
    uint64_t retries;     /* tries after the first */
    uint64_t failovers;   /* moves to another server */
    uint64_t failed;      /* requests given up */
    uint64_t cancelled;   /* requests that a signal interrupted, and that were not resumed */
    uint64_t late;        /* answers to an earlier try, or that came twice, dropped */
    uint64_t malformed;   /* messages that are no answers, dropped */
    uint64_t unsent;      /* messages that a connection did not take at first */
    uint64_t refused;     /* connections that could not be made, as often as it was tried */
    uint64_t disconnects; /* connections that ended */
} keel_pirate_counters_t;

/*  endpoints   one or more, separated by commas, to be tried in that order: tcp://HOST:PORT or ipc://PATH
 *  Returns NULL and sets errno: EINVAL one of them is no endpoint, ENOMEM. */
KEEL_EXPORT keel_pirate_t *keel_pirate_new (const char *endpoints);

/*  Sets *self to NULL; takes a pointer to NULL too. */
KEEL_EXPORT void keel_pirate_destroy (keel_pirate_t **self);

/*  How long a try waits for an answer, msec: 1..86400000, 2500 at first. Queues that can read it are told three quarters
 *  of it (all but a second of it when it is long) as the time after which the request need not start.
 *  Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_pirate_set_timeout (keel_pirate_t *self, int timeout_ms);

/*  Tries after the first: 0..1000, 3 at first. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_pirate_set_retries (keel_pirate_t *self, int retries);

/*  For a server that does not send frames before the delimiter back: nothing stands before it, and every sending, also
 *  that of the next request, has a fresh connection. Off at first. */
KEEL_EXPORT void keel_pirate_set_stock (keel_pirate_t *self, bool stock);

/*  Sends one request and waits for its answer, over all tries.
 *  request     [take] body frames, one or more; *request is NULL afterwards, whatever is returned
 *  reply       [out] body frames. The caller destroys it; NULL unless 0 is returned
 *  Returns 0, or: KEEL_E_TIMEOUT a server was heard, but no answer came; KEEL_E_NO_SERVER nothing was heard;
 *  KEEL_E_FAILED the connection ended in the last try, before the answer; KEEL_E_INTERRUPTED a signal came: resume it, or
 *  the next request gives it up; KEEL_E_INVALID; KEEL_E_MEMORY. */
KEEL_EXPORT int keel_pirate_request (keel_pirate_t *self, zmsg_t **request, zmsg_t **reply);

/*  Goes on with a request that a signal interrupted. As keel_pirate_request; KEEL_E_STATE: there is none. */
KEEL_EXPORT int keel_pirate_resume (keel_pirate_t *self, zmsg_t **reply);

/*  Why the last request failed, for people. Never NULL; valid until the next call. */
KEEL_EXPORT const char *keel_pirate_error (const keel_pirate_t *self);

/*  As they are at this call; valid until the client is destroyed. */
KEEL_EXPORT const keel_pirate_counters_t *keel_pirate_counters (keel_pirate_t *self);

#ifdef __cplusplus
}
#endif

#endif
