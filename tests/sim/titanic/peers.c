/*  Clients that keep a ledger of what they were told, and workers that say which execution an answer is of. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 1500
#define BEAT_MS     300
#define SILENCE_MS  2500

static const char *const service_names[SERVICES] = {"s0", "s1", "s2"};

/* ------------------------------------------------------------------ clients */

static task_t *
new_task (world_t *self, unsigned owner)
{
    if (self->task_count == self->task_most)
        return NULL;
    task_t *task = &self->tasks[self->task_count];
    *task = (task_t){.serial = self->task_count++, .owner = owner, .submit = between (self, 0, 3) > 0,
                     .service = (unsigned) between (self, 0, SERVICES - 1),
                     .reads = (unsigned) between (self, 0, 2), .closes_early = between (self, 0, 7) == 0};
    for (size_t n = 0; n < TSP_UUID_SIZE; n++)
        task->uuid.bytes[n] = (uint8_t) random_next (&self->random);
    return task;
}

static void
ask (world_t *self, unsigned number)
{
    client_t *client = &self->clients[number];
    task_t *task = client->task;
    char uuid[TSP_UUID_TEXT], body[16];
    span_t frames[8];
    size_t count = 0;
    client->asked = ++self->order;
    client->give_up_at = self->now + PATIENCE_MS;
    tsp_uuid_encode (&task->uuid, uuid);
    frames[count++] = span_make (&client->asked, sizeof (client->asked));
    frames[count++] = SPAN_OF ("");
    frames[count++] = SPAN_OF ("MDPC01");
    snprintf (body, sizeof (body), "%u", task->serial);
    /*  One that was closed may be submitted once more, by a copy that was late on its way. */
    client->submits = task->submit && (task->state == TASK_ASKING || (task->state == TASK_CLOSED && between (self, 0, 2) == 0));
    if (task->state == TASK_ASKING || client->submits) {
        frames[count++] = tsp_service_name (task->submit ? TSP_SUBMIT : TSP_REQUEST);
        if (task->submit)
            frames[count++] = span_make (uuid, sizeof (uuid));
        frames[count++] = span_text (service_names[task->service]);
        frames[count++] = span_text (body);
    } else {
        frames[count++] = tsp_service_name (task->state == TASK_CLOSING ? TSP_CLOSE : TSP_REPLY);
        frames[count++] = span_make (uuid, sizeof (uuid));
    }
    post (self, AT_BROKER, 0, AT_CLIENT, number, frames, count);
}

static void
take_reply (world_t *self, task_t *task, const span_t *body)
{
    char reply[32];
    unsigned serial, execution;
    snprintf (reply, sizeof (reply), "%.*s", (int) body->size, (const char *) body->data);
    if (sscanf (reply, "%u/%u", &serial, &execution) != 2 || serial != task->serial)
        violate (self, "task %u got '%s', which is another's reply", task->serial, reply);
    else if (task->reply[0] && strcmp (task->reply, reply) != 0)
        violate (self, "task %u got '%s' after '%s'", task->serial, reply, task->reply);
    else if (execution > task->executions)
        violate (self, "task %u got '%s', but was executed %u times", task->serial, reply, task->executions);
    memcpy (task->reply, reply, sizeof (reply));
}

/*  What its state becomes by an answer that says 200, 300, 400 or 500. */
static void
take_answer (world_t *self, task_t *task, const tsp_answer_t *answer)
{
    unsigned code = answer->code;
    switch (task->state) {
    case TASK_ASKING:
        if (code == 200) {
            if (task->submit && tsp_uuid_compare (&task->uuid, &answer->uuid) != 0)
                violate (self, "task %u was answered with another uuid", task->serial);
            task->uuid = answer->uuid;
            task->state = task->closes_early ? TASK_CLOSING : TASK_WAITING;
        } else if (code != 500)
            violate (self, "task %u was told %u when it asked", task->serial, code);
        break;
    case TASK_WAITING:
    case TASK_READING:
        if (code == 200)
            take_reply (self, task, answer->body);
        else if (code != 300 || task->state == TASK_READING)
            violate (self, "task %u was acknowledged, and then told %u", task->serial, code);
        if (code == 200)
            task->state = task->reads > 0 ? TASK_READING : TASK_CLOSING;
        task->reads -= task->reads > 0 && code == 200;
        break;
    case TASK_CLOSING:
        if (code == 200) {
            task->state = TASK_CLOSED;
            task->reads = (unsigned) between (self, 1, 3);
        } else if (code != 500)
            violate (self, "task %u was told %u when it closed", task->serial, code);
        break;
    case TASK_CLOSED:
        if (code != 400)
            violate (self, "task %u was closed, and then told %u", task->serial, code);
        if (--task->reads == 0)
            task->state = TASK_DONE;
        break;
    default:
        break;
    }
}

