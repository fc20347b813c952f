/*  Figures as JSON, for scripts. */
#ifndef MDCTL_TOP_JSON_H
#define MDCTL_TOP_JSON_H

#include "mdctl_top_figures.h"

/*  One object, which the caller lets go of: mdctl(1) has it. What is not known is null. NULL without memory. */
json_t *top_json (const top_figures_t *figures);

#endif
