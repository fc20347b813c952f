/*  keel_sim: engines in a virtual world, many seeds, or one with its trace. */
#include "run.h"

#include "fault.h"
#include "tally.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX     64
#define EXIT_USAGE   64
#define SEEDS_ENOUGH 2000 /* to have counted everything that engines count */

#ifdef KEEL_FAULTS
bool keel_faults[KEEL_FAULTS_COUNT];
#endif

static const struct {
    const char *key;
    bool majordomo, pirates; /* where it can be seen */
    const char *text;
} faults[] = {
#define X(name, key, majordomo, pirates, text) {key, majordomo, pirates, text},
    KEEL_FAULT_MAP (X)
#undef X
};

#define FAULTS ((int) (sizeof (faults) / sizeof (faults[0])))

typedef struct {
    uint64_t first, last;
    uint64_t steps;
    unsigned jobs;
    bool pirates;
    bool trace;
    bool tally;
    bool all_faults;
    int fault; /* -1: none */
    const char *self;
} arguments_t;

/*  What a job tells its parent, also when it does not live to say it. */
typedef struct {
    uint64_t seed;
    bool failed;
    verdict_of_run_t verdict;
    uint64_t runs, steps, requests, answered;
    tally_t tally;
} report_t;

/* ------------------------------------------------------------------ jobs */

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

/*  Every seed of its share, until one fails. */
static void
run_share (const arguments_t *arguments, unsigned job, report_t *report)
{
    for (uint64_t seed = arguments->first + job; seed <= arguments->last; seed += arguments->jobs) {
        report->seed = seed;
        report->verdict = run_seed (seed, arguments->pirates, arguments->steps, false);
        report->runs++;
        report->steps += report->verdict.steps;
        report->requests += report->verdict.requests;
        report->answered += report->verdict.answered;
        report->tally = tally;
        if (report->verdict.failed) {
            report->failed = true;
            return;
        }
    }
}

static pid_t
start_job (const arguments_t *arguments, unsigned job, report_t *report)
{
    fflush (NULL);
    pid_t pid = fork ();
    if (pid != 0)
        return pid;
    if (arguments->fault >= 0 && !freopen ("/dev/null", "w", stderr)) /* an assertion may be what finds it */
        _exit (EXIT_FAILURE);
    run_share (arguments, job, report);
    _exit (EXIT_SUCCESS);
}

