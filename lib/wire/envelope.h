/*  The envelope: what stands before the command and goes back, byte for byte, with every answer.
 *
 *      [extra]* [""] [header...]      led: the first empty frame ends the envelope (REQ, DEALER with a correlation frame,
 *                                     peers behind proxies, 0.2 with a leading delimiter)
 *      [header...]                    strict MDP/0.2
 *
 *  The routing id that a ROUTER puts in front is not part of these frames: the port gives it apart. At most 8 extra
 *  frames, each 1 to 255 bytes.
 *
 *  The innermost extra frame may be an options frame: a client's wishes for one request. It is echoed like any other.
 *      "KEEL" 01 flags 00 00 ttl(4, big-endian, msec, 0: the broker's default) id(8)
 */
#ifndef KEEL_ENVELOPE_H
#define KEEL_ENVELOPE_H

#include "span.h"
#include "verdict.h"

#define ENVELOPE_EXTRA_MAX      8
#define ENVELOPE_EXTRA_SIZE_MAX 255
#define ENVELOPE_MAX            (ENVELOPE_EXTRA_MAX + 1) /* with the delimiter */

#define OPTIONS_SIZE    20
#define OPTIONS_NOTICES 0x01 /* the client wants failure notices */

typedef struct {
    const span_t *frames; /* borrowed: extra frames, then the delimiter when led */
    size_t count;         /* 0: strict */
} envelope_t;

typedef struct {
    bool present;
    bool notices;
    uint32_t ttl_ms; /* 0: the broker's default */
    uint64_t id;     /* the client's own */
} envelope_options_t;

/*  Splits off the envelope; the command starts at frames[envelope->count]. Borrows frames. */
verdict_t envelope_decode (const span_t frames[], size_t count, envelope_t *envelope);
/*  The same for protocols without a header, where every message is led: the first empty frame ends an envelope of at most
 *  extra_max extra frames. VERDICT_DELIMITER: there is no empty frame. */
verdict_t envelope_split (const span_t frames[], size_t count, size_t extra_max, envelope_t *envelope);

/*  The options in a decoded envelope; all zero when there are none. */
envelope_options_t envelope_options (const envelope_t *envelope);

bool options_decode (span_t frame, envelope_options_t *options);
void options_encode (const envelope_options_t *options, uint8_t frame[OPTIONS_SIZE]);

#endif
