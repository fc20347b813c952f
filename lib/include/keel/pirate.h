/*  The Pirates: reliable request-reply without a broker, or by way of a simple queue.
 *
 *  keel_pirate_*    the Lazy Pirate, a client of any REP server, or of a queue before some
 *  keel_ppworker_*  the Paranoid Pirate's worker: PPP (RFC 6), with a queue such as ppqueue
 *  keel_spworker_*  the Simple Pirate's worker, with a queue such as spqueue
 */
#ifndef KEEL_PIRATE_H
#define KEEL_PIRATE_H

#include "error.h"
#include "worker.h"

#include <czmq.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ the Lazy Pirate, a client */

/*  Sends requests with retries, over one of several servers, one at a time. A request goes out again when
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

/* ------------------------------------------------------------------ the Paranoid Pirate's worker */

/*  Takes requests from a queue that speaks PPP, one at a time.
 *
 *      static zmsg_t *echo (zmsg_t *request, void *arg) { (void) arg; return request; }
 *
 *      keel_ppworker_t *worker = keel_ppworker_new ("tcp://127.0.0.1:5556");
 *      int rc = keel_ppworker_run (worker, echo, NULL);
 *      keel_ppworker_destroy (&worker);
 *
 *  A thread of the worker's own keeps the connection, as that of a keel_worker_t does: it heartbeats while a request is
 *  worked on; when the queue is silent it goes to the next of the list, or, if there is only one, comes back to that after
 *  1 s, doubling to 32 s, with jitter; and it is back soon after a queue was restarted. Clients' envelopes stay inside: a
 *  request is its body.
 *
 *  A request belongs to the session in which it came. When that ends, the queue gives it to another worker, and an answer
 *  is dropped. So a request may be executed more than once: workers are idempotent, or use a key of their own.
 */
typedef struct keel_ppworker keel_ppworker_t;

/*  endpoints   of queues, where their workers connect, separated by commas, tried in order; the worker stays with the one
 *              that answers
 *  NULL with errno: EINVAL, ENOMEM. Nothing is connected before the first run or recv. */
KEEL_EXPORT keel_ppworker_t *keel_ppworker_new (const char *endpoints);

/*  Sends what was answered and ends the connection, so that the queue gives what was not answered to others; waits at most
 *  a second for that to leave. Sets *self_p to NULL; takes a pointer to NULL too. No other function may be running. */
KEEL_EXPORT void keel_ppworker_destroy (keel_ppworker_t **self_p);

/*  Settings, each before the first run or recv: 0, KEEL_E_INVALID, or KEEL_E_STATE after that.
 *  msec between heartbeats, 1 to 86400000; 2500 unless set. The queue's should be no longer than this times liveness. */
KEEL_EXPORT int keel_ppworker_set_heartbeat (keel_ppworker_t *self, int64_t interval_ms);
/*  After how many silent intervals the queue is given up, 1 to 1000; 3 unless set. */
KEEL_EXPORT int keel_ppworker_set_liveness (keel_ppworker_t *self, int intervals);
/*  log: NULL for none, as at first. */
KEEL_EXPORT int keel_ppworker_set_log (keel_ppworker_t *self, keel_worker_log_fn *log, void *arg);

/*  Serves until SIGTERM, SIGINT or keel_ppworker_stop; then takes no more, finishes the request that it has, sends the
 *  answer, ends the connection, and returns. handler is called in one thread; NULL from it is keel_ppworker_fail. What is
 *  said of signals and returned is as of keel_worker_run. */
KEEL_EXPORT int keel_ppworker_run (keel_ppworker_t *self, keel_worker_handler_fn *handler, void *arg);

/*  Has keel_ppworker_run finish and return, and keel_ppworker_recv give nothing more but a request that has come already.
 *  Any thread, the handler's too; not a signal handler. */
KEEL_EXPORT void keel_ppworker_stop (keel_ppworker_t *self);

/*  The rest is for those who keep their own loop: recv, then work, then reply or fail.
 *
 *  Waits for a request. While one is held there is no other.
 *  request     [out] body frames; the caller destroys it. NULL unless 0 is returned
 *  id          [out] names it in the calls below
 *  timeout_ms  0 does not wait, -1 waits for ever
 *  Returns 0, KEEL_E_TIMEOUT, KEEL_E_STATE (stopped), KEEL_E_MEMORY. */
KEEL_EXPORT int keel_ppworker_recv (keel_ppworker_t *self, zmsg_t **request, uint64_t *id, int timeout_ms);

/*  Sends the answer.
 *  body        [take] *body is NULL afterwards, whatever is returned; one without frames is sent as one empty frame
 *  Returns 0; KEEL_E_STATE: the request's session has ended, it was dropped. */
KEEL_EXPORT int keel_ppworker_reply (keel_ppworker_t *self, uint64_t id, zmsg_t **body);

/*  Gives the request back, for the queue to try elsewhere; after some attempts it is dropped there. PPP has no word for
 *  this but READY, which begins a new session.
 *  Returns 0; KEEL_E_STATE: its session has ended, so it was given back already. */
KEEL_EXPORT int keel_ppworker_fail (keel_ppworker_t *self, uint64_t id);

/*  What was counted since the start; 0 for a name that is none. sessions: READY was said; requests (received), answers,
 *  failures; returned: requests dropped when no more were taken, being the queue's to try elsewhere; late: answers
 *  dropped, their session had ended; excess: requests given back, which came while one was held, or had too many frames;
 *  malformed: messages dropped; unsent, lost, silent: sessions that ended since the queue did not read, the connection
 *  broke, or nothing was heard. */
KEEL_EXPORT uint64_t keel_ppworker_counter (keel_ppworker_t *self, const char *name);

/* ------------------------------------------------------------------ the Simple Pirate's worker */

/*  Takes requests, one at a time, from a queue whose workers are REQ sockets: says that it is ready once, and from then on
 *  by its answers. There are no heartbeats; it finds a queue again that was restarted, but one that hangs it waits for.
 *
 *  A request cannot be given back. When the handler fails, the connection ends without an answer, and after a pause (50 ms,
 *  doubling to 2 s while nothing succeeds) the worker says over a fresh one that it is ready. The queue tries the request
 *  again when its time for it is over; clients had better be Lazy Pirates.
 */
typedef struct keel_spworker keel_spworker_t;

/*  As those of keel_ppworker_t. Without an equal: set_heartbeat and set_liveness, since there are no heartbeats, and
 *  recv, reply and fail. */
KEEL_EXPORT keel_spworker_t *keel_spworker_new (const char *endpoints);
KEEL_EXPORT void keel_spworker_destroy (keel_spworker_t **self_p);
KEEL_EXPORT int keel_spworker_set_log (keel_spworker_t *self, keel_worker_log_fn *log, void *arg);
KEEL_EXPORT int keel_spworker_run (keel_spworker_t *self, keel_worker_handler_fn *handler, void *arg);
KEEL_EXPORT void keel_spworker_stop (keel_spworker_t *self);
/*  excess: requests dropped, which came while one was held. silent stays 0. */
KEEL_EXPORT uint64_t keel_spworker_counter (keel_spworker_t *self, const char *name);

#ifdef __cplusplus
}
#endif

#endif
