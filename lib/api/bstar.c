/*  The class keel_bstar: a pair (shell/pair) and a poller in one object. */
#include <keel/bstar.h>

#include "clock.h"
#include "interrupt.h"
#include "pair.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FAILOVER_MIN_MS 100
#define FAILOVER_MAX_MS 86400000
#define SOCKETS_MAX     64
#define OWN_ITEMS       2  /* before the sockets: the pair, what wakes us */
#define DROP_MOST       64 /* votes read in a turn */
#define STATS_BYTES     4096

typedef struct {
    zsock_t *socket;
    keel_bstar_handler_fn *handler;
    void *arg;
    bool voter;
} reader_t;

struct keel_bstar {
    pair_t *pair;
    char *bind, *peer, *file;
    reader_t readers[SOCKETS_MAX];
    zmq_pollitem_t items[OWN_ITEMS + SOCKETS_MAX];
    size_t reader_count;
    keel_bstar_role_fn *role;
    void *role_arg;
    keel_bstar_log_fn *log;
    void *log_arg;
    bool active;
    bool refused; /* to be told the pair, which does not take that while it speaks */
    bool leaving; /* likewise */
    bool turning;
    keel_star_event_kind_t order; /* KEEL_STAR_TICK: none */
    uint64_t epoch;
    int wake;
    int interrupt;
    atomic_bool stopped;
};

/* ------------------------------------------------------------------ what the pair says */

static void
on_role (void *arg, bstar_state_t state, uint64_t epoch)
{
    keel_bstar_t *self = arg;
    self->active = state == BSTAR_ACTIVE;
    self->epoch = epoch;
    int rc = self->role ? self->role (self, (int) state, epoch, self->role_arg) : 0;
    self->refused = self->active && rc != 0;
}

/*  Handlers do all at once: nothing is held between two of them. */
static void
on_drain (void *arg)
{
    ((keel_bstar_t *) arg)->leaving = true;
}

static void
on_log (void *arg, keel_log_level_t level, const char *text)
{
    const keel_bstar_t *self = arg;
    if (self->log)
        self->log ((int) level + 3, text, self->log_arg);
}

/*  What came up while the pair spoke, and what was ordered. */
static void
settle (keel_bstar_t *self)
{
    keel_star_event_kind_t order = self->order;
    self->order = KEEL_STAR_TICK;
    if (order != KEEL_STAR_TICK)
        pair_tell (self->pair, order);
    if (self->leaving)
        pair_tell (self->pair, KEEL_STAR_DRAINED);
    self->leaving = false;
    if (self->refused)
        pair_refuse (self->pair, self->epoch);
    self->refused = false;
}

/* ------------------------------------------------------------------ life */

static bool
copy_names (keel_bstar_t *self, const char *bind, const char *peer, const char *file)
{
    self->bind = strdup (bind);
    self->peer = strdup (peer);
    self->file = strdup (file);
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self->bind && self->peer && self->file && self->wake >= 0;
}

keel_bstar_t *
keel_bstar_new (int role, int64_t failover_ms, const char *state_bind, const char *state_peer, const char *state_file)
{
    char problem[PAIR_PROBLEM];
    const char *culprit;
    bool known = role == KEEL_BSTAR_PRIMARY || role == KEEL_BSTAR_BACKUP;
    if (!known || failover_ms < FAILOVER_MIN_MS || failover_ms > FAILOVER_MAX_MS || !state_bind || !state_peer || !state_file) {
        errno = EINVAL;
        return NULL;
    }
    keel_bstar_t *self = calloc (1, sizeof (keel_bstar_t));
    if (!self)
        return NULL;
    self->wake = self->interrupt = -1;
    self->order = KEEL_STAR_TICK;
    const bool copied = copy_names (self, state_bind, state_peer, state_file);
    const pair_config_t config = {
        .role = role == KEEL_BSTAR_PRIMARY ? BSTAR_ROLE_PRIMARY : BSTAR_ROLE_BACKUP,
        .failover_ms = failover_ms,
        .bind = self->bind,
        .peer = self->peer,
        .file = self->file,
        .role_changed = on_role,
        .drain = on_drain,
        .log = on_log,
        .arg = self,
    };
    if (copied && pair_open (&self->pair, &config, problem, &culprit) == 0) {
        self->items[0] = (zmq_pollitem_t){.fd = pair_fd (self->pair), .events = ZMQ_POLLIN};
        self->items[1] = (zmq_pollitem_t){.fd = self->wake, .events = ZMQ_POLLIN};
        return self;
    }
    int why = copied ? errno : ENOMEM;
    keel_bstar_destroy (&self);
    errno = why;
    return NULL;
}

