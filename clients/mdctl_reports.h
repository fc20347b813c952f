/*  What mdctl prints of a broker's JSON for people, but for the counters. */
#ifndef MDCTL_REPORTS_H
#define MDCTL_REPORTS_H

#include <jansson.h>
#include <stdbool.h>

/*  Each prints to stdout; false without memory. */
bool mdctl_print_status (const json_t *status);
bool mdctl_print_services (const json_t *answer);
bool mdctl_print_workers (const json_t *answer);
bool mdctl_print_reasons (const json_t *answer);

#endif
