/*  ticlient admin: an operator's questions to one titanic, over its admin endpoint (wire/tsp_admin.h). */
#ifndef TICLIENT_ADMIN_H
#define TICLIENT_ADMIN_H

#include "ticlient_settings.h"

/*  The arguments are `admin`, a command and what that wants. Returns the code to exit with. */
int ticlient_admin (const options_t *options, const ticlient_settings_t *settings);

#endif
