/*  A client of Titanic (RFC 9): requests that are stored on disk, for clients and workers that are not there at the
 *  same time. Over one of several MDP brokers.
 *
 *      keel_titanic_t *titanic = keel_titanic_new ("tcp://127.0.0.1:5555");
 *      char uuid[KEEL_UUID_SIZE];
 *      zmsg_t *request = zmsg_new (), *reply;
 *      zmsg_addstr (request, "hello");
 *      int rc = keel_titanic_submit (titanic, "echo", &request, uuid);
 *      if (rc == 0)
 *          rc = keel_titanic_fetch (titanic, uuid, 60000, &reply);
 *      if (rc == 0)
 *          rc = keel_titanic_close (titanic, uuid);
 *
 *  The uuid is made on this side and goes with the request (`titanic.submit`), which is sent again until it is known to
 *  be stored. However often it is sent it is stored once, so a lost answer never makes a duplicate. Who wrote the uuid
 *  down before it was used can go on after a crash: keel_titanic_submit_as. The service may run a stored request more
 *  than once all the same. The uuid is the only key to the reply: who knows it can read the reply and close it.
 *
 *  Each operation asks a Titanic for at most (1 + retries) times the timeout, at one broker after the other. What passes
 *  is waited out: no answer, a connection that ends, no Titanic at the broker (it may be restarting), a broker that is
 *  full or drains.
 *
 *  One client, one thread at a time. It opens no socket before the first operation.
 */
#ifndef KEEL_TITANIC_H
#define KEEL_TITANIC_H

#include "error.h"

#include <czmq.h>

