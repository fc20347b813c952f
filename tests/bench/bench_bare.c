/*  A yardstick: the least that MDP 0.1 over libzmq can cost. One ROUTER; frames are moved; a worker's credit is counted and
 *  requests wait when there is none. No rule is kept: it trusts its peers, forgets nobody, never looks at a clock.
 *
 *      bench_bare ENDPOINT [SPIN-USEC]
 *
 *  The client's routing id serves as the token. It knows peers by the number that libzmq makes their routing ids of: a byte 0 and
 *  a counter, whose low bits find a worker without hashing.
 */
#include "yardstick.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define ID_SIZE       5
#define WORKERS_MOST  4096 /* a power of two: peers whose counters are so far apart share a place */
#define SERVICES_MOST 4096

typedef struct service service_t;

typedef struct {
    uint8_t id[ID_SIZE];
    unsigned credit;
    service_t *service;
} worker_t;

typedef struct {
    zmq_msg_t client;
    zmq_msg_t body;
} request_t;

struct service {
    char name[256];
    size_t name_size;
    worker_t **workers;
    size_t worker_count;
    size_t turn;
    uint64_t credit;    /* of all its workers */
    request_t *waiting; /* a ring */
    size_t first;
    size_t count;
    size_t capacity;
};

static void *router;
static worker_t *workers[WORKERS_MOST];
static service_t *services[SERVICES_MOST];
static size_t service_count;
static int64_t spin_ns;

static void
give_up (const char *why)
{
    fprintf (stderr, "bench_bare: %s\n", why);
    exit (1);
}

/* ------------------------------------------------------------------ frames */

static int64_t
now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool
first_frame (zmq_msg_t *frame)
{
    if (spin_ns) {
        const int64_t end = now_ns () + spin_ns;
        do
            if (zmq_msg_recv (frame, router, ZMQ_DONTWAIT) >= 0)
                return true;
        while (now_ns () < end);
    }
    return zmq_msg_recv (frame, router, 0) >= 0;
}

static bool
next_frame (zmq_msg_t *frame)
{
    return zmq_msg_recv (frame, router, ZMQ_DONTWAIT) >= 0;
}

static void
skip (zmq_msg_t *frame)
{
    while (zmq_msg_more (frame) && next_frame (frame))
        continue;
}