void
keel_bstar_destroy (keel_bstar_t **self_p)
{
    keel_bstar_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    pair_close (&self->pair);
    if (self->wake >= 0)
        close (self->wake);
    free (self->bind);
    free (self->peer);
    free (self->file);
    free (self);
}

void
keel_bstar_set_role (keel_bstar_t *self, keel_bstar_role_fn *handler, void *arg)
{
    self->role = handler;
    self->role_arg = arg;
}

void
keel_bstar_set_log (keel_bstar_t *self, keel_bstar_log_fn *log, void *arg)
{
    self->log = log;
    self->log_arg = arg;
}

/* ------------------------------------------------------------------ sockets */

static int
add_reader (keel_bstar_t *self, reader_t reader)
{
    if (!reader.socket || !reader.handler)
        return KEEL_E_INVALID;
    if (self->reader_count == SOCKETS_MAX)
        return KEEL_E_MEMORY;
    self->items[OWN_ITEMS + self->reader_count] =
        (zmq_pollitem_t){.socket = zsock_resolve (reader.socket), .events = ZMQ_POLLIN};
    self->readers[self->reader_count++] = reader;
    return 0;
}

int
keel_bstar_voter (keel_bstar_t *self, zsock_t *socket, keel_bstar_handler_fn *handler, void *arg)
{
    return add_reader (self, (reader_t){socket, handler, arg, true});
}

int
keel_bstar_reader (keel_bstar_t *self, zsock_t *socket, keel_bstar_handler_fn *handler, void *arg)
{
    return add_reader (self, (reader_t){socket, handler, arg, false});
}

/*  Reads one message and forgets it; false: there is none. */
static bool
drop_message (void *socket)
{
    zmq_msg_t frame;
    bool dropped = false, more = true;
    zmq_msg_init (&frame);
    while (more && zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) >= 0) {
        dropped = true;
        more = zmq_msg_more (&frame);
    }
    zmq_msg_close (&frame);
    return dropped;
}

static bool
has_message (void *socket)
{
    int events = 0;
    size_t size = sizeof (events);
    return zmq_getsockopt (socket, ZMQ_EVENTS, &events, &size) == 0 && events & ZMQ_POLLIN;
}

/*  The message that makes it active is not dropped, but served. */
static bool
win_vote (keel_bstar_t *self, const reader_t *reader)
{
    void *socket = zsock_resolve (reader->socket);
    for (int n = 0; n < DROP_MOST && !self->active && has_message (socket); n++) {
        pair_vote (self->pair);
        settle (self);
        if (!self->active)
            drop_message (socket);
    }
    return self->active && has_message (socket);
}

static int
read_sockets (keel_bstar_t *self)
{
    for (size_t n = 0; n < self->reader_count; n++) {
        const reader_t *reader = &self->readers[n];
        if (!(self->items[OWN_ITEMS + n].revents & ZMQ_POLLIN))
            continue;
        if (reader->voter && !self->active && !win_vote (self, reader))
            continue;
        int rc = reader->handler (self, reader->socket, reader->arg);
        if (rc)
            return rc;
    }
    return 0;
}

