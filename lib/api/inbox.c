#include "inbox.h"

struct letter {
    letter_t *next;
    keel_client_result_t result;
    zmsg_t *reply;
    char reason[INBOX_REASON];
};

static void
destroy_letter (letter_t *letter)
{
    zmsg_destroy (&letter->reply);
    free (letter);
}

void
inbox_clear (inbox_t *self)
{
    while (self->first) {
        letter_t *letter = self->first;
        self->first = letter->next;
        destroy_letter (letter);
    }
    *self = (inbox_t){0};
}

/*  A notice may have any code; what has no name is a failure. */
static int
error_of (unsigned code)
{
    switch (-(int) code) {
#define X(name, number, text)                                                                                          \
    case number:                                                                                                       \
        return number;
        KEEL_ERROR_MAP (X)
#undef X
    default:
        return KEEL_E_FAILED;
    }
}

/*  "404 no worker for the service": from a notice's [code][reason]; bytes that do not print become '?'. */
static void
write_reason (char reason[INBOX_REASON], const keel_action_t *action, int error)
{
    size_t size = 0;
    for (size_t n = 0; n < 2 && n < action->body_count; n++) {
        if (n)
            reason[size++] = ' ';
        for (size_t at = 0; at < action->body[n].size && size + 2 < INBOX_REASON; at++) {
            uint8_t byte = action->body[n].data[at];
            reason[size++] = byte >= ' ' && byte <= '~' ? (char) byte : '?';
        }
    }
    reason[size] = 0;
    if (size == 0)
        snprintf (reason, INBOX_REASON, "%s", keel_strerror (error));
}

zmsg_t *
inbox_message (const keel_action_t *action)
{
    zmsg_t *message = zmsg_new ();
    for (size_t n = 0; message && n < action->body_count; n++)
        zmsg_addmem (message, action->body[n].data, action->body[n].size);
    return message;
}

void
inbox_add (inbox_t *self, const keel_action_t *action)
{
    letter_t *letter = calloc (1, sizeof (letter_t));
    if (!letter) {
        self->is_short = true;
        return;
    }
    letter->result.id = action->tag;
    letter->result.final = action->deliver != KEEL_DELIVER_PARTIAL;
    if (action->deliver == KEEL_DELIVER_FAILED) {
        letter->result.code = error_of (action->code);
        write_reason (letter->reason, action, letter->result.code);
    } else
        letter->reply = inbox_message (action);
    if (self->last)
        self->last->next = letter;
    else
        self->first = letter;
    self->last = letter;
}

void
inbox_take (inbox_t *self, keel_client_result_t *result, zmsg_t **reply, char reason[INBOX_REASON])
{
    letter_t *letter = self->first;
    self->first = letter->next;
    if (!self->first)
        self->last = NULL;
    *result = letter->result;
    *reply = letter->reply;
    memcpy (reason, letter->reason, INBOX_REASON);
    free (letter);
}

bool
inbox_drop (inbox_t *self, uint64_t id)
{
    letter_t **at = &self->first;
    bool any = false;
    self->last = NULL;
    while (*at) {
        letter_t *letter = *at;
        if (letter->result.id == id) {
            *at = letter->next;
            destroy_letter (letter);
            any = true;
        } else {
            self->last = letter;
            at = &letter->next;
        }
    }
    return any;
}
