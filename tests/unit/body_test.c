#include "unit.h"

#include "body.h"
#include "memory.h"

/*  A port's buffer as a port would have it: counts who keeps it, and may refuse. */
typedef struct {
    hold_t hold; /* first, as a port has it */
    hold_t kept;
    int keeps;
    int releases;
    bool refuses;
} buffer_t;

static buffer_t *
buffer_of_kept (hold_t *hold)
{
    return (buffer_t *) (void *) ((uint8_t *) hold - offsetof (buffer_t, kept));
}

static void
release (hold_t *self)
{
    buffer_of_kept (self)->releases++;
}

static hold_t *
keep_again (hold_t *self)
{
    buffer_of_kept (self)->keeps++;
    return self;
}

static hold_t *
keep (hold_t *self)
{
    buffer_t *buffer = (buffer_t *) (void *) self;
    if (buffer->refuses)
        return NULL;
    buffer->keeps++;
    buffer->kept = (hold_t){keep_again, release};
    return &buffer->kept;
}

static buffer_t
buffer_make (void)
{
    return (buffer_t){.hold = {keep, NULL}};
}

static uint8_t large[BODY_COPY_LIMIT + 1];

static span_t
held (buffer_t *buffer, size_t size)
{
    return (span_t){large, size, &buffer->hold};
}

static int
setup (void **state)
{
    memory_seam = (memory_seam_t){0};
    memset (large, 0x5a, sizeof (large));
    *state = pool_new ();
    return *state ? 0 : -1;
}

static int
teardown (void **state)
{
    pool_t *pool = *state;
    memory_seam = (memory_seam_t){0};
    pool_destroy (&pool);
    guarded_free_all ();
    return 0;
}

static void
small_frames_are_copied (void **state)
{
    const span_t *head = guarded_frames ((span_t[]){F ("one"), F ("")}, 2);
    const span_t *tail = guarded_frames ((span_t[]){F ("t\0o")}, 1);
    body_t *body = body_new (*state, head, 2, tail, 1);
    guarded_free_all ();
    assert_non_null (body);
    assert_int_equal (body_count (body), 3);
    assert_span (body_frames (body)[0], "one");
    assert_span (body_frames (body)[1], "");
    assert_span (body_frames (body)[2], "t\0o");
    assert_non_null (body_frames (body)[1].data);
    assert_null (body_frames (body)[0].hold);
    body_release (&body);
    assert_null (body);
    body_release (&body);
}

static void
either_part_may_be_empty (void **state)
{
    span_t frame = F ("x");
    body_t *head = body_new (*state, &frame, 1, NULL, 0), *tail = body_new (*state, NULL, 0, &frame, 1);
    body_t *none = body_new (*state, NULL, 0, NULL, 0);
    assert_int_equal (body_count (head), 1);
    assert_int_equal (body_count (tail), 1);
    assert_int_equal (body_count (none), 0);
    body_release (&head);
    body_release (&tail);
    body_release (&none);
}

static void
large_frames_stay_where_they_are (void **state)
{
    buffer_t buffer = buffer_make ();
    span_t frames[] = {F ("small"), held (&buffer, sizeof (large))};
    body_t *body = body_new (*state, frames, 1, frames + 1, 1);
    assert_int_equal (buffer.keeps, 1);
    assert_ptr_equal (body_frames (body)[1].data, large);
    assert_ptr_equal (body_frames (body)[1].hold, &buffer.kept);
    assert_int_equal (body_frames (body)[1].size, sizeof (large));
    assert_true (body_cost (body) >= sizeof (large));
    assert_true (body_cost (body) < sizeof (large) + 512);
    body_release (&body);
    assert_int_equal (buffer.releases, 1);
}

static void
at_the_limit_it_is_copied_though_it_could_be_held (void **state)
{
    buffer_t buffer = buffer_make ();
    span_t frame = held (&buffer, BODY_COPY_LIMIT);
    body_t *body = body_new (*state, &frame, 1, NULL, 0);
    assert_int_equal (buffer.keeps, 0);
    assert_ptr_not_equal (body_frames (body)[0].data, large);
    assert_null (body_frames (body)[0].hold);
    body_release (&body);
    assert_int_equal (buffer.releases, 0);
}

static void
a_large_frame_that_nobody_holds_is_copied (void **state)
{
    span_t frame = span_make (large, sizeof (large));
    body_t *body = body_new (*state, &frame, 1, NULL, 0);
    assert_ptr_not_equal (body_frames (body)[0].data, large);
    assert_memory_equal (body_frames (body)[0].data, large, sizeof (large));
    body_release (&body);
}

static void
the_last_reference_frees (void **state)
{
    buffer_t buffer = buffer_make ();
    span_t frame = held (&buffer, sizeof (large));
    body_t *body = body_new (*state, &frame, 1, NULL, 0);
    body_t *other = body_ref (body);
    assert_ptr_equal (other, body);
    body_release (&body);
    assert_null (body);
    assert_int_equal (buffer.releases, 0);
    body_release (&other);
    assert_int_equal (buffer.releases, 1);
}

static void
a_body_of_a_bodys_frames_outlives_it (void **state)
{
    buffer_t buffer = buffer_make ();
    span_t frames[] = {F ("small"), held (&buffer, sizeof (large))};
    body_t *first = body_new (*state, frames, 2, NULL, 0);
    body_t *second = body_new (*state, NULL, 0, body_frames (first), 2);
    body_release (&first);
    assert_int_equal (buffer.keeps, 2);
    assert_int_equal (buffer.releases, 1);
    assert_span (body_frames (second)[0], "small");
    assert_ptr_equal (body_frames (second)[1].data, large);
    body_release (&second);
    assert_int_equal (buffer.releases, 2);
}

static void
a_hold_refused_half_way_undoes_the_rest (void **state)
{
    buffer_t first = buffer_make (), second = buffer_make ();
    second.refuses = true;
    span_t frames[] = {held (&first, sizeof (large)), F ("x"), held (&second, sizeof (large)), F ("y")};
    assert_null (body_new (*state, frames, 2, frames + 2, 2));
    assert_int_equal (first.keeps, 1);
    assert_int_equal (first.releases, 1);
    assert_int_equal (second.releases, 0);
    assert_null (body_new (*state, frames + 2, 2, NULL, 0));
    assert_int_equal (second.releases, 0);
}

static void
without_memory_nothing_is_kept (void **state)
{
    buffer_t buffer = buffer_make ();
    span_t frame = held (&buffer, sizeof (large));
    memory_seam.fail_all = 1;
    assert_null (body_new (*state, &frame, 1, NULL, 0));
    assert_int_equal (buffer.keeps, 0);
    memory_seam.fail_all = 0;
}

/*  What the design allows a queued 64-byte request in all is 512. */
static void
a_small_body_costs_little (void **state)
{
    span_t frame = span_make (large, 64);
    body_t *body = body_new (*state, &frame, 1, NULL, 0);
    assert_true (body_cost (body) <= 160);
    body_release (&body);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (small_frames_are_copied),
        TEST (either_part_may_be_empty),
        TEST (large_frames_stay_where_they_are),
        TEST (at_the_limit_it_is_copied_though_it_could_be_held),
        TEST (a_large_frame_that_nobody_holds_is_copied),
        TEST (the_last_reference_frees),
        TEST (a_body_of_a_bodys_frames_outlives_it),
        TEST (a_hold_refused_half_way_undoes_the_rest),
        TEST (without_memory_nothing_is_kept),
        TEST (a_small_body_costs_little),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
