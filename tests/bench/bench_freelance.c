/*  What loads and what answers in the Freelance part of the bench: libkeel's classes, and next to them the least that the same
 *  can cost over libzmq, a DEALER and a ROUTER that echoes.
 *
 *      bench_freelance echo ENDPOINT                    a ROUTER that sends back what comes
 *      bench_freelance sleep ENDPOINT USEC              a keel_flserver_t whose handler takes so long
 *      bench_freelance dealer ENDPOINT WINDOW MSEC      so many outstanding, for so long
 *      bench_freelance client ENDPOINTS WINDOW MSEC     the same through a keel_freelance_t
 *
 *  Those that load print one line of JSON: requests a second, and the median of what they took. Every reply is verified.
 */
#include "yardstick.h"

#include <keel/freelance.h>
#include <keel/flserver.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE       64  /* of a request's body, whose first bytes are its number */
#define WARM_UP    500 /* requests that are not counted */
#define TIMES_MOST ((size_t) 1 << 22)

typedef struct load {
    const char *endpoints;
    uint64_t window;
    int64_t duration_ns;
    void *peer;
    void (*send) (struct load *load, const uint8_t body[SIZE]);
    void (*receive) (struct load *load, uint8_t body[SIZE]);
    int64_t *sent_ns; /* a ring, by number */
    int64_t *took_ns;
    size_t done;
} load_t;

static void
give_up (const char *why)
{
    fprintf (stderr, "bench_freelance: %s\n", why);
    exit (1);
}

static int64_t
now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ------------------------------------------------------------------ servers */

static int
echo (const char *endpoint)
{
    void *context = zmq_ctx_new ();
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    yardstick_open ();
    void *router = yardstick_bind (context, ZMQ_ROUTER, endpoint);
    while (!yardstick_stopped ())
        while (zmq_msg_recv (&frame, router, 0) >= 0)
            zmq_msg_send (&frame, router, zmq_msg_more (&frame) ? ZMQ_SNDMORE : 0);
    zmq_msg_close (&frame);
    zmq_close (router);
    zmq_ctx_term (context);
    return 0;
}

static zmsg_t *
sleep_and_echo (zmsg_t *request, void *arg)
{
    usleep (*(useconds_t *) arg);
    return request;
}

static int
serve (const char *endpoint, useconds_t usec)
{
    keel_flserver_t *server = keel_flserver_new ();
    if (!server || keel_flserver_bind (server, endpoint) != 0)
        give_up ("cannot listen");
    fprintf (stderr, "listening on %s\n", keel_flserver_endpoint (server));
    int rc = keel_flserver_run (server, sleep_and_echo, &usec);
    keel_flserver_destroy (&server);
    return rc ? 1 : 0;
}

/* ------------------------------------------------------------------ clients */

static void
dealer_send (load_t *load, const uint8_t body[SIZE])
{
    zmq_send (load->peer, body, 8, ZMQ_SNDMORE);
    zmq_send (load->peer, body, SIZE, 0);
}

static void
dealer_receive (load_t *load, uint8_t body[SIZE])
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    zmq_msg_recv (&frame, load->peer, 0);
    if (zmq_msg_recv (&frame, load->peer, 0) != SIZE)
        give_up ("a reply of another size");
    memcpy (body, zmq_msg_data (&frame), SIZE);
    zmq_msg_close (&frame);
}

static void
client_send (load_t *load, const uint8_t body[SIZE])
{
    zmsg_t *request = zmsg_new ();
    zmsg_addmem (request, body, SIZE);
    if (keel_freelance_send (load->peer, &request, NULL) != 0)
        give_up ("a request was not taken");
}

static void
client_receive (load_t *load, uint8_t body[SIZE])
{
    keel_freelance_result_t result;
    zmsg_t *reply;
    if (keel_freelance_recv (load->peer, &result, &reply, -1) != 0 || result.code != 0)
        give_up ("a request failed");
    if (zmsg_content_size (reply) != SIZE)
        give_up ("a reply of another size");
    memcpy (body, zframe_data (zmsg_first (reply)), SIZE);
    zmsg_destroy (&reply);
}

