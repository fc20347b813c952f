/*  A client of MDP brokers (RFC 7 and 18): requests with retries, over one of several brokers, one at a time or many
 *  in flight. A request goes out again when nothing answers, so a service may run it more than once.
 *
 *      keel_client_t *client = keel_client_new ("tcp://127.0.0.1:5555");
 *      zmsg_t *request = zmsg_new (), *reply;
 *      zmsg_addstr (request, "hello");
 *      int rc = keel_client_request (client, "echo", &request, &reply);
 *
 *  A request has 1 + retries tries, each of the try timeout. A try that nothing answers, a connection that ends, and
 *  a broker that is full or drains lead to the next try, at the next broker of the list; the client stays with the
 *  one that answers. Answers are matched by an id that the broker sends back in the envelope; for brokers that
 *  cannot, see keel_client_set_stock.
 *
 *  One client, one thread at a time. It opens no socket before the first request.
 */
#ifndef KEEL_CLIENT_H
#define KEEL_CLIENT_H

#include "error.h"

#include <czmq.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct keel_client keel_client_t;

/*  Which of several brokers requests go to. */
typedef enum {
    KEEL_CLIENT_IN_TURN, /* the one that answers; the others are there should it fail. So at first */
    KEEL_CLIENT_LEAST,   /* they all serve at once: the one that has the fewest of our requests */
    KEEL_CLIENT_SHOTGUN, /* all of them; the first answer counts */
} keel_client_policy_t;

/*  What keel_client_recv gives. */
typedef struct {
    uint64_t id; /* as keel_client_send gave it */
    bool final;  /* nothing more comes for that id; false: a partial answer */
    int code;    /* 0, or the error why the request failed; then final is true */
} keel_client_result_t;

/*  Since the client was made. More may be added at the end. */
typedef struct {
    uint64_t requests;    /* sent by the application */
    uint64_t replies;     /* last answers */
    uint64_t partials;    /* partial answers */
    uint64_t notices;     /* failure notices from brokers */
    uint64_t retries;     /* requests that went out again */
    uint64_t failovers;   /* moves to another broker */
    uint64_t failed;      /* requests given up */
    uint64_t cancelled;   /* requests that the application gave up */
    uint64_t late;        /* answers that nothing waited for any more, dropped */
    uint64_t malformed;   /* messages that are no answers, dropped */
    uint64_t unsent;      /* messages that a connection did not take at first */
    uint64_t disconnects; /* connections that ended */
    uint64_t probes;      /* requests for mmi.service, sent to find out which of several brokers answers */
} keel_client_counters_t;

/*  endpoints   one or more, separated by commas, to be tried in that order: tcp://HOST:PORT or ipc://PATH
 *  Returns NULL and sets errno: EINVAL one of them is no endpoint, ENOMEM. */
KEEL_EXPORT keel_client_t *keel_client_new (const char *endpoints);

/*  Drops what is still in flight; a message that was just sent may take up to a second to leave. Sets *self to NULL;
 *  takes a pointer to NULL too. */
KEEL_EXPORT void keel_client_destroy (keel_client_t **self);

/*  How long a try waits for an answer, msec: 1..86400000, 2500 at first. Holds for tries that begin after it. Brokers
 *  are told three quarters of it (all but a second of it when it is long) as the time after which the request need
 *  not start.
 *  Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_client_set_timeout (keel_client_t *self, int timeout_ms);

/*  Tries after the first: 0..1000, 3 at first. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_client_set_retries (keel_client_t *self, int retries);

/*  For a broker that takes no extra frames before the delimiter, like the one in the ZeroMQ Guide: messages as the
 *  RFC has them, one request at a time, and a fresh connection for each try. No failure notices. Off at first.
 *  Returns 0, KEEL_E_STATE when something is in flight. */
KEEL_EXPORT int keel_client_set_stock (keel_client_t *self, bool stock);

/*  The MDP version to speak: 1 (0.1, RFC 7: no partial answers) or 2 (0.2, RFC 18), which it is at first.
 *  Returns 0, KEEL_E_INVALID, KEEL_E_STATE when something is in flight. */
KEEL_EXPORT int keel_client_set_version (keel_client_t *self, int version);

