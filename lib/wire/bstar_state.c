#include "bstar_state.h"

#include "text.h"

#include <assert.h>

/*  Takes a decimal number off the front: no leading zero but that of 0 itself. */
static bool
take_number (span_t *rest, uint64_t *number)
{
    size_t at = 0;
    *number = 0;
    for (; at < rest->size && rest->data[at] >= '0' && rest->data[at] <= '9'; at++) {
        uint64_t digit = (uint64_t) (rest->data[at] - '0');
        if (*number > (BSTAR_EPOCH_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    if (at == 0 || (at > 1 && rest->data[0] == '0'))
        return false;
    *rest = span_make (rest->data + at, rest->size - at);
    return true;
}

static bool
take_space (span_t *rest)
{
    if (rest->size == 0 || rest->data[0] != ' ')
        return false;
    *rest = span_make (rest->data + 1, rest->size - 1);
    return true;
}

static bool
is_letter (uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/*  One letter or more. Who says both roles says none. */
static bool
read_letters (span_t letters, bstar_word_t *word)
{
    bool primary = false, backup = false;
    for (size_t n = 0; n < letters.size; n++) {
        if (!is_letter (letters.data[n]))
            return false;
        primary |= letters.data[n] == 'p';
        backup |= letters.data[n] == 'b';
        word->yields |= letters.data[n] == 'y';
    }
    if (primary != backup)
        word->role = primary ? BSTAR_ROLE_PRIMARY : BSTAR_ROLE_BACKUP;
    return letters.size > 0;
}

bool
bstar_decode (const span_t frames[], size_t count, bstar_word_t *word)
{
    *word = (bstar_word_t){0};
    if (count != 1 || frames[0].size < 1 || frames[0].size > BSTAR_WORD_MAX)
        return false;
    span_t rest = span_make (frames[0].data + 1, frames[0].size - 1);
    uint8_t digit = frames[0].data[0];
    if (digit < '0' + BSTAR_PRIMARY || digit > '0' + BSTAR_PASSIVE)
        return false;
    word->state = (bstar_state_t) (digit - '0');
    if (rest.size == 0)
        return true;
    return take_space (&rest) && take_number (&rest, &word->epoch) && take_space (&rest) && read_letters (rest, word);
}

span_t
bstar_encode (const bstar_word_t *word, char text[BSTAR_WORD_MAX])
{
    assert (word->role != BSTAR_ROLE_UNKNOWN && word->epoch <= BSTAR_EPOCH_MAX);
    text_t line = text_over (text, BSTAR_WORD_MAX);
    text_add_number (&line, word->state);
    text_add (&line, " ");
    text_add_number (&line, word->epoch);
    text_add (&line, word->role == BSTAR_ROLE_PRIMARY ? " p" : " b");
    text_add (&line, word->yields ? "y" : "");
    return span_make (line.data, line.size);
}

const char *
bstar_state_name (bstar_state_t state)
{
    static const char *const names[] = {"", "primary", "backup", "active", "passive"};
    return names[state];
}

const char *
bstar_role_name (bstar_role_t role)
{
    static const char *const names[] = {"unknown", "primary", "backup"};
    return names[role];
}
