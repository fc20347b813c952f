/*  An MDP client of several brokers, of which each serves for itself. Two ways to use them:
 *
 *  IN TURN is engine/client.h as it is: one broker serves, and the others are there should it fail.
 *
 *  LEAST and SHOTGUN are for brokers that all serve at once, as a way past one machine: each has a client engine of its own,
 *  and every request is with the one that has the fewest, or with all of them. What a broker does not answer within a try, or
 *  refuses with 503, or has no worker for, goes to the next that the request has not been to, and so does at once what a broker has whose connection ends
 *  or cannot be made. A broker that let a try pass or is gone is avoided for a while, or until it answers. Tries are counted over all
 *  brokers, but for those that were not there. The first final answer counts; from the first partial answer on only
 *  that broker's others do, and the request is not sent again.
 */
#ifndef KEEL_CLIENT_SPREAD_H
#define KEEL_CLIENT_SPREAD_H

#include "client.h"

/*  At most so many brokers may serve at once. */
#define KEEL_MDSPREAD_BROKERS 64

typedef struct keel_mdspread keel_mdspread_t;

typedef enum {
    KEEL_MDSPREAD_IN_TURN,
    KEEL_MDSPREAD_LEAST,
    KEEL_MDSPREAD_SHOTGUN,
} keel_mdspread_policy_t;

/*  In turn. What is not said here is as of keel_mdclient_ and the same name. */
keel_mdspread_t *keel_mdspread_new (const keel_mdclient_config_t *config);
void keel_mdspread_destroy (keel_mdspread_t **self);
keel_mdclient_config_t *keel_mdspread_config (keel_mdspread_t *self);

/*  While nothing is outstanding. Links that are open are closed by the next step, which is due now. False: more brokers than may
 *  be, or no memory; then all is as it was. */
bool keel_mdspread_set_policy (keel_mdspread_t *self, keel_mdspread_policy_t policy);

int keel_mdspread_step (keel_mdspread_t *self, const keel_event_t *event, keel_actions_t *out);
int64_t keel_mdspread_next_due (const keel_mdspread_t *self);
keel_submit_t keel_mdspread_submit (keel_mdspread_t *self, int64_t now, span_t service, const span_t body[], size_t count,
                                    uint64_t *id);
bool keel_mdspread_cancel (keel_mdspread_t *self, uint64_t id);
size_t keel_mdspread_outstanding (const keel_mdspread_t *self);
/*  RETRIES: requests sent to another broker, or again; FAILOVERS: of these, those whose broker was lost. */
uint64_t keel_mdspread_counter (const keel_mdspread_t *self, keel_mdclient_counter_t counter);

#endif
