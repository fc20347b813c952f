/*  What a tool prints for people: aligned columns and labelled lines, at most TABLE_WIDTH characters wide.
 *
 *  Much of it was chosen by somebody's peers, so whatever is not printable ASCII becomes `?`, and what is too long is
 *  cut with a `~` at its end.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_WIDTH   80
#define TABLE_COLUMNS 8
#define TABLE_GAP     2

typedef struct {
    const char *title; /* NULL in all: a table without a head */
    bool right;        /* numbers */
    bool flexible;     /* gives way when the table is too wide */
} column_t;

typedef struct table table_t;

/*  columns outlives the table. NULL without memory. */
table_t *table_new (const column_t columns[], size_t count);
void table_destroy (table_t **self);
/*  Adds a cell, row by row; it is copied. */
void table_add (table_t *self, const char *cell);
/*  To stdout. False without memory: a cell is missing, and nothing was printed. */
bool table_print (const table_t *self);

/*  A label and what it says, in the columns that all such lines share. An empty label goes on with the line above. */
void table_line (const char *label, const char *words);

#endif
