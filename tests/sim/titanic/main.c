/*  keel_sim_titanic: Titanic in a virtual world, many seeds, or one with its trace; with planted faults in the build that has them.
 *
 *      keel_sim_titanic [--seeds A..B] [--seed N [--trace]] [--fault NAME | --faults]
 */
#include "world.h"

#include "fault.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 64

#ifdef KEEL_FAULTS
bool keel_faults[KEEL_FAULTS_COUNT];
#endif

static const struct {
    const char *key;
    const char *text;
    int fault;
} faults[] = {
#define X(name, key, text) {key, text, KEEL_FAULT_##name},
    KEEL_TSP_FAULT_MAP (X)
#undef X
};

#define FAULTS (sizeof (faults) / sizeof (faults[0]))

typedef struct {
    unsigned long first, last;
    bool trace;
    bool all_faults;
    const char *fault;
} arguments_t;

static void
set_fault (int fault)
{
#ifdef KEEL_FAULTS
    memset (keel_faults, 0, sizeof (keel_faults));
    if (fault >= 0)
        keel_faults[fault] = true;
#else
    (void) fault;
#endif
}

/*  The first seed that fails, or 0. */
static unsigned long
run_seeds (const arguments_t *arguments, bool quiet)
{
    static world_t world;
    unsigned crashes = 0, others = 0, failed = 0;
    for (unsigned long seed = arguments->first; seed <= arguments->last; seed++) {
        bool held = world_run (&world, seed, arguments->trace);
        crashes += world.crashes;
        others += world.broker_crashes + world.worker_crashes;
        failed += world.commits_failed;
        if (held)
            continue;
        if (!quiet)
            printf ("seed %lu: %s\n    keel_sim_titanic --seed %lu --trace\n", seed, world.failure, seed);
        return seed;
    }
    if (!quiet)
        printf ("seeds %lu to %lu hold: %u crashes of titanic, %u of others, %u commits failed\n", arguments->first,
                arguments->last, crashes, others, failed);
    return 0;
}

static int
run_faults (const arguments_t *arguments)
{
    int missed = 0;
    for (size_t n = 0; n < FAULTS; n++) {
        set_fault (faults[n].fault);
        unsigned long seed = run_seeds (arguments, true);
        if (seed)
            printf ("%-20s found by seed %lu: %s\n", faults[n].key, seed, faults[n].text);
        else
            printf ("%-20s NOT FOUND: %s\n", faults[n].key, faults[n].text);
        missed += !seed;
    }
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
choose_fault (const char *name)
{
    for (size_t n = 0; n < FAULTS; n++)
        if (strcmp (faults[n].key, name) == 0) {
            set_fault (faults[n].fault);
            return 0;
        }
    fprintf (stderr, "no such fault: %s\n", name);
    return -1;
}

int
main (int argc, char **argv)
{
    static const struct option options[] = {
        {"seeds", required_argument, NULL, 's'}, {"seed", required_argument, NULL, 'n'}, {"trace", no_argument, NULL, 't'},
        {"fault", required_argument, NULL, 'f'}, {"faults", no_argument, NULL, 'a'},     {NULL, 0, NULL, 0}};
    arguments_t arguments = {.first = 1, .last = 100};
    char *rest;
    for (int option; (option = getopt_long (argc, argv, "", options, NULL)) != -1;) {
        if (option == 's') {
            arguments.first = strtoul (optarg, &rest, 10);
            arguments.last = strncmp (rest, "..", 2) == 0 ? strtoul (rest + 2, NULL, 10) : arguments.first;
        } else if (option == 'n')
            arguments.first = arguments.last = strtoul (optarg, NULL, 10);
        else if (option == 't')
            arguments.trace = true;
        else if (option == 'f')
            arguments.fault = optarg;
        else if (option == 'a')
            arguments.all_faults = true;
        else
            return EXIT_USAGE;
    }
    if (arguments.all_faults)
        return run_faults (&arguments);
    if (arguments.fault && choose_fault (arguments.fault) != 0)
        return EXIT_USAGE;
    return run_seeds (&arguments, false) ? EXIT_FAILURE : EXIT_SUCCESS;
}
