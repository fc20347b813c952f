/*  member: what a daemon that is one of a pair does with its pair (shell/pair): it opens it, logs what it says, and has a status
 *  line of it.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include "broker.h"
#include "pair.h"
#include "pair_settings.h"

typedef struct {
    pair_t *pair; /* NULL: not open */
} member_t;

/*  Opens the pair and has the port watch it. role_changed, drain and arg as in pair_config_t.
 *  0, or the code to exit with; it has said why. */
int member_open (member_t *self, const pair_settings_t *settings, const options_t *options, port_t *port,
                 void (*role_changed) (void *arg, bstar_state_t state, uint64_t epoch), void (*drain) (void *arg),
                 void *arg);
void member_close (member_t *self);

/*  When the engine's or the pair's next event is due, whichever is first. */
int64_t member_next_due (const member_t *self, int64_t due);
/*  For a status line: its state, and its peer's; "serving" where there is no pair. */
void member_describe (const member_t *self, text_t *line, int64_t now);
/*  Hands over, or says why it does not. */
void member_hand_over (member_t *self);

#endif
