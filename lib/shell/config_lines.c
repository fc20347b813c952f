#include "config_lines.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*  zconfig cuts longer ones, and then loses count of what is left. */
#define LINE_MOST 1024

#define INDENT 4

typedef struct {
    const char *at;
    const char *end; /* without blanks */
} line_t;

static int
skip_blanks (line_t *line)
{
    while (line->at < line->end && isspace ((unsigned char) *line->at))
        line->at++;
    return line->at < line->end ? *line->at : 0;
}

static const char *
check_end (line_t *line, const char *problem)
{
    int next = skip_blanks (line);
    return next == 0 || next == '#' ? NULL : problem;
}

/*  What follows the `='. */
static const char *
check_value (line_t *line)
{
    int quote = skip_blanks (line);
    if (quote == 0 || quote == '#')
        return "the value is missing; write NAME = VALUE";
    if (quote != '"' && quote != '\'')
        return NULL;
    line->at++;
    const char *close = memchr (line->at, quote, (size_t) (line->end - line->at));
    if (!close)
        return "the closing quote is missing";
    line->at = close + 1;
    return check_end (line, "something follows the closing quote; only a # comment may");
}

static size_t
take_name (line_t *line)
{
    const char *start = line->at;
    while (line->at < line->end && (isalnum ((unsigned char) *line->at) || strchr ("$-_@.&+/", *line->at)))
        line->at++;
    return (size_t) (line->at - start);
}

/*  depth: [in] the deepest that this line may stand, [out] for the next one. item: [out] is there a name? */
static const char *
check_line (line_t *line, size_t *depth, bool *item)
{
    const char *start = line->at;
    while (line->at < line->end && *line->at == ' ')
        line->at++;
    size_t spaces = (size_t) (line->at - start);
    if (line->at < line->end && *line->at == '\t')
        return "a tab; indent with 4 spaces a level";
    if (spaces % INDENT)
        return "bad indentation; indent with 4 spaces a level";
    const char *name = line->at;
    size_t size = take_name (line);
    *item = size > 0;
    if (size == 0)
        return check_end (line, "no name; write NAME = VALUE, or the NAME of a section");
    if (name[0] == '/' || name[size - 1] == '/')
        return "a name cannot begin or end with /";
    if (spaces / INDENT > *depth)
        return "indented deeper than a key of the section above; indent with 4 spaces a level";
    *depth = spaces / INDENT + 1;
    if (skip_blanks (line) != '=')
        return check_end (line, "`=' is missing; write NAME = VALUE");
    line->at++;
    return check_value (line);
}

static line_t
trim (const char *text, const char *end)
{
    while (end > text && isspace ((unsigned char) end[-1]))
        end--;
    return (line_t){text, end};
}

static const char *
scan_lines (config_lines_t *self, const char *text, const char *end)
{
    size_t depth = 0;
    while (text < end) {
        self->bad++;
        const char *newline = memchr (text, '\n', (size_t) (end - text));
        const char *next = newline ? newline + 1 : end;
        if (next - text > LINE_MOST)
            return "the line is longer than 1023 bytes; make it shorter";
        if (memchr (text, 0, (size_t) (next - text)))
            return "a zero byte; this is no text file";
        line_t line = trim (text, next);
        bool item = false;
        const char *problem = check_line (&line, &depth, &item);
        if (problem)
            return problem;
        if (item)
            self->numbers[self->count++] = self->bad;
        text = next;
    }
    return NULL;
}

int
config_lines_scan (config_lines_t *self, const char *text, size_t size)
{
    *self = (config_lines_t){.problem = "there is no memory to read the file"};
    self->numbers = calloc (size / 2 + 1, sizeof (int)); /* an item takes a name and a newline */
    if (!self->numbers)
        return -1;
    self->problem = scan_lines (self, text, text + size);
    return self->problem ? -1 : 0;
}

void
config_lines_close (config_lines_t *self)
{
    free (self->numbers);
    self->numbers = NULL;
}
