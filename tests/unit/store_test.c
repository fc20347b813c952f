/*  What a store does, of either kind: every test runs on both. */
#include "store_story.h"
#include "store_kv.h"
#include "temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST (64 << 20)

static int
open_mem (void **state)
{
    static story_t story;
    story = (story_t){0};
    story_open (&story, MOST);
    *state = &story;
    return 0;
}

static int
open_lmdb (void **state)
{
    static story_t story;
    story = (story_t){.folder = temporary_folder ()};
    story_open (&story, MOST);
    *state = &story;
    return 0;
}

static int
close_story (void **state)
{
    story_t *story = *state;
    store_seam = (store_seam_t){0};
    story_close (story);
    if (story->folder)
        temporary_remove (story->folder);
    return 0;
}

static void
a_request_is_pending_until_its_reply_is_stored (void **state)
{
    story_t *story = *state;
    assert_int_equal (story_put (story, 1, "echo", "one").result, TITANIC_STORED);
    assert_string_equal (story_state (story, 1), "pending one");
    assert_string_equal (story_pending (story, "echo"), "1");
    assert_int_equal (story_reply (story, 1, "reply").result, TITANIC_STORED);
    assert_string_equal (story_state (story, 1), "done reply");
    assert_string_equal (story_pending (story, "echo"), "");
    assert_string_equal (story_counts (story), "pending 0 done 1 dead 0");
}

static void
the_first_body_and_the_first_reply_stand (void **state)
{
    story_t *story = *state;
    story_submit (story, 1, "echo", "first");
    assert_int_equal (story_submit (story, 1, "other", "second").result, TITANIC_KNOWN);
    assert_string_equal (story_state (story, 1), "pending first");
    story_reply (story, 1, "one");
    assert_int_equal (story_reply (story, 1, "two").result, TITANIC_KNOWN);
    assert_string_equal (story_state (story, 1), "done one");
    assert_int_equal (story_submit (story, 1, "echo", "third").result, TITANIC_KNOWN);
    assert_string_equal (story_counts (story), "pending 0 done 1 dead 0");
}

static void
pending_ones_come_in_the_order_in_which_they_were_stored (void **state)
{
    story_t *story = *state;
    static const uint32_t numbers[] = {5, 2, 9, 1, 7};
    for (size_t n = 0; n < COUNT_OF (numbers); n++) {
        story_submit (story, numbers[n], "echo", "x");
        story_submit (story, 100 + numbers[n], "other", "x");
    }
    assert_string_equal (story_pending (story, "echo"), "5 2 9 1 7");
    story_reply (story, 9, "r");
    story_close_request (story, 5);
    assert_string_equal (story_pending (story, "echo"), "2 1 7");
    assert_string_equal (story_pending (story, "other"), "105 102 109 101 107");
    assert_string_equal (story_pending (story, "none"), "");
}

static void
close_leaves_nothing (void **state)
{
    story_t *story = *state;
    story_put (story, 1, "echo", "x");
    story_put (story, 2, "echo", "x");
    story_reply (story, 2, "r");
    assert_int_equal (story_close_request (story, 1).result, TITANIC_STORED);
    assert_int_equal (story_close_request (story, 2).result, TITANIC_STORED);
    assert_int_equal (story_close_request (story, 2).result, TITANIC_UNKNOWN);
    assert_int_equal (story_reply (story, 1, "orphan").result, TITANIC_UNKNOWN);
    assert_string_equal (story_state (story, 1), "none");
    assert_string_equal (story_counts (story), "pending 0 done 0 dead 0");
    titanic_fetched_t fetched;
    store_fetch (story->store, &(titanic_fetch_t){.kind = TITANIC_FETCH_SERVICES}, &fetched);
    assert_int_equal (fetched.count, 0);
}

static void
a_submitted_uuid_that_was_closed_is_remembered_for_an_hour (void **state)
{
    story_t *story = *state;
    story_submit (story, 1, "echo", "x");
    story_close_request (story, 1);
    story_reopen (story);
    story->now += STORE_MEMORY_MS - 1;
    assert_int_equal (story_submit (story, 1, "echo", "again").result, TITANIC_KNOWN);
    assert_string_equal (story_state (story, 1), "none");
    story->now += 1;
    story_do (story, (titanic_op_t){.kind = TITANIC_EXPIRE, .limit = 10});
    assert_int_equal (story_submit (story, 1, "echo", "again").result, TITANIC_STORED);
}

