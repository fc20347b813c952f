/*  The lines of a configuration file: which line each item stands on, and which line is no ZPL.
 *
 *  zconfig keeps no line numbers, and says what it cannot read on stdout. So a file passes here first; then zconfig
 *  takes all of it, and the n-th item of its tree, depth first, is the n-th item here.
 */
#ifndef KEEL_CONFIG_LINES_H
#define KEEL_CONFIG_LINES_H

#include <stddef.h>

typedef struct {
    int *numbers; /* of each item's line, from 1 */
    size_t count;
    int bad;             /* the line with an error */
    const char *problem; /* the error and its remedy; NULL: none */
} config_lines_t;

/*  text: size bytes, terminated. 0; or -1, which says why in self->problem. */
int config_lines_scan (config_lines_t *self, const char *text, size_t size);
void config_lines_close (config_lines_t *self);

#endif
