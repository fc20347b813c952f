/*  The command line of the simulator of Binary Star; star.c says what it does. */
#include "star.h"

#include "bstar_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
run_seeds (uint64_t first, uint64_t last, bool traced)
{
    star_tally_t tally = {0};
    for (uint64_t seed = first; seed <= last; seed++)
        if (!star_run (seed, traced, &tally))
            return 1;
    printf ("%" PRIu64 " runs, %" PRIu64 " activations, two active at once for %" PRId64 " ms in all\n", tally.runs, tally.activations,
            tally.both_ms);
    return 0;
}

#ifdef STAR_FAULTS
static int
run_faults (uint64_t first, uint64_t last)
{
    static const char *const names[] = {
#define X(name, key, text) key,
        STAR_FAULT_MAP (X)
#undef X
    };
    int missed = 0;
    for (star_fault_t fault = 0; fault < STAR_FAULTS_COUNT; fault++) {
        star_tally_t tally = {0};
        uint64_t seed = first;
        star_faults[fault] = true;
        printf ("%s: ", names[fault]);
        while (seed <= last && star_run (seed, false, &tally))
            seed++;
        star_faults[fault] = false;
        if (seed > last)
            printf ("NOT FOUND\n");
        missed += seed > last;
    }
    return missed != 0;
}
#endif

static int
usage (void)
{
    fprintf (stderr, "usage: star_sim [--seeds FIRST..LAST | --seed N] [--trace] [--faults]\n");
    return 64;
}

int
main (int argc, char **argv)
{
    uint64_t first = 1, last = 1000;
    bool traced = false, faults = false;
    for (int n = 1; n < argc; n++) {
        bool more = n + 1 < argc;
        if (strcmp (argv[n], "--trace") == 0)
            traced = true;
        else if (strcmp (argv[n], "--faults") == 0)
            faults = true;
        else if (strcmp (argv[n], "--seed") == 0 && more)
            first = last = strtoull (argv[++n], NULL, 10);
        else if (strcmp (argv[n], "--seeds") != 0 || !more || sscanf (argv[++n], "%" SCNu64 "..%" SCNu64, &first, &last) != 2)
            return usage ();
    }
#ifdef STAR_FAULTS
    if (faults)
        return run_faults (first, last);
#endif
    return faults ? usage () : run_seeds (first, last, traced);
}
