/*  A Freelance server (RFC 10): answers requests of Freelance clients, with no broker between.
 *
 *      static zmsg_t *echo (zmsg_t *request, void *arg) { (void) arg; return request; }
 *
 *      keel_flserver_t *server = keel_flserver_new ();
 *      keel_flserver_bind (server, "tcp://127.0.0.1:5555");
 *      int rc = keel_flserver_run (server, echo, NULL);
 *      keel_flserver_destroy (&server);
 *
 *  PINGs are answered while handlers work, so that clients do not take the server for dead. What comes while all handlers
 *  are busy waits in the server's memory, up to a limit; what is more is dropped, and clients try another server.
 *  A request may come more than once: servers are idempotent, or use a key of their own.
 */
#ifndef KEEL_FLSERVER_H
#define KEEL_FLSERVER_H

#include "error.h"

#include <czmq.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct keel_flserver keel_flserver_t;

/*  Works on one request, in a thread of the server's in which all signals are blocked.
 *  request     [take] body frames, one or more
 *  Returns the answer, which may be request itself; the server destroys it. One without frames is sent as one empty
 *  frame. NULL: there is none, and the client tries elsewhere. */
typedef zmsg_t *(keel_flserver_handler_fn) (zmsg_t *request, void *arg);

/*  Since the server was made. More may be added at the end. */
typedef struct {
    uint64_t requests;     /* well formed: each was answered, failed, dropped, waits or is in work */
    uint64_t answered;     /* answers sent */
    uint64_t failed;       /* requests that the handler had no answer for */
    uint64_t overflow;     /* requests dropped: too many waited */
    uint64_t refused;      /* requests dropped: they came while the server was stopping */
    uint64_t clients_gone; /* answers dropped: nobody was there for them any more */
    uint64_t clients_full; /* answers dropped: the client did not read */
    uint64_t pings;        /* answered */
    uint64_t malformed;    /* messages dropped: neither PING nor a request */
} keel_flserver_counters_t;

/*  NULL with errno ENOMEM. */
KEEL_EXPORT keel_flserver_t *keel_flserver_new (void);

/*  Waits at most a second for answers to leave. Sets *self_p to NULL; takes a pointer to NULL too. No other function may
 *  be running. */
KEEL_EXPORT void keel_flserver_destroy (keel_flserver_t **self_p);

/*  The identity by which clients that do not name the server themselves know it: the endpoint at which they reach it. The
 *  one that is bound, unless set. Holds for what is bound after it. At most 255 characters; NULL: unset again.
 *  Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_flserver_set_advertise (keel_flserver_t *self, const char *endpoint);

/*  Listens at an endpoint, tcp://ADDRESS:PORT or ipc://PATH; several may be bound. Before run.
 *  Returns 0; KEEL_E_INVALID it is no endpoint; KEEL_E_STATE it runs; KEEL_E_ADDRESS it cannot be bound, and errno says why:
 *  EADDRINUSE (also an ipc path where somebody answers), EADDRNOTAVAIL, EACCES, ENODEV... */
KEEL_EXPORT int keel_flserver_bind (keel_flserver_t *self, const char *endpoint);

/*  The endpoint that was bound last, with the real port where that was a wildcard; NULL: none was. Valid until the next
 *  bind. */
KEEL_EXPORT const char *keel_flserver_endpoint (const keel_flserver_t *self);

/*  How many requests are worked on at once, each in a thread: 1..1024, 1 at first. Before run.
 *  Returns 0, KEEL_E_INVALID, KEEL_E_STATE. */
KEEL_EXPORT int keel_flserver_set_concurrency (keel_flserver_t *self, int requests);

/*  Serves until SIGTERM, SIGINT or keel_flserver_stop; then takes no more, finishes what it has taken, and returns. What
 *  keel_worker_run says of signals holds here, too.
 *  Returns 0; KEEL_E_STATE nothing is bound, it runs, or it was stopped before; KEEL_E_MEMORY, when threads are short. */
KEEL_EXPORT int keel_flserver_run (keel_flserver_t *self, keel_flserver_handler_fn *handler, void *arg);

/*  Has keel_flserver_run finish and return. Any thread, handlers too; not a signal handler. */
KEEL_EXPORT void keel_flserver_stop (keel_flserver_t *self);

/*  As they are at this call. Any thread. */
KEEL_EXPORT keel_flserver_counters_t keel_flserver_counters (keel_flserver_t *self);

#ifdef __cplusplus
}
#endif

#endif
