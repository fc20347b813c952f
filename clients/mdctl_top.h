/*  mdctl top: what a broker does, as it does it. */
#ifndef MDCTL_TOP_H
#define MDCTL_TOP_H

#include "mdctl_top_figures.h"

#include <keel/client.h>

typedef struct {
    bool once; /* one page of text */
    bool json; /* once: as JSON */
    top_order_t order;
    int64_t interval_ms;
    const char *brokers; /* separated by commas */
    int timeout_ms;      /* of each */
} top_options_t;

/*  The client's brokers are asked; nothing has been asked yet. The code to exit with; it has said why. */
int mdctl_top (const top_options_t *options, keel_client_t *client);

#endif
