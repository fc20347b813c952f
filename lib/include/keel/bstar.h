/*  One of a Binary Star: two servers of which one serves, and the other takes over when it dies. For servers of your own; before
 *  one that you cannot change stands the program binarystar(8). bstar(7) says what is guaranteed, and what is not.
 *
 *      static int role (keel_bstar_t *bstar, int state, uint64_t epoch, void *arg) { ... return 0; }
 *      static int serve (keel_bstar_t *bstar, zsock_t *socket, void *arg) { ... read one message, answer ... return 0; }
 *
 *      zsock_t *clients = zsock_new_router ("tcp://0.0.0.0:5001");
 *      keel_bstar_t *bstar = keel_bstar_new (KEEL_BSTAR_PRIMARY, 2000, "tcp://0.0.0.0:5003", "tcp://peer:5003", "/var/lib/me/epoch");
 *      keel_bstar_set_role (bstar, role, NULL);
 *      keel_bstar_voter (bstar, clients, serve, NULL);
 *      int rc = keel_bstar_run (bstar);                        until SIGTERM or SIGINT
 *
 *  A message on a voter is a vote: somebody asks. While this one serves, the voter's handler reads it; while it does not, the
 *  message is read and dropped, so clients ask again, and ask both servers (Lazy Pirate).
 *
 *  Each activation has an epoch of its own, higher than all before it on either server: give it to whatever you write to, and have
 *  that refuse a lower one (a fencing token). It is stored before the role handler is told.
 *
 *  One thread; handlers must not block for long, or the peer takes over.
 */
#ifndef KEEL_BSTAR_H
#define KEEL_BSTAR_H

#include <stdint.h>

#include <czmq.h>

#include "error.h"
#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct keel_bstar keel_bstar_t;

/*  States; the first two are roles, too. */
enum {
    KEEL_BSTAR_PRIMARY = 1, /* waiting */
    KEEL_BSTAR_BACKUP = 2,  /* waiting */
    KEEL_BSTAR_ACTIVE = 3,
    KEEL_BSTAR_PASSIVE = 4,
};

/*  It is KEEL_BSTAR_ACTIVE or KEEL_BSTAR_PASSIVE from now on.
 *  epoch       when active: of this activation; when passive: the highest that is known
 *  Returns 0; anything else on becoming active: it cannot serve. It is passive then, lets the peer take over, and tries again
 *  after the failover timeout, doubling up to ten times that. */
typedef int (keel_bstar_role_fn) (keel_bstar_t *self, int state, uint64_t epoch, void *arg);
/*  A message may be read from the socket. Returns 0; anything else ends keel_bstar_run, which returns it. */
typedef int (keel_bstar_handler_fn) (keel_bstar_t *self, zsock_t *socket, void *arg);
/*  One line without a newline. level: as of syslog, 3 error, 4 warning, 5 notice, 6 information, 7 debug. */
typedef void (keel_bstar_log_fn) (int level, const char *text, void *arg);

/*  role        KEEL_BSTAR_PRIMARY or KEEL_BSTAR_BACKUP: one server has the one, the other the other
 *  failover_ms how long the peer must be silent before this one may take over; 100 to 86400000, the same on both
 *  state_bind  where the peer hears this one's state; state_peer: the peer's state_bind
 *  state_file  where the epoch is kept; written to when this is called
 *  Binds at once. NULL with errno: EINVAL an argument is not valid, or the peer's endpoint is our own; EADDRINUSE, EADDRNOTAVAIL,
 *  EACCES state_bind cannot be bound; EBADMSG the state file is damaged; EBUSY it is another process's; ENOMEM; or why the file
 *  cannot be written. */
KEEL_EXPORT keel_bstar_t *keel_bstar_new (int role, int64_t failover_ms, const char *state_bind, const char *state_peer,
                                          const char *state_file);

/*  An active one hands over: the role handler is told, and the peer takes over at once. Sockets are the caller's. Sets *self_p to
 *  NULL; takes a pointer to NULL too. */
KEEL_EXPORT void keel_bstar_destroy (keel_bstar_t **self_p);

/*  What to do on a change of role, and where to say what happens. NULL: nothing. */
KEEL_EXPORT void keel_bstar_set_role (keel_bstar_t *self, keel_bstar_role_fn *handler, void *arg);
KEEL_EXPORT void keel_bstar_set_log (keel_bstar_t *self, keel_bstar_log_fn *log, void *arg);

/*  A socket whose messages are votes. Borrowed until the end. handler reads one message or more.
 *  Returns 0, KEEL_E_INVALID, KEEL_E_MEMORY. */
KEEL_EXPORT int keel_bstar_voter (keel_bstar_t *self, zsock_t *socket, keel_bstar_handler_fn *handler, void *arg);
/*  A socket to be read whatever the role, likewise. */
KEEL_EXPORT int keel_bstar_reader (keel_bstar_t *self, zsock_t *socket, keel_bstar_handler_fn *handler, void *arg);

/*  Runs until SIGTERM, SIGINT, keel_bstar_stop or a handler that returns something else than 0. Returns 0, or what that
 *  returned; KEEL_E_STATE called from a handler. */
KEEL_EXPORT int keel_bstar_run (keel_bstar_t *self);
/*  One turn, for a loop of the caller's own: waits at most timeout_ms (-1: a publishing interval), handles what is there.
 *  Returns 0 or what a handler returned; KEEL_E_INTERRUPTED; KEEL_E_STATE. Call it at least once a quarter of the failover timeout. */
KEEL_EXPORT int keel_bstar_turn (keel_bstar_t *self, int timeout_ms);
/*  Ends keel_bstar_run soon. From a handler, a signal handler or any thread. */
KEEL_EXPORT void keel_bstar_stop (keel_bstar_t *self);

KEEL_EXPORT int keel_bstar_state (const keel_bstar_t *self);
KEEL_EXPORT uint64_t keel_bstar_epoch (const keel_bstar_t *self);
/*  msec since the peer was heard last; -1: never. */
KEEL_EXPORT int64_t keel_bstar_peer_age (const keel_bstar_t *self);
/*  What state_bind is bound to, with the real port. Valid as long as self. */
KEEL_EXPORT const char *keel_bstar_endpoint (const keel_bstar_t *self);

/*  The operator's orders; they are carried out by the next turn. promote: becomes active, whatever the peer is; it is the only way
 *  for a backup that never had a peer. handover: the peer takes over.
 *  Returns 0; KEEL_E_STATE: the peer has the same role; it is not active, or the peer could not take over. */
KEEL_EXPORT int keel_bstar_promote (keel_bstar_t *self);
KEEL_EXPORT int keel_bstar_handover (keel_bstar_t *self);

/*  Role, state, epoch, peer and every counter as one JSON object; the caller frees it. NULL without memory. */
KEEL_EXPORT char *keel_bstar_stats (const keel_bstar_t *self);

#ifdef __cplusplus
}
#endif

#endif
