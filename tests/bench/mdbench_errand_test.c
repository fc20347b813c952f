/*  What mdbench makes of Titanic's answers: right ones lead on, others are seen. */
#include "unit.h"

#include "mdbench_errand.h"

#include <stdlib.h>

#define UUID "0190A6E01B2C7D3E8F400123456789AB"

static const body_id_t id = {3, 1, 7};

typedef struct {
    bodies_t bodies;
    errands_t errands;
    errand_t errand;
    uint8_t options[WIRE_OPTIONS_SIZE];
    uint8_t *body; /* of id */
    char reason[ERRAND_REASON];
} scene_t;

static void
open_scene (scene_t *scene, const char *titanic)
{
    const mdbench_settings_t settings = {.titanic = titanic, .options = true, .mdp = 1};
    *scene = (scene_t){.errand = errand_begin ()};
    assert_int_equal (bodies_open (&scene->bodies, 64), 0);
    scene->body = malloc (64);
    bodies_write (&scene->bodies, &id, scene->body);
    errands_open (&scene->errands, &settings, &scene->bodies, scene->options);
}

static void
close_scene (scene_t *scene)
{
    bodies_close (&scene->bodies);
    free (scene->body);
}

/*  [options][""][MDPC01][service][status]([more]) */
static errand_state_t
take (scene_t *scene, const char *service, const char *status, span_t more)
{
    const span_t frames[] = {span_make (scene->options, WIRE_OPTIONS_SIZE),
                             SPAN_OF (""),
                             SPAN_OF ("MDPC01"),
                             span_text (service),
                             span_text (status),
                             more};
    return errands_take (&scene->errands, &scene->errand, frames, more.data ? 6 : 5, &id, scene->reason);
}

static void
a_request_ends_when_it_is_stored (void **state)
{
    scene_t scene;
    (void) state;
    open_scene (&scene, "request");
    assert_int_equal (take (&scene, "titanic.request", "200", SPAN_OF (UUID)), ERRAND_DONE);
    close_scene (&scene);
}

static void
a_cycle_goes_through_all_three (void **state)
{
    scene_t scene;
    (void) state;
    open_scene (&scene, "cycle");
    assert_int_equal (take (&scene, "titanic.request", "200 ok", SPAN_OF (UUID)), ERRAND_GOES_ON);
    assert_memory_equal (scene.errand.uuid, UUID, TSP_UUID_TEXT);
    assert_int_equal (take (&scene, "titanic.reply", "300", (span_t){0}), ERRAND_PENDING);
    assert_int_equal (take (&scene, "titanic.reply", "200", span_make (scene.body, 64)), ERRAND_GOES_ON);
    assert_int_equal (take (&scene, "titanic.close", "200", (span_t){0}), ERRAND_DONE);
    close_scene (&scene);
}

static void
what_is_discarded_has_no_reply (void **state)
{
    scene_t scene;
    (void) state;
    open_scene (&scene, "discard");
    assert_int_equal (take (&scene, "titanic.request", "200", SPAN_OF (UUID)), ERRAND_GOES_ON);
    assert_int_equal (take (&scene, "titanic.close", "200", (span_t){0}), ERRAND_DONE);
    close_scene (&scene);
}

static void
wrong_answers_are_seen (void **state)
{
    scene_t scene;
    (void) state;
    open_scene (&scene, "cycle");
    assert_int_equal (take (&scene, "titanic.close", "200", SPAN_OF (UUID)), ERRAND_WRONG);
    assert_int_equal (take (&scene, "titanic.request", "200", SPAN_OF ("ABC")), ERRAND_WRONG);
    assert_int_equal (take (&scene, "titanic.request", "200", (span_t){0}), ERRAND_WRONG);
    assert_int_equal (take (&scene, "titanic.request", "hello", (span_t){0}), ERRAND_WRONG);
    assert_int_equal (take (&scene, "titanic.request", "500 full", (span_t){0}), ERRAND_FAILED);
    assert_string_equal (scene.reason, "500 full");
    take (&scene, "titanic.request", "200", SPAN_OF (UUID));
    scene.body[63] ^= 1;
    assert_int_equal (take (&scene, "titanic.reply", "200", span_make (scene.body, 63)), ERRAND_WRONG);
    scene.errand.step = TSP_REPLY;
    assert_int_equal (take (&scene, "titanic.reply", "200", span_make (scene.body, 64)), ERRAND_WRONG);
    close_scene (&scene);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_request_ends_when_it_is_stored),
        cmocka_unit_test (a_cycle_goes_through_all_three),
        cmocka_unit_test (what_is_discarded_has_no_reply),
        cmocka_unit_test (wrong_answers_are_seen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
