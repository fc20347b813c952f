/*  --check-config: are the settings good? What a value shows alone was seen when it was read; here it is what they are
 *  together.
 */
#ifndef KEEL_OPTIONS_CHECK_H
#define KEEL_OPTIONS_CHECK_H

#include "options.h"

/*  Nothing is opened. EXIT_OK: stdout says that the file, or without one the program's settings, are good;
 *  else the code to exit with, the reason logged. */
int options_check (const options_t *self, const void *settings);

#endif
