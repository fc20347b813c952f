/*  A token names one attempt of one request: 16 lower-case hex characters. A broker puts it where its protocol has the
 *  client's address, which workers only give back.
 */
#ifndef KEEL_TOKEN_H
#define KEEL_TOKEN_H

#include "span.h"

#define TOKEN_SIZE 16

/*  False for anything else. */
bool token_decode (span_t frame, uint64_t *token);
void token_encode (uint64_t token, char text[TOKEN_SIZE]);

#endif
