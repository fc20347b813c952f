/*  The workers: they echo, on threads of their own, each with a connection and a service. */
#ifndef MDBENCH_WORKERS_H
#define MDBENCH_WORKERS_H

#include "mdbench_settings.h"

#include <stdint.h>

typedef struct workers workers_t;

/*  Connects and starts them. settings and endpoint live as long as they do. NULL with errno. */
workers_t *workers_start (void *context, const mdbench_settings_t *settings, const char *endpoint);
typedef struct {
    uint64_t answered;
    uint64_t dismissed; /* DISCONNECTs they got */
    uint64_t odd;       /* messages that were no command to a worker */
} workers_tally_t;

/*  Ends their threads and has them leave the broker. All zero when there were none. */
void workers_stop (workers_t **self, workers_tally_t *tally);
/*  Their threads' CPU time so far. NULL: 0. */
int64_t workers_cpu_ns (const workers_t *self);

#endif
