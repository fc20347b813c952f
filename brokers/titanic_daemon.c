#include "titanic_daemon.h"

#include "broker.h"
#include "clock.h"
#include "exit_codes.h"
#include "log.h"
#include "memory.h"
#include "titanic_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uuid/uuid.h>

#define LINKS_MOST  256 /* of the port */
#define NO_LINK     UINT16_MAX
#define FETCHES     32
#define PATH_MOST   4096
#define ERROR_MOST  256

/*  An operator's listener is known to the engine by its number in the port, above those of all links. */
#define ADMIN_BASE 0x8000

typedef struct {
    pthread_t thread;
    bool running;
    store_t *store;
    int wake;
    char path[PATH_MOST];
    char error[ERROR_MOST]; /* empty: it went well */
    atomic_bool ended;
} backup_t;

typedef struct {
    keel_tsp_t *engine;
    const char **brokers;
    uint16_t broker_count;
    store_t *store;
    writer_t *writer;
    port_t *port;
    int timer;
    int64_t timer_at; /* usec; 0: it is not set */
    int wake;
    uint64_t wakes; /* that were, or soon are, written to it, and not yet read */
    uint16_t links[KEEL_TSP_PARTS * SETTING_LIST_MOST]; /* of the engine -> of the port */
    uint16_t places[LINKS_MOST];                            /* and back */
    const titanic_fetch_t *fetches[FETCHES];                /* a ring */
    size_t fetch_first;
    size_t fetch_count;
    titanic_fetched_t fetched;
    seldom_t unconnected;
    seldom_t full;
    seldom_t broken;
    backup_t backup;
} daemon_engine_t;

/* ------------------------------------------------------------------ life */

/*  What makes uuids hard to guess: libuuid's random bits, of two of its uuids, since each has some that are not. */
static void
draw_secret (uint8_t secret[16])
{
    uuid_t one, other;
    uuid_generate_random (one);
    uuid_generate_random (other);
    for (size_t n = 0; n < sizeof (uuid_t); n++)
        secret[n] = (uint8_t) (one[n] ^ other[sizeof (uuid_t) - 1 - n]);
}

void *
titanic_make (const void *arg, uint64_t seed)
{
    const titanic_settings_t *settings = arg;
    daemon_engine_t *self = memory_new (sizeof (*self));
    if (!self)
        return NULL;
    self->wake = self->timer = -1;
    memset (self->links, 0xff, sizeof (self->links));
    memset (self->places, 0xff, sizeof (self->places));
    keel_tsp_config_t config = titanic_engine_config (settings);
    self->broker_count = config.broker_count = (uint16_t) settings->brokers.count;
    self->brokers = memory_new (settings->brokers.count * sizeof (char *));
    for (size_t n = 0; self->brokers && n < settings->brokers.count; n++)
        self->brokers[n] = settings->brokers.items[n].text;
    config.brokers = self->brokers;
    config.seed = seed;
    draw_secret (config.secret);
    self->engine = self->brokers ? keel_tsp_new (&config) : NULL;
    if (self->engine)
        return self;
    titanic_unmake (self);
    return NULL;
}