static void
a_dead_request_can_be_requeued (void **state)
{
    story_t *story = *state;
    story_put (story, 1, "echo", "x");
    story_put (story, 2, "echo", "y");
    story_do (story, (titanic_op_t){.kind = TITANIC_ATTEMPT, .uuid = story_uuid (1), .attempts = 2});
    assert_int_equal (story_dead (story, 1).result, TITANIC_STORED);
    assert_int_equal (story_dead (story, 1).result, TITANIC_UNKNOWN);
    assert_string_equal (story_state (story, 1), "dead x");
    assert_string_equal (story_pending (story, "echo"), "2");
    titanic_op_t op = story_do (story, (titanic_op_t){.kind = TITANIC_REQUEUE, .uuid = story_uuid (1)});
    assert_int_equal (op.result, TITANIC_STORED);
    assert_int_equal (op.count, 1);
    assert_string_equal (story_state (story, 1), "pending x");
    assert_string_equal (story_pending (story, "echo"), "2 1");
    op = story_do (story, (titanic_op_t){.kind = TITANIC_REQUEUE, .uuid = story_uuid (2)});
    assert_int_equal (op.result, TITANIC_UNKNOWN);
}

static void
a_whole_service_is_requeued_and_purged_by_and_by (void **state)
{
    story_t *story = *state;
    for (uint32_t n = 1; n <= 5; n++) {
        story_submit (story, n, "echo", "x");
        story_dead (story, n);
    }
    story_put (story, 9, "other", "x");
    titanic_op_t op = {.kind = TITANIC_REQUEUE, .whole = true, .service = SPAN_OF ("echo"), .limit = 3};
    op = story_do (story, op);
    assert_int_equal (op.count, 3);
    assert_true (op.more);
    op = story_do (story, op);
    assert_int_equal (op.count, 2);
    assert_false (op.more);
    assert_string_equal (story_pending (story, "echo"), "1 2 3 4 5");
    op = (titanic_op_t){.kind = TITANIC_PURGE, .whole = true, .service = SPAN_OF ("echo"), .limit = 9, .state = TSP_STATE_DEAD};
    assert_int_equal (story_do (story, op).count, 0);
    op.state = TSP_STATE_ANY;
    assert_int_equal (story_do (story, op).count, 5);
    assert_string_equal (story_counts (story), "pending 1 done 0 dead 0");
    assert_int_equal (story_submit (story, 1, "echo", "x").result, TITANIC_KNOWN);
}

static void
what_is_too_old_expires (void **state)
{
    story_t *story = *state;
    for (uint32_t n = 1; n <= 4; n++)
        story_put (story, n, "echo", "x");
    story->now += 1000;
    story_reply (story, 1, "r");
    story_put (story, 5, "echo", "x");
    titanic_op_t op = {.kind = TITANIC_EXPIRE, .request_ttl_ms = 1000, .reply_ttl_ms = 2000, .limit = 2};
    assert_int_equal (story_do (story, op).count, 0);
    story->now += 1;
    titanic_op_t done = story_do (story, op);
    assert_int_equal (done.count, 2);
    assert_true (done.more);
    assert_int_equal (story_do (story, op).count, 1);
    assert_string_equal (story_counts (story), "pending 1 done 1 dead 3");
    story->now += 2000;
    op.request_ttl_ms = 0;
    op.limit = 100;
    story_do (story, op);
    assert_string_equal (story_counts (story), "pending 1 done 0 dead 3");
    story->now += 1;
    story_do (story, op);
    assert_string_equal (story_counts (story), "pending 1 done 0 dead 0");
}

