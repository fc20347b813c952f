#include "mmi.h"

#include <assert.h>

static const struct {
    span_t name;
    bool named;
    bool admin;
} services[] = {
#define X(name, text, named, admin) {{(const uint8_t *) text, sizeof (text) - 1, NULL}, named, admin},
    MMI_MAP (X)
#undef X
};

bool
mmi_is_reserved (span_t service)
{
    return span_starts (service, MMI_PREFIX);
}

mmi_t
mmi_decode (span_t service)
{
    for (mmi_t mmi = 0; mmi < MMI_UNKNOWN; mmi++)
        if (span_equal (service, services[mmi].name))
            return mmi;
    return MMI_UNKNOWN;
}

bool
mmi_needs_admin (mmi_t mmi)
{
    return mmi != MMI_UNKNOWN && services[mmi].admin;
}

bool
mmi_names_service (mmi_t mmi)
{
    return mmi != MMI_UNKNOWN && services[mmi].named;
}

span_t
mmi_code (unsigned code)
{
    switch (code) {
#define X(number, reason)                                                                                              \
    case number:                                                                                                       \
        return SPAN_OF (#number);
        MMI_CODE_MAP (X)
#undef X
    }
    assert (false && "a code of the map");
    return SPAN_OF ("500");
}

span_t
mmi_reason (unsigned code)
{
    switch (code) {
#define X(number, reason)                                                                                              \
    case number:                                                                                                       \
        return SPAN_OF (reason);
        MMI_CODE_MAP (X)
#undef X
    }
    assert (false && "a code of the map");
    return SPAN_OF ("");
}
