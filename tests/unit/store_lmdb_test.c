/*  What only a store in a directory does: whose directory it is, copies, backups, files that stay small. */
#include "store_kv.h"
#include "store_story.h"
#include "temporary.h"

#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST (64 << 20)
/*  By so much the file is longer than its data, at most. */
#define AHEAD (6 << 20)

static int
open_story (void **state)
{
    static story_t story;
    story = (story_t){.folder = temporary_folder ()};
    story_open (&story, MOST);
    *state = &story;
    return 0;
}

static int
close_story_now (void **state)
{
    story_t *story = *state;
    story_close (story);
    temporary_remove (story->folder);
    return 0;
}

static void
path_in (char path[512], const char *folder, const char *name)
{
    assert_in_range (snprintf (path, 512, "%s/%s", folder, name), 1, 511);
}

static void
write_file (const char *folder, const char *name, const char *text)
{
    char path[512];
    path_in (path, folder, name);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

/*  Opening that folder fails, and says these words. */
static void
assert_refused (const char *folder, const char *words)
{
    char problem[STORE_PROBLEM];
    const store_config_t config = {.path = folder, .most = MOST, .services = 10};
    store_t *store = store_open (&config, problem);
    assert_null (store);
    if (!strstr (problem, words) || !strstr (problem, folder))
        fail_msg ("'%s' does not say '%s'", problem, words);
}

/*  Requests of one commit. */
static void
put_many (story_t *story, uint32_t first, uint32_t count, span_t body)
{
    titanic_op_t *ops = calloc (count, sizeof (titanic_op_t));
    for (uint32_t n = 0; n < count; n++)
        ops[n] = (titanic_op_t){.kind = TITANIC_PUT, .uuid = story_uuid (first + n), .service = SPAN_OF ("echo"), .frames = &body,
                                .frame_count = 1, .at = story->now, .next = n + 1 < count ? &ops[n + 1] : NULL};
    assert_int_equal (store_commit (story->store, ops), 0);
    store_refresh (story->store);
    free (ops);
}

static uint64_t
used_by (story_t *story)
{
    const titanic_fetch_t fetch = {.kind = TITANIC_FETCH_TOTALS};
    titanic_fetched_t fetched;
    store_fetch (story->store, &fetch, &fetched);
    store_refresh (story->store);
    return fetched.bytes_used;
}

static void
a_directory_has_one_titanic (void **state)
{
    story_t *story = *state;
    assert_refused (story->folder, "another titanic");
}

static void
a_newer_format_is_refused (void **state)
{
    story_t *story = *state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi root;
    uint8_t bytes[8] = {0, 0, 0, 0, 0, 0, 0, STORE_FORMAT + 1};
    MDB_val key = {7, (void *) (uintptr_t) "\0format"}, value = {8, bytes};
    story_close (story);
    assert_int_equal (mdb_env_create (&env), 0);
    mdb_env_set_maxdbs (env, 8);
    assert_int_equal (mdb_env_open (env, story->folder, 0, 0600), 0);
    assert_int_equal (mdb_txn_begin (env, NULL, 0, &txn), 0);
    assert_int_equal (mdb_dbi_open (txn, NULL, 0, &root), 0);
    assert_int_equal (mdb_put (txn, root, &key, &value, 0), 0);
    assert_int_equal (mdb_txn_commit (txn), 0);
    mdb_env_close (env);
    assert_refused (story->folder, "newer titanic");
}

static void
what_is_not_ours_is_refused (void **state)
{
    story_t *story = *state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi theirs;
    story_close (story);
    const char *was = story->folder;
    char kept[TEMPORARY_NAME];
    snprintf (kept, sizeof (kept), "%s", was);
    temporary_remove (kept);
    const char *folder = temporary_folder ();
    write_file (folder, "letters.txt", "dear");
    assert_refused (folder, "not empty");
    char path[512];
    path_in (path, folder, "letters.txt");
    unlink (path);
    write_file (folder, "data.mdb", "this is no database, though it is longer than a few bytes");
    assert_refused (folder, "data.mdb");
    temporary_remove (folder);
    folder = temporary_folder ();
    assert_int_equal (mdb_env_create (&env), 0);
    mdb_env_set_maxdbs (env, 8);
    assert_int_equal (mdb_env_open (env, folder, 0, 0600), 0);
    assert_int_equal (mdb_txn_begin (env, NULL, 0, &txn), 0);
    assert_int_equal (mdb_dbi_open (txn, "theirs", MDB_CREATE, &theirs), 0);
    assert_int_equal (mdb_txn_commit (txn), 0);
    mdb_env_close (env);
    assert_refused (folder, "not made by titanic");
    assert_refused ("/proc/keel-no-such", "create the directory");
    path_in (path, folder, "data.mdb");
    assert_refused (path, "name a directory");
    story->folder = folder;
}

/* ------------------------------------------------------------------ copies */

static void
copy_file (const char *from, const char *to)
{
    char buffer[65536];
    int in = open (from, O_RDONLY), out = open (to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true (in >= 0 && out >= 0);
    for (ssize_t size; (size = read (in, buffer, sizeof (buffer))) > 0;)
        assert_int_equal (write (out, buffer, (size_t) size), size);
    close (in);
    close (out);
}

/*  A page that is not there would end whoever looks at it: so it is refused before. */
static void
a_file_that_was_cut_short_is_refused (void **state)
{
    story_t *story = *state;
    char path[512];
    path_in (path, story->folder, "data.mdb");
    put_many (story, 1, 5000, SPAN_OF ("a body"));
    const off_t used = (off_t) used_by (story);
    story_close (story);
    const struct {
        off_t bytes;
        const char *words;
    } cuts[] = {{used / 2, "cut short"}, {3 * 4096, "cut short"}, {4096, "damaged"}, {100, "damaged"}, {1, "damaged"}, {0, "empty"}};
    for (size_t n = 0; n < COUNT_OF (cuts); n++) {
        assert_int_equal (truncate (path, cuts[n].bytes), 0);
        assert_refused (story->folder, cuts[n].words);
        assert_refused (story->folder, "restore a backup");
    }
}

static void
each_commit_leaves_a_file_that_opens (void **state)
{
    story_t *story = *state;
    char from[512], to[512], before[128], folder[512];
    path_in (from, story->folder, "data.mdb");
    snprintf (folder, sizeof (folder), "%s.copy", story->folder);
    for (uint32_t n = 1; n <= 60; n++) {
        story_put (story, n, n % 3 ? "echo" : "other", "x");
        if (n % 4 == 0)
            story_reply (story, n / 2, "r");
        if (n % 5 == 0)
            story_close_request (story, n / 5);
        snprintf (before, sizeof (before), "%s", story_counts (story));
        mkdir (folder, 0700);
        path_in (to, folder, "data.mdb");
        copy_file (from, to);
        story_t copy = {.folder = folder};
        story_open (&copy, MOST);
        assert_string_equal (story_counts (&copy), before);
        assert_int_equal (story_put (&copy, 1000, "echo", "x").result, TITANIC_STORED);
        story_close (&copy);
        temporary_remove (folder);
    }
}

/*  As a power cut leaves it while one commit is half written: LMDB's pages are in the file, its meta page is not. */
static void
a_copy_made_at_any_moment_of_a_commit_opens (void **state)
{
    story_t *story = *state;
    char from[512], to[512], folder[512], before[128], after[128];
    path_in (from, story->folder, "data.mdb");
    snprintf (folder, sizeof (folder), "%s.copy", story->folder);
    path_in (to, folder, "data.mdb");
    for (uint32_t n = 1; n <= 40; n++) {
        story_put (story, n, "echo", "x");
        snprintf (before, sizeof (before), "%s", story_counts (story));
        mkdir (folder, 0700);
        copy_file (from, to);
        story_put (story, 100 + n, "echo", "y");
        snprintf (after, sizeof (after), "%s", story_counts (story));
        /*  The new data pages with the old meta pages. */
        uint8_t meta[8192];
        int old = open (to, O_RDONLY), torn;
        assert_int_equal (pread (old, meta, sizeof (meta), 0), sizeof (meta));
        close (old);
        copy_file (from, to);
        torn = open (to, O_WRONLY);
        assert_int_equal (pwrite (torn, meta, sizeof (meta), 0), sizeof (meta));
        close (torn);
        story_t copy = {.folder = folder};
        story_open (&copy, MOST);
        assert_string_equal (story_counts (&copy), before);
        assert_string_not_equal (before, after);
        story_close (&copy);
        temporary_remove (folder);
    }
}

typedef struct {
    story_t *story;
    const char *path;
    int rc;
    atomic_bool done;
} backup_t;

static void *
run_backup (void *argument)
{
    backup_t *self = argument;
    self->rc = store_backup (self->story->store, self->path);
    atomic_store (&self->done, true);
    return NULL;
}

static void
a_backup_is_made_while_others_write (void **state)
{
    story_t *story = *state;
    char folder[512];
    pthread_t thread;
    snprintf (folder, sizeof (folder), "%s.backup", story->folder);
    for (uint32_t n = 1; n <= 200; n++)
        story_submit (story, n, "echo", "x");
    backup_t backup = {.story = story, .path = folder};
    assert_int_equal (pthread_create (&thread, NULL, run_backup, &backup), 0);
    uint32_t more = 0;
    do
        story_put (story, 1000 + more++, "echo", "y");
    while (!atomic_load (&backup.done));
    pthread_join (thread, NULL);
    assert_int_equal (backup.rc, 0);
    assert_int_equal (store_backup (story->store, folder), -1);
    story_t copy = {.folder = folder};
    story_open (&copy, MOST);
    assert_string_equal (story_state (&copy, 200), "pending x");
    assert_int_equal (story_submit (&copy, 5, "echo", "again").result, TITANIC_KNOWN);
    assert_int_equal (story_put (&copy, 5000, "new", "z").result, TITANIC_STORED);
    story_close (&copy);
    temporary_remove (folder);
}

/* ------------------------------------------------------------------ trouble */

static titanic_fetched_t
fetch (story_t *story, uint32_t number)
{
    titanic_fetched_t fetched;
    const titanic_fetch_t question = {.kind = TITANIC_FETCH_REQUEST, .uuid = story_uuid (number)};
    store_refresh (story->store);
    store_fetch (story->store, &question, &fetched);
    store_refresh (story->store);
    return fetched;
}

/*  The disk fails, and while it does the store cannot be opened anew: everything is refused, and when the disk is back
 *  nothing is missing. */
static void
a_lost_disk_that_comes_back_has_everything (void **state)
{
    story_t *story = *state;
    char away[512];
    path_in (away, story->folder, "");
    away[strlen (away) - 1] = '~';
    assert_int_equal (story_put (story, 1, "echo", "x").result, TITANIC_STORED);
    assert_int_equal (rename (story->folder, away), 0);
    store_seam = (store_seam_t){.fail_at = 1, .fail_all = true, .error = KV_BROKEN};
    assert_int_equal (story_put (story, 2, "echo", "y").result, TITANIC_BROKEN);
    store_seam = (store_seam_t){0};
    assert_int_equal (story_put (story, 3, "echo", "z").result, TITANIC_BROKEN);
    assert_true (fetch (story, 1).failed);
    assert_int_equal (store_resize (story->store, MOST / 2), 0);
    assert_int_equal (store_backup (story->store, "/tmp/keel-none"), -1);
    assert_int_equal (rename (away, story->folder), 0);
    assert_int_equal (story_put (story, 4, "echo", "w").result, TITANIC_STORED);
    assert_string_equal (story_state (story, 1), "pending x");
    assert_false (fetch (story, 3).failed);
    assert_string_equal (story_pending (story, "echo"), "1 4");
}

/* ------------------------------------------------------------------ space */

static off_t
size_of (story_t *story)
{
    char path[512];
    struct stat status;
    path_in (path, story->folder, "data.mdb");
    assert_int_equal (stat (path, &status), 0);
    return status.st_size;
}

static void
close_many (story_t *story, uint32_t first, uint32_t count)
{
    titanic_op_t *ops = calloc (count, sizeof (titanic_op_t));
    for (uint32_t n = 0; n < count; n++)
        ops[n] = (titanic_op_t){.kind = TITANIC_CLOSE, .uuid = story_uuid (first + n), .at = story->now,
                                .next = n + 1 < count ? &ops[n + 1] : NULL};
    assert_int_equal (store_commit (story->store, ops), 0);
    store_refresh (story->store);
    free (ops);
}

/*  The file is a little longer than what is used of it. */
static void
a_request_takes_at_most_twice_its_bytes_and_200 (void **state)
{
    story_t *story = *state;
    static const size_t sizes[] = {1, 64, 300, 1000, 1990, 2000, 4000};
    uint8_t bytes[4000] = {1};
    uint32_t first = 1;
    uint64_t most = AHEAD;
    for (size_t n = 0; n < COUNT_OF (sizes); n++) {
        uint64_t before = used_by (story);
        for (uint32_t done = 0; done < 2000; done += 100, first += 100)
            put_many (story, first, 100, span_make (bytes, sizes[n]));
        assert_in_range ((used_by (story) - before) / 2000, 0, 2 * sizes[n] + 200);
        most += (2 * sizes[n] + 200) * 2000;
    }
    assert_in_range (size_of (story), 0, most);
}

static void
large_bodies_leave_a_file_that_opens (void **state)
{
    story_t *story = *state;
    uint8_t *bytes = calloc (1, 10 << 20);
    for (uint32_t n = 1; n <= 3; n++) {
        put_many (story, n, 1, span_make (bytes, 10 << 20));
        close_many (story, n, 1);
        story_close (story);
        story_open (story, MOST);
    }
    free (bytes);
}

static void
cycles_do_not_make_it_grow (void **state)
{
    story_t *story = *state;
    const span_t body = SPAN_OF ("0123456789012345678901234567890123456789012345678901234567890123");
    off_t after_some = 0;
    for (uint32_t cycle = 0; cycle < 1000; cycle++) {
        put_many (story, 1 + cycle * 100, 100, body);
        close_many (story, 1 + cycle * 100, 100);
        if (cycle == 100)
            after_some = size_of (story);
    }
    assert_true (size_of (story) <= after_some + 65536);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, open_story, close_story_now)
    const struct CMUnitTest tests[] = {
        TEST (a_directory_has_one_titanic),
        TEST (a_newer_format_is_refused),
        TEST (what_is_not_ours_is_refused),
        TEST (a_file_that_was_cut_short_is_refused),
        TEST (each_commit_leaves_a_file_that_opens),
        TEST (a_copy_made_at_any_moment_of_a_commit_opens),
        TEST (a_backup_is_made_while_others_write),
        TEST (a_lost_disk_that_comes_back_has_everything),
        TEST (a_request_takes_at_most_twice_its_bytes_and_200),
        TEST (large_bodies_leave_a_file_that_opens),
        TEST (cycles_do_not_make_it_grow),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
