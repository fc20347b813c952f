/*  The configuration file: ZPL, read with czmq's zconfig, strictly.
 *
 *  Keys are those of a table of settings and no others; one that is not known, is there twice or has a bad value is an
 *  error that names file, line and remedy.
 */
#ifndef KEEL_CONFIG_H
#define KEEL_CONFIG_H

#include "setting.h"

/*  The largest file. */
#define CONFIG_BYTES (1 << 20)
/*  Room for an error with its file's name. */
#define CONFIG_PROBLEM 2048

/*  Reads a file into target.
 *  lines   [out] for each setting the line that has it, of a list the last one; 0: the file has it not
 *  0, or -1: problem is "FILE:LINE: what; remedy" and target may have been written to in part. */
int config_read (const char *file, const setting_t settings[], int lines[SETTINGS_MOST], void *target,
                 char problem[CONFIG_PROBLEM]);

#endif
