/*  Where the values of settings come from: command line before file before environment before preset. */
#ifndef KEEL_OPTIONS_LOAD_H
#define KEEL_OPTIONS_LOAD_H

#include "options.h"

/*  Fills target from all of them; self->given has been checked. -1, or the code to exit with, the reason logged. */
int options_load (options_t *self, void *target);
/*  Logs an error of the command line; always EXIT_USAGE. */
int options_refuse (const options_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
