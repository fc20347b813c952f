#include "mdctl_top_screen.h"

#include <curses.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#undef lines /* of term.h */

/*  How long an escape may be the beginning of a key's sequence: ssh sends them in one packet. */
#define ESCAPE_MS 50

enum {
    COLOUR_ALARM = 1,
};

static SCREEN *screen;

/* ------------------------------------------------------------------ life */

/*  NULL, or why a terminal of this kind cannot be used. newterm would say so too, but keeps some memory then. */
static const char *
judge_kind (void)
{
    int found;
    if (setupterm (NULL, STDOUT_FILENO, &found) != OK)
        return "the terminal's kind, as TERM says it, is not known here";
    const char *move = tigetstr ("cup");
    bool can_place = move && move != (const char *) -1;
    del_curterm (cur_term);
    return can_place ? NULL : "this kind of terminal, as TERM says it, cannot place text";
}

static void
set_up (void)
{
    cbreak ();
    noecho ();
    nonl ();
    keypad (stdscr, TRUE);
    nodelay (stdscr, TRUE);
    set_escdelay (ESCAPE_MS);
    curs_set (0);
    if (!getenv ("NO_COLOR") && has_colors () && start_color () == OK && use_default_colors () == OK)
        init_pair (COLOUR_ALARM, COLOR_RED, -1);
}

const char *
top_screen_open (void)
{
    if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO))
        return "it shows its figures on a terminal, and this is none";
    if (!getenv ("TERM") || !*getenv ("TERM"))
        return "TERM is not set, so the terminal's kind is not known";
    const char *problem = judge_kind ();
    if (problem)
        return problem;
    screen = newterm (NULL, stdout, stdin);
    if (!screen)
        return "there is no memory for the screen";
    set_up ();
    return NULL;
}

/*  After Ctrl-S what gives the terminal back would wait for Ctrl-Q. TCOON ends only a halt of TCOOFF. */
static void
go_on (void)
{
    tcflow (STDOUT_FILENO, TCOOFF);
    tcflow (STDOUT_FILENO, TCOON);
}

void
top_screen_close (void)
{
    if (!screen)
        return;
    go_on ();
    endwin ();
    delscreen (screen);
    screen = NULL;
}

/* ------------------------------------------------------------------ pages */

void
top_screen_refit (void)
{
    struct winsize size;
    if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
        resizeterm (size.ws_row, size.ws_col);
    clearok (curscr, TRUE);
}

void
top_screen_size (size_t *width, size_t *height)
{
    *width = COLS > 0 ? (size_t) COLS : 80;
    *height = LINES > 0 ? (size_t) LINES : 24;
}

static attr_t
attributes (top_style_t style)
{
    switch (style) {
    case TOP_HEAD:
        return A_BOLD;
    case TOP_TITLES:
        return A_REVERSE;
    case TOP_ALARM:
        return A_BOLD | (has_colors () ? (attr_t) COLOR_PAIR (COLOUR_ALARM) : 0);
    case TOP_KEYS:
        return A_DIM;
    default:
        return A_NORMAL;
    }
}

/*  A write that waits would keep signals and keys waiting, too. */
static bool
is_writable (void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll (&out, 1, 0) == 1;
}

bool
top_screen_show (const top_page_t *page)
{
    if (!is_writable ())
        return false;
    erase ();
    for (size_t n = 0; n < page->count; n++) {
        const top_line_t *line = &page->lines[n];
        attrset ((int) attributes (line->style));
        mvaddstr ((int) n, 0, line->text); /* the last place of all cannot be passed, which is no error of ours */
    }
    attrset (A_NORMAL);
    refresh ();
    return true;
}

/* ------------------------------------------------------------------ keys */

top_key_t
top_screen_key (void)
{
    switch (getch ()) {
    case ERR:
        return TOP_KEY_NONE;
    case 'q':
    case 'Q':
        return TOP_KEY_QUIT;
    case ' ':
        return TOP_KEY_PAUSE;
    case 'r':
        return TOP_KEY_ORDER + (top_key_t) TOP_BY_RATE;
    case 'w':
        return TOP_KEY_ORDER + (top_key_t) TOP_BY_QUEUE;
    case 'a':
        return TOP_KEY_ORDER + (top_key_t) TOP_BY_AGE;
    case 'n':
        return TOP_KEY_ORDER + (top_key_t) TOP_BY_NAME;
    case KEY_UP:
    case 'k':
        return TOP_KEY_UP;
    case KEY_DOWN:
    case 'j':
        return TOP_KEY_DOWN;
    case KEY_PPAGE:
        return TOP_KEY_PAGE_UP;
    case KEY_NPAGE:
        return TOP_KEY_PAGE_DOWN;
    case KEY_HOME:
        return TOP_KEY_HOME;
    case KEY_END:
        return TOP_KEY_END;
    case 'L' & 0x1f:
        return TOP_KEY_REDRAW;
    default:
        return TOP_KEY_OTHER;
    }
}
