/*  Binary Star as a model for Spin: two nodes, clients that ask both, and an environment that cuts the link between the two, kills and
 *  restarts them, and gives orders, FAULTS times in all; then it stops, and all is well or one of them is dead for good.
 *
 *  What a node does with an input is the code's own table (bstar_table.pml). Left out: time. A node finds its peer silent only when
 *  nothing can come from it, and then surely; what was published stays to be heard, old or not.
 *
 *      spin -a -DFAULTS=3 bstar.pml && cc -O2 -o pan pan.c && ./pan -a -f -N settles
 */
#include "bstar_table.pml"

#ifndef FAULTS
#define FAULTS 3
#endif

#define EPOCHS 40

typedef node_t {
    byte state;
    byte epoch;   /* of its last activation */
    byte seen;    /* the highest */
    byte disk;    /* what a restart begins with */
    bool up;
    bool silent;  /* the peer is, for the failover timeout */
    byte idle;    /* how often the peer was heard to be passive while it was itself */
    bool yields;
    /*  What it published last; fresh: the peer has not heard it. */
    byte said_state;
    byte said_epoch;
    bool said_yield;
    bool fresh;
};

node_t node[2];
bool whole = true;  /* the link between them */
bool over = false;  /* no more misfortunes */
bool used[EPOCHS];
byte result;
byte input;

#define one_active  ((node[0].up && node[0].state == ACTIVE) != (node[1].up && node[1].state == ACTIVE))
#define both_active (node[0].up && node[0].state == ACTIVE && node[1].up && node[1].state == ACTIVE)
#define any_active  ((node[0].up && node[0].state == ACTIVE) || (node[1].up && node[1].state == ACTIVE))
#define both_up     (node[0].up && node[1].up)
/*  A primary, or a backup that once had a peer. */
#define may_serve   (node[0].up || (node[1].up && node[1].state != BACKUP))

/*  Healed, the two become one, for good; and there is always one, while one lives that may serve. */
ltl settles { [] ((over && both_up) -> <> [] one_active) }
ltl serves { [] ((over && may_serve) -> <> any_active) }

inline publish (me)
{
    node[me].said_state = node[me].state;
    node[me].said_epoch = (node[me].state == ACTIVE -> node[me].epoch : (node[me].state == PASSIVE -> node[me].seen : node[me].disk));
    node[me].said_yield = node[me].yields;
    if
    :: whole && node[1 - me].up -> node[me].fresh = true
    :: else -> skip
    fi
}

inline activate (me)
{
    node[me].epoch = NEXT_EPOCH (me, node[me].seen);
    node[me].seen = node[me].epoch;
    node[me].disk = node[me].epoch;
    assert (node[me].epoch < EPOCHS && !used[node[me].epoch]);
    used[node[me].epoch] = true;
    node[me].state = ACTIVE;
    node[me].yields = false
}

inline apply (me)
{
    next (me, node[me].state, input, result);
    if
    :: result != node[me].state && result == ACTIVE -> activate (me); publish (me)
    :: result != node[me].state && result != ACTIVE ->
        node[me].state = result;
        node[me].yields = (input == HANDED_OVER);
        node[me].idle = 0;
        publish (me)
    :: else -> skip
    fi
}

/*  Which input the peer's word is. */
inline judge (me)
{
    if
    :: node[1 - me].said_state == PRIMARY -> input = PEER_PRIMARY
    :: node[1 - me].said_state == BACKUP -> input = PEER_BACKUP
    :: node[1 - me].said_state == ACTIVE && node[1 - me].said_epoch > node[me].epoch -> input = PEER_ABOVE
    :: node[1 - me].said_state == ACTIVE && node[1 - me].said_epoch == node[me].epoch -> input = PEER_EQUAL
    :: node[1 - me].said_state == ACTIVE && node[1 - me].said_epoch < node[me].epoch -> input = PEER_BELOW
    :: node[1 - me].said_state == PASSIVE && node[1 - me].said_yield -> input = PEER_YIELDS
    :: node[1 - me].said_state == PASSIVE && !node[1 - me].said_yield && node[me].idle >= 2 -> input = PEER_IDLE
    :: else -> input = PEER_PASSIVE
    fi
}

inline hear (me)
{
    node[1 - me].fresh = false;
    node[me].silent = false;
    if
    :: node[1 - me].said_state == PASSIVE && node[me].state == PASSIVE && node[me].idle < 2 -> node[me].idle++
    :: node[1 - me].said_state != PASSIVE || node[me].state != PASSIVE -> node[me].idle = 0
    :: else -> skip
    fi;
    judge (me);
    node[me].seen = (node[1 - me].said_epoch > node[me].seen -> node[1 - me].said_epoch : node[me].seen);
    node[me].yields = node[me].yields && node[1 - me].said_state != ACTIVE;
#ifdef BROKEN
    if  /* must be found: two active ones that stay so */
    :: node[me].state == ACTIVE -> skip
    :: else -> apply (me)
    fi
#else
    apply (me)
#endif
}

inline vote (me)
{
    input = (node[me].silent -> VOTE_SILENT : VOTE_HEARD);
    apply (me)
}

/*  One turn after the other: the peer's word, the clock, who asks. */
proctype star (byte me)
{
end:
    do
    :: atomic { node[me].up ->
        if
        :: node[1 - me].fresh && whole -> hear (me)
        :: !(node[1 - me].fresh && whole) && (!whole || !node[1 - me].up) -> node[me].silent = true; node[me].idle = 0
        :: else -> skip
        fi;
        publish (me);
        input = 0;
        result = 0 }
        atomic {
            if
            :: node[me].up -> vote (me)
            :: else -> skip
            fi;
            input = 0;
            result = 0 }
    od
}

inline boot (me)
{
    node[me].up = true;
    node[me].state = (me == 0 -> PRIMARY : BACKUP);
    node[me].epoch = 0;
    node[me].seen = node[me].disk;
    node[me].silent = false;
    node[me].idle = 0;
    node[me].yields = false;
    node[me].fresh = false
}

inline kill (me)
{
    node[me].up = false;
    node[me].fresh = false;
    node[1 - me].fresh = false
}

inline misfortune ()
{
    if
    :: whole -> whole = false
    :: !whole -> whole = true
    :: node[0].up -> kill (0)
    :: node[1].up -> kill (1)
    :: !node[0].up -> boot (0)
    :: !node[1].up -> boot (1)
    :: node[0].up && node[0].state == ACTIVE -> input = HANDED_OVER; apply (0)
    :: node[1].up && node[1].state == ACTIVE -> input = HANDED_OVER; apply (1)
    :: node[1].up && node[1].state != ACTIVE -> input = PROMOTED; apply (1)
    fi;
    input = 0;
    result = 0
}

proctype environment ()
{
    byte faults = 0;
    do
    :: atomic { faults < FAULTS -> misfortune (); faults++ }
    :: break
    od;
    /*  Both live in the end, or one of them. */
    atomic {
        whole = true;
        if
        :: node[0].up || node[1].up -> skip
        :: !node[0].up -> boot (0)
        :: !node[1].up -> boot (1)
        fi;
        if
        :: !node[0].up -> boot (0)
        :: !node[1].up -> boot (1)
        :: true -> skip
        fi;
        over = true
    }
}

#if FAULTS == 0
/*  They hear each other from the start. */
active proctype never_two ()
{
    assert (!both_active)
}
#endif

init
{
    atomic {
        boot (0);
        boot (1);
        run star (0);
        run star (1);
        run environment ()
    }
}