static void
ask (load_t *load, uint64_t number)
{
    uint8_t body[SIZE];
    memset (body, (int) number, SIZE);
    memcpy (body, &number, sizeof (number));
    load->sent_ns[number % TIMES_MOST] = now_ns ();
    load->send (load, body);
}

static void
take (load_t *load, uint64_t asked)
{
    uint8_t body[SIZE], wanted[SIZE];
    uint64_t number;
    load->receive (load, body);
    memcpy (&number, body, sizeof (number));
    memset (wanted, (int) number, SIZE);
    memcpy (wanted, &number, sizeof (number));
    if (number >= asked || memcmp (body, wanted, SIZE) != 0)
        give_up ("a reply is not what was sent");
    load->took_ns[load->done++ % TIMES_MOST] = now_ns () - load->sent_ns[number % TIMES_MOST];
}

static int
compare (const void *one, const void *other)
{
    int64_t left = *(const int64_t *) one, right = *(const int64_t *) other;
    return left < right ? -1 : left > right;
}

static int
run (load_t *load)
{
    uint64_t asked = 0, taken = 0;
    load->sent_ns = malloc (TIMES_MOST * sizeof (int64_t));
    load->took_ns = malloc (TIMES_MOST * sizeof (int64_t));
    if (!load->sent_ns || !load->took_ns)
        give_up ("no memory");
    int64_t start = now_ns ();
    for (bool warm = false; taken < WARM_UP || now_ns () - start < load->duration_ns; taken++) {
        while (asked - taken < load->window)
            ask (load, asked++);
        take (load, asked);
        if (!warm && taken == WARM_UP) {
            warm = true;
            load->done = 0;
            start = now_ns ();
        }
    }
    double seconds = (double) (now_ns () - start) / 1e9;
    size_t count = load->done < TIMES_MOST ? load->done : TIMES_MOST;
    qsort (load->took_ns, count, sizeof (int64_t), compare);
    printf ("{\"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", (double) load->done / seconds,
            (double) load->took_ns[count / 2] / 1e3, (double) load->took_ns[count / 100 * 99] / 1e3);
    free (load->sent_ns);
    free (load->took_ns);
    return 0;
}

static int
run_dealer (load_t *load)
{
    void *context = zmq_ctx_new ();
    load->peer = zmq_socket (context, ZMQ_DEALER);
    load->send = dealer_send;
    load->receive = dealer_receive;
    if (zmq_connect (load->peer, load->endpoints) != 0)
        give_up ("cannot connect");
    run (load);
    int linger = 0;
    zmq_setsockopt (load->peer, ZMQ_LINGER, &linger, sizeof (linger));
    zmq_close (load->peer);
    zmq_ctx_term (context);
    return 0;
}

static int
run_client (load_t *load)
{
    keel_freelance_t *client = keel_freelance_new (load->endpoints);
    if (!client)
        give_up ("cannot connect");
    load->peer = client;
    load->send = client_send;
    load->receive = client_receive;
    run (load);
    keel_freelance_destroy (&client);
    return 0;
}

int
main (int argc, char **argv)
{
    if (argc == 3 && strcmp (argv[1], "echo") == 0)
        return echo (argv[2]);
    if (argc == 4 && strcmp (argv[1], "sleep") == 0)
        return serve (argv[2], (useconds_t) atoi (argv[3]));
    if (argc == 5) {
        load_t load = {.endpoints = argv[2], .window = (uint64_t) atoi (argv[3]), .duration_ns = atoll (argv[4]) * 1000000};
        if (strcmp (argv[1], "dealer") == 0)
            return run_dealer (&load);
        if (strcmp (argv[1], "client") == 0)
            return run_client (&load);
    }
    fprintf (stderr, "usage: bench_freelance echo|sleep|dealer|client ENDPOINT...\n");
    return 64;
}