/* ------------------------------------------------------------------ running */

static long
wait_ms (const keel_bstar_t *self, int timeout_ms)
{
    int64_t due = pair_next_due (self->pair), now = clock_now_ms ();
    int64_t wait = due > now ? due - now : 0;
    return (long) (timeout_ms >= 0 && timeout_ms < wait ? timeout_ms : wait);
}

static int
take_turn (keel_bstar_t *self, int timeout_ms)
{
    eventfd_t count;
    settle (self);
    if (zmq_poll (self->items, (int) (OWN_ITEMS + self->reader_count), wait_ms (self, timeout_ms)) < 0)
        return errno == EINTR ? KEEL_E_INTERRUPTED : KEEL_E_STATE;
    if (self->items[1].revents)
        eventfd_read (self->wake, &count);
    pair_turn (self->pair);
    settle (self);
    return read_sockets (self);
}

int
keel_bstar_turn (keel_bstar_t *self, int timeout_ms)
{
    int64_t until = clock_now_ms () + timeout_ms;
    if (self->turning)
        return KEEL_E_STATE;
    self->turning = true;
    int rc = take_turn (self, timeout_ms);
    /*  What was due of the pair alone is not what the caller waits for. */
    while (rc == 0 && timeout_ms > 0 && clock_now_ms () < until)
        rc = take_turn (self, (int) (until - clock_now_ms ()));
    self->turning = false;
    return rc;
}

int
keel_bstar_run (keel_bstar_t *self)
{
    int rc = 0;
    if (self->turning)
        return KEEL_E_STATE;
    self->turning = true;
    self->interrupt = interrupt_open (self->wake);
    while (!self->stopped && !(self->interrupt >= 0 && interrupt_seen (self->interrupt)) && (!rc || rc == KEEL_E_INTERRUPTED))
        rc = take_turn (self, -1);
    if (self->interrupt >= 0)
        interrupt_close (self->interrupt);
    self->interrupt = -1;
    self->turning = false;
    self->stopped = false;
    return rc == KEEL_E_INTERRUPTED ? 0 : rc;
}

void
keel_bstar_stop (keel_bstar_t *self)
{
    int why = errno;
    self->stopped = true;
    eventfd_write (self->wake, 1);
    errno = why;
}

/* ------------------------------------------------------------------ what it is, and orders */

int
keel_bstar_state (const keel_bstar_t *self)
{
    return (int) keel_star_state (pair_star (self->pair));
}

uint64_t
keel_bstar_epoch (const keel_bstar_t *self)
{
    return keel_star_epoch (pair_star (self->pair));
}

int64_t
keel_bstar_peer_age (const keel_bstar_t *self)
{
    bstar_word_t word;
    return keel_star_peer (pair_star (self->pair), clock_now_ms (), &word);
}

const char *
keel_bstar_endpoint (const keel_bstar_t *self)
{
    return pair_endpoint (self->pair);
}

static int
give_order (keel_bstar_t *self, keel_star_event_kind_t order, const char *refusal)
{
    if (refusal)
        return KEEL_E_STATE;
    self->order = order;
    eventfd_write (self->wake, 1);
    return 0;
}

int
keel_bstar_promote (keel_bstar_t *self)
{
    return give_order (self, KEEL_STAR_PROMOTE, keel_star_refuses_promote (pair_star (self->pair), clock_now_ms ()));
}

int
keel_bstar_handover (keel_bstar_t *self)
{
    return give_order (self, KEEL_STAR_HANDOVER, keel_star_refuses_handover (pair_star (self->pair), clock_now_ms ()));
}

char *
keel_bstar_stats (const keel_bstar_t *self)
{
    char *buffer = malloc (STATS_BYTES);
    if (!buffer)
        return NULL;
    text_t json = text_over (buffer, STATS_BYTES);
    keel_star_report (pair_star (self->pair), &json, clock_now_ms ());
    return buffer;
}