/*  For several brokers that know nothing of each other and all serve at once, with workers at each of them (see
 *  keel_worker_set_all): load is spread over them, and any of them may fail. What one does not answer within a try, or what it
 *  has when its connection ends, goes to the next; retries are counted over all of them. At most 64 brokers.
 *  Returns 0, KEEL_E_INVALID, KEEL_E_STATE when something is in flight, KEEL_E_MEMORY. */
KEEL_EXPORT int keel_client_set_policy (keel_client_t *self, keel_client_policy_t policy);

/*  Ask brokers to say why a request fails, instead of nothing? On at first. Only a Keel broker knows how. */
KEEL_EXPORT void keel_client_set_notices (keel_client_t *self, bool notices);

/*  How many requests may be in flight: 1..1000000, 1000 at first; in stock mode it is 1. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_client_set_outstanding (keel_client_t *self, int outstanding);

/*  Sends one request and waits for its whole answer, over all tries.
 *  service     1 to 255 printable ASCII characters, no space
 *  request     [take] body frames, one or more; *request is NULL afterwards, whatever is returned
 *  reply       [out] body frames; those of partial answers come first, in order. The caller destroys it; NULL unless 0
 *              is returned
 *  Returns 0, or: KEEL_E_TIMEOUT a broker was heard, but no answer came; KEEL_E_NO_BROKER nothing was heard;
 *  KEEL_E_NO_WORKER, KEEL_E_BUSY, KEEL_E_FAILED, KEEL_E_REFUSED, KEEL_E_DEADLINE, KEEL_E_NOT_ALLOWED as the broker
 *  said; KEEL_E_INTERRUPTED a signal came, and the request was given up; KEEL_E_INVALID; KEEL_E_MEMORY, also when
 *  partial answers come to more than 64 MiB; KEEL_E_STATE something of keel_client_send is in flight or was not yet
 *  received. RFC 7 and 18, section MDP/Client. */
KEEL_EXPORT int keel_client_request (keel_client_t *self, const char *service, zmsg_t **request, zmsg_t **reply);

/*  Sends one request and does not wait. Its results, one or more, come from keel_client_recv.
 *  request     [take] as above
 *  id          [out] what its results are named by; may be NULL
 *  Returns 0, KEEL_E_BUSY as many are in flight as may be, KEEL_E_INVALID, KEEL_E_MEMORY. */
KEEL_EXPORT int keel_client_send (keel_client_t *self, const char *service, zmsg_t **request, uint64_t *id);

/*  The next result. Each request has any number of partial answers and then a final one, or fails. Retries and
 *  failover happen in here, so call it as long as something is in flight.
 *  timeout_ms  0 does not wait; -1 waits as long as something is in flight
 *  result      [out] set when 0 is returned
 *  reply       [out] body frames, and the caller destroys it; NULL when result->code is not 0, or 0 is not returned
 *  Returns 0; KEEL_E_TIMEOUT no result within timeout_ms; KEEL_E_STATE there is none to wait for; KEEL_E_INTERRUPTED
 *  a signal came, nothing was lost; KEEL_E_MEMORY a result was lost. */
KEEL_EXPORT int keel_client_recv (keel_client_t *self, keel_client_result_t *result, zmsg_t **reply, int timeout_ms);

/*  Gives up a request of keel_client_send: no more results come for that id. A worker may run it all the same.
 *  Returns 0, KEEL_E_STATE when that id is not in flight. */
KEEL_EXPORT int keel_client_cancel (keel_client_t *self, uint64_t id);

/*  A descriptor to poll for reading, for a loop of the caller's own. It is readable whenever keel_client_recv with
 *  timeout 0 has something to do (results, retries that are due), and now and then when it has not: call it until it
 *  returns KEEL_E_TIMEOUT or KEEL_E_STATE, and then wait again. Level-triggered; the client's own, the same one until
 *  it is destroyed; never read or close it. Returns -1 and sets errno when the process has no descriptors left. */
KEEL_EXPORT int keel_client_fd (keel_client_t *self);

/*  Why the last request or result failed, for people: the broker's own words where there are any. Never NULL; valid
 *  until the next call. */
KEEL_EXPORT const char *keel_client_error (const keel_client_t *self);

/*  As they are at this call; valid until the client is destroyed. */
KEEL_EXPORT const keel_client_counters_t *keel_client_counters (keel_client_t *self);

#ifdef __cplusplus
}
#endif

#endif
