/*  Files and folders of a test's own. */
#ifndef KEEL_TEMPORARY_H
#define KEEL_TEMPORARY_H

#include <stddef.h>

#define TEMPORARY_NAME 256

/*  A file with that text, in the temporary folder. */
void temporary_write (char name[TEMPORARY_NAME], const void *text, size_t size);
/*  A new empty folder, in memory where that can be: nothing of it need outlive the machine. Static; one at a time. */
const char *temporary_folder (void);
/*  Takes away a folder with the files in it. */
void temporary_remove (const char *folder);

#endif
