/*  A file with that text, in the temporary folder. */
#ifndef KEEL_TEMPORARY_H
#define KEEL_TEMPORARY_H

#include <stddef.h>

#define TEMPORARY_NAME 256

void temporary_write (char name[TEMPORARY_NAME], const void *text, size_t size);

#endif
