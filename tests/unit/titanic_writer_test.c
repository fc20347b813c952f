/*  Titanic's writer: which ops go into one commit, and who makes it. The store is in memory. */
#include "titanic_writer.h"

#include "clock.h"
#include "store_kv.h"
#include "unit.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MANY        2000
#define DEADLINE_MS 20000

typedef struct {
    store_t *store;
    writer_t *writer;
    int wake;
    uint32_t number; /* of the last op */
    titanic_op_t ops[4 * MANY];
} bench_t;

static int
open_bench (void **state)
{
    char problem[STORE_PROBLEM];
    bench_t *bench = calloc (1, sizeof (bench_t));
    bench->store = store_open (&(store_config_t){.most = 64 << 20, .services = 10}, problem);
    bench->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    bench->writer = writer_new (bench->store, bench->wake);
    assert_non_null (bench->writer);
    *state = bench;
    return 0;
}

static int
close_bench (void **state)
{
    bench_t *bench = *state;
    store_seam = (store_seam_t){0};
    writer_destroy (&bench->writer);
    store_close (&bench->store);
    close (bench->wake);
    free (bench);
    return 0;
}

static void
add (bench_t *bench, uint32_t count)
{
    static const span_t body = {(const uint8_t *) "body", 4, NULL};
    for (; count > 0; count--) {
        titanic_op_t *op = &bench->ops[bench->number++];
        *op = (titanic_op_t){.kind = TITANIC_PUT, .service = SPAN_OF ("echo"), .frames = &body, .frame_count = 1, .at = 1};
        memcpy (op->uuid.bytes, &bench->number, sizeof (bench->number));
        writer_add (bench->writer, op);
    }
}

/*  The ops of the next commit, which are the next that were added; how many. */
static uint32_t
take (bench_t *bench, uint32_t first, bool *failed, bool *woken)
{
    uint32_t count = 0;
    for (int64_t end = clock_now_ms () + DEADLINE_MS; !writer_has_done (bench->writer);) {
        poll (&(struct pollfd){.fd = bench->wake, .events = POLLIN}, 1, 10);
        assert_true (clock_now_ms () < end);
    }
    const titanic_op_t *op = writer_take (bench->writer, failed, woken);
    for (; op; op = op->next)
        assert_ptr_equal (op, &bench->ops[first + count++]);
    return count;
}

static uint32_t
take_stored (bench_t *bench, uint32_t first)
{
    bool failed = true, woken;
    uint32_t count = take (bench, first, &failed, &woken);
    assert_false (failed);
    return count;
}

/*  Flushes until nothing waits any more. */
static void
flush_out (bench_t *bench)
{
    int64_t until;
    while ((until = writer_flush (bench->writer)) != 0)
        assert_true (until < clock_now_us () + DEADLINE_MS * 1000);
}

static void
what_was_gathered_is_one_commit (void **state)
{
    bench_t *bench = *state;
    assert_int_equal (writer_flush (bench->writer), 0);
    add (bench, 3);
    assert_int_equal (writer_flush (bench->writer), 0);
    assert_int_equal (take_stored (bench, 0), 3);
    assert_false (writer_has_done (bench->writer));
}

static void
a_smaller_batch_waits_for_company (void **state)
{
    bench_t *bench = *state;
    add (bench, MANY);
    assert_int_equal (writer_flush (bench->writer), 0);
    assert_int_equal (take_stored (bench, 0), MANY);
    add (bench, 1);
    const int64_t before = clock_now_us (), until = writer_flush (bench->writer);
    assert_in_range (until, before, clock_now_us () + 1000);
    assert_false (writer_has_done (bench->writer));
    add (bench, MANY - 1);
    assert_int_equal (writer_flush (bench->writer), 0);
    assert_int_equal (take_stored (bench, MANY), MANY);
}

static void
it_does_not_wait_for_long (void **state)
{
    bench_t *bench = *state;
    add (bench, MANY);
    assert_int_equal (writer_flush (bench->writer), 0);
    assert_int_equal (take_stored (bench, 0), MANY);
    add (bench, 1);
    const int64_t until = writer_flush (bench->writer);
    assert_true (until > 0);
    flush_out (bench);
    assert_true (clock_now_us () >= until);
    assert_int_equal (take_stored (bench, MANY), 1);
    add (bench, 1); /* as many as last time */
    assert_int_equal (writer_flush (bench->writer), 0);
    assert_int_equal (take_stored (bench, MANY + 1), 1);
}

static void
the_loop_commits_a_few_by_itself (void **state)
{
    bench_t *bench = *state;
    bool failed = true, woken = true;
    for (int64_t end = clock_now_ms () + DEADLINE_MS; woken && clock_now_ms () < end;) {
        const uint32_t first = bench->number;
        assert_true (first < COUNT_OF (bench->ops));
        add (bench, 1);
        assert_int_equal (writer_flush (bench->writer), 0);
        assert_int_equal (take (bench, first, &failed, &woken), 1);
    }
    assert_false (woken);
    assert_false (failed);
}

static void
a_commit_that_fails_says_so (void **state)
{
    bench_t *bench = *state;
    bool failed = false, woken;
    store_seam = (store_seam_t){.fail_at = 1, .fail_all = true, .error = KV_BROKEN};
    add (bench, 2);
    assert_int_equal (writer_flush (bench->writer), 0);
    assert_int_equal (take (bench, 0, &failed, &woken), 2);
    assert_true (failed);
    assert_int_equal (bench->ops[1].result, TITANIC_BROKEN);
}

static void
a_pause_ends_what_goes_on_and_begins_nothing (void **state)
{
    bench_t *bench = *state;
    add (bench, MANY);
    assert_int_equal (writer_flush (bench->writer), 0);
    writer_pause (bench->writer);
    assert_int_equal (store_resize (bench->store, 128 << 20), 0);
    writer_resume (bench->writer);
    assert_int_equal (take_stored (bench, 0), MANY);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        TEST (what_was_gathered_is_one_commit),     TEST (a_smaller_batch_waits_for_company),
        TEST (it_does_not_wait_for_long),           TEST (the_loop_commits_a_few_by_itself),
        TEST (a_commit_that_fails_says_so),         TEST (a_pause_ends_what_goes_on_and_begins_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
