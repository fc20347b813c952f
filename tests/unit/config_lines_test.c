#include "unit.h"

#include "config_lines.h"
#include "random.h"

#include <czmq.h>

/*  What ZPL is made of, in the wrong order. */
static const char *const pieces[] = {
    "\n", "\n", "\n", "    ", "    ", "name", "a/b", "/", " = ", "=", "value", "\"", "'", "#", " ", "\t", "\r", "1",
};

static size_t
items_of (zconfig_t *parent)
{
    size_t count = 0;
    for (zconfig_t *item = zconfig_child (parent); item; item = zconfig_next (item))
        count += 1 + items_of (item);
    return count;
}

/*  The name that zconfig has for an item stands on the line that we have for it. */
static void
check_names (zconfig_t *parent, const char *const lines[], const config_lines_t *scanned, size_t *item)
{
    for (zconfig_t *child = zconfig_child (parent); child; child = zconfig_next (child)) {
        const char *line = lines[scanned->numbers[(*item)++] - 1];
        line += strspn (line, " ");
        assert_memory_equal (line, zconfig_name (child), strlen (zconfig_name (child)));
        check_names (child, lines, scanned, item);
    }
}

static size_t
make_text (char *text, const char *lines[], random_t *random)
{
    size_t size = 0, line = 0;
    lines[line++] = text;
    for (uint64_t count = random_below (random, 24); count; count--) {
        const char *piece = pieces[random_below (random, COUNT_OF (pieces))];
        strcpy (text + size, piece);
        size += strlen (piece);
        if (*piece == '\n')
            lines[line++] = text + size;
    }
    text[size] = 0;
    return size;
}

/*  zconfig takes whatever passed here, and finds the same items. It is silent on stdout then, as it must be. */
static void
zconfig_agrees (void **state)
{
    (void) state;
    random_t random = {20240229};
    int passed = 0;
    for (int n = 0; n < 50000; n++) {
        char text[512];
        const char *lines[64];
        size_t size = make_text (text, lines, &random);
        config_lines_t scanned;
        if (config_lines_scan (&scanned, text, size) == 0) {
            zconfig_t *root = zconfig_str_load (text);
            assert_non_null (root);
            assert_int_equal (items_of (root), scanned.count);
            size_t item = 0;
            check_names (root, lines, &scanned, &item);
            zconfig_destroy (&root);
            passed++;
        }
        config_lines_close (&scanned);
    }
    assert_true (passed > 1000);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (zconfig_agrees),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
