#include "world.h"

#include "mdp.h"
#include "token.h"

#include <assert.h>
#include <stdlib.h>

static void
question_write (world_t *world, uint32_t ticket, question_t *self)
{
    bool big = draw_chance (&world->random, world->plan.big_pct);
    size_t size = (size_t) draw_between (&world->random, big ? 4000 : 0, big ? (int64_t) sizeof (self->filler) : 40);
    snprintf (self->text, sizeof (self->text), "t%u", ticket);
    memset (self->filler, 'z', size);
    self->frames[0] = span_text (self->text);
    self->frames[1] = span_make (self->filler, size);
}

uint32_t
ledger_open (world_t *world, const peer_t *client, question_t *question)
{
    ledger_t *self = &world->ledger;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 256;
        self->tickets = realloc (self->tickets, self->capacity * sizeof (ticket_t));
        assert (self->tickets);
    }
    self->tickets[self->count] = (ticket_t){.client = client->number};
    question_write (world, (uint32_t) self->count, question);
    return (uint32_t) self->count++;
}

void
ledger_clear (ledger_t *self)
{
    free (self->tickets);
    *self = (ledger_t){0};
}

static int64_t
read_number (span_t frame, char letter)
{
    int64_t value = 0;
    if (frame.size < 2 || frame.size > 20 || frame.data[0] != letter)
        return -1;
    for (size_t n = 1; n < frame.size; n++) {
        if (frame.data[n] < '0' || frame.data[n] > '9')
            return -1;
        value = value * 10 + frame.data[n] - '0';
    }
    return value;
}

int64_t
ledger_ticket (span_t frame)
{
    return read_number (frame, 't');
}

/* ------------------------------------------------------------------ answers */

void
answer_write (answer_t *self, uint32_t ticket, uint64_t attempt, bool final, unsigned part)
{
    snprintf (self->text[0], sizeof (self->text[0]), "t%u", ticket);
    snprintf (self->text[1], sizeof (self->text[1]), "%016llx", (unsigned long long) attempt);
    snprintf (self->text[2], sizeof (self->text[2]), "%c%u", final ? 'f' : 'p', part);
    for (size_t n = 0; n < 3; n++)
        self->frames[n] = span_text (self->text[n]);
}

void
answer_write_forbidden (answer_t *self, uint32_t ticket)
{
    answer_write (self, ticket, 0, true, 0);
    self->frames[1] = SPAN_OF ("x");
}

/*  One part: three frames. */
static void
check_part (world_t *world, const peer_t *client, ticket_t *ticket, bool final, const span_t part[])
{
    uint64_t attempt = 0;
    int64_t place = read_number (part[2], final ? 'f' : 'p');
    uint32_t number = (uint32_t) (ticket - world->ledger.tickets);
    if (ledger_ticket (part[0]) != number)
        world_fail (world, "%s got the answer to t%lld as that to its t%u", client->name,
                    (long long) ledger_ticket (part[0]), number);
    else if (span_is (part[1], "x", 1))
        world_fail (world, "%s got an answer that nobody was asked for, to t%u", client->name, number);
    else if (!token_decode (part[1], &attempt) || place < 0)
        world_fail (world, "%s got parts of an answer in the wrong order, to t%u", client->name, number);
    else if (ticket->parts > 0 && ticket->attempt != attempt)
        world_fail (world, "%s got one answer from two attempts, to t%u", client->name, number);
    else if (place < (int64_t) ticket->parts || (place > (int64_t) ticket->parts && !client->lossy))
        world_fail (world, "%s got part %lld of an answer after %zu parts, to t%u", client->name, (long long) place,
                    ticket->parts, number);
    ticket->attempt = attempt;
    ticket->parts = (size_t) place + 1;
}

void
ledger_answer (world_t *world, const peer_t *client, uint32_t number, bool final, const span_t body[], size_t count)
{
    ticket_t *ticket = &world->ledger.tickets[number];
    if (ticket->client != client->number || ticket->ended)
        world_fail (world, "%s got an answer to t%u, which %s", client->name, number,
                    ticket->ended ? "had ended" : "is not its own");
    else if (count == 0 || count % 3 != 0)
        world_fail (world, "%s got an answer of %zu frames to t%u", client->name, count, number);
    for (size_t at = 0; at + 3 <= count && !world->failed; at += 3)
        check_part (world, client, ticket, final && at + 3 == count, body + at);
    ticket->ended = ticket->answered = final;
}

void
ledger_failed (world_t *world, const peer_t *client, uint32_t number, unsigned code)
{
    ticket_t *ticket = &world->ledger.tickets[number];
    if (ticket->client != client->number || ticket->ended)
        world_fail (world, "%s was told that t%u failed, which %s", client->name, number,
                    ticket->ended ? "had ended" : "is not its own");
    if (code != 1 && code != 2 && code != 7 && code != 404 && code != 429 && code != 502 && code != 503 && code != 504)
        world_fail (world, "%s was told %u of t%u", client->name, code, number);
    ticket->ended = true;
}
