/*  mdctl top without a broker and without a terminal: answers in, figures and lines out. */
#include "unit.h"

#include "mdctl_top_json.h"
#include "mdctl_top_page.h"
#include "mdctl_top_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVIL "\\u001b]0;x\\u0007\\u009b2J\\u007f\\n"

/* ------------------------------------------------------------------ helpers */

static json_t *
parse (const char *text)
{
    json_t *json = json_loads (text, 0, NULL);
    assert_non_null (json);
    return json;
}

static top_snapshot_t *
snapshot (const char *stats, const char *services, int64_t asked_at)
{
    json_t *jsons[] = {parse ("{\"keel\":\"9.8.7\"}"), parse (stats), parse (services)};
    top_snapshot_t *result = top_snapshot_new (jsons[0], jsons[1], jsons[2], asked_at, asked_at + 5);
    assert_non_null (result);
    for (size_t n = 0; n < COUNT_OF (jsons); n++)
        json_decref (jsons[n]);
    return result;
}

typedef struct {
    top_snapshot_t *before, *now;
    top_figures_t *figures;
    top_page_t page;
} scene_t;

/*  before NULL: it was not asked before. The two are a second apart. */
static scene_t
scene (const char *stats_before, const char *before, const char *stats, const char *services)
{
    scene_t self = {.now = snapshot (stats, services, 1000)};
    if (before)
        self.before = snapshot (stats_before, before, 0);
    self.figures = top_figures_new (self.before, self.now);
    assert_non_null (self.figures);
    return self;
}

static void
end_scene (scene_t *self)
{
    top_figures_destroy (&self->figures);
    top_snapshot_destroy (&self->before);
    top_snapshot_destroy (&self->now);
    top_page_close (&self->page);
}

/*  A list of so many services, s000 and on, each with what it is given. */
static char *
services_like (size_t count, const char *name, const char *rest)
{
    size_t capacity = 64 + count * (strlen (name) + strlen (rest) + 64), used;
    char *text = malloc (capacity);
    assert_non_null (text);
    used = (size_t) snprintf (text, capacity, "{\"services\":[");
    for (size_t n = 0; n < count; n++)
        used += (size_t) snprintf (text + used, capacity - used, "%s{\"service\":\"%s%03zu\",\"waiting\":%zu%s}", n ? "," : "",
                                   name, n, n, rest);
    snprintf (text + used, capacity - used, "],\"left_out\":0}");
    return text;
}

static const char *
line (const scene_t *self, size_t n)
{
    assert_true (n < self->page.count);
    return self->page.lines[n].text;
}

static void
make (scene_t *self, top_view_t *view)
{
    top_sort (self->figures, view->order);
    assert_true (top_page_make (&self->page, self->figures, view));
}

/* ------------------------------------------------------------------ words */

static void
figures_take_few_characters (void **state)
{
    static const struct {
        uint64_t count;
        const char *words;
    } counts[] = {{0, "0"}, {99999, "99999"}, {100000, "100k"}, {9999999, "9999k"}, {10000000, "10M"}, {UINT64_MAX, "18446P"}};
    static const struct {
        double value;
        const char *rate, *duration;
    } cases[] = {{-1, "-", "-"},          {0, "0", "0"},           {0.04, "0.0", "0"},       {0.5, "0.5", "0"},
                 {9.94, "9.9", "10us"},   {9.96, "10", "10us"},    {999, "999", "999us"},    {999.6, "1000", "1.0ms"},
                 {9994, "9994", "10ms"},  {9999.6, "10.0k", "10ms"}, {99949, "99.9k", "100ms"}, {99951, "100k", "100ms"},
                 {2100, "2100", "2.1ms"}, {75e6, "75M", "75s"},    {100e6, "100M", "1.7m"},  {7200e6, "7200M", "2.0h"},
                 {1e15, "1000T", "11574d"}};
    char words[TOP_WORDS];
    (void) state;
    for (size_t n = 0; n < COUNT_OF (counts); n++) {
        top_count (counts[n].count, words);
        assert_string_equal (words, counts[n].words);
    }
    for (size_t n = 0; n < COUNT_OF (cases); n++) {
        top_rate (cases[n].value, words);
        assert_string_equal (words, cases[n].rate);
        top_duration (cases[n].value, words);
        assert_string_equal (words, cases[n].duration);
    }
}

/* ------------------------------------------------------------------ figures */

static const char before_stats[] = "{\"uptime_ms\":5000,\"accepted\":100,\"answered\":90,\"failed\":4,\"failed_504\":4,"
                                   "\"malformed_by_reason\":{\"short\":1}}";
