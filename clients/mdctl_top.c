#include "mdctl_top.h"

#include "mdctl_top_json.h"
#include "mdctl_top_page.h"
#include "mdctl_top_poll.h"
#include "mdctl_top_screen.h"
#include "mdctl_why.h"

#include "exit_codes.h"
#include "log.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define PAGE_WIDTH 80

/*  A poll that is open for so long is late; and how often that is said anew, or asked again after one that failed. */
#define LATE_MS 1000

typedef struct {
    const top_options_t *options;
    keel_client_t *client;
    top_poll_t poll;
    top_snapshot_t *before, *now;
    top_figures_t *figures;
    top_view_t view;
    top_page_t page;
    int signals;      /* a signalfd */
    int64_t heard_at; /* msec; at first when it began */
    int64_t ask_at;
    bool failed;  /* the last poll */
    bool unshown; /* the last page */
    bool quits;
    int rc;
} top_t;

/* ------------------------------------------------------------------ figures */

static int
fail_memory (void)
{
    log_at (KEEL_LOG_ERROR, "out of memory");
    return EXIT_FAILED;
}

/*  [take] snapshot. False without memory. */
static bool
take_snapshot (top_t *self, top_snapshot_t *snapshot)
{
    top_figures_destroy (&self->figures);
    top_snapshot_destroy (&self->before);
    self->before = self->now;
    self->now = snapshot;
    self->figures = top_figures_new (self->before, self->now);
    if (self->figures)
        top_sort (self->figures, self->view.order);
    self->heard_at = snapshot->heard_at;
    self->failed = false;
    return self->figures;
}

static void
close_top (top_t *self)
{
    top_poll_close (&self->poll);
    top_figures_destroy (&self->figures);
    top_snapshot_destroy (&self->before);
    top_snapshot_destroy (&self->now);
    top_page_close (&self->page);
}

/* ------------------------------------------------------------------ once */

static int
fail_poll (const top_t *self, int problem)
{
    char words[MDCTL_WHY];
    mdctl_why (problem, self->options->brokers, self->options->timeout_ms, words);
    if (problem == TOP_POLL_STRANGE)
        log_at (KEEL_LOG_ERROR, "top: the answer is none of a broker of Keel; is one at %s?", self->options->brokers);
    else
        log_at (KEEL_LOG_ERROR, "%s", words);
    return EXIT_FAILED;
}

static int
poll_once (top_t *self)
{
    top_snapshot_t *snapshot;
    int problem = top_poll_ask (&self->poll, zclock_mono ());
    if (problem == 0 && top_poll_take (&self->poll, -1, &snapshot, &problem) == TOP_POLL_DONE)
        return take_snapshot (self, snapshot) ? EXIT_OK : fail_memory ();
    return fail_poll (self, problem);
}

static int
print_json (const top_figures_t *figures)
{
    json_t *json = top_json (figures);
    char *text = json_dumps (json, JSON_COMPACT | JSON_ENSURE_ASCII);
    int rc = !text ? fail_memory () : puts (text) < 0 ? EXIT_FAILED : EXIT_OK;
    json_decref (json);
    free (text);
    return rc;
}

static int
print_page (top_t *self)
{
    if (!top_page_make (&self->page, self->figures, &self->view))
        return fail_memory ();
    for (size_t n = 0; n < self->page.count; n++)
        if (puts (self->page.lines[n].text) < 0)
            return EXIT_FAILED;
    return EXIT_OK;
}

/*  Two polls: what happens shows only in their difference. */
static int
run_once (top_t *self)
{
    int rc = poll_once (self);
    if (rc == EXIT_OK) {
        zclock_sleep ((int) self->options->interval_ms);
        rc = poll_once (self);
    }
    if (rc != EXIT_OK)
        return rc;
    return self->options->json ? print_json (self->figures) : print_page (self);
}

/* ------------------------------------------------------------------ live: the screen */

/*  Since when it should have been heard and was not; 0: all is well. */
static int64_t
silence (const top_t *self, int64_t now)
{
    bool late = self->poll.open && now - self->poll.asked_at >= LATE_MS;
    return self->failed || late || !self->figures ? now - self->heard_at : 0;
}

static void
draw (top_t *self)
{
    int64_t silent = silence (self, zclock_mono ());
    self->view.silent_ms = silent > 0 || self->figures ? silent : 1;
    top_screen_size (&self->view.width, &self->view.height);
    if (!top_page_make (&self->page, self->figures, &self->view)) {
        self->rc = EXIT_FAILED;
        self->quits = true;
        return;
    }
    self->unshown = !top_screen_show (&self->page);
}

static void
scroll_by (top_t *self, int64_t rows)
{
    int64_t offset = (int64_t) self->view.offset + rows;
    self->view.offset = offset > 0 ? (size_t) offset : 0; /* a page lowers what is too much */
}

static void
set_order (top_t *self, top_order_t order)
{
    self->view.order = order;
    self->view.offset = 0;
    if (self->figures)
        top_sort (self->figures, order);
}