static void
await_job (pid_t pid, report_t *report)
{
    int status = 0;
    while (pid > 0 && waitpid (pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid > 0 && WIFEXITED (status) && WEXITSTATUS (status) == 0)
        return;
    report->failed = true;
    snprintf (report->verdict.why, sizeof (report->verdict.why), "the process ended with %s %d",
              WIFSIGNALED (status) ? "signal" : "status",
              WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
}

/*  All jobs; their sum, and the lowest seed that failed. */
static report_t
run_all (const arguments_t *arguments)
{
    pid_t pids[JOBS_MAX];
    report_t sum = {0};
    report_t *reports =
        mmap (NULL, JOBS_MAX * sizeof (report_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reports == MAP_FAILED) {
        perror ("keel_sim: no shared memory");
        exit (EXIT_FAILURE);
    }
    for (unsigned job = 0; job < arguments->jobs; job++)
        pids[job] = start_job (arguments, job, &reports[job]);
    for (unsigned job = 0; job < arguments->jobs; job++) {
        report_t *report = &reports[job];
        await_job (pids[job], report);
        if (report->failed && (!sum.failed || report->seed < sum.seed)) {
            sum.failed = true;
            sum.seed = report->seed;
            sum.verdict = report->verdict;
        }
        sum.runs += report->runs;
        sum.steps += report->steps;
        sum.requests += report->requests;
        sum.answered += report->answered;
        tally_add (&sum.tally, &report->tally);
    }
    munmap (reports, JOBS_MAX * sizeof (report_t));
    return sum;
}

/* ------------------------------------------------------------------ what it is used for */

static int
run_seeds (const arguments_t *arguments)
{
    report_t sum = run_all (arguments);
    printf ("%llu seeds, %llu steps of brokers, %llu requests, %llu of them answered\n", (unsigned long long) sum.runs,
            (unsigned long long) sum.steps, (unsigned long long) sum.requests, (unsigned long long) sum.answered);
    if (arguments->tally)
        tally_print (&sum.tally, arguments->pirates);
    bool enough = arguments->last - arguments->first + 1 >= SEEDS_ENOUGH;
    if (!sum.failed)
        return enough && tally_missing (&sum.tally, arguments->pirates) ? EXIT_FAILURE : EXIT_SUCCESS;
    printf ("seed %llu FAILED: %s\n  replay: %s%s --seed %llu --steps %llu --trace\n", (unsigned long long) sum.seed,
            sum.verdict.why, arguments->self, arguments->pirates ? " --pirates" : "", (unsigned long long) sum.seed,
            (unsigned long long) arguments->steps);
    return EXIT_FAILURE;
}

static int
run_one (const arguments_t *arguments)
{
    set_fault (arguments->fault);
    verdict_of_run_t verdict = run_seed (arguments->first, arguments->pirates, arguments->steps, arguments->trace);
    printf ("seed %llu: %s%s\n", (unsigned long long) arguments->first, verdict.failed ? "FAILED " : "ok", verdict.why);
    return verdict.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*  Each fault must be found by one of the seeds. */
static int
run_faults (arguments_t arguments)
{
    int missed = 0;
    for (int fault = 0; fault < FAULTS; fault++) {
        if (!(arguments.pirates ? faults[fault].pirates : faults[fault].majordomo))
            continue;
        arguments.fault = fault;
        set_fault (fault);
        report_t sum = run_all (&arguments);
        missed += !sum.failed;
        if (sum.failed)
            printf ("%-20s found by seed %llu: %s\n", faults[fault].key, (unsigned long long) sum.seed,
                    sum.verdict.why);
        else
            printf ("%-20s NOT FOUND: %s\n", faults[fault].key, faults[fault].text);
        fflush (stdout);
    }
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ------------------------------------------------------------------ the command line */

static int
usage (FILE *out, int status)
{
    fprintf (out,
             "usage: keel_sim [--pirates] [--seed N [--trace] | --seeds A..B] [--steps N] [--jobs N]\n"
             "                [--fault NAME | --faults]\n"
             "  --pirates     the worlds of the Pirates, not Majordomo's\n"
             "  --seed N      one seed; --trace tells what happens\n"
             "  --seeds A..B  all of them (1..2000), until one fails\n"
             "  --tally       tells what the engines counted\n"
             "  --steps N     of the brokers, until all is healed (3000)\n"
             "  --jobs N      processes (one a processor)\n"
             "  --fault NAME  with a planted fault (the faulty build only)\n"
             "  --faults      with one after the other that such worlds can show: each must be found\n");
    return status;
}

static int
find_fault (const char *key)
{
    for (int fault = 0; fault < FAULTS; fault++)
        if (strcmp (key, faults[fault].key) == 0)
            return fault;
    fprintf (stderr, "keel_sim: no such fault: %s\n", key);
    exit (EXIT_USAGE);
}

static arguments_t
read_arguments (int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},  {"seeds", required_argument, NULL, 'r'},
        {"steps", required_argument, NULL, 'n'}, {"jobs", required_argument, NULL, 'j'},
        {"trace", no_argument, NULL, 't'},       {"fault", required_argument, NULL, 'f'},
        {"faults", no_argument, NULL, 'a'},      {"tally", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},        {"pirates", no_argument, NULL, 'p'},
        {0},
    };
    arguments_t self = {.first = 1, .last = 2000, .steps = RUN_STEPS, .fault = -1, .self = argv[0]};
    self.jobs = (unsigned) sysconf (_SC_NPROCESSORS_ONLN);
    unsigned long long first, last;
    for (int option; (option = getopt_long (argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            self.first = self.last = strtoull (optarg, NULL, 10);
        else if (option == 'r' && sscanf (optarg, "%llu..%llu", &first, &last) == 2) {
            self.first = first;
            self.last = last;
        } else if (option == 'n')
            self.steps = strtoull (optarg, NULL, 10);
        else if (option == 'j')
            self.jobs = (unsigned) strtoul (optarg, NULL, 10);
        else if (option == 't')
            self.trace = true;
        else if (option == 'f')
            self.fault = find_fault (optarg);
        else if (option == 'c')
            self.tally = true;
        else if (option == 'p')
            self.pirates = true;
        else if (option == 'a')
            self.all_faults = true;
        else
            exit (usage (option == 'h' ? stdout : stderr, option == 'h' ? EXIT_SUCCESS : EXIT_USAGE));
    }
    self.jobs = self.jobs < 1 ? 1 : self.jobs > JOBS_MAX ? JOBS_MAX : self.jobs;
    return self;
}

int
main (int argc, char **argv)
{
    arguments_t arguments = read_arguments (argc, argv);
#ifndef KEEL_FAULTS
    if (arguments.all_faults || arguments.fault >= 0) {
        fprintf (stderr, "keel_sim: this build has no planted faults\n");
        return EXIT_USAGE;
    }
#endif
    set_fault (arguments.fault);
    if (arguments.all_faults)
        return run_faults (arguments);
    return arguments.first == arguments.last ? run_one (&arguments) : run_seeds (&arguments);
}
