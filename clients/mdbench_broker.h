/*  Which of several brokers to load. */
#ifndef MDBENCH_BROKER_H
#define MDBENCH_BROKER_H

#include "setting.h"

/*  The first, in order, that answers `mmi.service` within timeout_ms; one alone is not asked. NULL: none does. */
const char *broker_choose (void *context, const setting_list_t *brokers, int64_t timeout_ms);

#endif
