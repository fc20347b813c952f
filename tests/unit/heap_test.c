#include "unit.h"

#include "heap.h"
#include "memory.h"
#include "random.h"

#define NODES 200

typedef struct {
    heap_t heap;
    heap_node_t nodes[NODES];
} fixture_t;

static int
setup (void **state)
{
    static fixture_t fixture;
    memory_seam = (memory_seam_t){0};
    fixture = (fixture_t){0};
    *state = &fixture;
    return 0;
}

static int
teardown (void **state)
{
    heap_clear (&((fixture_t *) *state)->heap);
    return 0;
}

/*  Every parent is due no later than its children, and every node knows its place. */
static void
check (const heap_t *heap)
{
    for (size_t n = 0; n < heap->count; n++) {
        assert_int_equal (heap->nodes[n]->place, n + 1);
        if (n)
            assert_true (heap->nodes[(n - 1) / 2]->due <= heap->nodes[n]->due);
    }
}

static void
empty (void **state)
{
    fixture_t *self = *state;
    assert_null (heap_first (&self->heap));
    heap_remove (&self->heap, &self->nodes[0]); /* in no heap: nothing */
    assert_int_equal (self->heap.count, 0);
}

static void
comes_out_in_order (void **state)
{
    fixture_t *self = *state;
    assert_true (heap_reserve (&self->heap, NODES));
    for (size_t n = 0; n < NODES; n++) {
        self->nodes[n].due = (int64_t) (n * 7919 % 101);
        heap_add (&self->heap, &self->nodes[n]);
        check (&self->heap);
    }
    int64_t last = 0;
    while (self->heap.count) {
        heap_node_t *first = heap_first (&self->heap);
        assert_true (first->due >= last);
        last = first->due;
        heap_remove (&self->heap, first);
        assert_int_equal (first->place, 0);
        check (&self->heap);
    }
}

/*  Whatever is taken out from wherever, the others stand right. */
static void
any_may_be_taken_out (void **state)
{
    fixture_t *self = *state;
    random_t random = {4711};
    assert_true (heap_reserve (&self->heap, NODES));
    for (unsigned round = 0; round < 20000; round++) {
        heap_node_t *node = &self->nodes[random_next (&random) % NODES];
        if (node->place) {
            heap_remove (&self->heap, node);
            assert_int_equal (node->place, 0);
        } else {
            node->due = (int64_t) (random_next (&random) % 1000);
            heap_add (&self->heap, node);
        }
        check (&self->heap);
    }
}

static void
reserved_room_needs_no_memory (void **state)
{
    fixture_t *self = *state;
    assert_true (heap_reserve (&self->heap, 100));
    uint64_t calls = memory_seam.calls;
    for (size_t n = 0; n < 100; n++)
        heap_add (&self->heap, &self->nodes[n]);
    assert_true (heap_reserve (&self->heap, 100));
    assert_int_equal (memory_seam.calls, calls);
}

static void
growing_keeps_what_is_there (void **state)
{
    fixture_t *self = *state;
    for (size_t n = 0; n < NODES; n++) {
        assert_true (heap_reserve (&self->heap, n + 1));
        self->nodes[n].due = (int64_t) (NODES - n);
        heap_add (&self->heap, &self->nodes[n]);
        check (&self->heap);
    }
    assert_int_equal (heap_first (&self->heap)->due, 1);
    assert_true (memory_seam.calls < 5);
}

static void
without_memory_it_stays_as_it_was (void **state)
{
    fixture_t *self = *state;
    assert_true (heap_reserve (&self->heap, 10));
    heap_add (&self->heap, &self->nodes[0]);
    memory_seam.fail_all = 1;
    assert_false (heap_reserve (&self->heap, 10000));
    assert_ptr_equal (heap_first (&self->heap), &self->nodes[0]);
    check (&self->heap);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (empty, setup, teardown),
        cmocka_unit_test_setup_teardown (comes_out_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown (any_may_be_taken_out, setup, teardown),
        cmocka_unit_test_setup_teardown (reserved_room_needs_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown (growing_keeps_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown (without_memory_it_stays_as_it_was, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