static const char before_services[] =
    "{\"services\":[{\"service\":\"echo\",\"workers\":2,\"waiting\":3,\"held\":1,\"answered\":90,\"failed\":4,"
    "\"answered_us\":{\"128\":60,\"4096\":30},\"waited_us\":{\"1\":91}}],\"left_out\":0}";

static void
rates_are_differences_over_the_brokers_time (void **state)
{
    scene_t self = scene (before_stats, before_services,
                          "{\"uptime_ms\":6000,\"accepted\":302,\"answered\":290,\"failed\":5,\"failed_504\":5,"
                          "\"malformed_by_reason\":{\"short\":1}}",
                          "{\"services\":[{\"service\":\"new\",\"answered\":7,\"answered_us\":{\"2\":7}},"
                          "{\"service\":\"echo\",\"workers\":2,\"waiting\":6,\"held\":1,\"answered\":283,\"failed\":5,"
                          "\"answered_us\":{\"128\":160,\"4096\":123},\"waited_us\":{\"1\":184,\"64\":100}}]}");
    (void) state;
    assert_int_equal (self.figures->interval_ms, 1000);
    assert_true (self.figures->flow.in == 202 && self.figures->flow.out == 200 && self.figures->flow.failed == 1);
    const top_row_t *echo = &self.figures->rows[0], *new = &self.figures->rows[1];
    assert_string_equal (echo->now->name, "echo");
    assert_true (echo->flow.out == 193 && echo->flow.failed == 1 && echo->flow.in == 197);
    assert_int_equal (echo->flow.answered.counts[7], 100);
    assert_int_equal (echo->flow.answered.counts[12], 93);
    assert_int_equal (echo->flow.waited.counts[0], 93);
    assert_true (new->flow.out == 7);
    assert_int_equal (self.figures->flow.answered.counts[1], 7);
    assert_int_equal (self.figures->flow.answered.counts[7], 100);
    end_scene (&self);
}

static void
nothing_is_negative_after_a_restart (void **state)
{
    scene_t self = scene (before_stats, before_services, "{\"uptime_ms\":300,\"accepted\":2,\"answered\":1}", before_services);
    (void) state;
    assert_int_equal (self.figures->interval_ms, 0);
    assert_true (self.figures->flow.out < 0 && self.figures->rows[0].flow.out < 0); /* not known, and said so */
    end_scene (&self);
}

/*  One that has been up for longer than it can be, for another that was asked a second ago; and one of the other role. */
static void
another_broker_is_no_continuation (void **state)
{
    scene_t self = scene (before_stats, before_services, "{\"uptime_ms\":900000,\"answered\":95}", before_services);
    (void) state;
    assert_int_equal (self.figures->interval_ms, 0);
    end_scene (&self);
    self = scene (before_stats, before_services, "{\"uptime_ms\":6000,\"answered\":95,\"pair\":{\"role\":\"backup\"}}",
                  before_services);
    assert_int_equal (self.figures->interval_ms, 0);
    end_scene (&self);
    self = scene (before_stats, before_services, "{\"uptime_ms\":6050,\"answered\":95}", before_services);
    assert_int_equal (self.figures->interval_ms, 1050);
    end_scene (&self);
}

/*  The service was gone in between: what it counts now is what happened. */
static void
a_service_that_began_anew_is_not_negative (void **state)
{
    scene_t self = scene (before_stats, before_services, "{\"uptime_ms\":6000,\"answered\":95}",
                          "{\"services\":[{\"service\":\"echo\",\"answered\":5,\"answered_us\":{\"128\":1,\"4096\":40}}]}");
    (void) state;
    assert_true (self.figures->rows[0].flow.out == 5 && self.figures->rows[0].flow.failed == 0);
    assert_int_equal (self.figures->rows[0].flow.answered.counts[7], 1);
    assert_int_equal (self.figures->rows[0].flow.answered.counts[12], 40);
    end_scene (&self);
}

static void
percentiles_lie_within_their_bucket (void **state)
{
    top_delays_t delays = {{0}};
    (void) state;
    assert_true (top_percentile (&delays, 50) < 0);
    delays.counts[0] = 10;
    assert_true (top_percentile (&delays, 99) == 0);
    delays.counts[8] = 90; /* 128 to 255 usec */
    assert_true (top_percentile (&delays, 10) == 0);
    assert_true (top_percentile (&delays, 55) == 192);
    assert_true (top_percentile (&delays, 100) == 256);
    delays.counts[TOP_BUCKETS - 1] = 100;
    assert_true (top_percentile (&delays, 99) > 67108864 && top_percentile (&delays, 100) == 134217728);
}

