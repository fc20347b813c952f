/*  The version of these headers, and of the library that runs. They differ when a program was built against another. */
#ifndef KEEL_VERSION_H
#define KEEL_VERSION_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KEEL_VERSION_MAJOR 0
#define KEEL_VERSION_MINOR 1
#define KEEL_VERSION_PATCH 0

/*  The library's, as "0.1.0". Static. */
KEEL_EXPORT const char *keel_version (void);

#ifdef __cplusplus
}
#endif

#endif
