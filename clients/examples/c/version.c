/*  Says which Keel this was built against and which one runs, and lists the errors that its functions return.
 *
 *      cc -o version version.c $(pkg-config --cflags --libs keel)
 */
#include <keel/keel.h>

#include <stdio.h>

int
main (void)
{
    printf ("built against %d.%d.%d, runs with %s\n", KEEL_VERSION_MAJOR, KEEL_VERSION_MINOR, KEEL_VERSION_PATCH,
            keel_version ());
#define X(name, number, text) printf ("%5d KEEL_E_%s: %s\n", KEEL_E_##name, #name, keel_strerror (KEEL_E_##name));
    KEEL_ERROR_MAP (X)
#undef X
    return 0;
}