static void
services_stand_in_the_order_wanted (void **state)
{
    static const char *const expected[TOP_ORDERS] = {
        [TOP_BY_RATE] = "dcab", [TOP_BY_QUEUE] = "abdc", [TOP_BY_AGE] = "bacd", [TOP_BY_NAME] = "abcd"};
    scene_t self = scene ("{\"uptime_ms\":5000}", "{}", "{\"uptime_ms\":6000}",
                          "{\"services\":[{\"service\":\"c\",\"answered\":2},{\"service\":\"d\",\"answered\":9,\"waiting\":1},"
                          "{\"service\":\"b\",\"waiting\":7,\"oldest_ms\":9},{\"service\":\"a\",\"waiting\":7,\"oldest_ms\":3}]}");
    (void) state;
    for (top_order_t order = 0; order < TOP_ORDERS; order++) {
        char found[5] = "";
        top_sort (self.figures, order);
        for (size_t n = 0; n < 4; n++)
            found[n] = self.figures->rows[n].now->name[0];
        assert_string_equal (found, expected[order]);
        assert_int_equal (top_order_named (top_order_name (order)), order);
    }
    assert_int_equal (top_order_named ("size"), TOP_ORDERS);
    end_scene (&self);
}

/*  Members of other kinds, numbers below 0 and beyond all, bounds that are none. */
static void
what_is_no_figure_is_none (void **state)
{
    static const char *const services[] = {
        "{}", "{\"services\":7,\"left_out\":\"x\"}", "{\"services\":[7,null,[],{},{\"service\":[]}],\"left_out\":-3}",
        "{\"services\":[{\"service\":\"a\",\"answered\":-9,\"failed\":9223372036854775807,\"waiting\":9223372036854775807,"
        "\"held\":1.5,\"answered_us\":{\"3\":5,\"\":1,\"-1\":2,\"268435456\":9,\"1x\":4,\"2\":-7,\"18446744073709551617\":1},"
        "\"waited_us\":[1]}]}",
    };
    (void) state;
    for (size_t n = 0; n < COUNT_OF (services); n++) {
        top_view_t view = {.width = 80, .broker = "x"};
        scene_t self = scene ("{\"uptime_ms\":5000}", services[n], "{\"uptime_ms\":6000,\"pair\":[],\"malformed_by_reason\":3}",
                              services[n]);
        make (&self, &view);
        for (size_t row = 0; row < self.now->count; row++)
            assert_true (top_percentile (&self.figures->rows[row].flow.answered, 50) < 0);
        end_scene (&self);
    }
}

/* ------------------------------------------------------------------ pages */

static const char busy_stats[] =
    "{\"uptime_ms\":6000,\"services\":1,\"workers\":2,\"clients\":3,\"waiting\":6,\"held\":1,\"bytes\":2048,\"accepted\":302,"
    "\"answered\":290,\"failed\":5,\"failed_504\":5,\"clients_full\":70,\"malformed_by_reason\":{\"short\":1}}";
static const char busy_services[] =
    "{\"services\":[{\"service\":\"echo\",\"workers\":2,\"waiting\":6,\"held\":1,\"draining\":false,\"answered\":290,"
    "\"failed\":5,\"oldest_ms\":1200,\"answered_us\":{\"128\":160,\"4096\":130},\"waited_us\":{\"1\":191,\"64\":100}}]}";

static void
a_page_of_text (void **state)
{
    static const char *const expected[] = {
        "broker     keel 9.8.7, serving, up 6.0s; tcp://here:1",
        "now        services 1, workers 2, clients 3; waiting 6, held 1, bytes 2.0K",
        "requests   202/s in, 200/s answered, 1.0/s failed; over the last 1.0s",
        "latency    p50 128us, p90 3.7ms, p99 4.1ms; of it in the queue 0, 58us, 63us",
        "dropped    failed_504 5 (1.0/s), clients_full 70, malformed.short 1",
        "",
        "",
        "SERVICE                WORKERS  HELD QUEUE   AGE OUT/S FAIL/S   P50   P99 WAIT99",
        "echo                         2     1     6  1.2s   200    1.0 128us 4.1ms   63us",
    };
    top_view_t view = {.width = 80, .broker = "tcp://here:1"};
    scene_t self = scene ("{\"uptime_ms\":5000,\"accepted\":100,\"answered\":90,\"failed\":4,\"failed_504\":4,\"clients_full\":70,"
                          "\"malformed_by_reason\":{\"short\":1}}",
                          before_services, busy_stats, busy_services);
    (void) state;
    make (&self, &view);
    for (size_t n = 0; n < COUNT_OF (expected); n++)
        assert_string_equal (line (&self, n), expected[n]);
    assert_int_equal (self.page.count, COUNT_OF (expected));
    end_scene (&self);
}

