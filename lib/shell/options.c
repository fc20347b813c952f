#include "options.h"

#include "exit_codes.h"
#include "log.h"
#include "options_help.h"
#include "options_load.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  getopt_long's values of settings: above all letters. */
#define FIRST_SETTING 256

/*  --check-config has no letter. */
#define CHECK_CONFIG 1

/*  What getopt_long wants. */
typedef struct {
    struct option longs[SETTINGS_MOST + 6];
    char shorts[3 * SETTINGS_MOST];
    int letters[128]; /* a letter's value; 0: there is none */
} grammar_t;

static void
add_option (grammar_t *grammar, const char *name, char letter, bool value, int number)
{
    struct option *option = grammar->longs;
    while (option->name)
        option++;
    *option = (struct option){name, value ? required_argument : no_argument, NULL, number};
    if (!letter)
        return;
    assert (letter > 0 && !grammar->letters[(int) letter]);
    grammar->letters[(int) letter] = number;
    size_t size = strlen (grammar->shorts);
    snprintf (grammar->shorts + size, sizeof (grammar->shorts) - size, "%c%s", letter, value ? ":" : "");
}

static void
make_grammar (grammar_t *grammar, const program_t *program)
{
    *grammar = (grammar_t){.shorts = ":"}; /* a missing value is told apart */
    add_option (grammar, "help", 'h', false, 'h');
    add_option (grammar, "version", 'V', false, 'V');
    add_option (grammar, "verbose", 'v', false, 'v');
    if (program->config) {
        add_option (grammar, "config", 'c', true, 'c');
        add_option (grammar, "check-config", 0, false, CHECK_CONFIG);
    }
    for (int n = 0; program->settings[n].kind; n++) {
        const setting_t *setting = &program->settings[n];
        assert (n < SETTINGS_MOST - 1);
        add_option (grammar, setting->name, setting->letter, setting_takes_value (setting), FIRST_SETTING + n);
    }
}

static void
set_log_level (const options_t *self)
{
    int level = (self->program->terse ? KEEL_LOG_WARNING : KEEL_LOG_INFO) + self->verbose;
    log_open (level < KEEL_LOG_DEBUG ? (keel_log_level_t) level : KEEL_LOG_DEBUG);
}

int
options_refuse (const options_t *self, const char *format, ...)
{
    char words[LOG_LINE];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (words, sizeof (words), format, arguments);
    va_end (arguments);
    log_at (KEEL_LOG_ERROR, "%s; try '%s --help'", words, self->program->name);
    return EXIT_USAGE;
}

static int
print_to_stdout (const program_t *program, bool help)
{
    if (help)
        options_help (program, stdout);
    else
        printf ("%s (Keel) %s\n", program->name, KEEL_VERSION);
    if (fflush (stdout) == 0)
        return EXIT_OK;
    log_at (KEEL_LOG_ERROR, "cannot write to stdout");
    return EXIT_FAILED;
}

/*  choice: a setting; other: one that came before it */
static bool
excludes (const setting_t *choice, const setting_t *other)
{
    return choice->kind == SETTING_CHOICE && other->kind == SETTING_CHOICE && choice->at == other->at &&
           choice != other;
}

static int
take_setting (options_t *self, const setting_t *setting, const char *value, void *target)
{
    char problem[SETTING_PROBLEM];
    for (size_t n = 0; n < self->given_count; n++)
        if (excludes (setting, self->given[n].setting))
            return options_refuse (self, "--%s and --%s exclude each other", self->given[n].setting->name,
                                   setting->name);
    if (setting_apply (setting, value, target, problem))
        return options_refuse (self, "--%s '%.256s': %s", setting->name, value ? value : "", problem);
    self->given[self->given_count++] = (options_given_t){setting, value};
    return -1;
}

static int
refuse_option (const options_t *self, const grammar_t *grammar, char *const argv[])
{
    const char *word = argv[optind - 1];
    if (optopt >= FIRST_SETTING || optopt == CHECK_CONFIG || (optopt && grammar->letters[optopt & 127]))
        return options_refuse (self, "option '%.256s' takes no value", word);
    if (optopt)
        return options_refuse (self, "unknown option '-%c'", optopt);
    return options_refuse (self, "unknown option '%.256s'", word);
}