static void
lists_are_by_service_state_and_age (void **state)
{
    story_t *story = *state;
    titanic_fetched_t fetched;
    for (uint32_t n = 1; n <= 6; n++) {
        story_put (story, n, n % 2 ? "odd" : "even", "x");
        story->now += 10;
    }
    story_dead (story, 4);
    titanic_fetch_t fetch = {.kind = TITANIC_FETCH_LIST, .service = SPAN_OF (""), .state = TSP_STATE_ANY, .before = INT64_MAX,
                             .limit = 100};
    store_fetch (story->store, &fetch, &fetched);
    assert_int_equal (fetched.count, 6);
    assert_false (fetched.more);
    fetch.limit = 2;
    fetch.service = SPAN_OF ("odd");
    store_fetch (story->store, &fetch, &fetched);
    assert_int_equal (fetched.count, 2);
    assert_true (fetched.more);
    assert_memory_equal (&fetched.records[0].uuid, &(tsp_uuid_t[]){story_uuid (1)}[0], TSP_UUID_SIZE);
    fetch = (titanic_fetch_t){.kind = TITANIC_FETCH_LIST, .service = SPAN_OF (""), .state = TSP_STATE_DEAD, .before = INT64_MAX,
                              .limit = 100};
    store_fetch (story->store, &fetch, &fetched);
    assert_int_equal (fetched.count, 1);
    assert_int_equal (fetched.records[0].attempts, 3);
    assert_true (span_equal (fetched.records[0].service, SPAN_OF ("even")));
    fetch.state = TSP_STATE_PENDING;
    fetch.before = story->now - 45;
    store_fetch (story->store, &fetch, &fetched);
    assert_int_equal (fetched.count, 2);
    store_refresh (story->store);
}

static void
many_frames_of_any_size_come_back (void **state)
{
    story_t *story = *state;
    uint8_t *bytes = malloc (100000);
    for (size_t n = 0; n < 100000; n++)
        bytes[n] = (uint8_t) (n * 7);
    const span_t frames[] = {span_make (bytes, 0), span_make (bytes, 1), span_make (bytes, 2000), span_make (bytes, 5000),
                             span_make (bytes, 100000)};
    for (uint32_t n = 1; n <= COUNT_OF (frames); n++)
        story_do (story, (titanic_op_t){.kind = TITANIC_PUT, .uuid = story_uuid (n), .service = SPAN_OF ("echo"),
                                        .frames = frames, .frame_count = n});
    story_reopen (story);
    for (uint32_t n = 1; n <= COUNT_OF (frames); n++) {
        titanic_fetched_t fetched;
        store_fetch (story->store, &(titanic_fetch_t){.kind = TITANIC_FETCH_REQUEST, .uuid = story_uuid (n)}, &fetched);
        assert_int_equal (fetched.record.frame_count, n);
        for (size_t m = 0; m < n; m++)
            assert_true (span_equal (fetched.record.frames[m], frames[m]));
    }
    store_refresh (story->store);
    free (bytes);
}

static void
a_service_too_many_is_refused (void **state)
{
    story_t *story = *state;
    for (uint32_t n = 1; n <= 100; n++) {
        char name[16];
        snprintf (name, sizeof (name), "service-%u", n);
        assert_int_equal (story_put (story, n, name, "x").result, TITANIC_STORED);
    }
    assert_int_equal (story_put (story, 101, "one-more", "x").result, TITANIC_FULL);
    assert_int_equal (story_put (story, 102, "service-7", "x").result, TITANIC_STORED);
    story_close_request (story, 5);
    assert_int_equal (story_put (story, 101, "one-more", "x").result, TITANIC_STORED);
}

/* ------------------------------------------------------------------ faults */

/*  One commit of many ops; true when all of it was stored. */
static bool
do_many (story_t *story, uint32_t base)
{
    const span_t frame = SPAN_OF ("body");
    titanic_op_t ops[6] = {
        {.kind = TITANIC_PUT, .uuid = story_uuid (base), .service = SPAN_OF ("new"), .frames = &frame, .frame_count = 1},
        {.kind = TITANIC_PUT, .uuid = story_uuid (base + 1), .service = SPAN_OF ("echo"), .submitted = true, .frames = &frame,
         .frame_count = 1},
        {.kind = TITANIC_REPLY, .uuid = story_uuid (1), .frames = &frame, .frame_count = 1},
        {.kind = TITANIC_CLOSE, .uuid = story_uuid (2)},
        {.kind = TITANIC_DEAD, .uuid = story_uuid (3), .attempts = 1, .reason = TITANIC_REASON_ATTEMPTS},
        {.kind = TITANIC_EXPIRE, .request_ttl_ms = 1, .reply_ttl_ms = 1, .limit = 10},
    };
    for (size_t n = 0; n < COUNT_OF (ops); n++) {
        ops[n].at = story->now;
        ops[n].next = n + 1 < COUNT_OF (ops) ? &ops[n + 1] : NULL;
    }
    int rc = store_commit (story->store, ops);
    store_refresh (story->store);
    bool all = true;
    for (size_t n = 0; n < COUNT_OF (ops); n++)
        all = all && ops[n].result == TITANIC_STORED;
    /*  Either all is refused, or only new requests are. */
    for (size_t n = 0; n < COUNT_OF (ops); n++)
        assert_true (ops[n].result == TITANIC_STORED ||
                     ((rc != 0 || ops[n].kind == TITANIC_PUT) &&
                      (ops[n].result == TITANIC_FULL || ops[n].result == TITANIC_BROKEN)));
    return all;
}

