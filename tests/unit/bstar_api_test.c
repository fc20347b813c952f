/*  keel_bstar over real sockets: two in one thread, each with a voter, turn by turn. */
#include <keel/bstar.h>

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAILOVER 200
#define SOON_MS  10000

typedef struct {
    keel_bstar_t *bstar;
    zsock_t *voter;
    int state;        /* as the role handler was told */
    uint64_t epoch;
    unsigned roles;   /* how often */
    unsigned served;
    int refuses;      /* what the role handler returns */
} side_t;

typedef struct {
    char folder[64];
    side_t sides[2];
    zsock_t *client;
} scene_t;

static int
on_role (keel_bstar_t *bstar, int state, uint64_t epoch, void *arg)
{
    side_t *side = arg;
    (void) bstar;
    side->state = state;
    side->epoch = epoch;
    side->roles++;
    return state == KEEL_BSTAR_ACTIVE ? side->refuses : 0;
}

static int
on_message (keel_bstar_t *bstar, zsock_t *socket, void *arg)
{
    side_t *side = arg;
    assert_int_equal (keel_bstar_state (bstar), KEEL_BSTAR_ACTIVE);
    zmsg_t *message = zmsg_recv (socket);
    zmsg_destroy (&message);
    side->served++;
    return 0;
}

/*  An endpoint in the scene's folder; f%d: a file. */
static char *
name (const scene_t *scene, const char *format, int number)
{
    static char text[4][128];
    static unsigned turn;
    char *place = text[turn++ % 4];
    int size = snprintf (place, 128, "%s%s/", format[0] == 'f' ? "" : "ipc://", scene->folder);
    snprintf (place + size, 128 - (size_t) size, "%.*s%d", (int) strcspn (format, "%"), format, number);
    return place;
}

static void
open_side (scene_t *scene, int number)
{
    side_t *side = &scene->sides[number];
    *side = (side_t){0};
    side->bstar = keel_bstar_new (number ? KEEL_BSTAR_BACKUP : KEEL_BSTAR_PRIMARY, FAILOVER, name (scene, "state%d", number),
                                  name (scene, "state%d", 1 - number), name (scene, "f%d", number));
    assert_non_null (side->bstar);
    side->voter = zsock_new (ZMQ_PULL);
    assert_int_equal (zsock_bind (side->voter, "%s", name (scene, "vote%d", number)), 0);
    keel_bstar_set_role (side->bstar, on_role, side);
    assert_int_equal (keel_bstar_voter (side->bstar, side->voter, on_message, side), 0);
}

static void
close_side (scene_t *scene, int number)
{
    keel_bstar_destroy (&scene->sides[number].bstar);
    zsock_destroy (&scene->sides[number].voter);
}

static int
setup (void **state)
{
    scene_t *scene = calloc (1, sizeof (scene_t));
    strcpy (scene->folder, "/tmp/keel.XXXXXX");
    assert_non_null (mkdtemp (scene->folder));
    zsys_handler_set (NULL);
    *state = scene;
    return 0;
}

static int
teardown (void **state)
{
    scene_t *scene = *state;
    for (int n = 0; n < 2; n++)
        close_side (scene, n);
    zsock_destroy (&scene->client);
    zdir_t *folder = zdir_new (scene->folder, NULL);
    zdir_remove (folder, true);
    zdir_destroy (&folder);
    free (scene);
    return 0;
}

/*  Both have their turns, and somebody asks both, until it is so. */
static void
until (scene_t *scene, bool (*so) (const scene_t *scene), bool asking)
{
    int64_t end = zclock_mono () + SOON_MS;
    while (!so (scene) && zclock_mono () < end)
        for (int n = 0; n < 2; n++) {
            if (!scene->sides[n].bstar)
                continue;
            zsock_t *client = asking ? zsock_new_push (name (scene, "vote%d", n)) : NULL;
            if (client)
                zstr_send (client, "vote");
            assert_int_equal (keel_bstar_turn (scene->sides[n].bstar, 5), 0);
            zsock_destroy (&client);
        }
    assert_true (so (scene));
}

static bool
first_serves (const scene_t *scene)
{
    return scene->sides[0].state == KEEL_BSTAR_ACTIVE && (!scene->sides[1].bstar || scene->sides[1].state == KEEL_BSTAR_PASSIVE);
}

static bool
second_serves (const scene_t *scene)
{
    return scene->sides[1].state == KEEL_BSTAR_ACTIVE && (!scene->sides[0].bstar || scene->sides[0].state == KEEL_BSTAR_PASSIVE);
}

static bool
first_has_served (const scene_t *scene)
{
    return scene->sides[0].served > 0;
}

