/*  MMI (RFC 8) and Keel's own mmi. services: their names and the frames they take. A broker answers them itself.
 *
 *  The answer's body is [code], three digits, and for some a frame of JSON behind it.
 */
#ifndef KEEL_MMI_H
#define KEEL_MMI_H

#include "span.h"

#define MMI_PREFIX "mmi."
#define MMI_ERROR  "mmi.error" /* the service frame of a failure notice: body [code][reason][service] */

/*  name, takes a service name (or one frame that is ignored), needs an administrator */
#define MMI_MAP(X)                                                                                                     \
    X (SERVICE, "mmi.service", true, false)                                                                            \
    X (VERSION, "mmi.version", false, false)                                                                           \
    X (SERVICES, "mmi.services", false, false)                                                                         \
    X (WORKERS, "mmi.workers", false, false)                                                                           \
    X (STATS, "mmi.stats", false, false)                                                                               \
    X (EXPLAIN, "mmi.explain", true, false)                                                                            \
    X (DRAIN, "mmi.drain", true, true)                                                                                 \
    X (RESUME, "mmi.resume", true, true)                                                                               \
    X (PROMOTE, "mmi.promote", false, true)                                                                            \
    X (HANDOVER, "mmi.handover", false, true)

typedef enum {
#define X(name, text, named, admin) MMI_##name,
    MMI_MAP (X)
#undef X
        MMI_UNKNOWN
} mmi_t;

/*  Codes, of answers and of notices. reason: the notice's second frame. */
#define MMI_CODE_MAP(X)                                                                                                \
    X (200, "ok")                                                                                                      \
    X (400, "wrong frames")                                                                                            \
    X (403, "not allowed")                                                                                             \
    X (404, "no worker for the service")                                                                               \
    X (429, "too many requests outstanding")                                                                           \
    X (501, "no such mmi service")                                                                                     \
    X (502, "attempts used up or worker lost half-way")                                                                \
    X (503, "queue full or draining")                                                                                  \
    X (504, "no worker free before the deadline")

/*  Belongs to the broker: the name starts with "mmi.". */
bool mmi_is_reserved (span_t service);
mmi_t mmi_decode (span_t service);
bool mmi_needs_admin (mmi_t mmi);
/*  Its one frame is a service name, not something to ignore. */
bool mmi_names_service (mmi_t mmi);

/*  The frame and the reason of a code of the map; static. */
span_t mmi_code (unsigned code);
span_t mmi_reason (unsigned code);

#endif
