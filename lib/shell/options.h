/*  The command line that all programs share, over getopt_long.
 *
 *      options_t options;
 *      int rc = options_parse (&options, &program, argc, argv, &mine);
 *      if (rc >= 0)
 *          return rc;
 *
 *  -h/--help, -V/--version and -v/--verbose come with it, and -c/--config and --check-config where the program has a
 *  file. For each setting the command line comes first, then the file, then the environment, then the preset. Any listen
 *  option without admin replaces all listen sections of the file. Errors go to the log.
 */
#ifndef KEEL_OPTIONS_H
#define KEEL_OPTIONS_H

#include "setting.h"

typedef struct {
    const char *name;          /* mdbroker */
    const char *summary;       /* what it does, one sentence */
    const char *usage;         /* its arguments, for the usage line: "SERVICE [FRAME...]"; NULL: it takes none */
    size_t fewest;             /* arguments */
    size_t most;               /* 0: no limit, unless usage is NULL */
    const char *notes;         /* printed after the options of --help, may be several lines; or NULL */
    const setting_t *settings; /* up to SETTING_END */
    size_t size;               /* of the struct they are written to */
    bool config;               /* has -c FILE, and --check-config */
    bool terse;                /* a tool: without -v it logs warnings and errors only; others from INFO up */
} program_t;

typedef struct {
    const setting_t *setting;
    const char *value;
} options_given_t;

typedef struct {
    const program_t *program;
    const char *file;         /* -c; or NULL */
    int lines[SETTINGS_MOST]; /* of the file: where it has each setting, as config_read says */
    bool check;               /* --check-config: say whether the settings are good, see options_check, and exit */
    int verbose;              /* how often -v */
    char **arguments;         /* what is not an option; what followed "--" is here too. Ends with NULL */
    size_t argument_count;
    options_given_t *given; /* as they came */
    size_t given_count;
} options_t;

/*  Opens the log, reads the command line, the file and the environment into target (program->size bytes).
 *  -1: go on; else the code to exit with: EXIT_OK after --help and --version, EXIT_USAGE, EXIT_CONFIG. */
int options_parse (options_t *self, const program_t *program, int argc, char **argv, void *target);
/*  SIGHUP: reads the file again, takes over to target what can be reloaded, and warns of what cannot.
 *  0, or -1: the file is wrong, target is as it was; the reason is in the log. Without a file nothing changes. */
int options_reload (options_t *self, void *target);
/*  Was that long option given on the command line? */
bool options_given (const options_t *self, const char *name);
/*  Logs an error that a program found itself, such as options that do not go together.
 *  Returns the code to exit with: EXIT_USAGE, or EXIT_CONFIG when there is a file. */
int options_fail (const options_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/*  The same, and names the line of the file; 0: none. */
int options_fail_at (const options_t *self, int line, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
/*  The line of the file that has that key; 0: none. */
int options_line (const options_t *self, const char *key);
void options_close (options_t *self);

#endif