void
client_hears (world_t *self, unsigned number, const span_t frames[], size_t count)
{
    static const tsp_service_t asked_of[] = {TSP_REQUEST, TSP_REPLY, TSP_REPLY, TSP_CLOSE, TSP_REPLY};
    client_t *client = &self->clients[number];
    tsp_answer_t answer;
    if (count < 5 || !client->asked || !span_is (frames[0], &client->asked, sizeof (client->asked)))
        return;
    client->asked = 0;
    client->next_at = self->now + between (self, 0, client->task->state == TASK_CLOSED ? 400 : 60);
    if (client->submits && client->task->state == TASK_CLOSED)
        return;
    if (tsp_decode_answer (asked_of[client->task->state], frames + 4, count - 4, &answer) != TSP_VERDICT_OK) {
        violate (self, "task %u got an answer that is malformed", client->task->serial);
        return;
    }
    say (self, "client %u, task %u at %d: %u", number, client->task->serial, client->task->state, answer.code);
    take_answer (self, client->task, &answer);
}

/*  A request without a uuid of its own may be stored twice when its 200 was lost: then only the second one counts. */
void
client_turn (world_t *self, unsigned number)
{
    client_t *client = &self->clients[number];
    if (client->asked && self->now >= client->give_up_at) {
        client->asked = 0;
        client->next_at = self->now + between (self, 0, 200);
    }
    if (client->asked || self->now < client->next_at)
        return;
    /*  A task that waits gives way to a new one now and then: many are pending at once. */
    if (client->task && client->task->state == TASK_DONE)
        client->task = NULL;
    if (!client->task || between (self, 0, 3) == 0) {
        task_t *task = between (self, 0, 1) ? new_task (self, number) : NULL;
        for (unsigned n = 0; !task && n < self->task_count; n++) {
            task_t *other = &self->tasks[(n + (unsigned) self->now) % self->task_count];
            if (other->owner == number && other->state != TASK_DONE)
                task = other;
        }
        if (task)
            client->task = task;
    }
    if (client->task)
        ask (self, number);
}

/* ------------------------------------------------------------------ workers */

static void
send_worker (world_t *self, unsigned number, const span_t frames[], size_t count)
{
    span_t all[8];
    all[0] = SPAN_OF ("");
    memcpy (all + 1, frames, count * sizeof (span_t));
    post (self, AT_BROKER, 0, AT_WORKER, number, all, count + 1);
}

static void
worker_up (world_t *self, unsigned number)
{
    worker_t *worker = &self->workers[number];
    char credit[4];
    span_t frames[4];
    worker->up = true;
    worker->session++;
    worker->credit = (unsigned) between (self, 1, 8);
    worker->heard_at = self->now;
    worker->beat_at = self->now + BEAT_MS;
    memset (worker->jobs, 0, sizeof (worker->jobs));
    snprintf (credit, sizeof (credit), "%u", worker->credit);
    size_t count = mdp_encode_ready (frames, 1, span_text (service_names[worker->service]), span_text (credit));
    send_worker (self, number, frames, count);
}

void
worker_crash (world_t *self, unsigned number)
{
    worker_t *worker = &self->workers[number];
    worker->up = false;
    worker->session++;
    worker->back_at = self->now + between (self, 1, 2000);
    self->worker_crashes++;
    say (self, "worker %u crashes", number);
}

static void
execute (world_t *self, worker_t *worker, const mdp_command_t *command)
{
    char serial[16];
    for (size_t n = 0; n < sizeof (worker->jobs) / sizeof (worker->jobs[0]); n++) {
        job_t *job = &worker->jobs[n];
        if (job->due)
            continue;
        snprintf (serial, sizeof (serial), "%.*s", (int) command->body[0].size, (const char *) command->body[0].data);
        job->serial = (unsigned) atoi (serial);
        job->execution = ++self->tasks[job->serial].executions;
        job->due = self->now + between (self, 1, 200);
        memcpy (job->token, command->token.data, TOKEN_SIZE);
        return;
    }
}

void
worker_hears (world_t *self, unsigned number, const span_t frames[], size_t count)
{
    worker_t *worker = &self->workers[number];
    mdp_command_t command;
    if (!worker->up || count < 2 || mdp_decode_at_worker (frames + 1, count - 1, &command) != VERDICT_OK)
        return;
    worker->heard_at = self->now;
    if (command.kind == MDP_DISCONNECT)
        worker_crash (self, number);
    else if (command.kind == MDP_REQUEST)
        execute (self, worker, &command);
}

static void
answer_job (world_t *self, unsigned number, job_t *job)
{
    span_t frames[6];
    char reply[32];
    size_t count = mdp_encode_worker_reply (frames, 1, MDP_FINAL, span_make (job->token, TOKEN_SIZE));
    snprintf (reply, sizeof (reply), "%u/%u", job->serial, job->execution);
    frames[count++] = span_text (reply);
    job->due = 0;
    send_worker (self, number, frames, count);
}

void
worker_turn (world_t *self, unsigned number)
{
    worker_t *worker = &self->workers[number];
    span_t frames[2];
    if (!worker->up && self->now >= worker->back_at)
        worker_up (self, number);
    if (!worker->up)
        return;
    for (size_t n = 0; n < sizeof (worker->jobs) / sizeof (worker->jobs[0]); n++)
        if (worker->jobs[n].due && self->now >= worker->jobs[n].due)
            answer_job (self, number, &worker->jobs[n]);
    if (self->now >= worker->beat_at) {
        send_worker (self, number, frames, mdp_encode_control (frames, 1, MDP_HEARTBEAT));
        worker->beat_at = self->now + BEAT_MS;
    }
    if (self->now - worker->heard_at > SILENCE_MS)
        worker_crash (self, number);
}
