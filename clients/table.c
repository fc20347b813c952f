#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Where the words of a labelled line begin. */
#define LABEL_WIDTH 11

struct table {
    const column_t *columns;
    size_t column_count;
    char **cells;
    size_t cell_count;
    size_t capacity;
    bool failed;
};

table_t *
table_new (const column_t columns[], size_t count)
{
    table_t *self = calloc (1, sizeof (*self));
    if (self)
        *self = (table_t){.columns = columns, .column_count = count};
    return self;
}

void
table_destroy (table_t **self_p)
{
    table_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t n = 0; n < self->cell_count; n++)
        free (self->cells[n]);
    free (self->cells);
    free (self);
}

void
table_add (table_t *self, const char *cell)
{
    if (self->cell_count == self->capacity) {
        size_t capacity = self->capacity ? self->capacity * 2 : 64;
        char **grown = realloc (self->cells, capacity * sizeof (char *));
        self->failed |= !grown;
        if (self->failed)
            return;
        self->cells = grown;
        self->capacity = capacity;
    }
    char *copy = strdup (cell);
    self->failed |= !copy;
    if (copy)
        self->cells[self->cell_count++] = copy;
}

/* ------------------------------------------------------------------ how wide */

static void
measure (const table_t *self, size_t widths[])
{
    for (size_t n = 0; n < self->column_count; n++)
        widths[n] = self->columns[n].title ? strlen (self->columns[n].title) : 0;
    for (size_t n = 0; n < self->cell_count; n++) {
        size_t *width = &widths[n % self->column_count];
        size_t size = strlen (self->cells[n]);
        *width = size > *width ? size : *width;
    }
}

static size_t
whole_width (const table_t *self, const size_t widths[])
{
    size_t width = TABLE_GAP * (self->column_count - 1);
    for (size_t n = 0; n < self->column_count; n++)
        width += widths[n];
    return width;
}

/*  The widest flexible column gives way, character by character, so that a narrow one keeps what it needs. */
static void
fit (const table_t *self, size_t widths[])
{
    for (size_t excess = whole_width (self, widths); excess > TABLE_WIDTH; excess--) {
        size_t *widest = NULL;
        for (size_t n = 0; n < self->column_count; n++)
            if (self->columns[n].flexible && (!widest || widths[n] > *widest))
                widest = &widths[n];
        if (!widest || *widest <= 1)
            return;
        --*widest;
    }
}

/* ------------------------------------------------------------------ printing */

static void
print_clean (const char *text, size_t size)
{
    for (size_t n = 0; n < size; n++)
        putchar (text[n] >= ' ' && text[n] <= '~' ? text[n] : '?');
}

static void
print_cut (const char *text, size_t width)
{
    size_t size = strlen (text);
    print_clean (text, size <= width ? size : width - 1);
    if (size > width)
        putchar ('~');
}

static void
print_cell (const column_t *column, const char *text, size_t width, bool last)
{
    size_t size = strlen (text);
    int padding = (int) (size < width ? width - size : 0);
    if (column->right)
        printf ("%*s", padding, "");
    print_cut (text, width);
    if (!column->right && !last)
        printf ("%*s", padding, "");
    printf ("%*s", last ? 0 : TABLE_GAP, "");
}

static void
print_row (const table_t *self, const char *const cells[], const size_t widths[])
{
    for (size_t n = 0; n < self->column_count; n++)
        print_cell (&self->columns[n], cells[n], widths[n], n + 1 == self->column_count);
    putchar ('\n');
}

bool
table_print (const table_t *self)
{
    size_t widths[TABLE_COLUMNS];
    const char *titles[TABLE_COLUMNS];
    if (self->failed)
        return false;
    measure (self, widths);
    fit (self, widths);
    for (size_t n = 0; n < self->column_count; n++)
        titles[n] = self->columns[n].title;
    if (titles[0])
        print_row (self, titles, widths);
    for (size_t n = 0; n + self->column_count <= self->cell_count; n += self->column_count)
        print_row (self, (const char *const *) self->cells + n, widths);
    return true;
}

void
table_line (const char *label, const char *words)
{
    printf ("%-*s", LABEL_WIDTH, label);
    print_cut (words, TABLE_WIDTH - LABEL_WIDTH);
    putchar ('\n');
}
