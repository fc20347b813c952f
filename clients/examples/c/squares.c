/*  Many requests in flight: sends all of them, then takes the answers as they come, told apart by id.
 *
 *      squares [BROKER]        asks the service `echo` a hundred times
 */
#include <keel/keel.h>

#include <stdio.h>

#define COUNT 100

static int
send_all (keel_client_t *client, uint64_t ids[COUNT])
{
    for (int n = 0; n < COUNT; n++) {
        zmsg_t *request = zmsg_new ();
        zmsg_addstrf (request, "%d", n * n);
        int rc = keel_client_send (client, "echo", &request, &ids[n]);
        if (rc)
            return rc;
    }
    return 0;
}

/*  How many answers are what was asked under their id. */
static int
receive_all (keel_client_t *client, const uint64_t ids[COUNT])
{
    keel_client_result_t result;
    zmsg_t *reply;
    int right = 0;
    while (keel_client_recv (client, &result, &reply, -1) == 0) {
        char *text = result.code ? NULL : zmsg_popstr (reply);
        for (int n = 0; n < COUNT; n++)
            if (text && ids[n] == result.id)
                right += atoi (text) == n * n;
        if (result.code)
            fprintf (stderr, "%s\n", keel_strerror (result.code));
        zstr_free (&text);
        zmsg_destroy (&reply);
    }
    return right;
}

int
main (int argc, char **argv)
{
    keel_client_t *client = keel_client_new (argc > 1 ? argv[1] : "tcp://127.0.0.1:5555");
    uint64_t ids[COUNT];
    int right = client && send_all (client, ids) == 0 ? receive_all (client, ids) : 0;
    printf ("%d of %d answers are right\n", right, COUNT);
    keel_client_destroy (&client);
    return right == COUNT ? EXIT_SUCCESS : EXIT_FAILURE;
}
