/*  An answer that is a code and a frame of JSON, as a broker and a titanic give it to operators, and what tools print of it for
 *  people. A member that is not there, or is something else, shows as `-`. */
#ifndef REPORT_H
#define REPORT_H

#include "table.h"

#include <czmq.h>
#include <jansson.h>

/*  Room for a value as text; service names and ids in hex fit. */
#define REPORT_WORDS 1024

/*  Three digits, else 0. frame: may be NULL. */
int report_code (zframe_t *frame);
/*  Could a terminal take it for no more than text? JSON may have bytes that it takes for more. */
bool report_is_plain (const char *text);
/*  An object, which the caller lets go of; NULL: the text is not plain, or no object. */
json_t *report_parse (const char *text);

json_int_t report_number (const json_t *object, const char *key);
void report_value (const json_t *value, char words[REPORT_WORDS]);
/*  Of msec, in the two largest units, as that is what one wants to know. */
void report_duration (const json_t *value, char words[REPORT_WORDS]);
void report_bytes (const json_t *value, char words[REPORT_WORDS]);

/*  Adds a member as a cell. */
void report_add (table_t *table, const json_t *object, const char *key);
/*  Prints each member on a line; those of an object within the object too. False without memory. */
bool report_counters (const json_t *answer);

#endif
