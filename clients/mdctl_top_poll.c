#include "mdctl_top_poll.h"

#include "report.h"

static const char *const asks[TOP_ASKS] = {"mmi.version", "mmi.stats", "mmi.services"};

void
top_poll_open (top_poll_t *self, keel_client_t *client)
{
    *self = (top_poll_t){.client = client};
}

/*  Answers of two brokers, or of two lives of one, would not belong together: has something happened that may bring that about? */
static uint64_t
moves_of (keel_client_t *client)
{
    const keel_client_counters_t *counters = keel_client_counters (client);
    return counters->retries + counters->failovers;
}

static void
drop_answers (top_poll_t *self)
{
    for (size_t n = 0; n < TOP_ASKS; n++) {
        json_decref (self->answers[n]);
        self->answers[n] = NULL;
        if (self->waits[n])
            keel_client_cancel (self->client, self->ids[n]);
        self->waits[n] = false;
    }
    self->open = 0;
}

int
top_poll_ask (top_poll_t *self, int64_t now)
{
    self->asked_at = now;
    self->moves = moves_of (self->client);
    for (size_t n = 0; n < TOP_ASKS; n++) {
        zmsg_t *request = zmsg_new ();
        zmsg_addstr (request, "");
        int rc = keel_client_send (self->client, asks[n], &request, &self->ids[n]);
        if (rc) {
            drop_answers (self);
            return rc;
        }
        self->waits[n] = true;
        self->open++;
    }
    return 0;
}

/*  0, or what is wrong with it. */
static int
take_reply (top_poll_t *self, size_t n, zmsg_t *reply)
{
    int code = report_code (zmsg_first (reply));
    zframe_t *frame = zmsg_next (reply);
    char *text = code == 200 && frame ? zframe_strdup (frame) : NULL;
    self->answers[n] = text ? report_parse (text) : NULL;
    free (text);
    if (code && code != 200)
        return -code;
    return self->answers[n] ? 0 : TOP_POLL_STRANGE;
}

static int
take_result (top_poll_t *self, const keel_client_result_t *result, zmsg_t *reply)
{
    size_t n = 0;
    while (n < TOP_ASKS && !(self->waits[n] && self->ids[n] == result->id))
        n++;
    if (n == TOP_ASKS)
        return 0;
    if (!result->code && !result->final)
        return TOP_POLL_STRANGE;
    self->waits[n] = false;
    self->open--;
    return result->code ? result->code : take_reply (self, n, reply);
}

static int
finish (top_poll_t *self, top_snapshot_t **snapshot)
{
    json_t **answers = self->answers;
    *snapshot = top_snapshot_new (answers[0], answers[1], answers[2], self->asked_at, zclock_mono ());
    drop_answers (self);
    return *snapshot ? 0 : KEEL_E_MEMORY;
}

/*  Asks anew when the answers may not be of one broker. */
static int
finish_or_again (top_poll_t *self, top_snapshot_t **snapshot)
{
    if (moves_of (self->client) == self->moves)
        return finish (self, snapshot);
    drop_answers (self);
    return top_poll_ask (self, zclock_mono ());
}

top_poll_state_t
top_poll_take (top_poll_t *self, int timeout_ms, top_snapshot_t **snapshot, int *problem)
{
    keel_client_result_t result;
    zmsg_t *reply;
    *snapshot = NULL;
    while (self->open) {
        int rc = keel_client_recv (self->client, &result, &reply, timeout_ms);
        if (rc == KEEL_E_TIMEOUT)
            return TOP_POLL_OPEN;
        if (rc == 0) {
            rc = take_result (self, &result, reply);
            zmsg_destroy (&reply);
        }
        if (rc == 0 && self->open == 0)
            rc = finish_or_again (self, snapshot);
        if (*snapshot)
            return TOP_POLL_DONE;
        if (rc) {
            drop_answers (self);
            *problem = rc;
            return TOP_POLL_FAILED;
        }
    }
    return TOP_POLL_OPEN;
}

void
top_poll_close (top_poll_t *self)
{
    drop_answers (self);
}
