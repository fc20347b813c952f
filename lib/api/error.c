#include <keel/error.h>

const char *
keel_strerror (int error)
{
    switch (error) {
    case 0:
        return "no error";
#define X(name, number, text)                                                                                          \
    case number:                                                                                                       \
        return text;
        KEEL_ERROR_MAP (X)
#undef X
    default:
        return "unknown error";
    }
}