#ifdef __cplusplus
extern "C" {
#endif

/*  Room for a uuid: 32 hexadecimal digits and a zero. */
#define KEEL_UUID_SIZE 33

typedef struct keel_titanic keel_titanic_t;

/*  Since the client was made. More may be added at the end. */
typedef struct {
    uint64_t submitted; /* requests that Titanic said it has stored */
    uint64_t fetched;   /* replies */
    uint64_t pending;   /* times that Titanic said there is no reply yet */
    uint64_t closed;    /* requests that Titanic said it has closed */
    uint64_t unclosed;  /* requests whose reply keel_titanic_call gave but could not close */
    uint64_t retries;   /* times that something was asked again */
    uint64_t failed;    /* operations that ended with an error other than KEEL_E_PENDING */
} keel_titanic_counters_t;

/*  endpoints   brokers, one or more, separated by commas, to be tried in that order: tcp://HOST:PORT or ipc://PATH
 *  Returns NULL and sets errno: EINVAL one of them is no endpoint, ENOMEM. */
KEEL_EXPORT keel_titanic_t *keel_titanic_new (const char *endpoints);

/*  What was submitted stays with Titanic. Sets *self to NULL; takes a pointer to NULL too. */
KEEL_EXPORT void keel_titanic_destroy (keel_titanic_t **self);

/*  How long a try waits for Titanic's answer, msec: 1..86400000, 2500 at first. The service's reply is another matter: see
 *  keel_titanic_fetch. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_titanic_set_timeout (keel_titanic_t *self, int timeout_ms);

/*  Tries after the first: 0..1000, 3 at first. Returns 0, KEEL_E_INVALID. */
KEEL_EXPORT int keel_titanic_set_retries (keel_titanic_t *self, int retries);

/*  For a broker that takes no extra frames, like the one in the ZeroMQ Guide: MDP 0.1 as RFC 7 has it, and a fresh
 *  connection for each try. Off at first. See keel_client_set_stock. */
KEEL_EXPORT void keel_titanic_set_stock (keel_titanic_t *self, bool stock);

/*  Does the Titanic know `titanic.submit`? On at first. Off is for one that has RFC 9's services only, like the one in the
 *  ZeroMQ Guide: requests go by `titanic.request`, and the uuid is the one that Titanic makes. When the answer to that is
 *  lost and it is sent again, the request is stored twice, and the first copy stays behind; with 0 retries it never is.
 *  It is never turned off by itself, since that cannot be told from a Titanic that is down. */
KEEL_EXPORT void keel_titanic_set_submit (keel_titanic_t *self, bool submit);

/*  Makes a uuid for keel_titanic_submit_as: version 7, in upper case, its random bits from libuuid.
 *  uuid        [out] KEEL_UUID_SIZE bytes */
KEEL_EXPORT void keel_titanic_uuid (char *uuid);

/*  Stores a request with Titanic. It does not wait for the service.
 *  service     1 to 255 printable ASCII characters, no space; not one that begins with `titanic.` or `mmi.`
 *  request     [take] body frames, one or more; *request is NULL afterwards, whatever is returned
 *  uuid        [out] KEEL_UUID_SIZE bytes: what the request is known by; may be NULL. After an error too: it may be stored
 *              under that uuid, and can be submitted again under it. Empty after KEEL_E_INVALID, and after any error
 *              without titanic.submit
 *  Returns 0: it is on disk. Else: KEEL_E_NOT_STORED Titanic says that it cannot, and why is in keel_titanic_error;
 *  KEEL_E_NO_WORKER no Titanic is at the broker; KEEL_E_TIMEOUT a broker was heard, but no answer came; KEEL_E_NO_BROKER
 *  nothing was heard; KEEL_E_BUSY, KEEL_E_FAILED, KEEL_E_REFUSED, KEEL_E_DEADLINE, KEEL_E_NOT_ALLOWED as the broker
 *  said last; KEEL_E_ANSWER what answered is no Titanic; KEEL_E_INTERRUPTED a signal came; KEEL_E_INVALID;
 *  KEEL_E_MEMORY. RFC 9, section Titanic/Request. */
KEEL_EXPORT int keel_titanic_submit (keel_titanic_t *self, const char *service, zmsg_t **request, char *uuid);

/*  The same under a uuid of the caller's: 32 hexadecimal digits of either case. When it is stored already, or was closed
 *  within the last hour, this request is not stored again, and 0 is returned: the first one stands.
 *  Returns as keel_titanic_submit; KEEL_E_STATE without titanic.submit. */
KEEL_EXPORT int keel_titanic_submit_as (keel_titanic_t *self, const char *service, zmsg_t **request, const char *uuid);

/*  The reply of a stored request. It stays with Titanic until it is closed, or too old.
 *  wait_ms     how long to wait for it, asking again after 10 msec and then less and less often, up to once a second; 0
 *              asks once, -1 waits for ever
 *  reply       [out] body frames; the caller destroys it; NULL unless 0 is returned
 *  Returns 0, or: KEEL_E_PENDING there is no reply yet; KEEL_E_UNKNOWN no such request is stored: it never was, or was
 *  closed, or its reply was too old; KEEL_E_DEAD Titanic gave it up, and why is in keel_titanic_error; KEEL_E_INVALID it
 *  is no uuid; else as keel_titanic_submit. RFC 9, section Titanic/Reply. */
KEEL_EXPORT int keel_titanic_fetch (keel_titanic_t *self, const char *uuid, int wait_ms, zmsg_t **reply);

/*  Has Titanic forget a request and its reply; one that still waits or runs is cancelled. Closing what is not there is no
 *  error. Asked again until Titanic says it is done.
 *  Returns 0; KEEL_E_INVALID it is no uuid; else as keel_titanic_submit. RFC 9, section Titanic/Close. */
KEEL_EXPORT int keel_titanic_close (keel_titanic_t *self, const char *uuid);

/*  Submits a request, waits for its reply and closes it.
 *  request     [take] as above
 *  wait_ms     for the reply, as above
 *  uuid        [out] as above. After KEEL_E_PENDING and the like the request is still stored, and this is its name
 *  reply       [out] as above
 *  Returns 0, also when the reply is there but could not be closed (the counter `unclosed` tells; Titanic removes it when it
 *  is old); else what submit or fetch returned. */
KEEL_EXPORT int keel_titanic_call (keel_titanic_t *self, const char *service, zmsg_t **request, int wait_ms, char *uuid,
                                   zmsg_t **reply);

/*  Why the last operation failed, for people: Titanic's or the broker's own words where there are any. Never NULL; valid
 *  until the next call. */
KEEL_EXPORT const char *keel_titanic_error (const keel_titanic_t *self);

/*  Valid until the client is destroyed. */
KEEL_EXPORT const keel_titanic_counters_t *keel_titanic_counters (const keel_titanic_t *self);

#ifdef __cplusplus
}
#endif

#endif
