/*  The state file: what is stored is loaded, and what is not whole is refused. */
#include "unit.h"

#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96], fresh[104], lock[104];

static int
setup (void **state)
{
    (void) state;
    strcpy (folder, "/tmp/keel.XXXXXX");
    assert_non_null (mkdtemp (folder));
    snprintf (path, sizeof (path), "%s/epoch", folder);
    snprintf (fresh, sizeof (fresh), "%s.new", path);
    snprintf (lock, sizeof (lock), "%s.lock", path);
    return 0;
}

static int
teardown (void **state)
{
    (void) state;
    unlink (path);
    unlink (lock);
    rmdir (path);
    rmdir (fresh);
    return rmdir (folder);
}

static size_t
read_all (char text[256])
{
    int fd = open (path, O_RDONLY);
    ssize_t size = read (fd, text, 256);
    close (fd);
    assert_true (size > 0);
    return (size_t) size;
}

static void
write_all (const char *text, size_t size)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_int_equal (write (fd, text, size), size);
    close (fd);
}

static void
it_belongs_to_one (void **state)
{
    (void) state;
    int one = state_file_lock (path);
    assert_true (one >= 0);
    assert_int_equal (state_file_lock (path), -1);
    assert_int_equal (errno, EWOULDBLOCK);
    close (one);
    int other = state_file_lock (path);
    assert_true (other >= 0);
    close (other);
    assert_int_equal (state_file_lock ("/no/such/folder/epoch"), -1);
    assert_int_equal (errno, ENOENT);
}

static void
none_is_a_fresh_start (void **state)
{
    char problem[STATE_FILE_PROBLEM];
    uint64_t epoch = 7;
    (void) state;
    assert_int_equal (state_file_load (path, &epoch, problem), 0);
    assert_int_equal (epoch, 0);
}

static void
what_is_stored_is_loaded (void **state)
{
    static const uint64_t epochs[] = {0, 1, 7, 1000002, INT64_MAX};
    char problem[STATE_FILE_PROBLEM];
    (void) state;
    for (size_t n = 0; n < COUNT_OF (epochs); n++) {
        uint64_t epoch = 99;
        assert_int_equal (state_file_store (path, epochs[n]), 0);
        assert_int_equal (state_file_load (path, &epoch, problem), 0);
        assert_int_equal (epoch, epochs[n]);
        assert_int_equal (access (fresh, F_OK), -1);
    }
}

/*  Each byte of it changed, each beginning of it, and something behind it. */
static void
any_damage_is_seen (void **state)
{
    char problem[STATE_FILE_PROBLEM], text[256];
    uint64_t epoch;
    (void) state;
    assert_int_equal (state_file_store (path, 1234), 0);
    size_t size = read_all (text);
    for (size_t n = 0; n < size; n++) {
        text[n] ^= 1;
        write_all (text, size);
        text[n] ^= 1;
        assert_int_equal (state_file_load (path, &epoch, problem), -1);
        assert_non_null (strstr (problem, "is damaged; to reset it"));
        assert_non_null (strstr (problem, path));
    }
    for (size_t n = 0; n < size; n++) {
        write_all (text, n);
        assert_int_equal (state_file_load (path, &epoch, problem), -1);
    }
    text[size] = '\n';
    write_all (text, size + 1);
    assert_int_equal (state_file_load (path, &epoch, problem), -1);
}

/*  What cannot be written leaves the old one as it was. */
static void
a_failure_changes_nothing (void **state)
{
    char problem[STATE_FILE_PROBLEM];
    uint64_t epoch = 0;
    (void) state;
    assert_int_equal (state_file_store (path, 5), 0);
    assert_int_equal (mkdir (fresh, 0755), 0);
    assert_int_equal (state_file_store (path, 6), -1);
    assert_int_equal (state_file_load (path, &epoch, problem), 0);
    assert_int_equal (epoch, 5);
    assert_int_equal (state_file_store ("/no/such/folder/epoch", 6), -1);
    assert_int_equal (errno, ENOENT);
}

static void
a_folder_is_no_file (void **state)
{
    char problem[STATE_FILE_PROBLEM];
    uint64_t epoch;
    (void) state;
    assert_int_equal (mkdir (path, 0755), 0);
    assert_int_equal (state_file_load (path, &epoch, problem), -1);
    assert_non_null (strstr (problem, "Is a directory"));
    assert_int_equal (state_file_store (path, 6), -1);
}

#define T(test) cmocka_unit_test_setup_teardown (test, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (it_belongs_to_one), T (none_is_a_fresh_start), T (what_is_stored_is_loaded), T (any_damage_is_seen), T (a_failure_changes_nothing),
        T (a_folder_is_no_file),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
