/*  SIGTERM and SIGINT for a library, which is a guest in its process: caught only while somebody waits for them, by
 *  handlers that give way to those that were there. A daemon of ours uses daemon.h instead.
 */
#ifndef KEEL_INTERRUPT_H
#define KEEL_INTERRUPT_H

#include <stdbool.h>

/*  The first of the signals to come is noted and wakes fd, an eventfd; what was there before is then in place again. A
 *  signal that was ignored stays so. Returns a number for the calls below, or -1: too many wait. Any thread. */
int interrupt_open (int fd);
/*  Has one come? */
bool interrupt_seen (int number);
/*  When it returns, fd may be closed. */
void interrupt_close (int number);

#endif
