/*  The terminal of mdctl top: shows pages, and says what keys were pressed. The one place that knows curses. */
#ifndef MDCTL_TOP_SCREEN_H
#define MDCTL_TOP_SCREEN_H

#include "mdctl_top_page.h"

typedef enum {
    TOP_KEY_NONE, /* nothing more was pressed */
    TOP_KEY_OTHER,
    TOP_KEY_QUIT,
    TOP_KEY_PAUSE,
    TOP_KEY_ORDER, /* and the order is added to it */
    TOP_KEY_UP = TOP_KEY_ORDER + TOP_ORDERS,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_REDRAW, /* Ctrl-L */
} top_key_t;

/*  Takes the terminal of stdin and stdout over. NULL: it cannot be used; the reason is in words. */
const char *top_screen_open (void);
/*  The terminal is as it was before. Takes a screen that is not open, too. */
void top_screen_close (void);
/*  The terminal has another size now, or somebody wrote to it: the next page is drawn anew. */
void top_screen_refit (void);
void top_screen_size (size_t *width, size_t *height);
/*  False: the terminal takes nothing now (Ctrl-S, a connection that is stuck), so nothing was shown; try again later. */
bool top_screen_show (const top_page_t *page);
top_key_t top_screen_key (void);

#endif
