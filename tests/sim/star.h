/*  The inside of the simulator of Binary Star. */
#ifndef SIM_STAR_H
#define SIM_STAR_H

#include "bstar.h"
#include "random.h"

#define STAR_WORDS  100 /* that wait in a connection; the newest are dropped */
#define STAR_EPOCHS 4096

typedef enum {
    STAR_LINK_STATE,
    STAR_LINK_A,
    STAR_LINK_B,
    STAR_LINKS,
} star_link_t;

typedef struct {
    int64_t at;
    char text[BSTAR_WORD_MAX];
} star_word_t;

typedef struct {
    int number;
    char name;
    keel_star_t *engine;
    bool up, active, leaving, asked, refuses;
    uint64_t epoch; /* of its last activation */
    uint64_t disk;
    star_word_t words[STAR_WORDS]; /* on their way to it */
    size_t word_count;
    int64_t restart_at, frozen_until, drained_at;
    int64_t turn_at;   /* its last turn */
    int64_t thawed_at; /* when it was back after longer than the failover timeout */

    /*  What it was told, as the checks see it. */
    int64_t heard_at;
    bstar_word_t heard;
    uint64_t heard_epoch; /* the highest */
} star_node_t;

typedef struct {
    uint64_t seed;
    bool traced, failed;
    random_t random;
    int64_t now;
    star_node_t nodes[2];
    bool cut[STAR_LINKS];
    bool holds; /* the state link keeps what is sent while it is cut */
    int64_t ask_at;
    bool healed;
    bool promoting; /* an operator's order is being carried out */
    bool forgot;    /* a state file was lost */
    bool hindered;  /* a disk has failed, or an application refused */

    int64_t failover, delay, pace;
    unsigned chaos, disk_bad, refusing;
    bool calm, forgetful, operators;

    uint64_t epochs[STAR_EPOCHS]; /* taken so far */
    unsigned activations;
    int64_t both_ms, both_total; /* both active, and able to hear each other; both active at all */
} star_run_t;

typedef struct {
    uint64_t runs, activations;
    int64_t both_ms;
} star_tally_t;

/*  One run. False: something did not hold, and was said. */
bool star_run (uint64_t seed, bool traced, star_tally_t *tally);

/* ---- star_check.c */

void star_trace (const star_run_t *run, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void star_fail (star_run_t *run, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  A node is about to take its turn / to hear a word / has become active. */
void star_check_thaw (star_run_t *run, star_node_t *node);
void star_check_word (star_run_t *run, star_node_t *node, const char *text);
void star_check_activation (star_run_t *run, star_node_t *node, uint64_t epoch);
/*  ms have passed. */
void star_check_both (star_run_t *run, int64_t ms);

#endif
