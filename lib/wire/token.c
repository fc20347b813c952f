/*  Tokens are written and read with every request, so eight digits are turned at once, each in a byte of a word whose most
 *  significant byte is the first digit. */
#include "token.h"

#include <endian.h>

#define EACH(byte) ((byte) * 0x0101010101010101u)

static uint64_t
digits_of (uint32_t half)
{
    uint64_t each = half; /* a hex digit a byte, in the end */
    each = (each << 16 | each) & 0x0000ffff0000ffffu;
    each = (each << 8 | each) & 0x00ff00ff00ff00ffu;
    each = (each << 4 | each) & 0x0f0f0f0f0f0f0f0fu;
    uint64_t letters = (each + EACH (6u)) >> 4 & EACH (1u); /* 1: above 9 */
    return each + EACH ('0') + letters * ('a' - '0' - 10);
}

/*  Of digits that are some. */
static uint32_t
half_of (uint64_t digits)
{
    uint64_t each = (digits & EACH (0x0fu)) + (digits >> 6 & EACH (1u)) * 9;
    each = (each >> 4 | each) & 0x00ff00ff00ff00ffu;
    each = (each >> 8 | each) & 0x0000ffff0000ffffu;
    return (uint32_t) (each >> 16 | each);
}

/*  What comes out is a token if it is written as what came in. */
bool
token_decode (span_t frame, uint64_t *token)
{
    uint64_t digits[2];
    if (frame.size != TOKEN_SIZE)
        return false;
    memcpy (digits, frame.data, TOKEN_SIZE);
    digits[0] = be64toh (digits[0]);
    digits[1] = be64toh (digits[1]);
    uint32_t high = half_of (digits[0]), low = half_of (digits[1]);
    if (digits_of (high) != digits[0] || digits_of (low) != digits[1])
        return false;
    *token = (uint64_t) high << 32 | low;
    return true;
}

void
token_encode (uint64_t token, char text[TOKEN_SIZE])
{
    uint64_t digits[2] = {htobe64 (digits_of ((uint32_t) (token >> 32))), htobe64 (digits_of ((uint32_t) token))};
    memcpy (text, digits, TOKEN_SIZE);
}
