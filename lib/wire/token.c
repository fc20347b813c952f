#include "token.h"

/*  One more than the value of a lower-case hex digit; 0: it is none. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['a'] = 11, 12, 13, 14, 15, 16,
};

bool
token_decode (span_t frame, uint64_t *token)
{
    uint64_t value = 0;
    if (frame.size != TOKEN_SIZE)
        return false;
    for (size_t n = 0; n < TOKEN_SIZE; n++) {
        uint8_t digit = hex_digits[frame.data[n]];
        if (!digit)
            return false;
        value = value << 4 | (uint64_t) (digit - 1);
    }
    *token = value;
    return true;
}

void
token_encode (uint64_t token, char text[TOKEN_SIZE])
{
    for (size_t n = TOKEN_SIZE; n-- > 0; token >>= 4)
        text[n] = "0123456789abcdef"[token & 15];
}
