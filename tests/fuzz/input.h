/*  A fuzzer's input, taken apart: numbers and frames. Each frame is an allocation of its own size, so that the sanitizer sees
 *  a byte read too far. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "span.h"

#define FUZZ_FRAMES 24

typedef struct {
    const uint8_t *data;
    size_t left;
    uint8_t *blocks[FUZZ_FRAMES];
    span_t frames[FUZZ_FRAMES];
    size_t count;
} input_t;

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  The next byte; 0 at the end. */
uint8_t input_byte (input_t *self);
/*  Reads frames: a byte that says how many, then each as a byte of length (255: 300) and its bytes, or as one of the
 *  protocol's own frames (length 128 and up). Those of the message before are freed. */
void input_frames (input_t *self);
void input_free (input_t *self);

#endif
