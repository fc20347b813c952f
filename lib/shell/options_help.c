#include "options_help.h"

#include <string.h>

/*  Where explanations begin and end. */
#define MARGIN 28
#define WIDTH  100

void
options_usage (const program_t *program, char *line, size_t size)
{
    snprintf (line, size, "%s [OPTION]...%s%s", program->name, program->usage ? " " : "",
              program->usage ? program->usage : "");
}

static const char *
argument_of (const setting_t *setting)
{
    static const char *const names[] = {
        [SETTING_TEXT] = "TEXT", [SETTING_COUNT] = "N", [SETTING_MSEC] = "MS", [SETTING_BYTES] = "BYTES",
        [SETTING_BIND] = "EP", [SETTING_CONNECT] = "EP", [SETTING_LISTEN] = "EP", [SETTING_LISTEN_ADMIN] = "EP",
    };
    return setting->argument ? setting->argument : names[setting->kind];
}

/*  Words up to the right edge, then on a new line below the first. */
static void
print_wrapped (const char *text, FILE *out)
{
    size_t column = MARGIN;
    while (*text) {
        size_t size = strcspn (text, " ");
        if (column > MARGIN && column + 1 + size > WIDTH)
            column = (size_t) fprintf (out, "\n%*s", MARGIN, "") - 1;
        else if (column > MARGIN)
            column += (size_t) fprintf (out, " ");
        fwrite (text, 1, size, out);
        column += size;
        text += size + (text[size] == ' ');
    }
    fputc ('\n', out);
}

static void
print_option (char letter, const char *name, const char *argument, const char *help, FILE *out)
{
    char twin[] = "    ";
    if (letter)
        memcpy (twin, (char[]){'-', letter, ','}, 3);
    int size = fprintf (out, "  %s--%s%s%s", twin, name, argument ? " " : "", argument ? argument : "");
    if (size > MARGIN - 2)
        fprintf (out, "\n%*s", MARGIN, "");
    else
        fprintf (out, "%*s", MARGIN - size, "");
    print_wrapped (help, out);
}

static void
print_setting (const setting_t *setting, FILE *out)
{
    char help[1024];
    const char *variable = setting->environment, *preset = setting->preset;
    if (variable)
        snprintf (help, sizeof (help), "%s (default $%s%s%s)", setting->help, variable, preset ? ", else " : "",
                  preset ? preset : "");
    else
        snprintf (help, sizeof (help), "%s%s%s%s", setting->help, preset ? " (default " : "", preset ? preset : "",
                  preset ? ")" : "");
    print_option (setting->letter, setting->name, setting_takes_value (setting) ? argument_of (setting) : NULL, help,
                  out);
}

void
options_help (const program_t *program, FILE *out)
{
    char usage[512];
    options_usage (program, usage, sizeof (usage));
    fprintf (out, "Usage: %s\n%s\n\n", usage, program->summary);
    for (const setting_t *setting = program->settings; setting->kind; setting++)
        print_setting (setting, out);
    if (program->config) {
        print_option ('c', "config", "FILE", "read this configuration file; options override it", out);
        print_option (0, "check-config", NULL, "say whether the settings are good, start nothing, and exit", out);
    }
    print_option ('v', "verbose", NULL, "log more; repeat for still more", out);
    print_option ('h', "help", NULL, "print this and exit", out);
    print_option ('V', "version", NULL, "print the version and exit", out);
    if (program->notes)
        fprintf (out, "\n%s\n", program->notes);
}
