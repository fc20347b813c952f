/*  An MDP worker: offers one service at a broker, as RFC 7 (MDP 0.1) or RFC 18 (0.2) have it.
 *
 *      static zmsg_t *echo (zmsg_t *request, void *arg) { (void) arg; return request; }
 *
 *      keel_worker_t *worker = keel_worker_new ("tcp://127.0.0.1:5555", "echo");
 *      int rc = keel_worker_run (worker, echo, NULL);
 *      keel_worker_destroy (&worker);
 *
 *  A thread of the worker's own keeps the connection: it heartbeats while requests are worked on, goes to the next
 *  broker of the list when one is silent or refuses, and comes back to one that was restarted. Nothing but that thread
 *  touches a socket.
 *
 *  A request belongs to the session in which it came. When that ends (the broker was lost, or said DISCONNECT), the broker
 *  gives it to another worker, and an answer is dropped. So a request may be executed more than once: workers are
 *  idempotent, or use a key of their own.
 */
#ifndef KEEL_WORKER_H
#define KEEL_WORKER_H

#include <stdint.h>

#include <czmq.h>

#include "error.h"
#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct keel_worker keel_worker_t;

/*  Works on one request, in a thread of the worker's in which all signals are blocked.
 *  request     [take] body frames, one or more
 *  Returns the answer, which may be request itself; the worker destroys it. One without frames is sent as one empty
 *  frame. NULL: failed, the request is given back as by keel_worker_fail. */
typedef zmsg_t *(keel_worker_handler_fn) (zmsg_t *request, void *arg);

/*  What the worker has to say of its connection, one line without a newline. level: as of syslog, 3 error, 4 warning,
 *  5 notice, 6 information, 7 debug. Called from the worker's thread; it must not call the worker's functions. */
typedef void (keel_worker_log_fn) (int level, const char *text, void *arg);

/*  endpoints   of brokers, separated by commas, tried in order; the worker stays with the one that answers
 *  service     1 to 255 printable ASCII characters without space; not mmi. and more, which is the broker's own
 *  NULL with errno: EINVAL for either, ENOMEM. Nothing is connected before the first run or recv. */
KEEL_EXPORT keel_worker_t *keel_worker_new (const char *endpoints, const char *service);

/*  Sends what was answered, and then DISCONNECT, so that the broker gives what was not answered to others; waits at most a
 *  second for that to leave. Sets *self_p to NULL; takes a pointer to NULL too. No other function may be running. */
KEEL_EXPORT void keel_worker_destroy (keel_worker_t **self_p);

/*  Settings, each before the first run or recv: 0, KEEL_E_INVALID, or KEEL_E_STATE after that.
 *  msec between heartbeats, 1 to 86400000; 2500 unless set. The broker's should be no longer than this times liveness. */
KEEL_EXPORT int keel_worker_set_heartbeat (keel_worker_t *self, int64_t interval_ms);
/*  After how many silent intervals the broker is given up, 1 to 1000; 3 unless set. */
KEEL_EXPORT int keel_worker_set_liveness (keel_worker_t *self, int intervals);
/*  How many requests the worker takes at once, 1 to 65535; 1 unless set. More than 1 is said to the broker as READY's
 *  credit, which brokers other than Keel's ignore: they send one at a time. */
KEEL_EXPORT int keel_worker_set_concurrency (keel_worker_t *self, int requests);
/*  Of MDP: 1 or 2, for 0.1 and 0.2; 2 unless set. */
KEEL_EXPORT int keel_worker_set_version (keel_worker_t *self, int version);
/*  Register with all brokers of the list at once, and not with the first that answers: brokers that know nothing of each other
 *  then share the worker, and any of them may fail. Each may send as many requests as the concurrency says; no more than that are
 *  worked on at once, and the others wait in the worker, which heartbeats. At most 1024 then. Off at first. What is logged may
 *  come from one thread a broker at the same time. */
KEEL_EXPORT int keel_worker_set_all (keel_worker_t *self, bool all);
/*  log: NULL for none, as at first. */
KEEL_EXPORT int keel_worker_set_log (keel_worker_t *self, keel_worker_log_fn *log, void *arg);

/*  Serves until SIGTERM, SIGINT or keel_worker_stop; then takes no more, waits for what handlers work on, sends the
 *  answers and DISCONNECT, and returns. With a concurrency of N, handler is called in N threads at once.
 *
 *  The two signals are caught while this runs, by handlers that are put in place for that time (a signal that was ignored
 *  stays so; one that all threads block is not seen). The first to come also puts back what was there before, so the
 *  second one does what it did before: by default it ends the process.
 *  Returns 0; KEEL_E_INVALID for a concurrency above 1024; KEEL_E_STATE when it was stopped before; KEEL_E_MEMORY,
 *  also when threads or sockets are short. */
KEEL_EXPORT int keel_worker_run (keel_worker_t *self, keel_worker_handler_fn *handler, void *arg);

/*  Has keel_worker_run drain and return, and keel_worker_recv give nothing more. Any thread, handlers too; not a signal
 *  handler. */
KEEL_EXPORT void keel_worker_stop (keel_worker_t *self);

/*  The rest is for those who keep their own loop, in one thread or several: recv, then work, any number of partials, and
 *  reply or fail.
 *
 *  Waits for a request.
 *  request     [out] body frames; the caller destroys it. NULL unless 0 is returned
 *  id          [out] names it in the calls below
 *  timeout_ms  0 does not wait, -1 waits for ever
 *  Returns 0, KEEL_E_TIMEOUT, KEEL_E_STATE (stopped), KEEL_E_MEMORY. */
KEEL_EXPORT int keel_worker_recv (keel_worker_t *self, zmsg_t **request, uint64_t *id, int timeout_ms);

/*  Sends a part of the answer; the client has each at once, if it speaks 0.2.
 *  body        [take] *body is NULL afterwards, whatever is returned; one without frames is sent as one empty frame
 *  Returns 0; KEEL_E_STATE: the request's session has ended, it was dropped; KEEL_E_INVALID: MDP 0.1 has no parts. */
KEEL_EXPORT int keel_worker_partial (keel_worker_t *self, uint64_t id, zmsg_t **body);

/*  Sends the answer, or the last part of it. Otherwise as partial. */
KEEL_EXPORT int keel_worker_reply (keel_worker_t *self, uint64_t id, zmsg_t **body);

/*  Gives a request back, for the broker to try elsewhere; after some attempts it fails there. MDP's one word for this is
 *  DISCONNECT, which gives back all requests that a worker holds: so those that were received already are waited for,
 *  recv gives nothing meanwhile, and then the worker says READY again.
 *  Returns 0; KEEL_E_STATE: its session has ended, so it was given back already. */
KEEL_EXPORT int keel_worker_fail (keel_worker_t *self, uint64_t id);

/*  What was counted since the start; 0 for a name that is none. sessions, requests (received from the broker), partials,
 *  answers, failures; returned: requests given back before they were begun; late: answers dropped, their session had
 *  ended; excess: requests given back, being more than was asked for; malformed: messages dropped; unsent, lost, silent,
 *  refused: sessions that ended since the broker did not read, the connection broke, nothing was heard, or the broker said
 *  DISCONNECT. */
KEEL_EXPORT uint64_t keel_worker_counter (keel_worker_t *self, const char *name);

#ifdef __cplusplus
}
#endif

#endif
