#include "bstar_table.h"

#include "bstar_fault.h"

#define BOTH BSTAR_ROLE_UNKNOWN

/*  What is not here stays as it is. A backup alone does not serve, whoever asks: its primary may be serving others that
 *  it cannot hear. */
static const struct {
    bstar_state_t state;
    bstar_input_t input;
    bstar_role_t role;
    bstar_state_t next;
} rows[] = {
    {BSTAR_PRIMARY, BSTAR_PEER_BACKUP, BOTH, BSTAR_ACTIVE},
    {BSTAR_PRIMARY, BSTAR_PEER_ABOVE, BOTH, BSTAR_PASSIVE},
    {BSTAR_PRIMARY, BSTAR_PEER_EQUAL, BOTH, BSTAR_PASSIVE},
    {BSTAR_PRIMARY, BSTAR_PEER_BELOW, BOTH, BSTAR_PASSIVE},
    {BSTAR_PRIMARY, BSTAR_VOTE_SILENT, BOTH, BSTAR_ACTIVE},
    {BSTAR_PRIMARY, BSTAR_PROMOTED, BOTH, BSTAR_ACTIVE},

    {BSTAR_BACKUP, BSTAR_PEER_ABOVE, BOTH, BSTAR_PASSIVE},
    {BSTAR_BACKUP, BSTAR_PEER_EQUAL, BOTH, BSTAR_PASSIVE},
    {BSTAR_BACKUP, BSTAR_PEER_BELOW, BOTH, BSTAR_PASSIVE},
    {BSTAR_BACKUP, BSTAR_PROMOTED, BOTH, BSTAR_ACTIVE},

    {BSTAR_ACTIVE, BSTAR_PEER_ABOVE, BOTH, BSTAR_PASSIVE},
    {BSTAR_ACTIVE, BSTAR_PEER_EQUAL, BSTAR_ROLE_BACKUP, BSTAR_PASSIVE},
    {BSTAR_ACTIVE, BSTAR_HANDED_OVER, BOTH, BSTAR_PASSIVE},
    {BSTAR_ACTIVE, BSTAR_REFUSED, BOTH, BSTAR_PASSIVE},
    {BSTAR_ACTIVE, BSTAR_SAME_ROLE, BOTH, BSTAR_PASSIVE},

    {BSTAR_PASSIVE, BSTAR_PEER_PRIMARY, BOTH, BSTAR_ACTIVE},
    {BSTAR_PASSIVE, BSTAR_PEER_BACKUP, BOTH, BSTAR_ACTIVE},
    {BSTAR_PASSIVE, BSTAR_PEER_IDLE, BSTAR_ROLE_PRIMARY, BSTAR_ACTIVE},
    {BSTAR_PASSIVE, BSTAR_PEER_YIELDS, BOTH, BSTAR_ACTIVE},
    {BSTAR_PASSIVE, BSTAR_VOTE_SILENT, BOTH, BSTAR_ACTIVE},
    {BSTAR_PASSIVE, BSTAR_PROMOTED, BOTH, BSTAR_ACTIVE},
};

bstar_state_t
bstar_next (bstar_role_t role, bstar_state_t state, bstar_input_t input)
{
    for (size_t n = 0; n < sizeof (rows) / sizeof (rows[0]); n++)
        if (rows[n].state == state && rows[n].input == input && (rows[n].role == BOTH || rows[n].role == role))
            return rows[n].next;
    return state;
}

const char *
bstar_input_name (bstar_input_t input)
{
    static const char *const names[] = {
#define X(name, why) #name,
        BSTAR_INPUT_MAP (X)
#undef X
    };
    return names[input];
}

const char *
bstar_input_why (bstar_input_t input)
{
    static const char *const reasons[] = {
#define X(name, why) why,
        BSTAR_INPUT_MAP (X)
#undef X
    };
    return reasons[input];
}

uint64_t
bstar_next_epoch (bstar_role_t role, uint64_t seen)
{
    if (STAR_FAULT (ANY_EPOCH))
        return seen + 1;
    uint64_t odd = role == BSTAR_ROLE_PRIMARY;
    uint64_t next = seen + 1 + (((seen + 1) & 1) != odd);
    return next > BSTAR_EPOCH_MAX ? 0 : next;
}
