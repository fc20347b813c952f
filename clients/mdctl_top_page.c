#include "mdctl_top_page.h"

#include "mdctl_top_words.h"
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

/*  Lines above the columns' titles, and what else a screen keeps room for: titles, three services, keys. */
#define HEAD_LINES  7
#define BELOW_LINES 5
#define LABEL_WIDTH 11
#define TEXT_MOST   2048

/* ------------------------------------------------------------------ lines */

/*  The next line, empty; NULL without memory. */
static top_line_t *
next_line (top_page_t *self, top_style_t style)
{
    if ((self->count & (self->count - 1)) == 0) { /* full at every power of two */
        size_t capacity = self->count ? self->count * 2 : 1;
        top_line_t *grown = realloc (self->lines, capacity * sizeof (top_line_t));
        if (!grown) {
            self->failed = true;
            return NULL;
        }
        self->lines = grown;
    }
    top_line_t *line = &self->lines[self->count++];
    line->style = style;
    line->text[0] = 0;
    return line;
}

/*  Copies as much as fits into width, and says with a ~ when that is not all. */
static void
copy_cut (char *to, const char *text, size_t width)
{
    size_t size = strlen (text), n;
    for (n = 0; n < size && n < width; n++)
        to[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    if (size > width && width > 0)
        to[width - 1] = '~';
    to[n] = 0;
}

static void add_line (top_page_t *self, top_style_t style, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static void
add_line (top_page_t *self, top_style_t style, const char *format, ...)
{
    char text[TEXT_MOST];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof (text), format, arguments);
    va_end (arguments);
    top_line_t *line = next_line (self, style);
    if (line)
        copy_cut (line->text, text, self->width);
}

/* ------------------------------------------------------------------ the head */

static const char *
state_of (const top_snapshot_t *now)
{
    if (now->draining)
        return "draining";
    return now->paired && strcmp (now->state, "active") != 0 ? "not serving" : "serving";
}

static void
duration_of_ms (uint64_t ms, char words[REPORT_WORDS])
{
    json_t *value = json_integer ((json_int_t) (ms < INT64_MAX ? ms : INT64_MAX));
    report_duration (value, words);
    json_decref (value);
}

static void
add_broker (top_page_t *self, const top_snapshot_t *now, const top_view_t *view)
{
    char up[REPORT_WORDS], pair[5 * TOP_NAME] = "";
    const char *paused = view->paused ? "PAUSED, " : "";
    duration_of_ms (now->uptime_ms, up);
    if (now->paired)
        snprintf (pair, sizeof (pair), ", %s, %s, epoch %" PRIu64 ", peer %s%s%s", now->role, now->state, now->epoch,
                  *now->peer ? now->peer : "not heard", *now->trouble ? ", " : "", now->trouble);
    add_line (self, *now->trouble ? TOP_ALARM : TOP_HEAD, "%-*s%skeel %s, %s, up %s%s; %s", LABEL_WIDTH, "broker",
              paused, now->keel, state_of (now), up, pair, view->broker);
}

static void
add_silence (top_page_t *self, const top_view_t *view)
{
    if (view->silent_ms < 1000)
        add_line (self, TOP_HEAD, "%-*sasking %s", LABEL_WIDTH, "broker", view->broker);
    else
        add_line (self, TOP_ALARM, "%-*sno answer since %" PRId64 " s, asking again: %s", LABEL_WIDTH, "broker",
                  view->silent_ms / 1000, view->broker);
}

static void
add_gauges (top_page_t *self, const top_snapshot_t *now)
{
    char words[4][TOP_WORDS], bytes[REPORT_WORDS], left[TOP_WORDS + 16] = "";
    json_t *value = json_integer ((json_int_t) (now->bytes < INT64_MAX ? now->bytes : INT64_MAX));
    report_bytes (value, bytes);
    json_decref (value);
    top_count (now->workers, words[0]);
    top_count (now->clients, words[1]);
    top_count (now->waiting, words[2]);
    top_count (now->held, words[3]);
    if (now->left_out)
        snprintf (left, sizeof (left), " (%" PRIu64 " left out)", now->left_out);
    add_line (self, TOP_PLAIN, "%-*sservices %" PRIu64 "%s, workers %s, clients %s; waiting %s, held %s, bytes %s",
              LABEL_WIDTH, "now", now->service_count, left, words[0], words[1], words[2], words[3], bytes);
}

static void
add_flow (top_page_t *self, const top_figures_t *figures)
{
    char in[TOP_WORDS], out[TOP_WORDS], failed[TOP_WORDS], over[TOP_WORDS];
    if (!figures->interval_ms) {
        add_line (self, TOP_PLAIN, "%-*sknown with the next answer", LABEL_WIDTH, "requests");
        return;
    }
    top_rate (figures->flow.in, in);
    top_rate (figures->flow.out, out);
    top_rate (figures->flow.failed, failed);
    top_duration ((double) figures->interval_ms * 1000, over);
    add_line (self, TOP_PLAIN, "%-*s%s/s in, %s/s answered, %s/s failed; over the last %s", LABEL_WIDTH, "requests", in,
              out, failed, over);
}

static void
add_latency (top_page_t *self, const top_figures_t *figures)
{
    static const unsigned percents[] = {50, 90, 99};
    char answered[3][TOP_WORDS], waited[3][TOP_WORDS];
    for (size_t n = 0; n < 3; n++) {
        top_duration (top_percentile (&figures->flow.answered, percents[n]), answered[n]);
        top_duration (top_percentile (&figures->flow.waited, percents[n]), waited[n]);
    }
    add_line (self, TOP_PLAIN, "%-*sp50 %s, p90 %s, p99 %s; of it in the queue %s, %s, %s", LABEL_WIDTH, "latency",
              answered[0], answered[1], answered[2], waited[0], waited[1], waited[2]);
}

/* ------------------------------------------------------------------ what was dropped */

/*  The drop that comes behind `last` in order: what happens now first, then what happened most. -1: there is none. */
static int
next_drop (const top_figures_t *figures, const bool shown[TOP_DROPS])
{
    const top_drop_t *drops = figures->now->drops;
    int best = -1;
    for (int n = 0; n < (int) figures->now->drop_count; n++) {
        if (shown[n] || drops[n].total == 0)
            continue;
        if (best < 0 || figures->drops[n] > figures->drops[best] ||
            (!(figures->drops[n] < figures->drops[best]) && drops[n].total > drops[best].total))
            best = n;
    }
    return best;
}

static void
drop_words (const top_figures_t *figures, int n, char words[TOP_NAME + 2 * TOP_WORDS])
{
    char rate[TOP_WORDS], total[TOP_WORDS];
    top_rate (figures->drops[n], rate);
    top_count (figures->now->drops[n].total, total);
    snprintf (words, TOP_NAME + 2 * TOP_WORDS, figures->drops[n] > 0 ? "%.200s %s (%s/s)" : "%.200s %s",
              figures->now->drops[n].name, total, rate);
}

/*  As many as fit into one line, at least one while there is any. */
static void
add_drop_line (top_page_t *self, const top_figures_t *figures, bool shown[TOP_DROPS], const char *label)
{
    char line[TEXT_MOST], words[TOP_NAME + 2 * TOP_WORDS];
    bool alarm = false;
    int used = snprintf (line, sizeof (line), "%-*s", LABEL_WIDTH, label), begin = used;
    for (int n; (n = next_drop (figures, shown)) >= 0; shown[n] = true) {
        drop_words (figures, n, words);
        if (used > begin && (size_t) used + 2 + strlen (words) > self->width)
            break;
        alarm |= figures->drops[n] > 0;
        used += snprintf (line + used, sizeof (line) - (size_t) used, "%s%s", used > begin ? ", " : "", words);
    }
    if (used == begin && *label)
        snprintf (line + used, sizeof (line) - (size_t) used, "nothing");
    else if (used == begin)
        line[0] = 0;
    add_line (self, alarm ? TOP_ALARM : TOP_PLAIN, "%s", line);
}

static void
add_head (top_page_t *self, const top_figures_t *figures, const top_view_t *view, size_t most)
{
    bool shown[TOP_DROPS] = {false};
    for (size_t n = 0; n < HEAD_LINES && n < most; n++)
        switch (n) {
        case 0:
            if (view->silent_ms)
                add_silence (self, view);
            else
                add_broker (self, figures->now, view);
            break;
        case 1:
            add_gauges (self, figures->now);
            break;
        case 2:
            add_flow (self, figures);
            break;
        case 3:
            add_latency (self, figures);
            break;
        case 4:
            add_drop_line (self, figures, shown, "dropped");
            break;
        case 5:
            add_drop_line (self, figures, shown, "");
            break;
        default:
            add_line (self, TOP_PLAIN, "%s", "");
        }
}

/* ------------------------------------------------------------------ services */

typedef void cell_fn (const top_row_t *row, char words[TOP_WORDS]);

static void
cell_workers (const top_row_t *row, char words[TOP_WORDS])
{
    top_count (row->now->workers, words);
}

static void
cell_held (const top_row_t *row, char words[TOP_WORDS])
{
    top_count (row->now->held, words);
}

static void
cell_queue (const top_row_t *row, char words[TOP_WORDS])
{
    top_count (row->now->waiting, words);
}

static void
cell_age (const top_row_t *row, char words[TOP_WORDS])
{
    top_duration (row->now->waiting ? (double) row->now->oldest_ms * 1000 : -1, words);
}

static void
cell_in (const top_row_t *row, char words[TOP_WORDS])
{
    top_rate (row->flow.in, words);
}

static void
cell_out (const top_row_t *row, char words[TOP_WORDS])
{
    top_rate (row->flow.out, words);
}

static void
cell_failed (const top_row_t *row, char words[TOP_WORDS])
{
    top_rate (row->flow.failed, words);
}

static void
cell_median (const top_row_t *row, char words[TOP_WORDS])
{
    top_duration (top_percentile (&row->flow.answered, 50), words);
}

static void
cell_p99 (const top_row_t *row, char words[TOP_WORDS])
{
    top_duration (top_percentile (&row->flow.answered, 99), words);
}

static void
cell_waited (const top_row_t *row, char words[TOP_WORDS])
{
    top_duration (top_percentile (&row->flow.waited, 99), words);
}

/*  Behind the name, each with a space before it. from: the narrowest screen that has room for it. */
static const struct {
    const char *title;
    size_t width, from;
    cell_fn *cell;
} columns[] = {
    {"WORKERS", 7, 60, cell_workers}, {"HELD", 5, 66, cell_held},  {"QUEUE", 5, 24, cell_queue},
    {"AGE", 5, 36, cell_age},         {"IN/S", 5, 90, cell_in},    {"OUT/S", 5, 16, cell_out},
    {"FAIL/S", 6, 74, cell_failed},   {"P50", 5, 50, cell_median}, {"P99", 5, 42, cell_p99},
    {"WAIT99", 6, 80, cell_waited},
};

static size_t
name_width (size_t width)
{
    size_t taken = 0;
    for (size_t n = 0; n < COUNT_OF (columns); n++)
        taken += width >= columns[n].from ? columns[n].width + 1 : 0;
    return width > taken ? width - taken : 0;
}

/*  A line of cells: name, cut to its width, and then the columns that have room. row NULL: the titles. */
static void
add_cells (top_page_t *self, top_style_t style, const char *name, const top_row_t *row)
{
    char text[TEXT_MOST], words[TOP_WORDS], cut[TOP_WIDTH_MOST + 1];
    size_t width = name_width (self->width);
    copy_cut (cut, name, width);
    int used = snprintf (text, sizeof (text), "%-*s", (int) width, cut);
    for (size_t n = 0; n < COUNT_OF (columns); n++) {
        if (self->width < columns[n].from)
            continue;
        if (row)
            columns[n].cell (row, words);
        used += snprintf (text + used, sizeof (text) - (size_t) used, " %*s", (int) columns[n].width,
                          row ? words : columns[n].title);
    }
    add_line (self, style, "%s", text);
}

static void
add_row (top_page_t *self, const top_row_t *row)
{
    static const char drains[] = " (drains)";
    size_t width = name_width (self->width), room = width > sizeof (drains) ? width - sizeof (drains) + 1 : 0;
    char name[TOP_WIDTH_MOST + sizeof (drains)];
    bool alarm = row->now->waiting && !row->now->workers;
    copy_cut (name, row->now->name, row->now->draining ? room : TOP_WIDTH_MOST);
    if (row->now->draining)
        strcat (name, drains);
    add_cells (self, alarm ? TOP_ALARM : TOP_PLAIN, name, row);
}

static void
add_rows (top_page_t *self, const top_figures_t *figures, top_view_t *view)
{
    size_t count = figures->now->count, most = count > self->rows ? count - self->rows : 0;
    if (view->offset > most)
        view->offset = most;
    for (size_t n = view->offset; n < count && n < view->offset + self->rows; n++)
        add_row (self, &figures->rows[n]);
}

/*  Down to the last line, which says what keys do and where one is. */
static void
add_keys (top_page_t *self, const top_figures_t *figures, const top_view_t *view)
{
    static const char keys[TOP_ORDERS] = {'r', 'w', 'a', 'n'};
    char text[TEXT_MOST], place[64] = "";
    int used = snprintf (text, sizeof (text), "q quit ");
    size_t count = figures ? figures->now->count : 0, end = view->offset + self->rows;
    while (self->count + 1 < view->height && !self->failed)
        add_line (self, TOP_PLAIN, "%s", "");
    for (top_order_t n = 0; n < TOP_ORDERS; n++)
        used += snprintf (text + used, sizeof (text) - (size_t) used, n == view->order ? " %c [%s]" : " %c %s", keys[n],
                          top_order_name (n));
    used += snprintf (text + used, sizeof (text) - (size_t) used, "  space %s  arrows scroll",
                      view->paused ? "go on" : "pause");
    if (count > self->rows)
        snprintf (place, sizeof (place), "%zu-%zu of %zu", view->offset + 1, end < count ? end : count, count);
    size_t size = strlen (place);
    if (size && self->width > size + 1 && (size_t) used + size + 1 <= self->width)
        used += snprintf (text + used, sizeof (text) - (size_t) used, "%*s", (int) self->width - used, place);
    add_line (self, TOP_KEYS, "%s", text);
}

bool
top_page_make (top_page_t *self, const top_figures_t *figures, top_view_t *view)
{
    bool screen = view->height > 0;
    size_t head = !screen ? HEAD_LINES : view->height > BELOW_LINES ? view->height - BELOW_LINES : 1;
    head = head < HEAD_LINES ? head : HEAD_LINES;
    top_page_close (self);
    self->width = view->width < TOP_WIDTH_MOST ? view->width : TOP_WIDTH_MOST;
    self->rows = !screen ? SIZE_MAX / 2 : view->height > head + 2 ? view->height - head - 2 : 0;
    if (figures) {
        add_head (self, figures, view, head);
        if (!screen || view->height > 1)
            add_cells (self, TOP_TITLES, "SERVICE", NULL);
        add_rows (self, figures, view);
    } else {
        add_silence (self, view);
    }
    if (screen && view->height > 2)
        add_keys (self, figures, view);
    return !self->failed;
}

void
top_page_close (top_page_t *self)
{
    free (self->lines);
    *self = (top_page_t){0};
}
