/*  Figures as the lines of a screen or of a page of text, at any width and height.
 *
 *  Pure: no terminal. Lines are printable ASCII and never wider than asked for; what is cut ends with a `~`.
 */
#ifndef MDCTL_TOP_PAGE_H
#define MDCTL_TOP_PAGE_H

#include "mdctl_top_figures.h"

#define TOP_WIDTH_MOST 500

typedef enum {
    TOP_PLAIN,
    TOP_HEAD,   /* the broker */
    TOP_TITLES, /* of the columns */
    TOP_ALARM,  /* something is not as it should be */
    TOP_KEYS,   /* the last line of a screen */
} top_style_t;

typedef struct {
    size_t width;
    size_t height; /* lines; 0: no screen but a page, with all services and without keys */
    size_t offset; /* of the first service shown; too great a one is lowered */
    top_order_t order;
    bool paused;
    int64_t silent_ms;  /* since when nothing was heard though it should have been; 0: all is well */
    const char *broker; /* its endpoint, or those asked */
} top_view_t;

typedef struct {
    top_style_t style;
    char text[TOP_WIDTH_MOST + 1];
} top_line_t;

typedef struct {
    top_line_t *lines;
    size_t count;
    size_t rows; /* services that have room */
    size_t width;
    bool failed;
} top_page_t;

/*  figures: in the view's order; NULL: nothing was heard yet. False without memory. The caller closes the page, which is all zero or
 *  was made before. */
bool top_page_make (top_page_t *self, const top_figures_t *figures, top_view_t *view);
void top_page_close (top_page_t *self);

#endif
