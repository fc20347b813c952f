#include "plan.h"

/*  One of the values, each as likely. */
#define PICK(random, ...)                                                                                              \
    ((const int64_t[]){__VA_ARGS__})[random_below (random, sizeof ((const int64_t[]){__VA_ARGS__}) / sizeof (int64_t))]

/*  Of requests that wait, a queue fails 1024 in one step and the others in the next ones; the model fails all at once. */
#define QUEUED_MOST 1000

static void
draw_parts (plan_t *self, random_t *random)
{
    self->brokers = PICK (random, 1, 1, 1, 2);
    self->services = draw_between (random, 1, 3);
    self->orphans = PICK (random, 0, 0, 0, 1);
    self->clients = draw_between (random, 0, 3);
    self->raw_clients = draw_between (random, self->clients ? 0 : 1, 3);
    self->workers = draw_between (random, 0, 3);
    self->raw_workers = draw_between (random, self->workers ? 0 : 1, 3);
    self->old_pct = PICK (random, 0, 50, 100);
    self->fixed_pct = PICK (random, 0, 50);
}

static void
draw_load (plan_t *self, random_t *random)
{
    self->requests = PICK (random, 20, 80, 300);
    self->pace = PICK (random, 0, 5, 50);
    self->window = PICK (random, 1, 4, 20);
    self->cancel_pct = PICK (random, 0, 0, 5);
    self->big_pct = PICK (random, 0, 5);
    self->work = PICK (random, 0, 5, 50, 400);
    self->partial_pct = PICK (random, 0, 30);
    self->give_back_pct = PICK (random, 0, 5);
    self->swallow_pct = PICK (random, 0, 5);
    self->mute_pct = PICK (random, 0, 100);
    self->rogue_pct = PICK (random, 0, 0, 20);
    self->mmi_pct = PICK (random, 0, 10);
    self->garbage_pct = PICK (random, 0, 0, 5);
    self->notices_pct = PICK (random, 0, 50, 100);
}

static void
draw_limits (plan_t *self, random_t *random)
{
    bool tight = draw_chance (random, 40);
    self->credit = PICK (random, 1, 2, 5, 20);
    self->ttl = PICK (random, 200, 2000, 20000, 60000);
    self->attempts = PICK (random, 0, 1, 2, 3, 3);
    self->queued = tight ? PICK (random, 5, 30, 1000000) : 1000000;
    self->queued_bytes = tight ? PICK (random, 5000, 20000, 1 << 30) : 1 << 30;
    self->outstanding = tight ? PICK (random, 1, 3, 10) : 100000;
    self->frames = 1024;
    self->partial_bytes = tight ? PICK (random, 300, 1000, 64 << 20) : 64 << 20;
    self->services_max = tight ? PICK (random, 1, 2, 10000) : 10000;
    self->workers_max = tight ? PICK (random, 2, 4, 100000) : 100000;
    self->pipe = tight ? PICK (random, 2, 8, 10000) : 10000;
    self->actions = PICK (random, 16, 20, 256);
}

static void
draw_times (plan_t *self, random_t *random)
{
    self->heartbeat = PICK (random, 50, 200, 1000, 2500);
    self->liveness = PICK (random, 2, 3, 3);
    self->busy = PICK (random, 0, 300, 3000, 60000);
    self->drain = PICK (random, 0, 500, 30000);
    self->timeout = PICK (random, 100, 500, 5000);
    self->retries = PICK (random, 0, 1, 3);
    self->delay = PICK (random, 0, 3, 30, 200);
    self->tick_late = PICK (random, 0, 5);
    if (self->delay > self->heartbeat * self->liveness / 5) /* else peers that are well give each other up */
        self->delay = self->heartbeat * self->liveness / 5;
}

static void
draw_misfortunes (plan_t *self, random_t *random)
{
    self->notice = PICK (random, 0, 3, 500, 10000);
    self->unseen_pct = PICK (random, 0, 30, 100);
    self->chaos = PICK (random, 0, 20, 100, 500, 2000);
    self->drop = PICK (random, 0, 4, 10);
    self->stall = PICK (random, 0, 4);
    self->crash = PICK (random, 0, 2);
    self->leave = PICK (random, 0, 2);
    self->freeze = PICK (random, 0, 4);
    self->slow = PICK (random, 0, 2);
    self->broker_crash = PICK (random, 0, 0, 2);
    self->broker_freeze = PICK (random, 0, 2);
    self->broker_drain = PICK (random, 0, 0, 1);
    self->outage = 20 + self->chaos * PICK (random, 0, 1, 5);
}

/*  Workers take one request at a time, without parts, and there is one service. A Simple Pirate's queue that takes nothing
 *  back could wait for a worker that is gone for ever. */
static void
draw_pirates (plan_t *self, random_t *random)
{
    self->kind = PICK (random, WORLD_SIMPLE, WORLD_SIMPLE, WORLD_PARANOID, WORLD_PARANOID, WORLD_LAZY);
    self->old_pct = 100;
    self->services = self->credit = 1;
    self->orphans = self->partial_pct = self->mmi_pct = self->notices_pct = 0;
    self->frames = PICK (random, 16, 1024);
    self->choke_pct = PICK (random, 0, 0, 3);
    if (self->queued > QUEUED_MOST)
        self->queued = QUEUED_MOST;
    if (self->kind == WORLD_SIMPLE && self->busy == 0)
        self->busy = 1000;
    if (self->kind != WORLD_LAZY)
        return;
    self->brokers = draw_between (random, 1, 2);
    self->clients = draw_between (random, 1, 3);
    self->raw_clients = self->workers = self->raw_workers = self->give_back_pct = self->broker_drain = 0;
}

plan_t
plan_draw (random_t *random, bool pirates)
{
    plan_t self = {0};
    draw_parts (&self, random);
    draw_load (&self, random);
    draw_limits (&self, random);
    draw_times (&self, random);
    draw_misfortunes (&self, random);
    if (pirates)
        draw_pirates (&self, random);
    return self;
}

static void
print_one (FILE *out, const char *name, int64_t value, int *column)
{
    if (*column > 90) {
        fputc ('\n', out);
        *column = 0;
    }
    *column += fprintf (out, "%s%s=%lld", *column ? " " : "", name, (long long) value);
}

void
plan_print (const plan_t *self, FILE *out)
{
    int column = 0;
#define X(name, text) print_one (out, #name, self->name, &column);
    PLAN_MAP (X)
#undef X
    fputc ('\n', out);
}