static void
put (const void *data, size_t size)
{
    zmq_send (router, data, size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
}

static void
move (zmq_msg_t *frame, int more)
{
    if (zmq_msg_send (frame, router, ZMQ_DONTWAIT | more) < 0)
        zmq_msg_close (frame);
}

/* ------------------------------------------------------------------ services */

/*  Mostly the one of last time. */
static service_t *
find_service (const void *name, size_t size)
{
    static size_t last;
    for (size_t n = 0; n < service_count; n++) {
        const size_t at = (last + n) % service_count;
        service_t *service = services[at];
        if (service->name_size == size && memcmp (service->name, name, size) == 0) {
            last = at;
            return service;
        }
    }
    if (service_count == SERVICES_MOST || size > sizeof (services[0]->name))
        give_up ("too many services");
    service_t *service = calloc (1, sizeof (service_t));
    if (!service)
        give_up ("no memory");
    memcpy (service->name, name, size);
    service->name_size = size;
    return services[service_count++] = service;
}

static void
append (service_t *service, zmq_msg_t *client, zmq_msg_t *body)
{
    if (service->count == service->capacity) {
        const size_t capacity = service->capacity ? service->capacity * 2 : 1024;
        request_t *grown = malloc (capacity * sizeof (request_t));
        if (!grown)
            give_up ("no memory");
        for (size_t n = 0; n < service->count; n++)
            grown[n] = service->waiting[(service->first + n) % service->capacity];
        free (service->waiting);
        service->waiting = grown;
        service->capacity = capacity;
        service->first = 0;
    }
    request_t *request = &service->waiting[(service->first + service->count++) % service->capacity];
    zmq_msg_init (&request->client);
    zmq_msg_init (&request->body);
    zmq_msg_move (&request->client, client);
    zmq_msg_move (&request->body, body);
}

static worker_t *
take_worker (service_t *service)
{
    worker_t *worker;
    do {
        service->turn = service->turn + 1 < service->worker_count ? service->turn + 1 : 0;
        worker = service->workers[service->turn];
    } while (worker->credit == 0);
    worker->credit--;
    service->credit--;
    return worker;
}

static void
give (worker_t *worker, zmq_msg_t *client, zmq_msg_t *body)
{
    put (worker->id, ID_SIZE);
    put ("", 0);
    put ("MDPW01", 6);
    put ("\2", 1);
    move (client, ZMQ_SNDMORE);
    put ("", 0);
    move (body, 0);
}

/* ------------------------------------------------------------------ commands */

static worker_t **
place_of (const uint8_t id[ID_SIZE])
{
    return &workers[(id[3] << 8 | id[4]) & (WORKERS_MOST - 1)];
}

static void
take_request (zmq_msg_t *id, zmq_msg_t *frame)
{
    next_frame (frame);
    service_t *service = find_service (zmq_msg_data (frame), zmq_msg_size (frame));
    next_frame (frame);
    if (service->credit)
        give (take_worker (service), id, frame);
    else
        append (service, id, frame);
}

static void
take_ready (zmq_msg_t *id, zmq_msg_t *frame)
{
    worker_t *worker = calloc (1, sizeof (worker_t)), **place = place_of (zmq_msg_data (id));
    char credit[8] = "1";
    next_frame (frame);
    service_t *service = find_service (zmq_msg_data (frame), zmq_msg_size (frame));
    service->workers = realloc (service->workers, (service->worker_count + 1) * sizeof (worker_t *));
    if (!worker || !service->workers || *place)
        give_up (*place ? "two workers share a place" : "no memory");
    if (zmq_msg_more (frame) && next_frame (frame) && zmq_msg_size (frame) < sizeof (credit))
        memcpy (credit, zmq_msg_data (frame), zmq_msg_size (frame));
    memcpy (worker->id, zmq_msg_data (id), ID_SIZE);
    worker->service = service;
    worker->credit = (unsigned) atoi (credit);
    service->credit += worker->credit;
    service->workers[service->worker_count++] = *place = worker;
    for (; service->count && service->credit; service->count--) {
        request_t *request = &service->waiting[service->first];
        give (take_worker (service), &request->client, &request->body);
        service->first = (service->first + 1) % service->capacity;
    }
}

/*  A worker that answers is given the next request, if one waits. */
static void
take_reply (zmq_msg_t *id, zmq_msg_t *frame)
{
    worker_t *worker = *place_of (zmq_msg_data (id));
    service_t *service = worker->service;
    next_frame (id); /* the client's */
    next_frame (frame);
    next_frame (frame);
    move (id, ZMQ_SNDMORE);
    put ("", 0);
    put ("MDPC01", 6);
    put (service->name, service->name_size);
    move (frame, 0);
    if (service->count) {
        request_t *request = &service->waiting[service->first];
        give (worker, &request->client, &request->body);
        service->first = (service->first + 1) % service->capacity;
        service->count--;
    } else {
        worker->credit++;
        service->credit++;
    }
}

/*  frame: the header. */
static void
take_command (zmq_msg_t *id, zmq_msg_t *frame)
{
    if (((const char *) zmq_msg_data (frame))[3] == 'C') {
        take_request (id, frame);
        return;
    }
    next_frame (frame);
    const char command = *(const char *) zmq_msg_data (frame);
    if (command == 3)
        take_reply (id, frame);
    else if (command == 1)
        take_ready (id, frame);
}

int
main (int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf (stderr, "usage: bench_bare ENDPOINT [SPIN-USEC]\n");
        return 64;
    }
    void *context = zmq_ctx_new ();
    zmq_msg_t id, frame;
    zmq_msg_init (&id);
    zmq_msg_init (&frame);
    yardstick_open ();
    spin_ns = argc > 2 ? atoll (argv[2]) * 1000 : 0;
    router = yardstick_bind (context, ZMQ_ROUTER, argv[1]);
    while (!yardstick_stopped ())
        if (first_frame (&id)) {
            next_frame (&frame); /* the delimiter */
            next_frame (&frame);
            take_command (&id, &frame);
            skip (&frame);
        }
    zmq_msg_close (&id);
    zmq_msg_close (&frame);
    zmq_close (router);
    zmq_ctx_term (context);
    return 0;
}
