/*  One request and its answer.
 *
 *      cc -o hello hello.c $(pkg-config --cflags --libs keel)
 */
#include <keel/keel.h>

#include <stdio.h>

int
main (int argc, char **argv)
{
    keel_client_t *client = keel_client_new (argc > 1 ? argv[1] : "tcp://127.0.0.1:5555");
    if (!client)
        return EXIT_FAILURE;
    zmsg_t *request = zmsg_new (), *reply;
    zmsg_addstr (request, "hello");
    int rc = keel_client_request (client, "echo", &request, &reply);
    if (rc == 0) {
        char *text = zmsg_popstr (reply);
        puts (text);
        zstr_free (&text);
        zmsg_destroy (&reply);
    } else {
        fprintf (stderr, "%s: %s\n", keel_strerror (rc), keel_client_error (client));
    }
    keel_client_destroy (&client);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
