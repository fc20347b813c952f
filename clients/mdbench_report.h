/*  What mdbench says in the end: a table for people or one JSON object, on stdout. */
#ifndef MDBENCH_REPORT_H
#define MDBENCH_REPORT_H

#include "mdbench_clients.h"

/*  Either may be NULL when that side did not run. 0, or -1: it could not be written. */
int report_print (const mdbench_settings_t *settings, const clients_result_t *clients, const workers_tally_t *workers);
/*  Logs what went wrong, if anything did. */
void report_complain (const mdbench_settings_t *settings, const clients_result_t *clients);

#endif
