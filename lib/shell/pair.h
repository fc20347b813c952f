/*  One of a Binary Star in the world: the engine (engine/bstar), its state sockets, its state file and the clock.
 *
 *  The owner has pair_fd watched, calls pair_turn when that is readable and when pair_next_due has come, and pair_vote for each
 *  application that asks while it does not serve. What it is to do, serve or stop serving, is called back out of any of these.
 */
#ifndef KEEL_PAIR_H
#define KEEL_PAIR_H

#include "bstar.h"

typedef struct pair pair_t;

typedef struct {
    bstar_role_t role;
    int64_t failover_ms;
    const char *bind; /* these live as long as the pair */
    const char *peer;
    const char *file;
    /*  Active or passive from now on, with that epoch. It must not call the pair. */
    void (*role_changed) (void *arg, bstar_state_t state, uint64_t epoch);
    /*  A handover begins: take nothing new, finish what is held, and then tell KEEL_STAR_DRAINED. */
    void (*drain) (void *arg);
    void (*log) (void *arg, keel_log_level_t level, const char *text);
    void *arg;
} pair_config_t;

/*  Room for why it cannot be opened. */
#define PAIR_PROBLEM 1024

/*  0; or -1 with errno: EINVAL the peer's endpoint is our own, or one of them is none; EBADMSG the state file is damaged;
 *  EBUSY it is another process's; ENOMEM; as port_listen has it when the state endpoint cannot be bound; else the state file cannot be written. problem says what,
 *  and what to do; *culprit is the endpoint that cannot be bound, else NULL. */
int pair_open (pair_t **self, const pair_config_t *config, char problem[PAIR_PROBLEM], const char **culprit);
/*  An active one hands over. */
void pair_close (pair_t **self);

int pair_fd (const pair_t *self);
int64_t pair_next_due (const pair_t *self);
/*  What the state socket is bound to. */
const char *pair_endpoint (const pair_t *self);

/*  Reads what the peer has published, and does what is due. */
void pair_turn (pair_t *self);
/*  Somebody asks: reads the peer's state, and then counts the vote. True: it is active now. */
bool pair_vote (pair_t *self);
/*  PROMOTE, HANDOVER, DRAINED. */
void pair_tell (pair_t *self, keel_star_event_kind_t kind);
/*  The application cannot serve as it was told to with that epoch. */
void pair_refuse (pair_t *self, uint64_t epoch);

/*  For what it is, and for reports. */
const keel_star_t *pair_star (const pair_t *self);

#endif
