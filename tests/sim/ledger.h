/*  The ledger: what was asked, and what of it the askers were told. End to end: it knows nothing of brokers.
 *
 *  Every body names its ticket in its first frame: "t17". An answer repeats that, then comes who made it and its place:
 *  an answer in n parts and a last one is  [t17][attempt][p0] ... [t17][attempt][p(n-1)] [t17][attempt][fn].
 *  What must never arrive anywhere is marked with [x].
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "network.h"

typedef struct {
    uint16_t client;
    bool ended;
    bool answered;
    bool once;        /* sent once only, by a client that does not retry */
    size_t parts;     /* delivered */
    uint64_t attempt; /* whose parts */
} ticket_t;

typedef struct {
    ticket_t *tickets;
    size_t count;
    size_t capacity;
} ledger_t;

/*  What is asked. text, filler: what the frames' bytes stand in. */
typedef struct {
    char text[16];
    char filler[9000];
    span_t frames[2];
} question_t;

/*  Opens a ticket of the client's, and writes its question. */
uint32_t ledger_open (world_t *world, const peer_t *client, question_t *question);
/*  The ticket in a body; -1: none. */
int64_t ledger_ticket (span_t frame);

/*  A client's engine or script gave this to its application as the answer to ticket, or a part of it. */
void ledger_answer (world_t *world, const peer_t *client, uint32_t ticket, bool final, const span_t body[],
                    size_t count);
void ledger_failed (world_t *world, const peer_t *client, uint32_t ticket, unsigned code);
void ledger_clear (ledger_t *self);

/*  The bodies. text: what the frames' bytes stand in; the span in it. */
typedef struct {
    char text[3][32];
    span_t frames[3];
} answer_t;

void answer_write (answer_t *self, uint32_t ticket, uint64_t attempt, bool final, unsigned part);
void answer_write_forbidden (answer_t *self, uint32_t ticket);

#endif
