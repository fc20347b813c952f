#include "temporary.h"

#include <assert.h>
#include <dirent.h>
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

const char *
temporary_folder (void)
{
    static char name[TEMPORARY_NAME];
    const char *folder = getenv ("TMPDIR");
    if (!folder)
        folder = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf (name, sizeof (name), "%s/keel.XXXXXX", folder);
    char *made = mkdtemp (name);
    assert (made);
    return made;
}

void
temporary_remove (const char *folder)
{
    DIR *directory = opendir (folder);
    assert (directory);
    for (struct dirent *entry; (entry = readdir (directory)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat (dirfd (directory), entry->d_name, 0);
    closedir (directory);
    int rc = rmdir (folder);
    assert (rc == 0);
    (void) rc;
}
