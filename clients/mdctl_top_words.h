/*  Figures in few characters, as a screen has room for: at most TOP_WORDS - 1, mostly 5. */
#ifndef MDCTL_TOP_WORDS_H
#define MDCTL_TOP_WORDS_H

#include <stdint.h>

#define TOP_WORDS 24

/*  As it is up to 99999, then 123k, 4M, ... */
void top_count (uint64_t count, char words[TOP_WORDS]);
/*  Of something a second: 0, 0.5, 123, 24.1k. Below 0: not known, `-`. */
void top_rate (double rate, char words[TOP_WORDS]);
/*  Of usec, in one unit: 0, 180us, 2.1ms, 75s. Below 0: not known, `-`. */
void top_duration (double us, char words[TOP_WORDS]);

#endif
