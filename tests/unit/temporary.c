#include "temporary.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
temporary_write (char name[TEMPORARY_NAME], const void *text, size_t size)
{
    const char *folder = getenv ("TMPDIR");
    snprintf (name, TEMPORARY_NAME, "%s/keel.XXXXXX", folder ? folder : "/tmp");
    int file = mkstemp (name);
    assert (file >= 0);
    ssize_t written = write (file, text, size);
    assert (written == (ssize_t) size);
    close (file);
}
