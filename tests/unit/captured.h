/*  What the code under test writes to a descriptor. End it before asserting, since cmocka writes there too. */
#ifndef KEEL_CAPTURED_H
#define KEEL_CAPTURED_H

/*  The descriptor goes to a file of its own from here ... */
void captured_begin (int fd);
/*  ... to here. Returns what was written; valid until the next end. */
const char *captured_end (void);

#endif