static void
set_paused (top_t *self, bool paused)
{
    self->view.paused = paused;
    if (paused)
        top_poll_close (&self->poll);
    else
        self->ask_at = zclock_mono ();
}

static void
take_key (top_t *self, top_key_t key)
{
    int64_t rows = (int64_t) self->page.rows, count = self->now ? (int64_t) self->now->count : 0;
    switch (key) {
    case TOP_KEY_QUIT:
        self->quits = true;
        break;
    case TOP_KEY_PAUSE:
        set_paused (self, !self->view.paused);
        break;
    case TOP_KEY_UP:
    case TOP_KEY_DOWN:
        scroll_by (self, key == TOP_KEY_UP ? -1 : 1);
        break;
    case TOP_KEY_PAGE_UP:
    case TOP_KEY_PAGE_DOWN:
        scroll_by (self, key == TOP_KEY_PAGE_UP ? -rows : rows);
        break;
    case TOP_KEY_HOME:
    case TOP_KEY_END:
        scroll_by (self, key == TOP_KEY_HOME ? -count : count);
        break;
    case TOP_KEY_REDRAW:
        top_screen_refit ();
        break;
    default:
        if (key >= TOP_KEY_ORDER && key < TOP_KEY_ORDER + (top_key_t) TOP_ORDERS)
            set_order (self, (top_order_t) (key - TOP_KEY_ORDER));
    }
}

/* ------------------------------------------------------------------ live: what comes */

/*  Readable, but with no key in it: nobody is there any more. */
static void
take_keys (top_t *self)
{
    top_key_t key = top_screen_key ();
    if (key == TOP_KEY_NONE)
        self->quits = true;
    for (; key != TOP_KEY_NONE; key = top_screen_key ())
        take_key (self, key);
}

static void
take_signal (top_t *self)
{
    struct signalfd_siginfo info;
    if (read (self->signals, &info, sizeof (info)) != sizeof (info))
        return;
    if (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT)
        top_screen_refit ();
    else
        self->quits = true;
}

static void
ask_when_due (top_t *self, int64_t now)
{
    if (self->view.paused || self->poll.open || now < self->ask_at)
        return;
    self->ask_at = now + self->options->interval_ms;
    self->failed |= top_poll_ask (&self->poll, now) != 0;
}

static void
take_answers (top_t *self)
{
    top_snapshot_t *snapshot;
    int problem;
    switch (top_poll_take (&self->poll, 0, &snapshot, &problem)) {
    case TOP_POLL_DONE:
        if (!take_snapshot (self, snapshot)) {
            self->rc = EXIT_FAILED;
            self->quits = true;
        }
        break;
    case TOP_POLL_FAILED:
        self->failed = true;
        self->ask_at = zclock_mono () + (self->options->interval_ms < LATE_MS ? self->options->interval_ms : LATE_MS);
        break;
    default:
        break;
    }
}

/*  Until the next poll, or until silence is to be said anew. */
static int
time_to_wait (const top_t *self)
{
    int64_t now = zclock_mono (), wait = LATE_MS;
    if (self->view.paused)
        return self->unshown ? LATE_MS : -1;
    if (self->poll.open)
        return (int) (wait - (now - self->poll.asked_at) % LATE_MS);
    wait = self->ask_at - now;
    if (self->failed && wait > LATE_MS)
        wait = LATE_MS;
    return wait > 0 ? (int) wait : 0;
}

static void
turn (top_t *self)
{
    struct pollfd fds[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = self->signals, .events = POLLIN},
        {.fd = keel_client_fd (self->client), .events = POLLIN},
    };
    ask_when_due (self, zclock_mono ());
    take_answers (self);
    draw (self);
    if (self->quits || poll (fds, 3, time_to_wait (self)) < 0)
        return;
    if (fds[0].revents)
        take_keys (self);
    if (fds[1].revents)
        take_signal (self);
}

/*  Signals come between turns, where a terminal can be given back. Before the client has threads, so that none of them gets one. */
static int
open_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    sigaddset (&set, SIGWINCH);
    sigaddset (&set, SIGCONT);
    sigprocmask (SIG_BLOCK, &set, NULL);
    return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
run_live (top_t *self)
{
    self->signals = open_signals ();
    const char *problem = top_screen_open ();
    if (self->signals < 0 || problem) {
        top_screen_close ();
        log_at (KEEL_LOG_ERROR, "top: %s; `mdctl top --once` prints a page of text instead",
                problem ? problem : "no descriptors are left");
        return EXIT_FAILED;
    }
    self->heard_at = self->ask_at = zclock_mono ();
    while (!self->quits)
        turn (self);
    top_screen_close ();
    close (self->signals);
    return self->rc == EXIT_OK ? EXIT_OK : fail_memory ();
}

int
mdctl_top (const top_options_t *options, keel_client_t *client)
{
    top_t self = {.options = options,
                  .client = client,
                  .view = {.width = PAGE_WIDTH, .order = options->order, .broker = options->brokers}};
    top_poll_open (&self.poll, client);
    int rc = options->once ? run_once (&self) : run_live (&self);
    close_top (&self);
    return rc;
}