static int
take_option (options_t *self, const grammar_t *grammar, int option, char *const argv[], void *target)
{
    switch (option) {
    case 'h':
    case 'V':
        return print_to_stdout (self->program, option == 'h');
    case 'v':
        self->verbose++;
        return -1;
    case 'c':
        self->file = optarg;
        return -1;
    case CHECK_CONFIG:
        self->check = true;
        return -1;
    case ':':
        return options_refuse (self, "option '%.256s' wants a value", argv[optind - 1]);
    case '?':
        return refuse_option (self, grammar, argv);
    default:
        if (option < FIRST_SETTING)
            option = grammar->letters[option];
        return take_setting (self, &self->program->settings[option - FIRST_SETTING], optarg, target);
    }
}

static int
take_options (options_t *self, int argc, char *argv[], void *target)
{
    grammar_t grammar;
    make_grammar (&grammar, self->program);
    opterr = 0;
    optind = 0; /* start afresh */
    int option;
    while ((option = getopt_long (argc, argv, grammar.shorts, grammar.longs, NULL)) != -1) {
        int rc = take_option (self, &grammar, option, argv, target);
        if (rc >= 0)
            return rc;
    }
    self->arguments = argv + optind;
    self->argument_count = (size_t) (argc - optind);
    return -1;
}

static int
check_arguments (const options_t *self)
{
    const program_t *program = self->program;
    char usage[512];
    options_usage (program, usage, sizeof (usage));
    if (self->argument_count < program->fewest)
        return options_refuse (self, "an argument is missing: %s", usage);
    size_t most = program->usage ? program->most ? program->most : SIZE_MAX : 0;
    if (self->argument_count > most)
        return options_refuse (self, "unexpected argument '%.256s'", self->arguments[most]);
    return -1;
}

int
options_parse (options_t *self, const program_t *program, int argc, char **argv, void *target)
{
    *self = (options_t){.program = program};
    set_log_level (self);
    self->given = calloc ((size_t) argc + 1, sizeof (options_given_t));
    if (!self->given)
        return EXIT_FAILED;
    memset (target, 0, program->size);
    int rc = take_options (self, argc, argv, target);
    if (rc < 0)
        rc = check_arguments (self);
    set_log_level (self);
    if (rc < 0)
        rc = options_load (self, target);
    if (rc >= 0)
        options_close (self);
    return rc;
}

bool
options_given (const options_t *self, const char *name)
{
    for (size_t n = 0; n < self->given_count; n++)
        if (strcmp (self->given[n].setting->name, name) == 0)
            return true;
    return false;
}

int
options_line (const options_t *self, const char *key)
{
    for (size_t n = 0; self->program->settings[n].kind; n++) {
        const setting_t *setting = &self->program->settings[n];
        if (setting->key && strcmp (setting->key, key) == 0)
            return self->lines[n];
    }
    return 0;
}

static int
fail_at (const options_t *self, int line, const char *words)
{
    if (!self->file)
        return options_refuse (self, "%s", words);
    if (line)
        log_at (KEEL_LOG_ERROR, "%s:%d: %s", self->file, line, words);
    else
        log_at (KEEL_LOG_ERROR, "%s: %s", self->file, words);
    return EXIT_CONFIG;
}

int
options_fail (const options_t *self, const char *format, ...)
{
    char words[LOG_LINE];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (words, sizeof (words), format, arguments);
    va_end (arguments);
    return fail_at (self, 0, words);
}

int
options_fail_at (const options_t *self, int line, const char *format, ...)
{
    char words[LOG_LINE];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (words, sizeof (words), format, arguments);
    va_end (arguments);
    return fail_at (self, line, words);
}

void
options_close (options_t *self)
{
    free (self->given);
    self->given = NULL;
    self->given_count = 0;
}
