/*  keel_flsim: runs seeds, tells of one, or finds planted faults. */
#include "world.h"

#include "fault.h"

#include <stdlib.h>
#include <string.h>

#ifdef KEEL_FAULTS
bool keel_faults[KEEL_FAULTS_COUNT];
#endif

static const struct {
    keel_fault_t fault;
    const char *key;
    const char *text;
} faults[] = {
#define X(name, key, text) {KEEL_FAULT_##name, key, text},
    KEEL_FREELANCE_FAULT_MAP (X)
#undef X
};
#define FAULTS (sizeof (faults) / sizeof (*faults))

static world_t world;
static uint64_t tally[KEEL_FLCLIENT_COUNTERS];

static void
set_fault (size_t number)
{
#ifdef KEEL_FAULTS
    memset (keel_faults, 0, sizeof (keel_faults));
    if (number < FAULTS)
        keel_faults[faults[number].fault] = true;
#else
    if (number < FAULTS) {
        fprintf (stderr, "keel_flsim: this build has no planted faults\n");
        exit (64);
    }
#endif
}

/*  The first that fails, or 0. */
static uint64_t
run_seeds (uint64_t first, uint64_t last)
{
    for (uint64_t seed = first; seed <= last; seed++)
        if (!world_run (&world, seed, false))
            return seed;
        else
            for (int n = 0; n < KEEL_FLCLIENT_COUNTERS; n++)
                tally[n] += world.counters[n];
    return 0;
}

/*  A counter that stays 0 in all runs is a rule that no seed has reached. */
static int
check_tally (void)
{
    static const char *const keys[] = {
#define X(name, key, text) key,
        KEEL_FLCLIENT_COUNTER_MAP (X)
#undef X
    };
    int unseen = 0;
    for (int n = 0; n < KEEL_FLCLIENT_COUNTERS; n++) {
        printf ("%-12s %llu\n", keys[n], (unsigned long long) tally[n]);
        unseen += tally[n] == 0;
    }
    if (unseen)
        printf ("%d counters were never raised\n", unseen);
    return unseen ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run_faults (uint64_t first, uint64_t last)
{
    int missed = 0;
    for (size_t n = 0; n < FAULTS; n++) {
        set_fault (n);
        uint64_t seed = run_seeds (first, last);
        missed += !seed;
        if (seed)
            printf ("%-14s found by seed %llu: %s\n", faults[n].key, (unsigned long long) seed, world.failure);
        else
            printf ("%-14s NOT FOUND: %s\n", faults[n].key, faults[n].text);
    }
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static size_t
find_fault (const char *key)
{
    for (size_t n = 0; n < FAULTS; n++)
        if (strcmp (faults[n].key, key) == 0)
            return n;
    fprintf (stderr, "keel_flsim: no such fault: %s\n", key);
    exit (64);
}

static int
usage (void)
{
    fprintf (stderr, "usage: keel_flsim [--fault NAME] --seed N | --seeds A..B | --faults A..B\n"
                     "  --seed N       one seed, and what happens\n"
                     "  --seeds A..B   all of them, until one fails\n"
                     "  --faults A..B  with one planted fault after the other: each must be found (the faulty build only)\n");
    return 64;
}

int
main (int argc, char **argv)
{
    unsigned long long first, last;
    if (argc == 5 && strcmp (argv[1], "--fault") == 0) {
        set_fault (find_fault (argv[2]));
        argv += 2;
        argc -= 2;
    }
    if (argc != 3 || sscanf (argv[2], "%llu", &first) != 1)
        return usage ();
    if (strcmp (argv[1], "--seed") == 0) {
        bool well = world_run (&world, first, true);
        printf ("seed %llu: %s\n", first, well ? "well" : world.failure);
        return well ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (sscanf (argv[2], "%llu..%llu", &first, &last) != 2)
        return usage ();
    if (strcmp (argv[1], "--faults") == 0)
        return run_faults (first, last);
    uint64_t seed = run_seeds (first, last);
    if (!seed)
        return check_tally ();
    printf ("seed %llu: %s\nagain: keel_flsim --seed %llu\n", (unsigned long long) seed, world.failure,
            (unsigned long long) seed);
    return EXIT_FAILURE;
}