static void
the_primary_serves_and_the_backup_follows (void **state)
{
    scene_t *scene = *state;
    open_side (scene, 0);
    open_side (scene, 1);
    assert_int_equal (keel_bstar_state (scene->sides[0].bstar), KEEL_BSTAR_PRIMARY);
    assert_int_equal (keel_bstar_peer_age (scene->sides[0].bstar), -1);
    until (scene, first_serves, false);
    assert_int_equal (scene->sides[0].epoch, 1);
    assert_int_equal (keel_bstar_epoch (scene->sides[1].bstar), 1);
    until (scene, first_has_served, true);
    assert_int_equal (scene->sides[1].served, 0);
    close_side (scene, 0); /* says goodbye */
    until (scene, second_serves, false);
    assert_int_equal (scene->sides[1].epoch, 2);
    open_side (scene, 0);
    until (scene, second_serves, true);
}

static void
a_vote_makes_a_lone_primary_active_and_is_served (void **state)
{
    scene_t *scene = *state;
    open_side (scene, 0);
    until (scene, first_serves, true);
    until (scene, first_has_served, true);
    char *stats = keel_bstar_stats (scene->sides[0].bstar);
    assert_non_null (strstr (stats, "\"role\":\"primary\",\"state\":\"active\",\"epoch\":1"));
    free (stats);
}

static void
the_operator_decides (void **state)
{
    scene_t *scene = *state;
    open_side (scene, 1);
    assert_int_equal (keel_bstar_handover (scene->sides[1].bstar), KEEL_E_STATE);
    assert_int_equal (keel_bstar_promote (scene->sides[1].bstar), 0);
    until (scene, second_serves, false);
    open_side (scene, 0);
    until (scene, second_serves, false);
    assert_int_equal (keel_bstar_handover (scene->sides[1].bstar), 0);
    until (scene, first_serves, false);
    assert_int_equal (scene->sides[0].epoch, 3);
}

static void
who_refuses_yields (void **state)
{
    scene_t *scene = *state;
    open_side (scene, 0);
    open_side (scene, 1);
    scene->sides[0].refuses = -1;
    until (scene, second_serves, true);
    assert_int_equal (scene->sides[0].served, 0);
    assert_int_equal (scene->sides[0].state, KEEL_BSTAR_PASSIVE);
}

static void
what_cannot_be_opened (void **state)
{
    scene_t *scene = *state;
    keel_bstar_t *none = NULL;
    char *file = name (scene, "f%d", 9), *own = name (scene, "state%d", 9), *peer = name (scene, "state%d", 8);
    keel_bstar_destroy (&none);
    assert_null (keel_bstar_new (KEEL_BSTAR_ACTIVE, FAILOVER, own, peer, file));
    assert_int_equal (errno, EINVAL);
    assert_null (keel_bstar_new (KEEL_BSTAR_PRIMARY, 99, own, peer, file));
    assert_int_equal (errno, EINVAL);
    assert_null (keel_bstar_new (KEEL_BSTAR_PRIMARY, FAILOVER, own, own, file));
    assert_int_equal (errno, EINVAL);
    assert_null (keel_bstar_new (KEEL_BSTAR_PRIMARY, FAILOVER, "tcp://127.0.0.1:5999", "tcp://localhost:5999", file));
    assert_int_equal (errno, EINVAL);
    assert_null (keel_bstar_new (KEEL_BSTAR_PRIMARY, FAILOVER, own, peer, "/no/such/folder/epoch"));
    assert_int_equal (errno, ENOENT);
    FILE *damaged = fopen (file, "w");
    fprintf (damaged, "keel-bstar 1\nepoch 7\n");
    fclose (damaged);
    assert_null (keel_bstar_new (KEEL_BSTAR_PRIMARY, FAILOVER, own, peer, file));
    assert_int_equal (errno, EBADMSG);
}

static int
end_run (keel_bstar_t *bstar, zsock_t *socket, void *arg)
{
    (void) arg;
    char *text = zstr_recv (socket);
    assert_int_equal (keel_bstar_turn (bstar, 0), KEEL_E_STATE);
    int code = atoi (text);
    if (code == 0)
        keel_bstar_stop (bstar);
    zstr_free (&text);
    return code;
}

static void
it_runs_until_it_is_told (void **state)
{
    scene_t *scene = *state;
    open_side (scene, 0);
    zsock_t *reader = zsock_new (ZMQ_PULL);
    assert_int_equal (zsock_bind (reader, "%s", name (scene, "reader%d", 0)), 0);
    zsock_t *writer = zsock_new_push (name (scene, "reader%d", 0));
    assert_int_equal (keel_bstar_reader (scene->sides[0].bstar, reader, end_run, NULL), 0);
    zstr_send (writer, "7");
    assert_int_equal (keel_bstar_run (scene->sides[0].bstar), 7);
    zstr_send (writer, "0");
    assert_int_equal (keel_bstar_run (scene->sides[0].bstar), 0);
    close_side (scene, 0);
    zsock_destroy (&writer);
    zsock_destroy (&reader);
}

#define T(test) cmocka_unit_test_setup_teardown (test, setup, teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        T (the_primary_serves_and_the_backup_follows),
        T (a_vote_makes_a_lone_primary_active_and_is_served),
        T (the_operator_decides),
        T (who_refuses_yields),
        T (what_cannot_be_opened),
        T (it_runs_until_it_is_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