static void
what_is_not_known_is_not_made_up (void **state)
{
    top_view_t view = {.width = 80, .broker = "x"};
    scene_t self = scene (NULL, NULL, busy_stats, busy_services);
    (void) state;
    make (&self, &view);
    assert_string_equal (line (&self, 2), "requests   known with the next answer");
    assert_string_equal (line (&self, 3), "latency    p50 -, p90 -, p99 -; of it in the queue -, -, -");
    assert_string_equal (line (&self, 8), "echo                         2     1     6  1.2s     -      -     -     -      -");
    end_scene (&self);
}

static void
one_of_a_pair_says_so (void **state)
{
    top_view_t view = {.width = 100, .broker = "x"};
    scene_t self = scene (NULL, NULL,
                          "{\"pair\":{\"role\":\"primary\",\"state\":\"passive\",\"epoch\":7,\"peer\":\"active\"}}", "{}");
    (void) state;
    make (&self, &view);
    assert_string_equal (line (&self, 0), "broker     keel 9.8.7, not serving, up 0.0s, primary, passive, epoch 7, peer active; x");
    end_scene (&self);
}

/*  At every size there are as many lines as the screen has, none of them wider, and nothing that a terminal would obey. */
static void
a_screen_is_never_exceeded (void **state)
{
    char *services = services_like (300, EVIL "a-very-long-name-that-does-not-fit-into-the-column-of-its-own-by-far-",
                                    ",\"draining\":true,\"answered\":9223372036854775807,\"oldest_ms\":9223372036854775807,"
                                    "\"workers\":9223372036854775807,\"held\":9223372036854775807,\"answered_us\":{\"134217728\":9}");
    scene_t self = scene ("{}", "{}",
                          "{\"uptime_ms\":9223372036854775807,\"bytes\":9223372036854775807,\"workers\":9223372036854775807,"
                          "\"services\":9223372036854775807,\"failed_404\":9223372036854775807,\"malformed_by_reason\":{\"" EVIL
                          "\":5},\"pair\":{\"role\":\"" EVIL "\",\"state\":\"" EVIL "\",\"trouble\":\"" EVIL "\"}}",
                          services);
    (void) state;
    for (size_t width = 1; width <= 130; width++)
        for (size_t height = 1; height <= 30; height++) {
            top_view_t view = {.width = width, .height = height, .offset = 17, .broker = "ipc://\033[2J"};
            assert_true (top_page_make (&self.page, self.figures, &view));
            assert_int_equal (self.page.count, height);
            for (size_t n = 0; n < height; n++) {
                assert_true (strlen (line (&self, n)) <= width);
                for (const char *c = line (&self, n); *c; c++)
                    assert_in_range (*c, ' ', '~');
            }
        }
    end_scene (&self);
    free (services);
}

static void
a_screen_of_80_by_24_scrolls (void **state)
{
    char *services = services_like (40, "s", "");
    scene_t self = scene (NULL, NULL, "{\"services\":40}", services);
    top_view_t view = {.width = 80, .height = 24, .order = TOP_BY_NAME, .broker = "x"};
    (void) state;
    make (&self, &view);
    assert_int_equal (self.page.rows, 15);
    assert_memory_equal (line (&self, 8), "s000 ", 5);
    assert_memory_equal (line (&self, 22), "s014 ", 5);
    assert_string_equal (line (&self, 23), "q quit  r rate w queue a age n [name]  space pause  arrows scroll     1-15 of 40");
    view.offset = 1000;
    make (&self, &view);
    assert_int_equal (view.offset, 25);
    assert_memory_equal (line (&self, 22), "s039 ", 5);
    assert_non_null (strstr (line (&self, 23), " 26-40 of 40"));
    view.height = 100;
    make (&self, &view);
    assert_int_equal (view.offset, 0);
    assert_int_equal (self.page.count, 100);
    end_scene (&self);
    free (services);
}

static void
silence_is_said (void **state)
{
    top_view_t view = {.width = 80, .height = 24, .silent_ms = 3400, .broker = "tcp://here:1"};
    top_page_t page = {0};
    (void) state;
    assert_true (top_page_make (&page, NULL, &view));
    assert_string_equal (page.lines[0].text, "broker     no answer since 3 s, asking again: tcp://here:1");
    assert_int_equal (page.lines[0].style, TOP_ALARM);
    assert_int_equal (page.count, 24);
    view.silent_ms = 10;
    assert_true (top_page_make (&page, NULL, &view));
    assert_string_equal (page.lines[0].text, "broker     asking tcp://here:1");
    top_page_close (&page);
    scene_t self = scene (NULL, NULL, busy_stats, busy_services);
    view.silent_ms = 61000;
    make (&self, &view);
    assert_string_equal (line (&self, 0), "broker     no answer since 61 s, asking again: tcp://here:1");
    assert_memory_equal (line (&self, 8), "echo", 4); /* as it was last */
    end_scene (&self);
}

