/*  What the two of a Binary Star tell each other, again and again: one text frame.
 *
 *      STATE                       a peer as the ZeroMQ Guide has it: a digit. Its epoch is 0, its role not known
 *      STATE " " EPOCH " " LETTERS one of ours: "3 7 p", "4 8 by". p or b is the configured role, y yields; letters that are
 *                                  not known are ignored
 *
 *  Nothing else is a state: no sign, no leading zero, no second space, no second frame, no epoch above BSTAR_EPOCH_MAX.
 */
#ifndef KEEL_WIRE_BSTAR_STATE_H
#define KEEL_WIRE_BSTAR_STATE_H

#include "span.h"

typedef enum {
    BSTAR_PRIMARY = 1, /* waiting */
    BSTAR_BACKUP = 2,  /* waiting */
    BSTAR_ACTIVE = 3,
    BSTAR_PASSIVE = 4,
} bstar_state_t;

typedef enum {
    BSTAR_ROLE_UNKNOWN,
    BSTAR_ROLE_PRIMARY,
    BSTAR_ROLE_BACKUP,
} bstar_role_t;

typedef struct {
    bstar_state_t state;
    uint64_t epoch;
    bstar_role_t role;
    bool yields;
} bstar_word_t;

#define BSTAR_EPOCH_MAX ((uint64_t) INT64_MAX)
/*  Room for what bstar_encode writes, and the longest frame that can be a state; more letters than that are none. */
#define BSTAR_WORD_MAX 64

/*  False: it is no state. */
bool bstar_decode (const span_t frames[], size_t count, bstar_word_t *word);
/*  The frame; its bytes are in text. The epoch is BSTAR_EPOCH_MAX at most, the role is known. */
span_t bstar_encode (const bstar_word_t *word, char text[BSTAR_WORD_MAX]);

/*  "primary", "backup", "active", "passive"; "primary", "backup", "unknown". Static. */
const char *bstar_state_name (bstar_state_t state);
const char *bstar_role_name (bstar_role_t role);

#endif
