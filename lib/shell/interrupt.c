#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define WAITERS_MAX 64
#define SIGNALS     2

typedef struct {
    atomic_int fd; /* plus one; 0: free */
    atomic_bool seen;
} waiter_t;

static const int signals[SIGNALS] = {SIGTERM, SIGINT};
static waiter_t waiters[WAITERS_MAX];
static atomic_int inside; /* handlers that run now */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;
static struct sigaction before[SIGNALS]; /* written only while the handlers are not in place */

static void on_signal (int number);

/*  Is the signal still ours? The application may have set its own meanwhile. */
static bool
is_ours (int number)
{
    struct sigaction current;
    return sigaction (number, NULL, &current) == 0 && current.sa_handler == on_signal;
}

static void
put_back (void)
{
    for (int n = 0; n < SIGNALS; n++)
        if (is_ours (signals[n]))
            sigaction (signals[n], &before[n], NULL);
}

static void
on_signal (int number)
{
    const int saved = errno;
    const uint64_t one = 1;
    (void) number;
    atomic_fetch_add (&inside, 1);
    for (int n = 0; n < WAITERS_MAX; n++) {
        int fd = atomic_load (&waiters[n].fd) - 1;
        if (fd < 0)
            continue;
        atomic_store (&waiters[n].seen, true);
        if (write (fd, &one, sizeof (one)) < 0)
            continue; /* an eventfd refuses only when it is as awake as can be */
    }
    put_back ();
    atomic_fetch_sub (&inside, 1);
    errno = saved;
}

static void
put_in_place (void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset (&action.sa_mask);
    for (int n = 0; n < SIGNALS; n++)
        sigaddset (&action.sa_mask, signals[n]);
    for (int n = 0; n < SIGNALS; n++) {
        if (is_ours (signals[n]))
            continue;
        sigaction (signals[n], NULL, &before[n]);
        if (before[n].sa_handler != SIG_IGN)
            sigaction (signals[n], &action, NULL);
    }
}

int
interrupt_open (int fd)
{
    int number = 0;
    pthread_mutex_lock (&mutex);
    while (number < WAITERS_MAX && atomic_load (&waiters[number].fd))
        number++;
    if (number < WAITERS_MAX) {
        atomic_store (&waiters[number].seen, false);
        atomic_store (&waiters[number].fd, fd + 1);
        users++;
        put_in_place ();
    }
    pthread_mutex_unlock (&mutex);
    return number < WAITERS_MAX ? number : -1;
}

bool
interrupt_seen (int number)
{
    return atomic_load (&waiters[number].seen);
}

void
interrupt_close (int number)
{
    pthread_mutex_lock (&mutex);
    atomic_store (&waiters[number].fd, 0);
    if (--users == 0)
        put_back ();
    while (atomic_load (&inside)) /* in another thread: it may still have fd in hand */
        sched_yield ();
    pthread_mutex_unlock (&mutex);
}