int
titanic_start (void *arg, port_t *port, const void *settings)
{
    daemon_engine_t *self = arg;
    char problem[STORE_PROBLEM];
    const store_config_t config = titanic_store_config (settings);
    self->port = port;
    self->store = store_open (&config, problem);
    if (!self->store) {
        log_at (KEEL_LOG_ERROR, "%s", problem);
        return EXIT_CONFIG;
    }
    self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (self->wake < 0 || port_watch (port, self->wake) != 0 || self->timer < 0 || port_watch (port, self->timer) != 0 ||
        !(self->writer = writer_new (self->store, self->wake))) {
        log_at (KEEL_LOG_ERROR, "cannot start: %s", strerror (errno));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

void
titanic_unmake (void *arg)
{
    daemon_engine_t *self = arg;
    if (self->backup.running)
        pthread_join (self->backup.thread, NULL);
    writer_destroy (&self->writer);
    keel_tsp_destroy (&self->engine);
    store_close (&self->store);
    if (self->wake >= 0)
        close (self->wake);
    if (self->timer >= 0)
        close (self->timer);
    memory_free (self->brokers);
    memory_free (self);
}

void
titanic_reload (void *arg, const void *settings)
{
    daemon_engine_t *self = arg;
    const keel_tsp_config_t config = titanic_engine_config (settings);
    keel_tsp_configure (self->engine, &config);
    writer_pause (self->writer);
    if (store_resize (self->store, titanic_store_config (settings).most) != 0)
        log_event (KEEL_LOG_ERROR, "cannot resize the store", "reason", "its map cannot have that size", NULL);
    writer_resume (self->writer);
}

/* ------------------------------------------------------------------ backups */

static void *
run_backup (void *arg)
{
    backup_t *self = arg;
    uint64_t one = 1;
    self->error[0] = 0;
    if (store_backup (self->store, self->path) != 0)
        snprintf (self->error, sizeof (self->error), "no backup was made: %s", strerror (errno));
    atomic_store (&self->ended, true);
    while (write (self->wake, &one, sizeof (one)) < 0 && errno == EINTR)
        continue;
    return NULL;
}

static void
start_backup (daemon_engine_t *self, const char *path)
{
    backup_t *backup = &self->backup;
    backup->store = self->store;
    backup->wake = self->wake;
    snprintf (backup->path, sizeof (backup->path), "%s", path);
    int rc = pthread_create (&backup->thread, NULL, run_backup, backup);
    backup->running = rc == 0;
    if (rc == 0)
        return;
    snprintf (backup->error, sizeof (backup->error), "no backup was made: %s", strerror (rc));
    atomic_store (&backup->ended, true);
}

static bool
take_backup (daemon_engine_t *self, keel_event_t *event)
{
    backup_t *backup = &self->backup;
    if (!atomic_load (&backup->ended))
        return false;
    if (backup->running)
        pthread_join (backup->thread, NULL);
    self->wakes += backup->running;
    backup->running = false;
    atomic_store (&backup->ended, false);
    *event = (keel_event_t){.kind = KEEL_EVENT_BACKED_UP, .error = backup->error[0] ? backup->error : NULL};
    return true;
}

/* ------------------------------------------------------------------ links */

static uint16_t *
link_of (daemon_engine_t *self, uint16_t listener)
{
    return &self->links[listener];
}

static void
open_link (daemon_engine_t *self, uint16_t listener)
{
    uint16_t link;
    const char *broker = self->brokers[listener % self->broker_count];
    if (port_connect (self->port, broker, &link) != 0) {
        log_seldom (&self->unconnected, 1, KEEL_LOG_WARNING, "cannot connect", "reason", strerror (errno), "broker",
                    broker, NULL);
        return; /* whoever wanted it notices the silence */
    }
    *link_of (self, listener) = link;
    self->places[link] = listener;
}

static void
close_link (daemon_engine_t *self, uint16_t listener, bool linger)
{
    uint16_t *link = link_of (self, listener);
    if (*link == NO_LINK)
        return;
    port_close (self->port, *link, linger);
    self->places[*link] = NO_LINK;
    *link = NO_LINK;
}

static void
send (daemon_engine_t *self, const keel_action_t *action)
{
    keel_action_t mine = *action;
    mine.listener = action->listener >= ADMIN_BASE ? (uint16_t) (action->listener - ADMIN_BASE)
                                                   : *link_of (self, action->listener);
    if (mine.listener != NO_LINK)
        port_send (self->port, &mine);
}

bool
titanic_carry (void *arg, const keel_action_t *action)
{
    daemon_engine_t *self = arg;
    switch (action->kind) {
    case KEEL_ACTION_SEND:
        send (self, action);
        return true;
    case KEEL_ACTION_CONNECT:
        open_link (self, action->listener);
        return true;
    case KEEL_ACTION_CLOSE:
        close_link (self, action->listener, action->linger);
        return true;
    case KEEL_ACTION_STORE:
        writer_add (self->writer, action->op);
        return true;
    case KEEL_ACTION_FETCH:
        self->fetches[(self->fetch_first + self->fetch_count++) % FETCHES] = action->fetch;
        return true;
    case KEEL_ACTION_BACKUP:
        start_backup (self, action->text);
        return true;
    default:
        return false;
    }
}

/* ------------------------------------------------------------------ events */

int
titanic_step (void *arg, const keel_event_t *event, keel_actions_t *out)
{
    daemon_engine_t *self = arg;
    keel_event_t mine = *event;
    mine.wall = clock_wall_ms ();
    if (event->kind <= KEEL_EVENT_REFUSED && event->kind != KEEL_EVENT_TICK) {
        uint16_t place = self->places[event->peer.listener];
        mine.peer.admin = place == NO_LINK;
        mine.peer.listener = mine.peer.admin ? (uint16_t) (ADMIN_BASE + event->peer.listener) : place;
    }
    return keel_tsp_step (self->engine, &mine, out);
}

int64_t
titanic_next_due (const void *arg)
{
    const daemon_engine_t *self = arg;
    if (writer_has_done (self->writer) || atomic_load (&self->backup.ended))
        return 0;
    return keel_tsp_next_due (self->engine);
}

/*  Clients are told, one by one; here it is for whoever has to do something about it. */
static void
note_failures (daemon_engine_t *self, const titanic_op_t *ops)
{
    bool full = false, broken = false;
    for (; ops; ops = ops->next) {
        full |= ops->result == TITANIC_FULL;
        broken |= ops->result == TITANIC_BROKEN;
    }
    if (full)
        log_seldom (&self->full, 1, KEEL_LOG_WARNING, "store full", NULL);
    if (broken)
        log_seldom (&self->broken, 1, KEEL_LOG_ERROR, "commit failed", "reason", "it could not be written", NULL);
}

/*  What the engine has fetched comes before anything else. */
bool
titanic_more (void *arg, keel_event_t *event)
{
    daemon_engine_t *self = arg;
    bool failed, woken;
    if (self->fetch_count) {
        store_fetch (self->store, self->fetches[self->fetch_first], &self->fetched);
        self->fetch_first = (self->fetch_first + 1) % FETCHES;
        self->fetch_count--;
        *event = (keel_event_t){.kind = KEEL_EVENT_FETCHED, .fetched = &self->fetched};
        return true;
    }
    titanic_op_t *ops = writer_take (self->writer, &failed, &woken);
    if (!ops)
        return take_backup (self, event);
    self->wakes += woken;
    note_failures (self, ops);
    store_refresh (self->store);
    *event = (keel_event_t){.kind = failed ? KEEL_EVENT_STORE_FAILED : KEEL_EVENT_STORED, .ops = ops};
    return true;
}

static void
read_wakes (daemon_engine_t *self)
{
    uint64_t count;
    if (self->wakes && read (self->wake, &count, sizeof (count)) == sizeof (count))
        self->wakes -= count;
}

/*  The loop's own clock counts msec, which is long for a quick disk. at: usec; 0: never. */
static void
set_timer (daemon_engine_t *self, int64_t at)
{
    const struct itimerspec when = {.it_value = {.tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000}};
    if (at != self->timer_at)
        timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &when, NULL); /* what had come is forgotten, too */
    self->timer_at = at;
}

/*  Until the next turn nothing is read: the store may use again what it has freed. */
void
titanic_rest (void *arg)
{
    daemon_engine_t *self = arg;
    store_refresh (self->store);
    set_timer (self, writer_flush (self->writer));
    read_wakes (self);
}

bool
titanic_drained (const void *arg)
{
    return keel_tsp_drained (((const daemon_engine_t *) arg)->engine);
}

void
titanic_describe (const void *arg, text_t *line)
{
    keel_tsp_describe (((const daemon_engine_t *) arg)->engine, line);
}

const char *
titanic_stats (void *arg, int64_t now)
{
    (void) now;
    return keel_tsp_stats (((daemon_engine_t *) arg)->engine);
}
