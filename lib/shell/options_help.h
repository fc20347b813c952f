/*  What --help prints. */
#ifndef KEEL_OPTIONS_HELP_H
#define KEEL_OPTIONS_HELP_H

#include "options.h"

#include <stdio.h>

void options_help (const program_t *program, FILE *out);
/*  The usage line, without newline: "mdclient [OPTION]... SERVICE [FRAME...]". */
void options_usage (const program_t *program, char *line, size_t size);

#endif
