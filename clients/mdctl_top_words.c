#include "mdctl_top_words.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

void
top_count (uint64_t count, char words[TOP_WORDS])
{
    static const char units[] = {'k', 'M', 'G', 'T', 'P'};
    size_t unit = 0;
    if (count < 100000) {
        snprintf (words, TOP_WORDS, "%" PRIu64, count);
        return;
    }
    for (count /= 1000; count >= 10000 && unit < COUNT_OF (units) - 1; count /= 1000)
        unit++;
    snprintf (words, TOP_WORDS, "%" PRIu64 "%c", count, units[unit]);
}

/*  Two digits at least: 9.9 and 10 alike. What rounds up to 10.0 is 10. */
static void
print_short (double value, const char *unit, char words[TOP_WORDS])
{
    snprintf (words, TOP_WORDS, value < 9.95 ? "%.1f%s" : "%.0f%s", value, unit);
}

void
top_rate (double rate, char words[TOP_WORDS])
{
    if (!(rate >= 0))
        snprintf (words, TOP_WORDS, "-");
    else if (rate < 0.05)
        snprintf (words, TOP_WORDS, rate > 0 ? "0.0" : "0");
    else if (rate < 9999.5)
        print_short (rate, "", words);
    else if (rate < 99950)
        snprintf (words, TOP_WORDS, "%.1fk", rate / 1000);
    else if (rate < 9999500)
        snprintf (words, TOP_WORDS, "%.0fk", rate / 1000);
    else
        top_count ((uint64_t) (rate < 1e18 ? rate : 1e18), words);
}

void
top_duration (double us, char words[TOP_WORDS])
{
    static const struct {
        const char *unit;
        double us, below; /* below: what is less is said in it, as it would not be rounded up to the next */
    } units[] = {{"us", 1, 999.5},  {"ms", 1e3, 999.5},  {"s", 1e6, 99.5},
                 {"m", 60e6, 99.5}, {"h", 3600e6, 99.5}, {"d", 86400e6, 1e9}};
    size_t n = 0;
    if (!(us >= 0) || us < 1) {
        snprintf (words, TOP_WORDS, us >= 0 ? "0" : "-");
        return;
    }
    while (n < COUNT_OF (units) - 1 && us / units[n].us >= units[n].below)
        n++;
    if (n == 0)
        snprintf (words, TOP_WORDS, "%.0fus", us);
    else
        print_short (us / units[n].us, units[n].unit, words);
}
