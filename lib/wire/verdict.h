/*  What a codec says of a message. Everything but VERDICT_OK is a reason to drop it, and a counter of that name. */
#ifndef KEEL_VERDICT_H
#define KEEL_VERDICT_H

#include "text.h"

#define VERDICT_MAP(X)                                                                                                 \
    X (OK, "ok")                                                                                                       \
    X (SHORT, "short")         /* frames are missing */                                                                \
    X (NO_HEADER, "no-header") /* neither a protocol header nor an empty delimiter with one behind it */               \
    X (ENVELOPE, "envelope")   /* more than 8 extra frames, or one over 255 bytes */                                   \
    X (HEADER, "header")       /* a header that this side does not take */                                             \
    X (COMMAND, "command")     /* an unknown command byte */                                                           \
    X (SERVICE, "service")     /* a name that is not 1 to 255 printable ASCII characters without space */              \
    X (CREDIT, "credit")       /* no decimal number from 1 to 65535, or frames behind it */                            \
    X (DELIMITER, "delimiter") /* no empty frame where a delimiter must be */                                          \
    X (BODY, "body")           /* of no frames */                                                                      \
    X (FRAMES, "frames")       /* more than the limit */

typedef enum {
#define X(name, key) VERDICT_##name,
    VERDICT_MAP (X)
#undef X
        VERDICTS
} verdict_t;

/*  The counter's key, such as "short", which the log has too. Static. */
const char *verdict_key (verdict_t verdict);
/*  Adds the member malformed_by_reason to a JSON object: how often each but VERDICT_OK was given. */
void verdict_report (text_t *json, const uint64_t counts[VERDICTS]);

#endif