static void
tell_all (story_t *story, char text[], size_t size)
{
    size_t used = (size_t) snprintf (text, size, "%s", story_counts (story));
    for (uint32_t n = 1; n <= 12; n++)
        used += (size_t) snprintf (text + used, size - used, " %s", story_state (story, n));
    snprintf (text + used, size - used, " [%s]", story_pending (story, "echo"));
}

static void
check_after_fault (story_t *story, kv_error_t error, bool fail_all)
{
    char before[1024], after[1024];
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        for (uint32_t number = 1; number <= 4; number++)
            story_submit (story, number, "echo", "x");
        story->now += 10;
        tell_all (story, before, sizeof (before));
        store_seam = (store_seam_t){.fail_at = n, .fail_all = fail_all, .error = error};
        done = do_many (story, 10);
        bool reached = store_seam.calls >= n;
        assert_true (done != reached || !done);
        store_seam = (store_seam_t){0};
        tell_all (story, after, sizeof (after));
        if (fail_all && reached)
            assert_string_equal (before, after);
        story_reopen (story);
        tell_all (story, before, sizeof (before));
        assert_string_equal (before, after);
        for (uint32_t number = 1; number <= 12; number++)
            story_do (story, (titanic_op_t){.kind = TITANIC_PURGE, .uuid = story_uuid (number)});
        story->now += STORE_MEMORY_MS + 1;
        story_do (story, (titanic_op_t){.kind = TITANIC_EXPIRE, .limit = 100});
        assert_string_equal (story_counts (story), "pending 0 done 0 dead 0");
        assert_true (n < 1000);
    }
}

static void
a_write_or_sync_that_fails_leaves_all_or_nothing (void **state)
{
    story_t *story = *state;
    check_after_fault (story, KV_BROKEN, true);
    check_after_fault (story, KV_FULL, true);
    check_after_fault (story, KV_BROKEN, false);
    check_after_fault (story, KV_FULL, false);
}

static void
a_full_store_still_closes (void **state)
{
    story_t *story = *state;
    assert_int_equal (store_resize (story->store, 1 << 20), 0);
    char *body = calloc (1, 10001);
    memset (body, 'x', 10000);
    uint32_t stored = 0;
    while (story_put (story, stored + 1, "echo", body).result == TITANIC_STORED)
        stored++;
    assert_true (stored > 10 && stored < 110);
    assert_int_equal (story_put (story, 5000, "echo", body).result, TITANIC_FULL);
    assert_int_equal (story_reply (story, 1, "r").result, TITANIC_STORED);
    for (uint32_t n = 1; n <= stored; n++)
        assert_int_equal (story_close_request (story, n).result, TITANIC_STORED);
    for (uint32_t n = 1; n <= stored / 2; n++)
        assert_int_equal (story_put (story, n, "echo", body).result, TITANIC_STORED);
    assert_int_equal (store_resize (story->store, MOST), 0);
    for (uint32_t n = 1; n <= 4 * stored; n++)
        assert_int_equal (story_put (story, 1000 + n, "echo", body).result, TITANIC_STORED);
    free (body);
}

#define BOTH(test)                                                                                                     \
    {#test " (memory)", test, open_mem, close_story, NULL}, { #test " (lmdb)", test, open_lmdb, close_story, NULL }

int
main (void)
{
    const struct CMUnitTest tests[] = {
        BOTH (a_request_is_pending_until_its_reply_is_stored),
        BOTH (the_first_body_and_the_first_reply_stand),
        BOTH (pending_ones_come_in_the_order_in_which_they_were_stored),
        BOTH (close_leaves_nothing),
        BOTH (a_submitted_uuid_that_was_closed_is_remembered_for_an_hour),
        BOTH (a_dead_request_can_be_requeued),
        BOTH (a_whole_service_is_requeued_and_purged_by_and_by),
        BOTH (what_is_too_old_expires),
        BOTH (lists_are_by_service_state_and_age),
        BOTH (many_frames_of_any_size_come_back),
        BOTH (a_service_too_many_is_refused),
        BOTH (a_write_or_sync_that_fails_leaves_all_or_nothing),
        BOTH (a_full_store_still_closes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