/*  What happens now stands first, then what happened most; what has no room is left out. */
static void
drops_take_two_lines (void **state)
{
    scene_t self = scene ("{\"uptime_ms\":5000,\"refused_queue\":90000,\"failed_404\":1,\"failed_503\":5}", "{}",
                          "{\"uptime_ms\":6000,\"refused_queue\":90000,\"failed_404\":2,\"failed_503\":9,\"workers_full\":0,"
                          "\"answers_dropped\":3000000}",
                          "{}");
    top_view_t view = {.width = 50, .height = 24, .broker = "x"};
    (void) state;
    make (&self, &view);
    assert_string_equal (line (&self, 4), "dropped    answers_dropped 3000k (3000k/s)");
    assert_string_equal (line (&self, 5), "           failed_503 9 (4.0/s)");
    assert_int_equal (self.page.lines[4].style, TOP_ALARM);
    view.width = 80;
    make (&self, &view);
    assert_string_equal (line (&self, 5), "           failed_404 2 (1.0/s), refused_queue 90000");
    end_scene (&self);
}

static void
a_service_that_drains_or_has_no_worker_stands_out (void **state)
{
    scene_t self = scene (NULL, NULL, "{}",
                          "{\"services\":[{\"service\":\"a\",\"waiting\":1},{\"service\":\"b\",\"workers\":1,\"draining\":true},"
                          "{\"service\":\"a-name-that-is-too-long-for-it\",\"draining\":true}]}");
    top_view_t view = {.width = 80, .order = TOP_BY_NAME, .broker = "x"};
    (void) state;
    make (&self, &view);
    assert_int_equal (self.page.lines[8].style, TOP_ALARM);
    assert_memory_equal (line (&self, 9), "a-name-that-~ (drains) ", 23);
    assert_int_equal (self.page.lines[9].style, TOP_PLAIN);
    assert_memory_equal (line (&self, 10), "b (drains) ", 11);
    end_scene (&self);
}

static void
json_for_scripts (void **state)
{
    scene_t self = scene (before_stats, before_services, busy_stats, busy_services);
    json_t *json = top_json (self.figures);
    (void) state;
    json_t *echo = json_array_get (json_object_get (json, "services"), 0);
    assert_true (json_real_value (json_object_get (echo, "answered_rate")) == 200);
    assert_int_equal (json_integer_value (json_object_get (json_object_get (echo, "answered_us"), "p50")), 128);
    assert_int_equal (json_integer_value (json_object_get (json, "interval_ms")), 1000);
    json_t *drop = json_object_get (json_object_get (json, "dropped"), "failed_504");
    assert_int_equal (json_integer_value (json_object_get (drop, "total")), 5);
    assert_null (json_object_get (json_object_get (json, "dropped"), "failed_404"));
    json_decref (json);
    end_scene (&self);
    self = scene (NULL, NULL, busy_stats, busy_services);
    json = top_json (self.figures);
    assert_true (json_is_null (json_object_get (json, "interval_ms")) && json_is_null (json_object_get (json, "in_rate")));
    json_decref (json);
    end_scene (&self);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (figures_take_few_characters),
        cmocka_unit_test (rates_are_differences_over_the_brokers_time),
        cmocka_unit_test (nothing_is_negative_after_a_restart),
        cmocka_unit_test (another_broker_is_no_continuation),
        cmocka_unit_test (a_service_that_began_anew_is_not_negative),
        cmocka_unit_test (percentiles_lie_within_their_bucket),
        cmocka_unit_test (services_stand_in_the_order_wanted),
        cmocka_unit_test (what_is_no_figure_is_none),
        cmocka_unit_test (a_page_of_text),
        cmocka_unit_test (what_is_not_known_is_not_made_up),
        cmocka_unit_test (one_of_a_pair_says_so),
        cmocka_unit_test (a_screen_is_never_exceeded),
        cmocka_unit_test (a_screen_of_80_by_24_scrolls),
        cmocka_unit_test (silence_is_said),
        cmocka_unit_test (drops_take_two_lines),
        cmocka_unit_test (a_service_that_drains_or_has_no_worker_stands_out),
        cmocka_unit_test (json_for_scripts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
